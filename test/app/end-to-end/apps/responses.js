// Answers in every way there is.

import { setTimeout as sleep } from 'node:timers/promises';
import { counter } from 'hotpath';

const { UPSTREAM } = process.env;
const encoder = new TextEncoder();

function streamOf(...pieces) {
  return new ReadableStream({
    async pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(encoder.encode(piece));
      await sleep(1);
    },
  });
}

/** Waits for a second request, which may come to another thread. */
async function untilAllowed(name, least = 1) {
  while (counter(name).value < least) await sleep(5);
}

const form = () => {
  const data = new FormData();
  data.append('a', '1');
  data.append('file', new File(['text'], 'f.txt', { type: 'text/plain' }));
  return data;
};

const injections = {
  'CR LF in a value': () => new Response('', { headers: { a: 'b\r\nSet-Cookie: c=d' } }),
  'LF in a value': () => new Response('', { headers: { a: 'b\nc' } }),
  'NUL in a value': () => new Response('', { headers: { a: 'b\0c' } }),
  'CR LF in a name': () => new Response('', { headers: { 'a\r\nb': 'c' } }),
  'a colon in a name': () => new Response('', { headers: { 'a: b': 'c' } }),
  'a pair': () => new Response('', { headers: [['a', 'b\r\n\r\nc']] }),
  'set later': () => {
    const response = new Response('');
    response.headers.set('a', 'b\r\nc');
    return response;
  },
  json: () => Response.json({}, { headers: { a: 'b\r\nc' } }),
  statusText: () => new Response('', { statusText: 'a\r\nb' }),
};

const checks = {
  'light instanceof Response': () => new Response('') instanceof Response,
  'json instanceof Response': () => Response.json({}) instanceof Response,
  'fetched instanceof Response': async () => (await fetch(`${UPSTREAM}/plain`)) instanceof Response,
  'redirect instanceof Response': () => Response.redirect('http://a/') instanceof Response,
  'nothing else is': () => !({} instanceof Response) && !(null instanceof Response),
  'a class of its own': () => {
    class Mine extends Response {}
    return (
      new Mine('') instanceof Mine && new Mine('') instanceof Response && !(new Response('') instanceof Mine)
    );
  },
  ok: () => new Response('').ok && !new Response('', { status: 404 }).ok,
  'clone()': async () => {
    const one = new Response('text', { status: 201, headers: { a: 'b' } });
    const other = one.clone();
    return (
      `${other.status}${other.headers.get('a')}${await other.text()}${await one.text()}` === '201btexttext'
    );
  },
  'new Response(response.body, response)': async () => {
    const copy = new Response(streamOf('a', 'b'), new Response('', { status: 202, headers: { x: 'y' } }));
    return copy.status === 202 && copy.headers.get('x') === 'y' && (await copy.text()) === 'ab';
  },
  'text()': async () => (await new Response('grün').text()) === 'grün',
  'json()': async () => (await Response.json({ a: [1] }).json()).a[0] === 1,
  'arrayBuffer()': async () => (await new Response('abc').arrayBuffer()).byteLength === 3,
};

const endless = (name) =>
  new ReadableStream(
    {
      pull(controller) {
        counter(`${name}-produced`).add(65536);
        controller.enqueue(new Uint8Array(65536));
      },
      cancel() {
        counter(`${name}-cancelled`).add();
      },
    },
    { highWaterMark: 0 },
  );

export default {
  routes: {
    '/counter/:name': (request) => new Response(`${counter(request.params.name).value}`),
    '/add/:name': (request) => new Response(`${counter(request.params.name).add()}`),
    '/checks': () => Response.json(Object.keys(checks)),
    '/check/:name': async (request) => Response.json(await checks[request.params.name]()),
    '/injections': () => Response.json(Object.keys(injections)),
    '/inject/:name': (request) => injections[request.params.name](),
    '/inject-later/:name': async (request) => injections[request.params.name](),
    '/string': () => new Response('grün'),
    '/bytes': () => new Response(Uint8Array.of(0, 1, 255), { headers: { 'Content-Type': 'a/b' } }),
    '/buffer': async () => new Response(Uint8Array.of(0, 1, 255).buffer),
    '/blob': () => new Response(new Blob(['blob'], { type: 'text/x-blob' })),
    '/params': () => new Response(new URLSearchParams({ a: 'b c' })),
    '/form': () => new Response(form()),
    '/empty': () => new Response(),
    '/none': () => new Response(null, { status: 204 }),
    '/not-modified': () => new Response(null, { status: 304, headers: { ETag: '"a"' } }),
    '/created': () => new Response('made', { status: 201, statusText: 'Mine', headers: { Location: '/x' } }),
    '/redirect': () => Response.redirect('http://elsewhere/there', 307),
    '/cookies': () => {
      const response = new Response('two');
      response.headers.append('Set-Cookie', 'a=1');
      response.headers.append('Set-Cookie', 'b=2');
      return response;
    },
    '/large': () => new Response('x'.repeat(5_000_000)),
    '/large-later': async () => new Response(new Uint8Array(5_000_000).fill(120)),
    '/stream': () => new Response(streamOf('one ', 'two ', 'three')),
    '/stream-length': () =>
      new Response(streamOf('one ', 'two ', 'three'), { headers: { 'Content-Length': '13' } }),
    '/stream-short': () => new Response(streamOf('one'), { headers: { 'Content-Length': '13' } }),
    '/stream-fails': () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(encoder.encode('part'));
          },
          async pull() {
            await sleep(1);
            throw new Error('the source broke');
          },
        }),
      ),
    '/stream-number': () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(5) })),
    '/stream-strings': () =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (const piece of ['gr', Uint8Array.of(0xc3, 0xbc), 'n \ud83d', '\ude00'])
              controller.enqueue(piece);
            controller.close();
          },
        }),
      ),
    '/endless/:name': (request) => new Response(endless(request.params.name)),
    '/trailers': () =>
      new Response(streamOf('one', 'two'), {
        headers: { Trailer: 'X-Sum' },
        trailers: () => ({ 'X-Sum': '6' }),
      }),
    '/events/:name': (request) => {
      const { name } = request.params;
      const body = new ReadableStream({
        async start(controller) {
          for (let i = 1; i <= 3; i++) {
            controller.enqueue(encoder.encode(`data: ${i}\n\n`));
            counter(`${name}-produced`).add();
            await untilAllowed(`${name}-allowed`, i);
          }
          controller.close();
        },
      });
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
    },
    '/fetched/*': (request) => fetch(UPSTREAM + new URL(request.url).pathname.slice('/fetched'.length)),
    '/fetched-later/*': async (request) => {
      const upstream = await fetch(UPSTREAM + new URL(request.url).pathname.slice('/fetched-later'.length));
      return new Response(upstream.body, upstream);
    },
    '/proxy/*': (request) => {
      const { pathname, search } = new URL(request.url);
      return fetch(new Request(UPSTREAM + pathname.slice('/proxy'.length) + search, request));
    },
    // The upstream server's name is in Host: the request goes there as it is.
    '/forward': (request) => fetch(request),
  },
  fetch: () => new Response('Not found', { status: 404 }),
  error: (error) => new Response(`${error.name}: ${error.message}`, { status: 500 }),
};
