// The light Response compared with the platform's: the same calls must give the same results.

import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { NativeResponse, toNative } from '../../src/app/native.ts';
import { Response, type ResponseInit, wholeContent } from '../../src/app/response.ts';

type AnyResponse = globalThis.Response;
type ResponseClass = typeof globalThis.Response;

/** The result of `use`, or the class of its error. */
async function outcome(use: (Class: ResponseClass) => unknown, Class: ResponseClass): Promise<unknown> {
  try {
    return await use(Class);
  } catch (error) {
    return (error as Error).constructor;
  }
}

/** All members of a response that a program can see. */
async function seen(response: AnyResponse): Promise<unknown> {
  const { status, statusText, ok, type, url, redirected, bodyUsed } = response;
  const headers = [...response.headers];
  const hasBody = response.body !== null;
  const text = await response.text();
  return { status, statusText, ok, type, url, redirected, bodyUsed, headers, hasBody, text };
}

function streamOf(...pieces: unknown[]): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

const bytes = () => new Uint8Array([0x68, 0xc3, 0xa4, 0xff]);
const formBody = 'a=1&b=2';

/** Uses that give the same result with both classes. */
const SAME: [string, (Class: ResponseClass) => unknown][] = [
  ['no body', (R) => seen(new R())],
  ['null', (R) => seen(new R(null))],
  ['undefined', (R) => seen(new R(undefined, undefined))],
  ['a string', (R) => seen(new R('häß€😀'))],
  ['a String object', (R) => seen(new R(Object('hä')))],
  ['an empty string', (R) => seen(new R(''))],
  ['a lone surrogate', (R) => seen(new R('a\ud800b'))],
  ['a byte order mark', (R) => seen(new R('\ufeffa'))],
  ['bytes', (R) => seen(new R(bytes()))],
  ['part of a buffer', (R) => seen(new R(bytes().subarray(1, 3)))],
  ['an ArrayBuffer', (R) => seen(new R(bytes().buffer))],
  ['a DataView', (R) => seen(new R(new DataView(bytes().buffer, 1, 2)))],
  ['another typed array', (R) => seen(new R(new Uint16Array([0x4142, 0x4344])))],
  ['no bytes', (R) => seen(new R(new Uint8Array()))],
  ['a stream', (R) => seen(new R(streamOf(bytes(), bytes())))],
  ['a stream of strings', (R) => new R(streamOf('a')).text()],
  ['a Blob', (R) => seen(new R(new Blob(['a'], { type: 'text/x' })))],
  ['a Blob with headers', (R) => seen(new R(new Blob(['a'], { type: 'text/x' }), { headers: { a: 'b' } }))],
  ['URLSearchParams', (R) => seen(new R(new URLSearchParams(formBody)))],
  ['FormData', async (R) => [...(await new R(form()).formData())]],
  ['a number', (R) => seen(new R(5 as never))],
  ['an object', (R) => seen(new R({} as never))],
  ['false', (R) => seen(new R(false as never))],
  ['a symbol', (R) => new R(Symbol('a') as never)],
  ['an async iterable', (R) => seen(new R(pieces() as never))],
  ['a stream that is locked', (R) => new R(locked())],
  ['a stream that has been read', async (R) => new R(await read())],

  ...[200, 201, 299, 300, 404, 599, '404', 200.7, 65736, [404]].map((status): (typeof SAME)[number] => [
    `status ${inspect(status)}`,
    (R) => seen(new R('a', { status: status as number })),
  ]),
  ...[0, 100, 101, 199, 600, -1, Number.NaN, null, 'x', Symbol('a'), Infinity].map(
    (status): (typeof SAME)[number] => [
      `status ${inspect(status)}`,
      (R) => new R(null, { status: status as number }),
    ],
  ),
  ...[204, 205, 304].flatMap((status): typeof SAME => [
    [`status ${status}`, (R) => seen(new R(null, { status }))],
    [`status ${status} with a body`, (R) => new R('', { status })],
    [`status ${status} with a stream`, (R) => new R(streamOf(), { status })],
    [`status ${status} as JSON`, (R) => R.json(1, { status })],
  ]),
  ['statusText', (R) => seen(new R(null, { statusText: 'Très\tbien' }))],
  ['statusText null', (R) => seen(new R(null, { statusText: null as never }))],
  ...['a\nb', 'a\rb', 'a\0b', '€', '\x7f'].map((statusText): (typeof SAME)[number] => [
    `statusText ${inspect(statusText)}`,
    (R) => new R(null, { statusText }),
  ]),

  ['a plain object', (R) => seen(new R('a', { headers: { 'X-A': '1', b: ' 2 ' } }))],
  [
    'pairs',
    (R) =>
      seen(
        new R('a', {
          headers: [
            ['X-A', '1'],
            ['x-a', '2'],
          ],
        }),
      ),
  ],
  ['Headers', (R) => seen(new R('a', { headers: new Headers({ 'X-A': '1' }) }))],
  ['a Map', (R) => seen(new R('a', { headers: new Map([['X-A', '1']]) as never }))],
  ['another Content-Type', (R) => seen(new R('a', { headers: { 'Content-Type': 'text/html' } }))],
  ['a Content-Type without a body', (R) => seen(new R(null, { headers: { 'content-type': 'text/html' } }))],
  [
    "the server's own fields",
    (R) => seen(new R('a', { headers: { connection: 'close', date: 'x', 'content-length': '9' } })),
  ],
  [
    'cookies',
    (R) =>
      new R('', {
        headers: [
          ['set-cookie', 'a'],
          ['set-cookie', 'b'],
        ],
      }).headers.getSetCookie(),
  ],
  ['an invalid field name', (R) => new R('', { headers: { 'a b': '1' } })],
  ['a value with CRLF', (R) => new R('', { headers: { a: 'b\r\nc: d' } })],
  ['a value with NUL', (R) => new R('', { headers: [['a', 'b\0']] })],
  ['a value that is not a byte string', (R) => new R('', { headers: { a: '€' } })],
  ['a Blob and a value with CRLF', (R) => new R(new Blob(['a']), { headers: { a: 'b\r\nc: d' } })],
  ['headers null', (R) => new R('', { headers: null as never })],
  ['headers as a string', (R) => new R('', { headers: 'a: b' as never })],
  ['null as init', (R) => seen(new R('a', null as never))],
  ['a number as init', (R) => new R('a', 5 as never)],
  ['a string as init', (R) => new R('a', 'b' as never)],
  ['a function as init', (R) => seen(new R('a', (() => {}) as never))],

  [
    'its own class as init',
    (R) => seen(new R('b', new R('a', { status: 201, statusText: 'c', headers: { d: 'e' } }))),
  ],
  [
    'a native response as init',
    (R) => seen(new R('b', new NativeResponse(null, { status: 201, statusText: 'c' }))),
  ],
  ['an init without Content-Type', (R) => seen(new R('b', new R(null, { headers: { d: 'e' } })))],
  [
    'an init with changed headers',
    (R) => {
      const init = new R('a');
      init.headers.set('content-type', 'text/html');
      init.headers.append('x', 'y');
      return seen(new R('b', init));
    },
  ],
  [
    'the body of its init',
    (R) => {
      const init = new R('a');
      return seen(new R(init.body, init));
    },
  ],
  [
    'the body of its init, wrapped again and again',
    (R) => {
      let response = new R('a', { headers: { b: 'c' } });
      for (let i = 0; i < 3; i++) response = new R(response.body, response);
      return seen(response);
    },
  ],
  [
    'a response whose body is read',
    async (R) => {
      const init = new R('a');
      const response = new R(init.body, init);
      await response.text();
      return [init.bodyUsed, response.bodyUsed, await outcome(() => init.text(), R)];
    },
  ],
  [
    'the body of a response that has been read',
    async (R) => {
      const init = new R('a');
      await init.text();
      return new R(init.body);
    },
  ],

  [
    'headers are the same each time',
    (R) => {
      const response = new R('a');
      const { headers } = response;
      return headers === response.headers && headers instanceof Headers;
    },
  ],
  [
    'body is the same each time',
    (R) => {
      const response = new R('a');
      const { body } = response;
      return body === response.body && body instanceof ReadableStream;
    },
  ],
  [
    'headers are the same before and after reading',
    async (R) => {
      const response = new R('a');
      const { headers } = response;
      await response.text();
      return headers === response.headers;
    },
  ],
  [
    'headers can be changed',
    (R) => {
      const response = new R('a', { headers: { b: 'c' } });
      response.headers.set('b', 'd');
      response.headers.delete('content-type');
      return seen(response);
    },
  ],
  [
    'changing the init afterwards has no effect',
    (R) => {
      const headers = { a: '1' };
      const init = { status: 201, headers };
      const response = new R('a', init);
      headers.a = '2';
      init.status = 202;
      return seen(response);
    },
  ],
  [
    'changed headers count for blob()',
    async (R) => {
      const response = new R('a');
      response.headers.set('content-type', 'text/x');
      return (await response.blob()).type;
    },
  ],
  [
    'changed headers count for formData()',
    async (R) => {
      const response = new R(formBody);
      response.clone();
      response.headers.set('content-type', 'application/x-www-form-urlencoded');
      return [...(await response.formData())];
    },
  ],
  [
    'headers changed after cloning',
    async (R) => {
      const response = new R(streamOf(bytes()));
      const first = response.clone();
      response.headers.set('a', 'b');
      return [await seen(response.clone()), await seen(response), await seen(first)];
    },
  ],

  ['text()', (R) => new R('a').text()],
  ['json()', (R) => new R('{"a":[1]}').json()],
  ['json() of what is none', (R) => new R('{').json()],
  ['bytes()', async (R) => [...(await new R(bytes()).bytes())]],
  ['arrayBuffer()', async (R) => [...new Uint8Array(await new R(bytes()).arrayBuffer())]],
  [
    'arrayBuffer() is a copy',
    async (R) => {
      const given = bytes();
      const got = new Uint8Array(await new R(given).arrayBuffer());
      got[0] = 1;
      return given[0];
    },
  ],
  [
    'blob()',
    async (R) => {
      const blob = await new R('a').blob();
      return [blob.type, await blob.text()];
    },
  ],
  [
    'formData() of a string',
    async (R) => [
      ...(await new R(formBody, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }).formData()),
    ],
  ],
  ['formData() of what is none', (R) => new R('a').formData()],
  ['text() of nothing', (R) => new R().text()],
  ...(['text', 'json', 'bytes', 'arrayBuffer', 'blob', 'formData', 'clone'] as const).flatMap(
    (member): typeof SAME => [
      [
        `${member}() after text()`,
        async (R) => {
          const response = new R('1');
          const before = response.bodyUsed;
          const reading = response.text();
          const during = response.bodyUsed;
          await reading;
          return [before, during, response.bodyUsed, await outcome(() => response[member](), R)];
        },
      ],
      [
        `${member}() of a locked body`,
        async (R) => {
          const response = new R('1');
          response.body!.getReader();
          return [response.bodyUsed, await outcome(() => response[member](), R)];
        },
      ],
      [
        `${member}() after cancel()`,
        async (R) => {
          const response = new R('1');
          await response.body!.cancel();
          return [response.bodyUsed, await outcome(() => response[member](), R)];
        },
      ],
    ],
  ),
  [
    'text() twice of nothing',
    async (R) => {
      const response = new R();
      return [await response.text(), await response.text(), response.bodyUsed];
    },
  ],
  [
    'the pieces of a body',
    async (R) => {
      const pieces: string[] = [];
      for await (const piece of new R('häß').body!) pieces.push(Buffer.from(piece).toString());
      return pieces;
    },
  ],
  [
    'the pieces of bytes, which are not transferred',
    async (R) => {
      const given = bytes();
      for await (const piece of new R(given).body!) piece[0] = 1;
      return [...given];
    },
  ],
  [
    'a body read into a buffer',
    async (R) => {
      const reader = new R('abc').body!.getReader({ mode: 'byob' });
      const results: unknown[] = [];
      for (let i = 0; i < 3; i++) {
        const { done, value } = await reader.read(new Uint8Array(2));
        results.push([done, [...value!]]);
      }
      return results;
    },
  ],
  [
    'an empty body read into a buffer',
    async (R) => {
      const reader = new R('').body!.getReader({ mode: 'byob' });
      const { done, value } = await reader.read(new Uint8Array(2));
      return [done, value!.length];
    },
  ],

  [
    'clone()',
    async (R) => {
      const response = new R('a', { status: 201, statusText: 'b', headers: { c: 'd' } });
      const clone = response.clone();
      clone.headers.set('c', 'e');
      return [clone instanceof R, clone === response, await seen(response), await seen(clone)];
    },
  ],
  ['clone() of nothing', (R) => seen(new R(null, { status: 204 }).clone())],
  [
    'clone() of one whose Content-Type is gone',
    (R) => {
      const response = new R('a');
      response.headers.delete('content-type');
      return seen(response.clone());
    },
  ],
  [
    'clone() of a stream, twice',
    async (R) => {
      const response = new R(streamOf(bytes()));
      const clones = [response.clone(), response.clone()];
      return [await seen(clones[1]!), await seen(response), await seen(clones[0]!)];
    },
  ],
  ['clone() of a clone of a Blob', (R) => seen(new R(new Blob(['a'])).clone().clone())],
  [
    'clone() after body was asked for',
    async (R) => {
      const response = new R('a');
      void response.body;
      const clone = response.clone();
      return [await clone.text(), response.bodyUsed, await response.text()];
    },
  ],

  ['json', (R) => seen(R.json({ a: [1, '€'] }))],
  ['json with init', (R) => seen(R.json(1, { status: 201, headers: { 'content-type': 'text/x', a: 'b' } }))],
  ['json with other headers', (R) => seen(R.json(null, { headers: { a: 'b' } }))],
  ['json of undefined', (R) => R.json(undefined)],
  ['json of a function', (R) => R.json(() => {})],
  [
    'json of a cycle',
    (R) => {
      const cycle: { self?: object } = {};
      cycle.self = cycle;
      return R.json(cycle);
    },
  ],
  ['redirect', (R) => seen(R.redirect('http://a.test/b'))],
  ['redirect with a status', (R) => seen(R.redirect('http://a.test/b', 308))],
  ['redirect with another status', (R) => R.redirect('http://a.test/b', 200)],
  ['redirect to an invalid URL', (R) => R.redirect('http://')],
  ['error', (R) => seen(R.error())],

  ['without new', (R) => (R as unknown as () => void)()],
  [
    'its names',
    (R) => [R.name, R.length, Object.prototype.toString.call(new R('a')), new R('a').constructor === R],
  ],
  [
    'its members',
    (R) => {
      const names: string[] = [];
      for (const name in new R('a')) names.push(name);
      return [names.sort(), Object.keys(new R('a'))];
    },
  ],
  [
    'members called on another object',
    (R) => Object.getOwnPropertyDescriptor(R.prototype, 'status')!.get!.call({}),
  ],
  [
    'a class that extends Response',
    async (R) => {
      class Mine extends R {}
      const mine = new Mine('a', { status: 201 });
      return [mine instanceof Mine, mine instanceof R, new R() instanceof Mine, await seen(mine)];
    },
  ],
  [
    'instanceof',
    (R) => [null, undefined, 'a', {}, new Headers()].map((value) => (value as object) instanceof R),
  ],
];

