// The light Request compared with native requests made of the same parts.

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Authority } from '../../src/app/authority.ts';
import { NativeHeaders, NativeRequest, toBodiless, toNative } from '../../src/app/native.ts';
import { Request } from '../../src/app/request.ts';
import { ownBuffer } from '../../src/app/request-body.ts';
import { Response, type ResponseInit } from '../../src/app/response.ts';
import { Origin } from '../../src/app/url.ts';
import { abortError } from '../../src/protocol/request-errors.ts';
import { FakeContent, type FakeExchange, FakeHead, type Field, fakeExchange } from './request-fixture.ts';

const ORIGIN = new Origin(new Authority(), '127.0.0.1:8080');
const HOST: Field = ['Host', 'localhost:8080'];
const GONE = abortError('ERR_CLIENT_GONE', 'the client closed the connection');

type Pieces = readonly (string | Uint8Array | Error)[];

interface Made {
  request: Request;
  exchange: FakeExchange;
  content: FakeContent;
}

function post(
  pieces: Pieces,
  fields: readonly Field[] = [],
  options: { whole?: boolean; trailers?: Field[] } = {},
): Made {
  const content = new FakeContent(pieces, options);
  const exchange = fakeExchange(new FakeHead([HOST, ...fields], 'POST', '/form'), content);
  return { request: new Request(exchange, ORIGIN), exchange, content };
}

function get(fields: readonly Field[] = []): Omit<Made, 'content'> {
  const exchange = fakeExchange(new FakeHead([HOST, ...fields]));
  return { request: new Request(exchange, ORIGIN), exchange };
}

function nativePost(pieces: Pieces, fields: readonly Field[] = []): globalThis.Request {
  const bytes = Buffer.concat(
    (pieces as (string | Uint8Array)[]).map((piece) => Buffer.from(piece as string)),
  );
  const headers = [HOST, ...fields] as [string, string][];
  return new NativeRequest('http://localhost:8080/form', { method: 'POST', headers, body: bytes });
}

/** The value of a promise, or the class of its error. */
async function settled(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return (error as Error).constructor;
  }
}

function drained(stream: ReadableStream<Uint8Array> | null): Promise<string> {
  return new Response(stream).text();
}

type Reading = (request: globalThis.Request) => Promise<unknown>;

const READINGS: Record<string, Reading> = {
  text: (request) => request.text(),
  json: (request) => request.json(),
  arrayBuffer: async (request) => new Uint8Array(await request.arrayBuffer()),
  blob: async (request) => {
    const blob = await request.blob();
    return [blob.type, blob.size, await blob.text()];
  },
  formData: async (request) => {
    const entries = [...(await request.formData())];
    return Promise.all(
      entries.map(async ([name, value]) =>
        typeof value === 'string' ? [name, value] : [name, value.name, value.type, await value.text()],
      ),
    );
  },
  'the stream': (request) => drained(request.body),
  'a clone': async (request) => {
    const clone = request.clone();
    return Promise.all([request.text(), clone.text()]);
  },
  'bodyUsed before, during and after a read': async (request) => {
    const before = request.bodyUsed;
    const reading = request.text();
    const meanwhile = request.bodyUsed;
    await reading;
    return [before, meanwhile, request.bodyUsed, request.body?.locked];
  },
  'read twice': async (request) => [await settled(request.text()), await settled(request.json())],
  'read while a reader locks the stream': (request) => {
    request.body?.getReader();
    return request.text();
  },
  'read after a reader of the stream was released': (request) => {
    request.body?.getReader().releaseLock();
    return request.text();
  },
  'read after a piece of the stream was read': async (request) => {
    const reader = request.body?.getReader();
    await reader?.read();
    reader?.releaseLock();
    return [request.bodyUsed, await settled(request.text())];
  },
  'read after the stream was cancelled': async (request) => {
    await request.body?.cancel();
    return [request.bodyUsed, await settled(request.text())];
  },
  'cloned after it was read': async (request) => {
    await request.text();
    return settled((async () => request.clone().text())());
  },
  'cloned while it is locked': async (request) => {
    request.body?.getReader();
    return settled((async () => request.clone().text())());
  },
  'a clone of a clone': async (request) => {
    const clones = [request.clone(), request, request.clone()];
    return Promise.all(clones.map((clone) => clone.clone().text()));
  },
  'passed to new Request': async (request) =>
    new NativeRequest((request as Partial<Request>)[toNative]?.() ?? request).text(),
};

