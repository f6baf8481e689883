// Server-sent events: the time once a second, and from time to time a comment, so that no proxy closes the connection
// as idle. Start it with
//   node dist/cli.js examples/sse.js
// and open http://127.0.0.1:8080/, or: curl -N http://127.0.0.1:8080/events

const EVERY_MS = 1000;
const HEARTBEAT_MS = 15_000;

const PAGE = `<!doctype html><title>Time</title><p id="time"></p><script>
new EventSource('/events').onmessage = ({ data }) => { document.getElementById('time').textContent = data; };
</script>`;

let listeners = 0;

function events(request) {
  const encoder = new TextEncoder();
  let id = Number(request.headers.get('last-event-id') ?? 0);
  const body = new ReadableStream({
    start(controller) {
      listeners++;
      const send = (text) => {
        // A client that reads too slowly misses events, so that they do not fill the memory.
        if (controller.desiredSize > 0) controller.enqueue(encoder.encode(text));
      };
      const tell = () => send(`id: ${++id}\ndata: ${new Date().toISOString()}\n\n`);
      const timers = [setInterval(tell, EVERY_MS), setInterval(send, HEARTBEAT_MS, ': still here\n\n')];
      tell();
      // The client has gone.
      request.signal.addEventListener('abort', () => {
        listeners--;
        for (const timer of timers) clearInterval(timer);
        controller.close();
      });
    },
  });
  return new Response(body, {
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' },
  });
}

export default {
  routes: {
    '/': new Response(PAGE, { headers: { 'Content-Type': 'text/html; charset=utf-8' } }),
    '/events': events,
    '/listeners': (_, { worker }) => Response.json({ worker, listeners }),
  },
};