function form(): FormData {
  const form = new FormData();
  form.append('a', '1');
  return form;
}

async function* pieces() {
  yield bytes();
}

function locked(): ReadableStream {
  const stream = streamOf();
  stream.getReader();
  return stream;
}

async function read(): Promise<ReadableStream> {
  const stream = streamOf(bytes());
  const reader = stream.getReader();
  await reader.read();
  reader.releaseLock();
  return stream;
}

describe('acts as the native class:', () => {
  test.each(SAME)('%s', async (_, use) => {
    const native = await outcome(use, NativeResponse);
    expect(await outcome(use, Response as unknown as ResponseClass)).toEqual(native);
  });

  test('has all members and statics', () => {
    for (const name of Object.getOwnPropertyNames(NativeResponse.prototype)) {
      expect(Object.hasOwn(Response.prototype, name), name).toBe(true);
    }
    for (const name of Object.getOwnPropertyNames(NativeResponse)) expect(name in Response, name).toBe(true);
  });
});

describe('light and native', () => {
  test('are instances of both', () => {
    expect(new Response() instanceof Response).toBe(true);
    expect(new Response() instanceof NativeResponse).toBe(true);
    expect(new NativeResponse() instanceof Response).toBe(true);
  });

  test('each can be the init of the other', async () => {
    const init = { status: 201, statusText: 'a', headers: { b: 'c' } };
    const light = new Response('x', init);
    const native = new NativeResponse('x', init);
    expect(await seen(new NativeResponse(light.body, light))).toEqual(
      await seen(new Response(native.body, native)),
    );
  });

  test('the native response is made once', () => {
    const light = new Response('a');
    expect(light[toNative]()).toBe(light[toNative]());
    expect(Object.getPrototypeOf(light[toNative]())).toBe(NativeResponse.prototype);
  });
});

