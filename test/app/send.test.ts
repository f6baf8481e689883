// The calls that an exchange gets when a response is sent: at once, as a stream, with trailers, by Hono.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { stream, streamSSE, streamText } from 'hono/streaming';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { findInternal } from '../../src/app/given-content.ts';
import { installGlobals } from '../../src/app/globals.ts';
import { NativeResponse, nativeFetch } from '../../src/app/native.ts';
import type { Request as LightRequest } from '../../src/app/request.ts';
import { Response } from '../../src/app/response.ts';
import { send, wholeParts } from '../../src/app/send.ts';
import { FakeExchange } from './fake-exchange.ts';

const TEXT = 'content-type: text/plain;charset=UTF-8\r\n';
const bytes = (text: string) => new TextEncoder().encode(text);

/** A stream that a test feeds, with a spy on its cancellation. */
function fed() {
  const cancelled = vi.fn();
  let controller!: ReadableStreamDefaultController<unknown>;
  const body = new ReadableStream<unknown>({
    start(given) {
      controller = given;
    },
    cancel: cancelled,
  }) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return { body, cancelled, controller };
}

function shared(text: string): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(text.length);
  new Uint8Array(buffer).set(bytes(text));
  return buffer;
}

function strings(...pieces: string[]): ReadableStream {
  const { body, controller } = fed();
  for (const piece of pieces) controller.enqueue(piece);
  controller.close();
  return body;
}

function streamOf(...pieces: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { body, controller } = fed();
  for (const piece of pieces) controller.enqueue(bytes(piece));
  controller.close();
  return body;
}

