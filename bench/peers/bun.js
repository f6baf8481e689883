// Hello over Bun's own server, run by bun. The argument is the port.

let count = 0;

Bun.serve({
  port: Number(process.argv[2]),
  hostname: '127.0.0.1',
  fetch: () => new Response(`Hello${++count}`, { headers: { 'Content-Type': 'text/plain' } }),
});