const MULTIPART = [
  '--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
  '--edge\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\nfile\r\n--edge--\r\n',
];

const CONTENTS: Record<string, [Pieces, Field[]]> = {
  text: [['Hello'], [['Content-Type', 'text/plain;charset=UTF-8']]],
  'several pieces': [['He', 'll', 'o'], []],
  'one empty piece': [[''], []],
  'an empty piece in between': [['a', '', 'b'], []],
  JSON: [['{"a":[1,', '"ä"]}'], [['Content-Type', 'application/json']]],
  'JSON with a byte order mark': [['\ufeff{"a":1}'], []],
  'broken JSON': [['{"a"'], []],
  'a character over two pieces': [[Uint8Array.of(0xe2, 0x82), Uint8Array.of(0xac)], []],
  'no UTF-8': [[Uint8Array.of(0x61, 0xff, 0xe2, 0x82, 0x62, 0xed, 0xa0, 0x80, 0xf0, 0x9f, 0x98)], []],
  'a form': [['a=1&b=%C3%A4+c', '&a=2'], [['Content-Type', 'application/x-www-form-urlencoded']]],
  'a multipart form': [MULTIPART, [['Content-Type', 'multipart/form-data; boundary=edge']]],
  'a broken multipart form': [['--edge\r\nx'], [['Content-Type', 'multipart/form-data; boundary=edge']]],
  'a form without its media type': [['a=1'], []],
  'an odd media type': [['a'], [['Content-Type', 'Text/HTML; Charset="utf-8"; a=b']]],
  'two media types': [
    ['a'],
    [
      ['Content-Type', 'text/html'],
      ['Content-Type', 'text/plain'],
    ],
  ],
  'no media type': [['a'], [['Content-Type', 'nonsense']]],
};

describe.each(Object.entries(CONTENTS))('a POST of %s', (_, [pieces, fields]) => {
  test.each(Object.entries(READINGS))('%s gives the same whole, in pieces and native', async (_, reading) => {
    const native = await settled(reading(nativePost(pieces, fields)));
    for (const whole of [true, false]) {
      // A stream transfers its pieces, so each is used once.
      const own = pieces.map((piece) => (piece instanceof Uint8Array ? piece.slice() : piece));
      expect(await settled(reading(post(own, fields, { whole }).request))).toEqual(native);
    }
  });
});

describe('a request without content', () => {
  test.each(Object.entries(READINGS))('%s is as for a native request', async (_, reading) => {
    const native = await settled(reading(new NativeRequest('http://localhost:8080/')));
    expect(await settled(reading(get().request))).toEqual(native);
  });

  test('has no body, and empty buffers that are not shared', async () => {
    const { request } = get();
    expect(request.body).toBeNull();
    expect(await request.text()).toBe('');
    expect(request.bodyUsed).toBe(false);
    expect(await request.arrayBuffer()).not.toBe(await request.arrayBuffer());
    expect(await request.bytes()).toEqual(new Uint8Array(0));
    expect([...(await request.trailers)]).toEqual([]);
  });
});

describe('Content-Length: 0', () => {
  const empty = (method: string) =>
    new Request(fakeExchange(new FakeHead([HOST, ['Content-Length', '0']], method)), ORIGIN);

  test.each(Object.entries(READINGS))(
    '%s is as for a native request with an empty body',
    async (_, reading) => {
      const native = await settled(reading(nativePost([], [])));
      expect(await settled(reading(empty('POST')))).toEqual(native);
    },
  );

  test('is no body for GET and HEAD', async () => {
    for (const method of ['GET', 'HEAD']) expect(empty(method).body).toBeNull();
  });

  test('has no trailers, before and after it is read', async () => {
    expect([...(await empty('POST').trailers)]).toEqual([]);
  });
});

