// The promises of the Fetch standard about bodies and heads, and the values that hotpath takes beyond it.

import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';

const PIECE_BYTES = 300_000;

const limited = new Hono();
limited.post('/up', bodyLimit({ maxSize: 1024 }), async (c) => c.text(`got ${(await c.req.text()).length}`));

const scratch = new Uint8Array(PIECE_BYTES);
const letterOf = (request) => new URL(request.url).searchParams.get('letter').charCodeAt(0);
const outcome = async (make) => {
  try {
    return await make();
  } catch (error) {
    return error.name;
  }
};

/** A stream that fails at its piece of this index. */
const failing = (index) =>
  new ReadableStream({
    pull(controller) {
      if (index-- <= 0) throw new Error('the source failed');
      controller.enqueue('piece');
    },
  });

/** As a library of its own would make it. */
const foreign = (status, headers, body) => ({ status, statusText: 'Theirs', headers, body, ok: true });

/** Whose stream can't be read. */
class BrokenBlob extends Blob {
  stream() {
    return failing(0);
  }
}

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT';

export default {
  routes: {
    '/used': async (request) => {
      await request.text();
      const replaced = new Request(request, { body: 'new' });
      return Response.json([
        replaced.method,
        replaced.url === request.url,
        replaced.headers.get('x-kind'),
        await replaced.text(),
        await outcome(() => new Request(request).text()),
        await outcome(() => new Request(request, { body: null }).text()),
      ]);
    },
    '/body': async (request) => {
      const before = [request.body === null, request.bodyUsed];
      return Response.json([
        ...before,
        await request.text(),
        request.bodyUsed,
        await outcome(() => request.text()),
      ]);
    },
    '/scratch': (request) => new Response(scratch.fill(letterOf(request))),
    '/scratch-later': async (request) => {
      const response = new Response(scratch.fill(letterOf(request)).subarray(0, 100));
      await sleep(5);
      return response;
    },
    '/scratch-pieces': () => {
      let index = 0;
      const body = new ReadableStream(
        {
          pull(controller) {
            controller.enqueue(scratch.fill(97 + index));
            if (++index === 20) controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      return new Response(body);
    },
    '/kept': () => new Response(new TextEncoder().encode('kept'), { copy: false }),
    '/fails-first': () => new Response(failing(0), { headers: { 'X-Lost': 'yes' }, statusText: 'Lost' }),
    '/fails-first-later': async () => new Response(failing(0)),
    '/fails-as-number': () =>
      new Response(new ReadableStream({ pull: (controller) => controller.enqueue(5) })),
    '/fails-as-blob': () => new Response(new BrokenBlob(['a']).stream()),
    '/fails-at-trailers': () =>
      new Response(null, {
        trailers: () => {
          throw new Error('the source failed');
        },
      }),
    '/fails-second': () => new Response(failing(1)),
    '/fails-twice': () => {
      throw new Error('twice');
    },
    '/date': () => new Response('dated', { headers: { Date: DATE } }),
    '/date-stream': () => new Response(failing(9e9).pipeThrough(onlyOne()), { headers: { Date: DATE } }),
    '/date-fixed': new Response('dated', { headers: { Date: DATE } }),
    '/date-none': () => new Response('dated', { headers: { Date: 'yesterday' } }),
    '/phrase': () => new Response('said', { status: 201, statusText: 'Très bien' }),
    '/phrase-stream': () => new Response(failing(9e9).pipeThrough(onlyOne()), { statusText: 'Own' }),
    '/phrase-fixed': new Response('said', { statusText: 'Own' }),
    '/foreign': () => foreign(202, new Map([['x-kind', 'a']]), 'theirs'),
    '/foreign-later': async () => foreign(202, { 'x-kind': 'a' }, new TextEncoder().encode('theirs')),
    '/foreign-stream': () => foreign(202, [['x-kind', 'a']], failing(9e9).pipeThrough(onlyOne())),
    '/foreign-none': () => ({ status: 200 }),
    '/strings': () =>
      new Response(
        (async function* () {
          yield 'ä';
          yield new Uint16Array([0x6262]).buffer;
        })(),
      ),
  },
  fetch: limited.fetch,
  error(error, request) {
    if (error.message === 'twice') return new Response(failing(0));
    return new Response(`${new URL(request.url).pathname}: ${error.message}`, { status: 503 });
  },
};

function onlyOne() {
  let first = true;
  return new TransformStream({
    transform(piece, controller) {
      if (first) controller.enqueue(new TextEncoder().encode(piece));
      first = false;
      controller.terminate();
    },
  });
}
