// An application on a plane of this thread, over real sockets: behaviour that the tests of the route table and of Response
// don't cover.

import { Hono } from 'hono';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { serveBuiltIn } from '../../src/app/built-in.ts';
import { Response } from '../../src/app/response.ts';
import type { App, Handler } from '../../src/app/types.ts';
import { plainEndpoint } from '../../src/connection/endpoint.ts';
import { listen } from '../../src/connection/listener.ts';
import { PREPARED_COUNT_MAX, PREPARED_RESPONSE_BYTES_MAX } from '../../src/memory/layout.ts';
import { LeaseExhaustedError } from '../../src/state/lease-exhausted.ts';
import { attach } from '../support/attached-app.ts';
import { type Client, connect, eventually, sleep } from '../support/client.ts';
import { atEnd } from '../support/fixtures.ts';
import { type OpenedPlane, openPlane, viewOf } from '../support/plane.ts';
import { type Response as Read, readResponses } from '../support/responses.ts';
import { DIRECT } from '../support/ways.ts';

const NOT_FOUND = '404 Not Found\n';
const FAILED = '500 Internal Server Error\n';
const ok = () => new Response('ok');

let server: OpenedPlane;
let client: Client;
const logged = vi.spyOn(console, 'error');
beforeEach(async () => {
  logged.mockReset().mockImplementation(() => {});
  server = await openPlane({ log: 'errors' });
  client = await server.connect();
});

function serve(app: App): Promise<void> {
  return attach(server.plane, app, { worker: 0, server: viewOf(server), trustProxy: 0 });
}

