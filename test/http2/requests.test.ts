// Requests of HTTP/2 get the answers that the same requests get in HTTP/1.1: by one plane, from the engine or from the same
// application.

import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import { beforeEach, describe, expect, test } from 'vitest';
import type { App, Context, ServerRequest } from '../../src/app/types.ts';
import { endpointOf } from '../../src/connection/endpoint.ts';
import { listen } from '../../src/connection/listener.ts';
import { Response } from '../../src/index.ts';
import { ENGINES, type EngineName } from '../../src/protocol/codec.ts';
import { attach } from '../support/attached-app.ts';
import { ask as askPlain } from '../support/client.ts';
import { atEnd } from '../support/fixtures.ts';
import { type Answer, answerOf, ask, type Http2Plane, openHttp2 } from '../support/http2.ts';
import { type PlaneOptions, viewOf } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { DIRECT, PUBLIC } from '../support/ways.ts';

/** Fields that only one of the protocols has, or whose value is that of the connection. */
const OF_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding', ':status'];

let server: Http2Plane;
let client: ClientHttp2Session;
let context: Context | undefined;

beforeEach(() => open());

async function open(options: PlaneOptions = {}): Promise<void> {
  server = await openHttp2({ contentBytesMax: 1_000_000, ...options });
  client = server.connectHttp2();
}

async function serve(app: App): Promise<void> {
  await attach(server.plane, app, { worker: 0, server: viewOf(server), trustProxy: 0 });
}

/** Sends a request of HTTP/1.1 without its version. */
async function askHttp1(
  line: string,
  fields: string,
  content: string,
): Promise<Omit<Answer, 'informational'>> {
  const connection = await server.connect();
  const framing = content === '' ? '' : `Content-Length: ${content.length}\r\n`;
  connection.send(
    `${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${fields}${framing}\r\n${content}`,
  );
  const [answer] = readResponses(await connection.end(), new Set(line.startsWith('HEAD') ? [0] : []), 'any');
  if (answer === undefined) throw new Error('no answer');
  return {
    status: answer.statusCode,
    fields: Object.fromEntries(answer.fields),
    content: Buffer.from(answer.content, 'latin1').toString(),
    trailers: answer.trailers && Object.fromEntries(answer.trailers),
  };
}

function commonPart({ status, fields, content }: Omit<Answer, 'informational'>): object {
  const names = Object.entries(fields).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return {
    status,
    content,
    fields: Object.fromEntries(names.filter(([name]) => !OF_CONNECTION.includes(name as string)).sort()),
  };
}