describe('the body', () => {
  test('as text loses one byte order mark, not two', async () => {
    // Node 20 removes both, against the standard.
    for (const whole of [true, false])
      expect(await post(['\ufeff\ufeffx'], [], { whole }).request.text()).toBe('\ufeffx');
  });

  test('as an ArrayBuffer has its own bytes only, even if they lie in a larger buffer', async () => {
    const larger = new Uint8Array(10).fill(120);
    const { request } = post([larger.subarray(2, 5)]);
    expect((await request.arrayBuffer()).byteLength).toBe(3);
    expect(Buffer.from(ownBuffer(larger.subarray(2, 5))).toString()).toBe('xxx');
    expect(ownBuffer(larger)).toBe(larger.buffer);
  });

  test('as a stream skips empty pieces', async () => {
    const { request } = post(['a', '', '', 'b', '']);
    const pieces: string[] = [];
    for await (const piece of request.body ?? []) pieces.push(Buffer.from(piece).toString());
    expect(pieces).toEqual(['a', 'b']);
  });

  test('is read from the exchange only as far as the program reads', async () => {
    const { request, content } = post(['a', 'b', 'c']);
    const { body } = request;
    await new Promise(setImmediate);
    expect(content.reads).toBe(0);
    const reader = body?.getReader();
    await reader?.read();
    await new Promise(setImmediate);
    expect(content.reads).toBe(1);
  });

  test('is the same stream each time, a byte stream', async () => {
    const { request } = post(['abc', 'd']);
    expect(request.body).toBe(request.body);
    const reader = (request.body as ReadableStream).getReader({ mode: 'byob' });
    const read = async () => {
      const { value, done } = await reader.read(new Uint8Array(2));
      return [Buffer.from(value ?? []).toString(), done];
    };
    expect([await read(), await read(), await read(), await read()]).toEqual([
      ['ab', false],
      ['c', false],
      ['d', false],
      ['', true],
    ]);
  });

  test('gives a piece of a larger buffer without the rest of the buffer, and does not change the rest', async () => {
    const pool = new TextEncoder().encode('secret piece secret');
    const piece = pool.subarray(7, 12);
    expect(await drained(post([piece]).request.body)).toBe('piece');
    for (const whole of [false, true]) {
      const buffer = await post([piece], [], { whole }).request.arrayBuffer();
      expect(Buffer.from(buffer).toString()).toBe('piece');
      const bytes = await post([Buffer.from('piece')], [], { whole }).request.bytes();
      expect([bytes.constructor, bytes.buffer.byteLength]).toEqual([Uint8Array, 5]);
    }
    expect(new TextDecoder().decode(pool)).toBe('secret piece secret');
  });

  test('accepts pieces in shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(0x61);
    expect(await drained(post([shared]).request.body)).toBe('aaa');
    expect((await post([shared]).request.arrayBuffer()).constructor).toBe(ArrayBuffer);
    expect(await post([shared]).request.text()).toBe('aaa');
  });

  test('that is locked by a reader can be neither read nor cloned', async () => {
    const { request } = post(['a']);
    request.body?.getReader();
    await expect(request.text()).rejects.toThrow('Body is unusable');
    expect(() => request.clone()).toThrow('Body is unusable');
    expect(() => request.textStream()).toThrow('Body is unusable');
  });

  test('can be read as a stream of text', async () => {
    const { request } = post([Uint8Array.of(0xe2, 0x82), Uint8Array.of(0xac)]);
    const pieces: string[] = [];
    for await (const piece of request.textStream()) pieces.push(piece);
    expect(pieces.join('')).toBe('\u20ac');
    expect(request.bodyUsed).toBe(true);
    expect(() => request.textStream()).toThrow(TypeError);
    for await (const piece of get().request.textStream()) expect(piece).toBeUndefined();
  });

  test('cancels the content when it is cancelled', async () => {
    const { request, content } = post(['a', 'b']);
    await request.body?.cancel();
    expect(content.cancelled).toBe(1);
  });

  test('of a clone is cancelled when both bodies are', async () => {
    const { request, content } = post(['a', 'b']);
    const clone = request.clone();
    void request.body?.cancel();
    expect(content.cancelled).toBe(0);
    await clone.body?.cancel();
    expect(content.cancelled).toBe(1);
  });

  test.each(
    Object.entries(READINGS).filter(([name]) =>
      /^(text|json|arrayBuffer|blob|formData|the stream|a clone)$/.test(name),
    ),
  )('breaks off with the content: %s', async (_, reading) => {
    const { request } = post(['a', GONE], [['Content-Type', 'application/x-www-form-urlencoded']]);
    await expect(reading(request)).rejects.toBe(GONE);
    expect(request.bodyUsed).toBe(true);
  });

  test('breaks off in the stream at exactly that piece', async () => {
    const { request } = post(['a', GONE]);
    const reader = (request.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x61));
    await expect(reader.read()).rejects.toBe(GONE);
  });
});