/** The responses to these targets, which are sent in one pipeline. */
async function ask(targets: string[], method = 'GET'): Promise<Read[]> {
  const one = await server.connect();
  for (const target of targets) one.send(`${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  one.socket.end();
  const responses = readResponses(await one.end(), new Set(method === 'HEAD' ? targets.keys() : []));
  one.close();
  return responses;
}

async function told(...targets: string[]): Promise<string[]> {
  return (await ask(targets)).map(({ content }) => content);
}

test('a counter without a leased number gives a 503 with Retry-After, unless the application answers for the error', async () => {
  const fails = (): never => {
    throw new LeaseExhaustedError('tickets');
  };
  const routes = { '/now': fails, '/later': async () => fails() };
  await serve({ routes, fetch: ok });
  const says = '503 Service Unavailable: no number can be handed out at the moment\n';
  for (const target of ['/now', '/later'])
    for (const { statusCode, fields, content } of await ask([target]))
      expect([statusCode, fields.get('retry-after'), content]).toEqual([503, '1', says]);
  expect(await told('/now', '/x', '/later', '/x')).toEqual([says, 'ok', says, 'ok']);
  expect(logged).not.toHaveBeenCalled();
  await serve({ routes, error: (error) => new Response(String((error as { code: string }).code)) });
  expect(await told('/now', '/later')).toEqual(['ERR_LEASE_EXHAUSTED', 'ERR_LEASE_EXHAUSTED']);
});

test('a handler that gives no Response gets a 500, at once and as a promise', async () => {
  const wrong = 'text' as unknown as Response;
  await serve({ routes: { '/now': () => wrong, '/later': async () => wrong }, fetch: ok });
  expect(await told('/now', '/later', '/x')).toEqual([FAILED, FAILED, 'ok']);
  await serve({ fetch: async () => wrong, error: (error) => new Response((error as Error).name) });
  expect(await told('/x')).toEqual(['TypeError']);
});

describe('a path', () => {
  test('is the part between authority and query', async () => {
    await serve({
      routes: {
        '/': () => new Response('root'),
        '/a': () => new Response('a'),
        '/b/*': new Response('b'),
        '/c': new Response('c'),
      },
    });
    for (const [target, content] of [
      ['/?/a', 'root'],
      ['http://x', 'root'],
      ['http://x?/a', 'root'],
      ['http://x?/c', 'root'],
      ['http://x?://y/a', 'root'],
      ['http://x/a?b=/c', 'a'],
      ['/a?x?y', 'a'],
      ['http://x:1/b/a?', 'b'],
      ['/b/?/a', 'b'],
      ['http://x/c?/a', 'c'],
      ['/c?http://x/a', 'c'],
    ] as const)
      expect(await told(target), target).toEqual([content]);
  });

  test('answers the methods of its route; other methods get a 405 and OPTIONS a 204, both with Allow', async () => {
    await serve({ routes: { '/a': { POST: ok }, '/:x/b': { GET: ok, OPTIONS: () => new Response('own') } } });
    const answers = async (method: string) =>
      (await ask(['/a', '/x/b'], method)).map(({ statusCode, fields, content }) => [
        statusCode,
        fields.get('allow'),
        content,
      ]);
    expect(await answers('PUT')).toEqual([
      [405, 'POST, OPTIONS', '405 Method Not Allowed\n'],
      [405, 'GET, OPTIONS, HEAD', '405 Method Not Allowed\n'],
    ]);
    expect(await answers('OPTIONS')).toEqual([
      [204, 'POST, OPTIONS', ''],
      [200, undefined, 'own'],
    ]);
  });

  test('without a route goes to fetch; without fetch it gets a 404', async () => {
    await serve({ routes: { '/a': ok } });
    expect(await told('/a', '/b')).toEqual(['ok', NOT_FOUND]);
    await serve({ routes: { '/a': ok }, fetch: (request) => new Response(request.url) });
    expect(await told('/a', '/b')).toEqual(['ok', 'http://a/b']);
  });
});

describe('a route that guards a path of a framework behind it', () => {
  const hono = new Hono();
  hono.get('/admin/secret', (c) => c.text('secret'));
  hono.get('/admin/:name', (c) => c.text(`secret ${c.req.param('name')}`));
  hono.get('/health', (c) => c.text('not the fixed one'));
  hono.all('*', (c) => c.text('other'));
  const forbidden = () => new Response('forbidden', { status: 403 });

  test.each([
    '/admin/secret',
    '/%61dmin/secret',
    '/adm%69n/%73ecre%74',
    '/%41dmin/../%61dmin/secret',
    '/./admin/secret',
    '/%2e/admin/secret',
    '/%2E%2e/admin/secret',
    '/x/%2e%2e/admin/secret',
    '/x/.%2e/admin/secret',
    '/admin/./secret',
    '/admin/%2e/secret',
    '/admin/x/..%2fsecret',
    '/admin//secret',
    '/admin/',
    '/admin',
    '/admin%2f/../admin/secret',
    '/admin/s%65cret?x=/../..',
    'http://b/%61dmin/secret',
    'http://b/x/%2e%2e/admin/secret?',
  ])('is called for %s', async (target) => {
    await serve({ routes: { '/admin/*': forbidden }, fetch: hono.fetch as Handler });
    expect(await told(target)).toEqual(['forbidden']);
  });

  // The guard and the framework both treat these as other paths.
  test.each([
    '/admin%2Fsecret',
    '/%2561dmin/secret',
    '/%%36%31dmin/secret',
    '/%6%31dmin/secret',
    '/ADMIN/secret',
    '//admin/secret',
    '/admin;x/secret',
    '/x/..%2fadmin/secret',
    '/%2fadmin/secret',
    '/admin%5csecret',
    '/%00admin/secret',
    '/adm%C4%B1n/secret',
    '/admin.',
    '/admin%20/secret',
  ])('need not be called for %s', async (target) => {
    await serve({ routes: { '/admin/*': forbidden }, fetch: hono.fetch as Handler });
    expect(await told(target)).toEqual(['other']);
  });

  test('answers before fetch however its path is spelled', async () => {
    await serve({ routes: { '/health': new Response('ok') }, fetch: hono.fetch as Handler });
    expect(await told('/health', '/h%65alth', '/%68%65%61%6C%74%68?', '/x/%2e./health')).toEqual([
      'ok',
      'ok',
      'ok',
      'ok',
    ]);
  });
});

describe('a fixed response', () => {
  test('that does not fit into the slot is sent by JavaScript', async () => {
    const large = 'x'.repeat(PREPARED_RESPONSE_BYTES_MAX);
    await serve({ routes: { '/large': new Response(large, { status: 201 }), '/small': new Response('a') } });
    const [one, other] = await ask(['/large', '/small']);
    expect([one?.statusCode, one?.content === large, other?.content]).toEqual([201, true, 'a']);
  });

  test('that finds no room in the slot is sent by JavaScript', async () => {
    const routes: Record<string, globalThis.Response> = {};
    for (let i = 0; i < PREPARED_COUNT_MAX + 10; i++) routes[`/${i}`] = new Response(`answer ${i}`);
    await serve({ routes });
    const numbers = [0, 500, PREPARED_COUNT_MAX - 1, PREPARED_COUNT_MAX, PREPARED_COUNT_MAX + 9];
    expect(await told(...numbers.map((i) => `/${i}`))).toEqual(numbers.map((i) => `answer ${i}`));
  });

  test('makes room for the fixed responses of the next application', async () => {
    await serve({ routes: { '/a': new Response('a'), '/b': new Response('b') } });
    expect(await told('/a', '/b')).toEqual(['a', 'b']);
    await serve({ routes: { '/b': new Response('c') } });
    expect(await told('/a', '/b')).toEqual([NOT_FOUND, 'c']);
    await expect(serve({ routes: { '/b': new Response('d'), x: ok } })).rejects.toThrow("route 'x'");
    expect(await told('/a', '/b')).toEqual([NOT_FOUND, 'c']);
  });

  test('may have neither content nor a length', async () => {
    await serve({ routes: { '/a': new Response(null, { status: 204 }) } });
    for (const { statusCode, fields } of await ask(['/a', '/a/../a']))
      expect([statusCode, fields.get('content-length')]).toEqual([204, undefined]);
  });

  test('answers only its own path', async () => {
    await serve({ routes: { '/:x': new Response('one'), '/a/*': new Response('all') } });
    expect(await told('/', '/x', '/a/b')).toEqual([NOT_FOUND, 'one', 'all']);
  });

  test('answers HEAD as it answers GET', async () => {
    await serve({ routes: { '/a': new Response('abc'), '/:x/b': new Response('abc') } });
    for (const { fields, content } of await ask(['/a', '/a/../a', '/x/b'], 'HEAD'))
      expect([fields.get('content-length'), content]).toEqual(['3', '']);
  });
});

describe('conditional requests for fixed responses', () => {
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
  const headers = {
    ETag: 'W/"a,\xe9"',
    'Last-Modified': date,
    'Cache-Control': 'no-cache',
    'Content-Location': '/x',
    Expires: '0',
    Vary: 'Accept',
    'Content-Language': 'de',
  };
  const large = 'x'.repeat(PREPARED_RESPONSE_BYTES_MAX);
  const app: App = {
    routes: {
      '/a': new Response('abc', { headers }),
      '/:x/b': new Response('abc', { headers }),
      '/large': new Response(large, { headers }),
      '/close': new Response('abc', { headers: { ...headers, Connection: 'close' } }),
      '/made': new Response('abc', { headers, status: 201 }),
      '/plain': new Response('abc'),
      '/post': { POST: new Response('abc', { headers }) },
      '/native': new globalThis.Response('abc', { headers: { ETag: '"n"', 'Last-Modified': date } }),
    },
  };

  /** Status and fields of the response to a request with these field lines. */
  async function askWith(target: string, lines: string[], method = 'GET'): Promise<Read> {
    const one = await server.connect();
    one.send(`${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`);
    const [response] = readResponses(await one.end(), new Set(method === 'HEAD' ? [0] : []));
    one.close();
    return response as Read;
  }

  // From the engine; a spelling that JavaScript answers; a parameter; too large for the slot; with Connection: close.
  test.each(['/a', '/a/../a', '/x/b', '/large', '/close'])('get a 304: %s', async (target) => {
    await serve(app);
    const etag = 'W/"a,\xe9"';
    for (const method of ['GET', 'HEAD'])
      for (const [lines, statusCode] of [
        [[`If-None-Match: ${etag}`], 304],
        [['If-None-Match: "x"', 'if-none-match: "y","a,\xe9"'], 304],
        [['If-None-Match: *'], 304],
        [[`If-Modified-Since: ${date}`], 304],
        [['If-None-Match: "x"', `If-Modified-Since: ${date}`], 200],
        [['If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT'], 200],
        [['If-Modified-Since: now'], 200],
        [['If-None-Match: x', `If-None-Match: ${etag}`], 200],
      ] as const) {
        const response = await askWith(target, [...lines], method);
        expect([lines, response.statusCode]).toEqual([lines, statusCode]);
        expect(response.fields.get('etag')).toBe(etag);
        if (statusCode === 200) continue;
        const names = ['cache-control', 'connection', 'content-location', 'date', 'etag', 'expires', 'vary'];
        expect([...response.fields.keys()].sort()).toEqual(names);
      }
  });

  test("get the response's own Date and the reason phrase of the 304", async () => {
    const own = { ETag: '"a"', Date: date };
    await serve({ routes: { '/own': new Response('abc', { headers: own, statusText: 'Fine' }) } });
    const { statusCode, fields } = await askWith('/own', ['If-None-Match: "a"']);
    expect([statusCode, fields.get('date')]).toEqual([304, date]);
    client.send('GET /own HTTP/1.1\r\nHost: a\r\nIf-None-Match: "a"\r\n\r\n');
    await eventually('a 304', () => client.received.startsWith('HTTP/1.1 304 Not Modified\r\n'));
  });

  test('get the full response for another status, another method, or a malformed condition', async () => {
    await serve(app);
    const any = ['If-None-Match: *', `If-Modified-Since: ${date}`];
    expect((await askWith('/made', any)).statusCode).toBe(201);
    expect((await askWith('/post', any, 'POST')).statusCode).toBe(200);
    expect((await askWith('/plain', ['If-None-Match: "a"'])).statusCode).toBe(200);
    expect((await askWith('/plain', [`If-Modified-Since: ${date}`])).statusCode).toBe(200);
    expect((await askWith('/plain', ['If-None-Match: *'])).statusCode).toBe(304);
    expect((await askWith('/native', ['If-None-Match: "n"'])).statusCode).toBe(304);
    expect((await askWith('/a', ['If-Match: "x"'])).statusCode).toBe(200);
  });
});

describe('a handler', () => {
  test('may return any thenable', async () => {
    // biome-ignore-start lint/suspicious/noThenProperty: this case tests thenables
    const later = {
      then: (resolve: (response: globalThis.Response) => void) => resolve(new Response('later')),
    };
    const never = {
      then: () => {
        throw new Error('no then');
      },
    };
    // biome-ignore-end lint/suspicious/noThenProperty: end of the thenables
    await serve({
      routes: { '/later': () => later as never, '/never': () => never as never },
      error: (error) => (String(error).includes('no then') ? (later as never) : new Response('failed')),
    });
    expect(await told('/later', '/never', '/later')).toEqual(['later', 'later', 'later']);
  });

  test('that fails after the client has disconnected is not logged', async () => {
    const error = vi.fn(ok);
    const ended = vi.fn();
    const wait = (request: Request): Promise<globalThis.Response> =>
      new Promise((_, reject) => {
        request.signal.addEventListener('abort', () => {
          setImmediate(() => {
            reject(new Error('given up'));
            ended();
          });
        });
      });
    for (const app of [{ fetch: wait, error }, { fetch: wait }]) {
      await serve(app);
      const leaving = await server.connect();
      leaving.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await sleep(20);
      ended.mockClear();
      leaving.socket.resetAndDestroy();
      await eventually('given up', () => ended.mock.calls.length === 1);
      await sleep(5);
    }
    expect(error).not.toHaveBeenCalled();
    expect(logged).not.toHaveBeenCalled();
  });

  test('that fails because the client has closed its side gives a 500, and is not logged', async () => {
    await serve({
      fetch: (request) =>
        new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(new Error('gone')))),
    });
    expect(await told('/')).toEqual([FAILED]);
    expect(logged).not.toHaveBeenCalled();
  });

  test('that fails is logged with the path, without the query', async () => {
    await serve({
      fetch: () => {
        throw new Error('a reason');
      },
    });
    expect(await told('/path?token=secret')).toEqual([FAILED]);
    expect(logged.mock.calls).toEqual([
      ['A handler failed at GET /path:', expect.objectContaining({ message: 'a reason' })],
    ]);
  });

  test('may fail, by throwing or rejecting, with and without an error handler, and the connection goes on', async () => {
    const routes: App['routes'] = {
      '/throws': () => {
        throw new Error('thrown');
      },
      '/rejects': async () => {
        throw new Error('rejected');
      },
      '/nothing': () => undefined as never,
    };
    await serve({ routes });
    const targets = ['/throws', '/rejects', '/nothing', '/else'];
    expect(await told(...targets)).toEqual([FAILED, FAILED, FAILED, NOT_FOUND]);
    const again = (): never => {
      throw new Error('again');
    };
    for (const error of [
      again,
      async () => again(),
      () => undefined as never,
      async () => undefined as never,
    ]) {
      await serve({ routes, error });
      expect(await told(...targets)).toEqual([FAILED, FAILED, FAILED, NOT_FOUND]);
    }
    await serve({
      routes,
      error: (error, request) => new Response(`${(error as Error).message} at ${request.url}`),
    });
    expect((await told(...targets)).slice(0, 2)).toEqual([
      'thrown at http://a/throws',
      'rejected at http://a/rejects',
    ]);
  });
});

describe('a plain listener beside one of HTTPS', () => {
  const targets = ['https://a/fixed', 'https://a/x', 'https://a', 'http://a/fixed', '/fixed', '/x'];
  const access = { trustProxy: 0, speaksTls: true };
  /** Connects to a listener that passes for one of HTTPS: encryption does not matter here. */
  const connectEncrypted = async (): Promise<Client> => {
    const at = { host: '127.0.0.1', port: 0, reusePort: false };
    const { port, close } = await listen(server.connections, at, {
      ...plainEndpoint(DIRECT),
      scheme: 'https',
    });
    const secure = await connect(port);
    atEnd(() => {
      secure.close();
      close();
    });
    return secure;
  };
  const answersOf = async (one: Client): Promise<unknown[]> => {
    for (const target of targets) one.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await one.until((received) => readResponses(received).length === targets.length);
    return readResponses(one.received).map(({ statusCode, content }) =>
      statusCode === 200 ? content : statusCode,
    );
  };

  test('each answers by its own scheme, also where a response is prepared', async () => {
    const app = {
      routes: { '/fixed': new Response('fixed') },
      fetch: (request: Request) => new Response(request.url),
    };
    await attach(server.plane, app, { worker: 0, server: viewOf(server), ...access });
    for (let turn = 0; turn < 2; turn++) {
      expect(await answersOf(await server.connect())).toEqual([
        421,
        421,
        421,
        'fixed',
        'fixed',
        'http://a/x',
      ]);
      expect(await answersOf(await connectEncrypted())).toEqual([
        'fixed',
        'https://a/x',
        'https://a/',
        'fixed',
        'fixed',
        'https://a/x',
      ]);
    }
  });

  test('the built-in response is for both', async () => {
    serveBuiltIn(server.plane, access);
    const codes = async (one: Client) => (await answersOf(one)).map((answer) => (answer === 421 ? 421 : 200));
    expect(await codes(await server.connect())).toEqual([421, 421, 421, 200, 200, 200]);
    expect(await codes(await connectEncrypted())).toEqual([200, 200, 200, 200, 200, 200]);
  });
});

test.each(['1.0', '1.1'])('httpVersion of a request with HTTP/%s', async (version) => {
  await serve({
    fetch: (_, { httpVersion, protocol, tls }) => Response.json({ httpVersion, protocol, tls: String(tls) }),
  });
  client.send(`GET / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const [response] = readResponses(await client.end());
  expect(JSON.parse(response?.content ?? '')).toEqual({
    httpVersion: version,
    protocol: 'http',
    tls: 'undefined',
  });
});
