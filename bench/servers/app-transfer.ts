// The server of the suite `transfer` as a fetch handler: an application for hotpath.

const WHOLE = new Uint8Array(1_048_576).fill(120);
const PIECE = WHOLE.subarray(0, 65_536);
const TEXT = { headers: { 'content-type': 'text/plain' } };
const BINARY = { headers: { 'content-type': 'application/octet-stream' } };

export default {
  routes: {
    '/': () => new Response('Hello', TEXT),
    '/whole': {
      GET: () => new Response(WHOLE, BINARY),
      POST: async (request: Request) => new Response(String((await request.arrayBuffer()).byteLength), TEXT),
    },
    '/stream': {
      GET: () => new Response(pieces(), BINARY),
      POST: async (request: Request) => {
        let size = 0;
        for await (const piece of request.body as unknown as AsyncIterable<Uint8Array>) size += piece.length;
        return new Response(String(size), TEXT);
      },
    },
  },
};

function pieces(): ReadableStream<Uint8Array> {
  let left = WHOLE.length;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(PIECE);
      left -= PIECE.length;
      if (left === 0) controller.close();
    },
  });
}