describe('the trailers', () => {
  const trailers: Field[] = [
    ['Digest', 'x'],
    ['digest', 'y'],
  ];

  test.each(Object.entries(READINGS).filter(([name]) => /^(text|the stream|a clone)$/.test(name)))(
    'are known at the end: %s',
    async (_, reading) => {
      for (const whole of [true, false]) {
        for (const early of [true, false]) {
          const { request } = post(['a'], [], { whole, trailers });
          const asked = early ? request.trailers : undefined;
          await reading(request);
          expect((await (asked ?? request.trailers)).get('digest')).toBe('x, y');
        }
      }
    },
  );

  test('of a clone are those of the request', async () => {
    const { request } = post(['a'], [], { trailers });
    const clone = request.clone();
    await Promise.all([request.text(), clone.text()]);
    expect((await clone.trailers).get('digest')).toBe('x, y');
  });

  test('are not known before the end, and the getter reads no content', async () => {
    const { request, content } = post(['a'], [], { trailers });
    let known = false;
    void request.trailers.then(() => (known = true));
    await new Promise(setImmediate);
    expect([known, content.reads]).toEqual([false, 0]);
  });

  test('may fail while no program waits for them', async () => {
    const { request } = post([GONE]);
    void request.trailers;
    await expect(request.text()).rejects.toBe(GONE);
    // An unhandled rejection would fail the run.
    await new Promise(setImmediate);
  });

  test('reject when the content breaks off or is cancelled', async () => {
    const broken = post([GONE]).request;
    const asked = broken.trailers;
    await expect(broken.text()).rejects.toBe(GONE);
    await expect(asked).rejects.toBe(GONE);
    const cancelled = post(['a']).request;
    await cancelled.body?.cancel();
    await expect(cancelled.trailers).rejects.toThrow(TypeError);
  });
});

describe('the signal', () => {
  test('aborts with the exchange, for its reason', () => {
    const { request, exchange } = get();
    const { signal } = request;
    expect(signal).toBe(request.signal);
    expect(signal.aborted).toBe(false);
    exchange.abort(GONE);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(GONE);
    expect([signal.reason.name, signal.reason.code]).toEqual(['AbortError', 'ERR_CLIENT_GONE']);
    expect(signal.reason).toBeInstanceOf(DOMException);
  });

  test('is aborted from the start when the exchange is', () => {
    const { request, exchange } = get();
    exchange.abort(GONE);
    expect(request.signal.reason).toBe(GONE);
  });

  test('keeps the listeners of the exchange, even a listener that throws', () => {
    const { request, exchange } = get();
    const told: Error[] = [];
    exchange.onAbort = (reason) => {
      told.push(reason);
      throw new Error('a listener of its own');
    };
    const { signal } = request;
    const clone = request.clone();
    const cloned = clone.signal;
    expect(cloned).not.toBe(signal);
    expect(() => exchange.abort(GONE)).toThrow('a listener of its own');
    expect([told, signal.aborted, cloned.aborted]).toEqual([[GONE], true, true]);
  });

  test('is not made before a program asks for it', () => {
    const { request, exchange } = get();
    void [request.url, request.method, request.headers.get('host'), request.body, inspect(request)];
    expect(exchange.onAbort).toBeUndefined();
  });
});