const APP: App = {
  routes: {
    '/fixed': new Response('fixed', {
      headers: { ETag: '"one"', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' },
    }),
    '/both': { GET: new Response('got'), POST: (request) => new Response(request.body) },
    '/users/:id': (request) => new Response(request.params.id),
  },
  fetch: (request, given) => answer(request, given),
  error: (error) => new Response(String(error), { status: 500 }),
};

async function answer(request: ServerRequest, given: Context): Promise<globalThis.Response> {
  context = given;
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case '/echo':
      return new Response(await request.text(), {
        headers: { 'X-Type': request.headers.get('content-type') ?? '' },
      });
    case '/status':
      return new Response(null, { status: Number(searchParams.get('of')) });
    case '/large':
      return new Response('x'.repeat(Number(searchParams.get('bytes'))));
    case '/pieces':
      return new Response(
        (async function* () {
          for (const piece of ['one ', 'two ', 'three']) {
            yield piece;
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        })() as never,
      );
    case '/fields':
      return Response.json([...request.headers].filter(([name]) => name !== 'connection'));
    case '/throw':
      throw new Error('thrown');
    default:
      return new Response(`${request.method} ${pathname}`, { status: 404 });
  }
}

interface Case {
  line: string;
  fields?: Record<string, string>;
  content?: string;
}

function both(cases: Case[]): (Case & { engine: EngineName })[] {
  return cases.flatMap((one) => ENGINES.map((engine) => ({ ...one, engine })));
}

describe.each<[string, Case[]]>([
  [
    'an application',
    [
      { line: 'GET /' },
      { line: 'POST /echo', content: 'hello', fields: { 'content-type': 'a/b' } },
      { line: 'PUT /echo', content: 'ä'.repeat(1000) },
      { line: 'HEAD /large?bytes=100' },
      { line: 'GET /large?bytes=100' },
      { line: 'GET /large?bytes=300000' },
      { line: 'GET /status?of=204' },
      { line: 'GET /status?of=304' },
      { line: 'GET /status?of=503' },
      { line: 'DELETE /status?of=200' },
      { line: 'GET /fields', fields: { a: '1', 'x-y': 'ü' } },
      { line: 'GET /throw' },
      { line: 'GET /pieces' },
      { line: 'HEAD /pieces' },
      { line: 'GET /users/a%20b?q' },
      { line: 'OPTIONS /fixed' },
      { line: 'DELETE /fixed' },
      { line: 'POST /both', content: 'posted' },
      { line: 'GET /both' },
      { line: 'OPTIONS *' },
      { line: 'M-SEARCH /' },
    ],
  ],
  [
    'prepared responses',
    [
      { line: 'GET /fixed' },
      { line: 'HEAD /fixed?q' },
      { line: 'GET /fixed', fields: { 'if-none-match': '"one"' } },
      { line: 'GET /fixed', fields: { 'if-none-match': '"two"' } },
      { line: 'GET /fixed', fields: { 'if-modified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' } },
      { line: 'GET /fixed', content: 'ignored' },
    ],
  ],
  [
    'rejections',
    [
      { line: 'GET /', fields: { expect: 'something' } },
      { line: `GET /${'a'.repeat(9000)}` },
      { line: 'GET /', fields: { a: 'x'.repeat(17_000) } },
      { line: 'GET /', fields: Object.fromEntries(Array.from({ length: 110 }, (_, i) => [`f${i}`, ''])) },
      { line: `${'M'.repeat(40)} /` },
    ],
  ],
])('%s', (_, cases) => {
  test.each(both(cases))('$engine engine: $line', async ({ engine, line, fields = {}, content = '' }) => {
    if (engine === 'js') await open({ engine });
    await serve(APP);
    const [method = '', path = ''] = line.split(' ');
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const expected = await askHttp1(line, lines.join(''), content);
    const section: OutgoingHttpHeaders = {
      ':method': method,
      ':path': path,
      ':authority': 'localhost',
      ...fields,
    };
    if (content !== '') section['content-length'] = Buffer.byteLength(content, 'latin1');
    const given = await ask(client, section, content === '' ? undefined : Buffer.from(content, 'latin1'));
    // Content that comes in pieces has a length in neither protocol, unless it ends at once.
    expect(commonPart(given)).toEqual(commonPart(expected));
  });
});

describe('what a handler sees', () => {
  test('scheme, version, encryption and address', async () => {
    await serve(APP);
    await ask(client, '/');
    expect(context).toMatchObject({ httpVersion: '2', protocol: 'https', remoteAddress: '127.0.0.1' });
    expect(context?.tls).toMatchObject({ alpnProtocol: 'h2', serverName: 'localhost' });
  });

  test('the URL has the scheme and the authority', async () => {
    await serve({ fetch: (request) => new Response(request.url) });
    expect((await ask(client, '/a?b')).content).toBe(`https://localhost:${server.tlsPort}/a?b`);
    expect((await ask(client, { ':path': '/', ':authority': 'other.example' })).content).toBe(
      'https://other.example/',
    );
  });

  test('cookies in fields of their own are one field', async () => {
    await serve({ fetch: (request) => new Response(request.headers.get('cookie')) });
    expect((await ask(client, { cookie: ['a=1', 'b=2', 'c=3'] })).content).toBe('a=1; b=2; c=3');
  });

  test('no field says how the content is framed', async () => {
    await serve({
      fetch: async (request) => Response.json([[...request.headers.keys()], await request.text()]),
    });
    const { content } = await ask(client, { ':method': 'POST' }, 'x');
    expect(JSON.parse(content)).toEqual([['host'], 'x']);
  });

  test('Host replaces a missing :authority, and must not differ from it', async () => {
    await serve({ fetch: (request) => new Response(request.url) });
    const host = 'one.example';
    expect((await ask(client, { ':authority': host, host })).content).toBe('https://one.example/');
    expect(await ask(client, { ':authority': host, host: 'two.example' })).toMatchObject({ status: 400 });
  });
});

describe('fields of a response', () => {
  test('those that occur twice are joined, except Set-Cookie', async () => {
    const fields: [string, string][] = [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['Content-Language', 'de'],
      ['Content-Language', 'en'],
      ['Vary', 'a'],
    ];
    await serve({ fetch: () => new Response('', { headers: fields }) });
    const { fields: received } = await ask(client);
    expect(received).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'content-language': 'de, en', vary: 'a' });
  });

  test('those about a connection of HTTP/1.1 are left out', async () => {
    const headers = {
      connection: 'keep-alive',
      'keep-alive': 'timeout=5',
      upgrade: 'h2c',
      'proxy-connection': 'close',
      'transfer-encoding': 'chunked',
      te: 'gzip',
      'http2-settings': 'x',
      'x-one': '1',
    };
    await serve({
      fetch: () => new Response('', { headers }),
      routes: { '/fixed': new Response('', { headers }) },
    });
    for (const path of ['/', '/fixed'])
      expect(Object.keys((await ask(client, path)).fields).sort()).toEqual(
        [':status', 'content-length', 'content-type', 'date', 'x-one'].sort(),
      );
  });
});

