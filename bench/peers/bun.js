// Hello over Bun's own server, run by bun. The arguments are the port and, for TLS, the files of the certificate and
// its key.

const [port, certificate, key] = process.argv.slice(2);
let count = 0;

Bun.serve({
  port: Number(port),
  hostname: '127.0.0.1',
  ...(certificate && { tls: { cert: Bun.file(certificate), key: Bun.file(key) } }),
  fetch: () => new Response(`Hello${++count}`, { headers: { 'Content-Type': 'text/plain' } }),
});
