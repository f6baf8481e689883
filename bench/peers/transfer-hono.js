// The server of the suite `transfer` over hono on @hono/node-server. The argument is the port.

import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const WHOLE = new Uint8Array(1_048_576).fill(120);
const PIECE = WHOLE.subarray(0, 65_536);
const BINARY = { 'content-type': 'application/octet-stream' };

const app = new Hono();
app.get('/', (context) => context.text('Hello'));
app.post('/whole', async (context) => context.text(String((await context.req.arrayBuffer()).byteLength)));
app.post('/stream', async (context) => {
  let size = 0;
  for await (const piece of context.req.raw.body) size += piece.length;
  return context.text(String(size));
});
app.get('/whole', (context) => context.body(WHOLE, 200, BINARY));
app.get('/stream', (context) => {
  let left = WHOLE.length;
  const stream = new ReadableStream({
    pull(controller) {
      controller.enqueue(PIECE);
      left -= PIECE.length;
      if (left === 0) controller.close();
    },
  });
  return context.body(stream, 200, BINARY);
});
serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: '127.0.0.1' });