test('a String object is sent at once, as a string is', () => {
  expect(new Response(Object('a'))[wholeContent]).toBe('a');
});

describe('bytes that a program changes after it has made a response', () => {
  const memory = () => new Uint8Array(Buffer.from('abcdefgh')).buffer;
  const sharedMemory = () => {
    const buffer = new SharedArrayBuffer(8);
    new Uint8Array(buffer).set(Buffer.from('abcdefgh'));
    return buffer;
  };

  test.each<[string, ArrayBufferLike, (buffer: ArrayBufferLike) => unknown, string]>([
    ['bytes', memory(), (buffer) => new Uint8Array(buffer), 'abcdefgh'],
    ['part of a buffer', memory(), (buffer) => new Uint8Array(buffer, 1, 2), 'bc'],
    ['a Buffer', memory(), (buffer) => Buffer.from(buffer, 1, 2), 'bc'],
    ['an ArrayBuffer', memory(), (buffer) => buffer, 'abcdefgh'],
    ['a DataView', memory(), (buffer) => new DataView(buffer, 1, 2), 'bc'],
    ['numbers of four bytes', memory(), (buffer) => new Float32Array(buffer, 4), 'efgh'],
    ['a SharedArrayBuffer', sharedMemory(), (buffer) => buffer, 'abcdefgh'],
    ['a view of a SharedArrayBuffer', sharedMemory(), (buffer) => new Uint8Array(buffer, 1, 2), 'bc'],
    [
      'an array of another realm',
      runInNewContext('new Uint8Array([97, 98]).buffer'),
      (buffer) => buffer,
      'ab',
    ],
  ])('are sent as they were: %s', async (_, buffer, make, text) => {
    const response = new Response(make(buffer) as BodyInit);
    const clone = response.clone();
    const other = new Response(response.clone().body, response);
    new Uint8Array(buffer).fill(0x78);
    expect(Buffer.from(response[wholeContent] as Uint8Array).toString()).toBe(text);
    expect([await response.text(), await clone.text(), await other.text()]).toEqual([text, text, text]);
  });

  test('are sent although their buffer was transferred', async () => {
    const given = new Uint8Array([0x61, 0x62]);
    const response = new Response(given);
    structuredClone(given.buffer, { transfer: [given.buffer] });
    expect(await response.text()).toBe('ab');
  });

  test('are sent as they are at that time, with copy: false', async () => {
    const given = new Uint8Array([0x61, 0x62, 0x63]);
    const responses = [
      new Response(given, { copy: false }),
      new Response(new DataView(given.buffer), { copy: false }),
      new Response(given.buffer, { copy: false }),
    ];
    given[0] = 0x78;
    for (const response of responses) expect(await response.text()).toBe('xbc');
  });

  test('stay with the program when a stream reads them, with copy: false', async () => {
    const given = new Uint8Array([0x61, 0x62, 0x63]);
    const reader = new Response(given, { copy: false }).body?.getReader();
    expect(await reader?.read()).toMatchObject({ done: false, value: new Uint8Array([0x61, 0x62, 0x63]) });
    expect(given.length).toBe(3);
  });

  test('are copied for any other value of copy', async () => {
    for (const copy of [true, undefined, null, 0]) {
      const given = new Uint8Array([0x61]);
      const response = new Response(given, { copy } as ResponseInit);
      given[0] = 0x78;
      expect(await response.text()).toBe('a');
    }
  });
});

test('is printed with its members', () => {
  const response = new Response('a', { status: 201, headers: { b: 'c' } });
  expect(inspect(response)).toMatch(
    /^Response \{\s+status: 201,\s+statusText: '',\s+headers: Headers \{.*b: 'c'.*\},\s+body: 'a',\s+bodyUsed: false,/s,
  );
  expect(inspect({ a: { b: { response } } })).toContain('response: Response [Object]');
});

test('trailers must be a function', () => {
  expect(() => new Response('', { trailers: {} as never })).toThrow(TypeError);
  expect(() => new Response('', { trailers: () => ({}) })).not.toThrow();
});

test('a third argument is ignored', () => {
  const args = ['a', undefined, Symbol('asJson')] as never;
  expect(Reflect.construct(Response, args).headers.get('content-type')).toBe('text/plain;charset=UTF-8');
});