/** Resolves when all pending promise callbacks have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function sent(response: globalThis.Response, method?: string): Promise<unknown[][]> {
  const exchange = new FakeExchange(method);
  send(exchange, response);
  await exchange.finished;
  return exchange.calls;
}

describe('content in memory is sent at once', () => {
  test.each<[string, () => globalThis.Response, unknown[]]>([
    ['a string', () => new Response('häß'), [200, TEXT, 'häß', false]],
    ['an empty string', () => new Response(''), [200, TEXT, '', false]],
    ['bytes', () => new Response(bytes('a')), [200, '', Buffer.from('a'), false]],
    ['nothing', () => new Response(null, { status: 204 }), [204, '', '', false]],
    ['JSON', () => Response.json({ a: 1 }), [200, 'content-type: application/json\r\n', '{"a":1}', false]],
    ['close', () => new Response(null, { headers: { connection: 'close' } }), [200, '', '', true]],
    [
      'a wrong length',
      () => new Response('a', { headers: { 'content-length': '9' } }),
      [200, TEXT, 'a', false],
    ],
    [
      'a native response without a body',
      () => NativeResponse.redirect('http://a.test/', 307),
      [307, 'location: http://a.test/\r\n', '', false],
    ],
    ['changed headers', changed, [200, 'x: y\r\n', 'a', false]],
    ['whose body was asked for', asked, [200, TEXT, 'a', false]],
    ['whose clone was read', cloned, [200, TEXT, 'a', false]],
    ['the body of another', () => wrapped('a'), [200, TEXT, 'a', false]],
  ])('%s', (_, response, call) => {
    const exchange = new FakeExchange();
    send(exchange, response());
    expect(exchange.calls).toEqual([['respond', ...call]]);
  });

  function changed() {
    const response = new Response('a');
    response.headers.delete('content-type');
    response.headers.set('x', 'y');
    return response;
  }

  function asked() {
    const response = new Response('a');
    expect(response.body).toBeInstanceOf(ReadableStream);
    return response;
  }

  function cloned() {
    const response = new Response('a');
    response.clone().text();
    return response;
  }

  function wrapped(content: string) {
    const inner = new Response(content);
    return new Response(inner.body, inner);
  }

  test.each([
    ['our', Response],
    ['the native', NativeResponse as unknown as typeof Response],
  ])('a class that extends %s Response sets no reason phrase that ends its line', (_, Base) => {
    class Split extends Base {
      override get statusText(): string {
        return 'a\r\nb: c';
      }
    }
    const exchange = new FakeExchange();
    send(exchange, new Split(null));
    expect(exchange.headParts).toBe(undefined);
  });

  test.each([
    ['our', Response],
    ['a native', NativeResponse],
  ])('%s Response with its own Date', (_, Class) => {
    const date = 'Thu, 01 Jan 1970 00:00:00 GMT';
    const exchange = new FakeExchange();
    send(exchange, new Class(null, { headers: { date } }));
    expect(exchange.headParts).toEqual({ reasonPhrase: undefined, date });
  });

  test('twice from the same response', () => {
    const exchanges = [new FakeExchange(), new FakeExchange()];
    const response = new Response('a');
    for (const exchange of exchanges) send(exchange, response);
    expect(exchanges[1]?.calls).toEqual(exchanges[0]?.calls);
    expect(exchanges[0]?.calls).toHaveLength(1);
  });

  test('to HEAD, a response without content sends no length', async () => {
    expect(await sent(new Response(null), 'HEAD')).toEqual([
      ['begin', 200, '', undefined, false],
      ['end', ''],
    ]);
    expect(await sent(new Response(null, { headers: { 'content-length': '5' } }), 'HEAD')).toEqual([
      ['begin', 200, '', 5, false],
      ['end', ''],
    ]);
    expect(await sent(new Response('a'), 'HEAD')).toEqual([['respond', 200, TEXT, 'a', false]]);
  });

  test('and not at all when the client has disconnected', () => {
    const exchange = new FakeExchange();
    exchange.abort(new Error('gone'));
    send(exchange, new Response('a'));
    const { body, cancelled } = fed();
    send(exchange, new Response(body));
    send(exchange, new NativeResponse(null));
    expect(exchange.calls).toEqual([]);
    expect(cancelled).toHaveBeenCalledWith(exchange.aborted);
  });
});

describe('a value that is not a sendable Response is rejected:', () => {
  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['a', 'string'],
    [5, 'number'],
    [() => {}, 'function'],
    [{}, 'object'],
    [{ status: 200 }, 'object'],
    [{ status: '200', headers: {} }, 'object'],
    [Object.create(null), 'object'],
    [Promise.resolve(new Response('a')), 'object (Promise)'],
    [new URL('http://a/'), 'object (URL)'],
  ])('%o', (value, kind) => {
    const exchange = new FakeExchange();
    expect(() => send(exchange, value as never)).toThrow(
      new TypeError(`a handler must answer with a Response, not ${kind}`),
    );
    expect(exchange.calls).toEqual([]);
  });

  test('Response.error()', () => {
    expect(() => send(new FakeExchange(), Response.error())).toThrow(TypeError);
  });

  test.each([Response, NativeResponse])('a class with an invalid status (%o)', (Class) => {
    const exchange = new FakeExchange();
    for (const status of ['200 OK\r\nX: y', '200', 199, 600, 200.5, undefined])
      for (const body of ['a', streamOf('a')]) {
        const response = Object.defineProperty(new Class(body), 'status', { value: status });
        expect(() => send(exchange, response), `${status}`).toThrow(TypeError);
      }
    expect(exchange.calls).toEqual([]);
  });

  test.each([Response, NativeResponse])('a response that is locked or has been read (%o)', async (Class) => {
    const exchange = new FakeExchange();
    const read = new Class('a');
    await read.text();
    const locked = new Class('a');
    locked.body!.getReader();
    const lockedStream = new Class(streamOf('a'));
    lockedStream.body!.getReader();
    const begun = new Class(streamOf('a', 'b'));
    const reader = begun.body!.getReader();
    await reader.read();
    reader.releaseLock();
    for (const response of [read, locked, lockedStream, begun])
      expect(() => send(exchange, response)).toThrow(TypeError);
    expect(exchange.calls).toEqual([]);
  });

  test('a stream that has been sent', async () => {
    const response = new Response(streamOf('a'));
    await sent(response);
    expect(() => send(new FakeExchange(), response)).toThrow(TypeError);
  });
});

describe.each([
  ['light', Response as unknown as typeof globalThis.Response],
  ['native', NativeResponse],
])('a stream in a %s Response', (_, Class) => {
  test('is sent chunked', async () => {
    expect(await sent(new Class(streamOf('a', 'b'), { status: 201, headers: { x: 'y' } }))).toEqual([
      ['begin', 201, 'x: y\r\n', undefined, false],
      ['write', 'a'],
      ['write', 'b'],
      ['end', ''],
    ]);
  });

  test('is sent with Content-Length when the program gives it', async () => {
    const headers = { 'content-length': '2', connection: 'close' };
    expect(await sent(new Class(streamOf('a', 'b'), { headers }))).toEqual([
      ['begin', 200, '', 2, true],
      ['write', 'a'],
      ['write', 'b'],
      ['end', ''],
    ]);
    expect(
      (await sent(new Class(streamOf('a'), { headers: { 'content-length': 'x' } })))[0]?.[3],
    ).toBeUndefined();
  });

  test('is broken off when it has more than its Content-Length', async () => {
    const { body, controller, cancelled } = fed();
    controller.enqueue(bytes('abc'));
    expect(await sent(new Class(body, { headers: { 'content-length': '2' } }))).toEqual([
      ['begin', 200, '', 2, false],
      ['breakOff'],
    ]);
    await settled();
    expect(cancelled).toHaveBeenCalled();
  });

  test('is sent piece by piece, the head first', async () => {
    const exchange = new FakeExchange();
    const { body, controller } = fed();
    send(exchange, new Class(body));
    expect(exchange.calls.map(([name]) => name)).toEqual(['begin']);
    for (const piece of ['a', 'b', 'c']) {
      controller.enqueue(bytes(piece));
      await settled();
      expect(exchange.calls.at(-1)).toEqual(['write', piece]);
    }
    controller.close();
    await exchange.finished;
    expect(exchange.calls.at(-1)).toEqual(['end', '']);
  });

  test('may have empty pieces, which are skipped', async () => {
    expect(await sent(new Class(streamOf('', 'a', '')))).toEqual([
      ['begin', 200, '', undefined, false],
      ['write', 'a'],
      ['end', ''],
    ]);
  });

  test('waits for the client', async () => {
    const exchange = new FakeExchange();
    const pull = vi.fn((controller: ReadableStreamDefaultController) => controller.enqueue(bytes('a')));
    exchange.room = false;
    send(exchange, new Class(new ReadableStream({ pull }, { highWaterMark: 0 })));
    await settled();
    await settled();
    expect(pull).toHaveBeenCalledTimes(1);
    exchange.onDrain?.();
    await settled();
    expect(pull).toHaveBeenCalledTimes(2);
    exchange.abort(new Error('enough'));
  });

  test('is cancelled when the client disconnects, and other listeners are still called', async () => {
    const exchange = new FakeExchange();
    const before = vi.fn();
    exchange.onAbort = before;
    const { body, cancelled } = fed();
    send(exchange, new Class(body));
    const gone = new Error('gone');
    exchange.abort(gone);
    await settled();
    expect(cancelled).toHaveBeenCalledExactlyOnceWith(gone);
    expect(before).toHaveBeenCalledExactlyOnceWith(gone);
    expect(exchange.calls.map(([name]) => name)).toEqual(['begin']);
  });

  test('is cancelled when the client disconnects during back-pressure', async () => {
    const exchange = new FakeExchange();
    exchange.room = false;
    const { body, controller, cancelled } = fed();
    controller.enqueue(bytes('a'));
    send(exchange, new Class(body));
    await settled();
    exchange.abort(new Error('gone'));
    await settled();
    expect(cancelled).toHaveBeenCalledOnce();
    expect(exchange.calls.map(([name]) => name)).toEqual(['begin', 'write']);
  });

  test('that fails after the client has disconnected is broken off and not reported', async () => {
    const exchange = new FakeExchange();
    const broken = vi.fn();
    const { body, controller } = fed();
    send(exchange, new Class(body), broken);
    controller.enqueue(bytes('a'));
    await settled();
    // The client has closed its side, by which a fetch() with the request's signal fails.
    exchange.aborted = new Error('closed');
    controller.error(exchange.aborted);
    await exchange.finished;
    await settled();
    expect(exchange.calls.map(([name]) => name)).toEqual(['begin', 'write', 'breakOff']);
    expect(broken).not.toHaveBeenCalled();
  });

  test('that fails is broken off and reported', async () => {
    const exchange = new FakeExchange();
    const broken = vi.fn();
    const { body, controller } = fed();
    send(exchange, new Class(body), broken);
    controller.enqueue(bytes('a'));
    await settled();
    const reason = new Error('no more');
    controller.error(reason);
    await exchange.finished;
    await settled();
    expect(exchange.calls.map(([name]) => name)).toEqual(['begin', 'write', 'breakOff']);
    expect(broken).toHaveBeenCalledExactlyOnceWith(exchange, undefined, reason, true);
  });

  test('that fails before anything was sent is replaced by another response', async () => {
    const exchange = new FakeExchange();
    exchange.held = true;
    const failed = vi.fn();
    const request = {} as LightRequest;
    const { body, controller, cancelled } = fed();
    send(exchange, new Class(body), failed, request);
    controller.enqueue(5);
    await settled();
    expect(exchange.calls.map(([name]) => name)).toEqual(['begin', 'withdraw']);
    expect(failed).toHaveBeenCalledExactlyOnceWith(exchange, request, expect.any(TypeError), false);
    expect(cancelled).toHaveBeenCalledOnce();
  });

  test.each([
    [5, 'number'],
    [null, 'null'],
    [{}, 'object'],
    [['a'], 'object (Array)'],
    [new Date(0), 'object (Date)'],
    [new Blob(['a']), 'object (Blob)'],
    [undefined, 'undefined'],
  ])('with a piece that is %o is broken off', async (piece, kind) => {
    const { body, controller, cancelled } = fed();
    controller.enqueue(piece);
    expect(await sent(new Class(body))).toEqual([['begin', 200, '', undefined, false], ['breakOff']]);
    await settled();
    expect(cancelled).toHaveBeenCalledWith(
      new TypeError(`a piece of a body must be bytes or a string, not ${kind}`),
    );
  });

  test.each<[string, unknown[], string]>([
    ['strings', ['hä', '', 'ß'], 'häß'],
    ['strings and bytes', ['ä', bytes('b'), 'c'], 'äbc'],
    ['an ArrayBuffer', [bytes('ab').buffer], 'ab'],
    ['part of an ArrayBuffer', [new DataView(bytes('abcd').buffer, 1, 2)], 'bc'],
    ['numbers of four bytes', [new Float32Array(bytes('abcdefgh').buffer, 4)], 'efgh'],
    ['a SharedArrayBuffer', [shared('ab')], 'ab'],
    ['a view of a SharedArrayBuffer', [new Uint8Array(shared('ab'), 1)], 'b'],
    ['a Buffer', [Buffer.from('ab')], 'ab'],
    ['a pair of surrogates in two strings', ['a\ud83d', '\ude00b'], 'a😀b'],
    ['a pair with nothing in between', ['\ud83d', '', new Uint8Array(), '\ude00'], '😀'],
    ['half a pair before another one', ['\ud83d', '\ud83d', '\ude00'], '\ufffd😀'],
    ['half a pair before bytes', ['\ud83d', bytes('a')], '\ufffda'],
    ['half a pair at the end', ['a', '\ud83d'], 'a\ufffd'],
    ['the other half alone', ['\ude00', 'a'], '\ufffda'],
  ])('gives %s as bytes', async (_, pieces, text) => {
    const { body, controller } = fed();
    for (const piece of pieces) controller.enqueue(piece);
    controller.close();
    const calls = await sent(new Class(body));
    expect(calls.flatMap(([name, piece]) => (name === 'write' ? [piece] : [])).join('')).toBe(text);
    expect(calls.at(-1)).toEqual(['end', '']);
  });

  test('is not read when the response may have no content', async () => {
    const { body, cancelled } = fed();
    const response = new Class(body, { headers: { 'content-length': '5' } });
    expect(await sent(response, 'HEAD')).toEqual([
      ['begin', 200, '', 5, false],
      ['end', ''],
    ]);
    expect(cancelled).toHaveBeenCalledOnce();
  });

  test('may fail to be cancelled', async () => {
    const cancel = () => Promise.reject(new Error('never'));
    expect(await sent(new Class(new ReadableStream({ cancel })), 'HEAD')).toHaveLength(2);
    const exchange = new FakeExchange();
    send(exchange, new Class(new ReadableStream({ cancel })));
    exchange.abort(new Error('gone'));
    await settled();
  });
});

test('a Blob is sent with its size; in a native Response it is chunked', async () => {
  const blob = new Blob(['abc'], { type: 'text/x' });
  for (const headers of [{}, { 'content-length': '9' }])
    expect(await sent(new Response(blob, { headers }))).toEqual([
      ['begin', 200, 'content-type: text/x\r\n', 3, false],
      ['write', 'abc'],
      ['end', ''],
    ]);
  const wrapped = new Response(blob);
  expect((await sent(new Response(wrapped.body, wrapped)))[0]?.[3]).toBe(3);
  expect((await sent(new Response(blob).clone())).slice(1)).toEqual([
    ['write', 'abc'],
    ['end', ''],
  ]);
  expect((await sent(new NativeResponse(blob)))[0]?.[3]).toBeUndefined();
});

test('a native Response with a string and headers is sent', async () => {
  const headers = new Headers([
    ['set-cookie', 'a'],
    ['set-cookie', 'b'],
    ['keep-alive', 'c'],
  ]);
  const lines = `${TEXT}set-cookie: a\r\nset-cookie: b\r\n`;
  const whole = [['respond', 200, lines, 'a', false]];
  const streamed = [
    ['begin', 200, lines, undefined, false],
    ['write', 'a'],
    ['end', ''],
  ];
  const response = new NativeResponse('a', { headers });
  expect(await sent(response)).toEqual(findInternal(NativeResponse) === undefined ? streamed : whole);
  expect(response.bodyUsed).toBe(true);
});

describe('trailers', () => {
  test('follow a stream that has ended', async () => {
    let ended = false;
    const body = new ReadableStream({
      pull(controller) {
        if (ended) controller.close();
        else controller.enqueue(bytes('a'));
        ended = true;
      },
    });
    const response = new Response(body, { trailers: () => ({ 'X-Ended': `${ended}` }) });
    expect(await sent(response)).toEqual([
      ['begin', 200, '', undefined, false],
      ['write', 'a'],
      ['end', 'x-ended: true\r\n'],
    ]);
  });

  test('make content in memory chunked, whatever its Content-Length', async () => {
    const trailers = async () => new Headers({ x: 'y' });
    for (const headers of [{ a: 'b' }, { a: 'b', 'content-length': '1' }])
      expect(await sent(new Response('a', { headers, trailers }))).toEqual([
        ['begin', 200, `a: b\r\n${TEXT}`, undefined, false],
        ['write', 'a'],
        ['end', 'x: y\r\n'],
      ]);
    expect(await sent(new Response(null, { trailers }))).toEqual([
      ['begin', 200, '', undefined, false],
      ['end', 'x: y\r\n'],
    ]);
  });

  test('stay with clones and with responses made from the response', async () => {
    const response = new Response('a', { trailers: () => ({ x: 'y' }) });
    for (const other of [response.clone(), new Response('a', response)])
      expect((await sent(other)).at(-1)).toEqual(['end', 'x: y\r\n']);
  });

  test('that are malformed break the response off', async () => {
    for (const trailers of [
      () => ({ 'content-length': '5' }),
      () => ({ a: 'b\r\n' + 'c' }),
      () => Promise.reject(new Error('none')),
      () => expect.fail('none'),
    ])
      expect((await sent(new Response('a', { trailers }))).at(-1)).toEqual(['breakOff']);
  });

  test('are not asked for when the response may have no content, or the client has disconnected', async () => {
    const trailers = vi.fn(() => ({}));
    expect((await sent(new Response('a', { trailers }), 'HEAD')).at(-1)).toEqual(['end', '']);
    const exchange = new FakeExchange();
    send(exchange, new Response(fed().body, { trailers }));
    exchange.abort(new Error('gone'));
    await settled();
    expect(trailers).not.toHaveBeenCalled();
  });
});

describe('a fetched Response', () => {
  async function fetched(
    encoding: string,
    content: Buffer,
    use: (response: globalThis.Response) => Promise<void>,
  ) {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding, 'content-length': content.length, x: 'y' });
      response.end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await use(await nativeFetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } }));
    } finally {
      server.close();
    }
  }

  test('is sent as it was decoded, wrapped or not', async () => {
    for (const wrap of [
      (response: globalThis.Response) => response,
      (response: globalThis.Response) => new Response(response.body, response),
    ])
      await fetched('gzip', gzipSync('content'), async (response) => {
        const calls = await sent(wrap(response));
        expect(calls[0]?.[2]).toMatch(/(^|\n)x: y\r\n/);
        expect(calls[0]?.[2]).not.toContain('content-encoding');
        expect(calls[0]?.[3]).toBeUndefined();
        expect(calls.slice(1)).toEqual([
          ['write', 'content'],
          ['end', ''],
        ]);
      });
  });

  test('does not change content that the program itself has encoded', async () => {
    const headers = { 'content-encoding': 'gzip', 'content-length': '3' };
    const encoded = () => new Response(streamOf('own'), { headers });
    const inner = encoded();
    for (const response of [encoded(), new Response(inner.body, inner)])
      expect(await sent(response)).toEqual([
        ['begin', 200, 'content-encoding: gzip\r\n', 3, false],
        ['write', 'own'],
        ['end', ''],
      ]);
    await fetched('gzip', gzipSync('content'), async (response) => {
      const [begin, ...calls] = await sent(new Response(streamOf('own'), response));
      expect(begin?.[2]).toContain('content-encoding: gzip\r\n');
      expect(calls).toEqual([
        ['write', 'own'],
        ['end', ''],
      ]);
      await response.body?.cancel();
    });
  });

  test('with zstd content, which only newer platforms decode, is sent as it is', async () => {
    const zstd = Buffer.from('28b52ffd2003190000616263', 'hex');
    await fetched('zstd', zstd, async (response) => {
      const [begin, piece] = await sent(response);
      const decoded = !String(begin?.[2]).includes('content-encoding: zstd');
      expect(piece?.[1]).toBe(decoded ? 'abc' : zstd.toString());
      expect(begin?.[3]).toBe(decoded ? undefined : zstd.length);
    });
  });

  test('keeps a coding that fetch() does not decode', async () => {
    await fetched('x-mine', Buffer.from('content'), async (response) => {
      const calls = await sent(response);
      expect(calls[0]?.[2]).toContain('content-encoding: x-mine\r\n');
      expect(calls[0]?.[3]).toBe(7);
    });
  });
});

describe('Hono', () => {
  let uninstall: (() => void) | undefined;
  afterEach(() => uninstall?.());

  async function answer(app: Hono, exchange = new FakeExchange()) {
    uninstall = installGlobals();
    const response = await app.fetch(new Request('http://a.test/'));
    send(exchange, response);
    return exchange;
  }

  test('sends text, JSON and the headers of a middleware at once', async () => {
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      c.header('X-Behind', '1');
      c.res.headers.set('x-more', '2');
    });
    app.get('/', (c) => c.json({ a: 1 }, 201));
    const { calls } = await answer(app);
    expect(calls).toEqual([
      ['respond', 201, 'content-type: application/json\r\nx-behind: 1\r\nx-more: 2\r\n', '{"a":1}', false],
    ]);
  });

  test('streamSSE sends each event at once', async () => {
    let next: () => void = () => {};
    const app = new Hono().get('/', (c) =>
      streamSSE(c, async (events) => {
        for (const data of ['1', '2']) {
          await events.writeSSE({ data });
          await new Promise<void>((resolve) => {
            next = resolve;
          });
        }
      }),
    );
    const exchange = await answer(app as never);
    await settled();
    expect(exchange.calls).toEqual([
      ['begin', 200, 'cache-control: no-cache\r\ncontent-type: text/event-stream\r\n', undefined, false],
      ['write', 'data: 1\n\n'],
    ]);
    next();
    await settled();
    expect(exchange.calls.at(-1)).toEqual(['write', 'data: 2\n\n']);
    next();
    await exchange.finished;
    expect(exchange.calls.at(-1)).toEqual(['end', '']);
  });

  test('streamText ends; stream() learns that the client has disconnected', async () => {
    const text = new Hono().get('/', (c) =>
      streamText(c, async (stream) => void (await stream.writeln('a'))),
    );
    const exchange = await answer(text as never);
    await exchange.finished;
    expect(exchange.calls.slice(1)).toEqual([
      ['write', 'a\n'],
      ['end', ''],
    ]);
    uninstall?.();
    const aborted = vi.fn();
    const app = new Hono().get('/', (c) =>
      stream(c, async (stream) => {
        stream.onAbort(aborted);
        await new Promise(() => {});
      }),
    );
    const other = await answer(app as never);
    other.abort(new Error('gone'));
    await settled();
    expect(aborted).toHaveBeenCalledOnce();
  });
});

describe('the parts of a whole response', () => {
  test.each<[string, () => globalThis.Response, string, string]>([
    ['a string', () => new Response('ä', { status: 201 }), TEXT, 'ä'],
    ['bytes', () => new Response(bytes('ä'), { status: 201 }), '', 'ä'],
    ['nothing', () => new Response(null, { status: 201 }), '', ''],
    ['a stream', () => new Response(streamOf('a', 'b'), { status: 201 }), '', 'ab'],
    ['a stream of strings', () => new Response(strings('\ud83d', '\ude00'), { status: 201 }), '', '😀'],
    [
      'a Blob',
      () => new Response(new Blob(['a'], { type: 'b/c' }), { status: 201 }),
      'content-type: b/c\r\n',
      'a',
    ],
    ['a native response', () => new NativeResponse('ä', { status: 201 }), TEXT, 'ä'],
    ['a native response without a body', () => new NativeResponse(null, { status: 201 }), '', ''],
  ])('%s', async (_, make, fields, content) => {
    const response = make();
    // Twice, since the response stays unread.
    for (let i = 0; i < 2; i++)
      expect(await wholeParts(response)).toEqual({
        statusCode: 201,
        fields,
        content: bytes(content),
        close: false,
        headParts: undefined,
      });
    expect(response.bodyUsed).toBe(false);
  });

  test.each<[string, () => globalThis.Response]>([
    ['light', () => new Response('a', { headers: { connection: 'close' } })],
    ['native', () => new NativeResponse('a', { headers: { connection: 'close' } })],
  ])('include that the connection closes (%s)', async (_, make) => {
    expect((await wholeParts(make())).close).toBe(true);
  });

  test('do not exist for a response that can not be sent', async () => {
    await expect(wholeParts(NativeResponse.error())).rejects.toThrow("status 0 can't be sent");
    await expect(wholeParts(new Response('a', { trailers: () => ({}) }))).rejects.toThrow('no trailers');
  });

  test('are not shared with the program', async () => {
    const content = bytes('a');
    const parts = await wholeParts(new Response(content));
    content[0] = 0;
    expect(parts.content).toEqual(bytes('a'));
  });

  test('do not exist for a response that has been read', async () => {
    const response = new Response('a');
    await response.text();
    await expect(wholeParts(response)).rejects.toThrow(TypeError);
  });
});