const COLD = [
  'cache',
  'credentials',
  'destination',
  'duplex',
  'integrity',
  'isHistoryNavigation',
  'isReloadNavigation',
  'keepalive',
  'mode',
  'redirect',
  'referrer',
  'referrerPolicy',
] as const;

describe('a request', () => {
  test('is an instance of Request', () => {
    const { request } = get();
    expect(request).toBeInstanceOf(NativeRequest);
    expect(request).toBeInstanceOf(Request);
    expect(Object.prototype.toString.call(request)).toBe('[object Request]');
    expect([request.method, request.url]).toEqual(['GET', 'http://localhost:8080/']);
    expect(request.headers).toBe(request.headers);
  });

  test('makes no part before a program asks for it', () => {
    const { exchange } = get();
    expect(exchange.head.found + exchange.head.values).toBe(0);
  });

  test('defines every member of a native request itself', () => {
    // A member that some versions of Node have by mistake.
    const members = Object.getOwnPropertyNames(NativeRequest.prototype).filter(
      (name) => name !== 'attribute',
    );
    expect(members.filter((name) => !Object.hasOwn(Request.prototype, name))).toEqual([]);
  });

  test.each(COLD)('has the %s of a native request', (name) => {
    const native = new NativeRequest('http://localhost:8080/') as unknown as Record<string, unknown>;
    expect((get().request as unknown as Record<string, unknown>)[name]).toBe(native[name]);
  });

  test('has the params of its route; without them an empty frozen object', () => {
    const { request } = get();
    expect(Object.keys(request.params)).toEqual([]);
    expect(request.params.constructor).toBeUndefined();
    expect(() => ((request.params as Record<string, string>).id = 'x')).toThrow(TypeError);
    request.params = { id: '7' };
    expect(request.params.id).toBe('7');
    expect(request.clone().params).toEqual({ id: '7' });
  });

  test('is printed with its members', () => {
    const { request } = get();
    expect(inspect(request)).toBe(
      "Request {\n  method: 'GET',\n  url: 'http://localhost:8080/',\n  headers: Headers { host: 'localhost:8080' },\n  params: [Object: null prototype] {},\n  bodyUsed: false\n}",
    );
  });

  test('has a clone with its own headers', () => {
    const { request } = get();
    request.headers.set('a', 'before');
    const clone = request.clone();
    request.headers.set('a', 'after');
    clone.headers.delete('host');
    expect([request.headers.get('a'), clone.headers.get('a')]).toEqual(['after', 'before']);
    expect([request.headers.has('host'), clone.headers.has('host')]).toEqual([true, false]);
  });

  test('can be the options of another request', async () => {
    const { request } = post(['Hello'], [['X-A', 'b']]);
    const other = new NativeRequest('http://elsewhere/', request);
    expect([other.method, other.headers.get('x-a'), await other.text()]).toEqual(['POST', 'b', 'Hello']);
    expect(request.bodyUsed).toBe(true);
  });
});