test.each([
  ['direct', DIRECT],
  ['public', PUBLIC],
])('sockets that are read the %s way', async (_, io) => {
  await open({ io });
  await serve(APP);
  const fields = { ':method': 'POST', ':path': '/echo', ':authority': 'localhost' };
  expect((await ask(client, fields, 'x'.repeat(300_000))).content).toHaveLength(300_000);
  expect((await ask(client, '/fixed')).content).toBe('fixed');
});

test('fields of a response may be as large as in HTTP/1.1', async () => {
  const headers = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x-${i}`, 'y'.repeat(1000)]));
  await serve({ fetch: () => new Response('', { headers }) });
  const { status, fields } = await ask(client);
  expect(status).toBe(200);
  expect(fields['x-29']).toHaveLength(1000);
});

test('a redirect of another listener is none here', async () => {
  await serve(APP);
  const redirecting = endpointOf(
    { address: { host: '127.0.0.1', port: 0 }, protocol: 'plain', serves: 'redirect' },
    DIRECT,
    undefined,
    443,
  );
  const at = { host: '127.0.0.1', port: 0, reusePort: false };
  const listener = await listen(server.connections, at, redirecting);
  atEnd(() => listener.close());
  expect(await askPlain(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1.1 308/,
  );
  expect((await ask(client, '/fixed')).status).toBe(200);
});

describe('counts', () => {
  test('requests and rejections', async () => {
    await serve(APP);
    await ask(client, '/fixed');
    await ask(client, '/');
    await ask(client, { ':method': 'GET', ':path': '/fixed', 'content-length': 3 }, 'abc');
    await ask(client, { expect: 'something' });
    expect(server.statistics()).toMatchObject({ requests: 3, refused: 1, open: 1 });
  });

  test('the built-in application counts on', async () => {
    const numbers: string[] = [];
    for (let i = 0; i < 3; i++) numbers.push((await ask(client, '/any')).content);
    expect(numbers).toEqual(['Hello1', 'Hello2', 'Hello3']);
    expect((await ask(client, { ':method': 'POST' }, 'x')).content).toBe('Hello4');
    expect((await askHttp1('GET /', '', '')).content).toBe('Hello5');
  });

  test('a connection has as many requests as the limit says', async () => {
    const limited = await openHttp2({ limits: { requestsMax: 2 } });
    const session = limited.connectHttp2();
    expect((await ask(session)).content).toBe('Hello1');
    const closed = new Promise((resolve) => session.on('close', resolve));
    expect((await ask(session)).content).toBe('Hello2');
    await closed;
  });
});

describe('trailers', () => {
  test('of a request, and of a response', async () => {
    await serve({
      fetch: async (request) => {
        const text = await request.text();
        const sum = (await request.trailers).get('x-sum');
        return new Response(text, { trailers: () => ({ 'X-Sum': `${sum}!` }) });
      },
    });
    const stream = client.request({ ':method': 'POST' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
    stream.end('content');
    expect(await answerOf(stream)).toMatchObject({ content: 'content', trailers: { 'x-sum': '42!' } });
  });
});