describe('the native request', () => {
  test('without the body can be made after the body has been read, and while it is read', async () => {
    const { request } = post(['Hello'], [['X-A', 'b']]);
    request.body?.getReader();
    const bodiless = request[toBodiless]();
    expect([bodiless.method, bodiless.url, bodiless.headers.get('x-a'), bodiless.body]).toEqual([
      'POST',
      request.url,
      'b',
      null,
    ]);
    expect(bodiless.signal.aborted).toBe(false);
    expect(() => request[toNative]()).toThrow(TypeError);
  });

  test('is made once, with the same members', async () => {
    const { request, exchange } = post(
      ['He', 'llo'],
      [
        ['X-A', 'b'],
        ['Content-Length', '5'],
      ],
    );
    const native = request[toNative]();
    expect(request[toNative]()).toBe(native);
    expect(native.constructor).toBe(NativeRequest);
    expect([native.method, native.url, (native as unknown as Request).duplex]).toEqual([
      'POST',
      'http://localhost:8080/form',
      'half',
    ]);
    expect([...native.headers]).toEqual([
      ['content-length', '5'],
      ['host', 'localhost:8080'],
      ['x-a', 'b'],
    ]);
    expect(native.bodyUsed || request.bodyUsed).toBe(false);
    expect(await native.text()).toBe('Hello');
    expect(native.bodyUsed && request.bodyUsed).toBe(true);
    exchange.abort(GONE);
    expect(native.signal.reason).toBe(GONE);
  });

  test('can be the input of another request', async () => {
    const { request } = post(['Hello']);
    const other = new NativeRequest(request[toNative](), { headers: { a: 'b' } });
    expect([other.url, other.headers.get('a'), await other.text()]).toEqual([request.url, 'b', 'Hello']);
    expect(request.bodyUsed).toBe(true);
    await expect(request.text()).rejects.toThrow(TypeError);
  });

  test('has the changed headers, without those of the connection', () => {
    const { request } = post(
      [''],
      [
        ['Connection', 'keep-alive, X-Hop'],
        ['Transfer-Encoding', 'chunked'],
        ['Expect', '100-continue'],
        ['X-Gone', 'a'],
        ['Set-Cookie', 'a'],
        ['Set-Cookie', 'b'],
      ],
    );
    request.headers.delete('x-gone');
    expect([...request[toNative]().headers]).toEqual([
      ['host', 'localhost:8080'],
      ['set-cookie', 'a'],
      ['set-cookie', 'b'],
    ]);
    expect(request.headers.get('transfer-encoding')).toBe('chunked');
  });

  test.each(['TRACE', 'CONNECT', 'TRACK', 'trace'])(
    'is refused for %s, and the request is not',
    async (method) => {
      const exchange = fakeExchange(new FakeHead([HOST], method));
      const request = new Request(exchange, ORIGIN);
      expect([request.method, request.url, await request.text()]).toEqual([
        method,
        'http://localhost:8080/',
        '',
      ]);
      expect(() => request[toNative]()).toThrow(
        new TypeError(`there is no native Request with the method ${method}`),
      );
    },
  );

  test('can not be made for GET with content, which this request may have', async () => {
    const exchange = fakeExchange(new FakeHead([HOST], 'GET'), new FakeContent(['Hello']));
    const request = new Request(exchange, ORIGIN);
    expect(() => request[toNative]()).toThrow(TypeError);
    expect(await request.text()).toBe('Hello');
  });

  test('has an unusual method as it was sent', () => {
    for (const method of ['PURGE', 'patch', 'M-SEARCH'])
      expect(new Request(fakeExchange(new FakeHead([HOST], method)), ORIGIN)[toNative]().method).toBe(method);
  });

  test('does not need the globals', () => {
    expect(new NativeRequest(get().request[toNative]()).url).toBe('http://localhost:8080/');
    expect(new NativeHeaders(get().request.headers).get('host')).toBe('localhost:8080');
  });
});

test('gives a Response its headers, and no trailers', async () => {
  const exchange = fakeExchange(new FakeHead([HOST, ['X-Kind', 'a']], 'POST'), new FakeContent(['content']));
  const request = new Request(exchange, ORIGIN);
  const response = new Response(request.body, request as unknown as ResponseInit);
  expect([response.status, response.headers.get('x-kind'), await response.text()]).toEqual([
    200,
    'a',
    'content',
  ]);
});
