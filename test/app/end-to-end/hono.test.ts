// A Hono application under the command line compared with the same application without a server: a client gets exactly
// the response that Hono itself makes.

import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Hono } from 'hono';
import { sign } from 'hono/jwt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppRun, SERVERS, startApp } from './command.ts';

interface Case {
  method?: string;
  target: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

const get = (target: string, headers: Record<string, string> = {}): Case => ({ target, headers });
const post = (target: string, body: string | Uint8Array, headers: Record<string, string> = {}): Case => ({
  method: 'POST',
  target,
  body,
  headers,
});
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
const GZIP = { 'accept-encoding': 'gzip' };
const ETAG = '"8e1ec218dc7ecaadd65388fba9b6723ce114268a"';

const CASES: Case[] = [
  ...['/', '/powered', '/secure', '/pretty', '/pretty?pretty', '/html', '/jsx', '/page', '/context'].map(
    (target) => get(target),
  ),
  get('/nowhere'),
  get('/%E2%82%AC?q=%20'),
  get('//double//slash'),
  get('/cors/x', { origin: 'http://example.com' }),
  get('/cors/x', { origin: 'http://other.com' }),
  {
    method: 'OPTIONS',
    target: '/cors/x',
    headers: {
      origin: 'http://example.com',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'x-own',
    },
  },
  post('/csrf', 'a=b', { ...FORM_TYPE, origin: 'http://evil.com' }),
  post('/csrf', 'a=b', FORM_TYPE),
  post('/csrf', '{}', JSON_TYPE),
  get('/etag'),
  get('/etag', { 'if-none-match': ETAG }),
  get('/etag', { 'if-none-match': '*' }),
  get('/etag-compress', GZIP),
  get('/compress/text'),
  get('/compress/text', GZIP),
  get('/compress/text', { 'accept-encoding': 'deflate' }),
  get('/compress/small', GZIP),
  get('/compress/stream', GZIP),
  get('/basic/x'),
  get('/basic/x', basic('user:wrong')),
  get('/basic/x', basic('user:pass')),
  get('/bearer/x'),
  get('/bearer/x', { authorization: 'Bearer wrong' }),
  get('/bearer/x', { authorization: 'Bearer token' }),
  get('/some', basic('user:pass')),
  get('/some', { authorization: 'Bearer token' }),
  get('/some'),
  get('/except/public'),
  get('/except/private'),
  post('/limit', 'short'),
  post('/limit', 'much too long for it'),
  get('/jwt'),
  get('/jwt', { authorization: 'Bearer a.b.c' }),
  get('/token'),
  get('/timeout/never'),
  get('/timeout/soon'),
  get('/language', { 'accept-language': 'de-DE,de;q=0.9' }),
  get('/language?lang=de'),
  get('/language', { 'accept-language': 'fr' }),
  post('/override/x', '_method=DELETE', FORM_TYPE),
  post('/override/x', '_method=POST', FORM_TYPE),
  post('/override/x', 'text', { 'content-type': 'text/plain' }),
  get('/trim/x'),
  get('/trim/x/'),
  get('/append/x'),
  get('/append/x/'),
  get('/static/a.txt'),
  get('/static/b.json'),
  get('/static/missing'),
  get('/accepts', { accept: 'application/json;q=0.9, text/html;q=0.1' }),
  get('/accepts'),
  get('/cookies'),
  get('/cookies', { cookie: 'plain=x; old=y; signed=forged.signature' }),
  get('/query?a=1&a=2&b=%C3%BC+x&c'),
  get('/params/x%20y/42'),
  get('/params/x/none'),
  get('/optional/a'),
  get('/optional'),
  get('/wild/a/b%2Fc'),
  get('/headers', { 'X-Given': 'value' }),
  post('/json', '{"a":[1,"ü"]}', JSON_TYPE),
  post('/json', 'no json', JSON_TYPE),
  post('/text', 'ü'.repeat(50_000)),
  post('/text', ''),
  post('/bytes', Uint8Array.of(0, 128, 255)),
  post('/blob', 'x'.repeat(1000)),
  post('/echo', 'y'.repeat(200_000)),
  post('/clone', 'twice'),
  post('/twice', '[1]', JSON_TYPE),
  post('/form', 'a=1&a=2&b=%C3%BC', FORM_TYPE),
  post('/validated', '{"name":"n"}', JSON_TYPE),
  post('/validated', '{"name":1}', JSON_TYPE),
  post('/validated', '{', JSON_TYPE),
  ...['/null', '/no-content', '/redirect', '/new', '/json-native', '/stream', '/stream-text', '/events'].map(
    (target) => get(target),
  ),
  ...['/late-header', '/replaced', '/fail', '/exception'].map((target) => get(target)),
  { method: 'PUT', target: '/on', body: '' },
  { method: 'PATCH', target: '/on' },
  { method: 'PURGE', target: '/on' },
  { method: 'DELETE', target: '/on' },
  ...['/', '/html', '/stream', '/json-native', '/nowhere', '/compress/text', '/static/a.txt'].map(
    (target) => ({
      method: 'HEAD',
      target,
    }),
  ),
  { method: 'OPTIONS', target: '/' },
  get('/proxy/plain'),
  get('/proxy/gzip'),
  get('/proxy/there?a=b', { 'x-kind': 'proxied' }),
  post('/proxy/there', 'body', { 'content-type': 'text/plain' }),
  get('/api/v1/users/7'),
  get('/api/users/7'),
  get('/mounted/hello/you'),
  get('/plain-mount/a/b'),
];

let upstream: Server;
let app: Hono;
let environment: { UPSTREAM: string };
beforeAll(async () => {
  upstream = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    if (request.url === '/gzip') response.setHeader('Content-Encoding', 'gzip').end(gzipSync('zipped'));
    else response.end(JSON.stringify([request.method, request.url, request.headers['x-kind'], body]));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  environment = { UPSTREAM: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` };
  process.env.UPSTREAM = environment.UPSTREAM;
  app = ((await import('./apps/hono.js' as string)) as { default: Hono }).default;
  const token = await sign({ sub: 'me' }, 'a secret of tests');
  CASES.push(get('/jwt', { authorization: `Bearer ${token}` }));
  const form = new FormData();
  form.append('title', 'ü');
  form.append('file', new File(['content'], 'ü.txt', { type: 'text/plain' }));
  form.append('file', new File(['x'.repeat(70_000)], 'large.bin'));
  const encoded = new Response(form);
  CASES.push(
    post('/form', new Uint8Array(await encoded.arrayBuffer()), {
      'content-type': encoded.headers.get('content-type') as string,
    }),
  );
});
afterAll(() => void upstream.close());

interface Answer {
  status: number;
  headers: [string, string][];
  body: string;
}

/** Fields of the connection, or of the moment. */
const LEFT_OUT = /^(date|connection|keep-alive|content-length|transfer-encoding)$/;

async function fromHono({ method = 'GET', target, headers = {}, body }: Case, url: string): Promise<Answer> {
  const init = { method, headers: { 'X-Request-Id': 'same', ...headers } };
  const request = new Request(url + target, body === undefined ? init : ({ ...init, body } as RequestInit));
  // A type that no client has sent.
  if (headers['content-type'] === undefined) request.headers.delete('content-type');
  const response = await app.request(request);
  return {
    status: response.status,
    headers: sorted([...response.headers] as [string, string][]),
    body: Buffer.from(await response.arrayBuffer()).toString('latin1'),
  };
}

async function fromServer(
  { method = 'GET', target, headers = {}, body }: Case,
  port: number,
): Promise<Answer> {
  const bytes = body === undefined ? undefined : Buffer.from(body as string);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = httpRequest(
      {
        port,
        host: '127.0.0.1',
        method,
        path: target,
        headers: {
          'X-Request-Id': 'same',
          ...headers,
          ...(bytes !== undefined && { 'Content-Length': bytes.length }),
        },
      },
      resolve,
    );
    sent.on('error', reject);
    sent.end(bytes);
  });
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  const { rawHeaders } = response;
  const pairs = rawHeaders.flatMap((name, i): [string, string][] =>
    i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1] as string]] : [],
  );
  return {
    status: response.statusCode as number,
    headers: sorted(pairs),
    body: Buffer.concat(pieces).toString('latin1'),
  };
}

function sorted(pairs: [string, string][]): [string, string][] {
  return pairs
    .filter(([name]) => !LEFT_OUT.test(name))
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
}

describe.each(SERVERS)('%s engine, %s workers', (engine, workers) => {
  let run: AppRun;
  beforeAll(async () => {
    run = await startApp('hono.js', ['--engine', engine, '--workers', workers], environment);
  });
  afterAll(async () => {
    expect(await run.stop()).toBe(0);
    expect(run.errors).toBe('');
  });

  test('a client gets the responses of Hono', async () => {
    for (const one of CASES) {
      const [expected, answer] = await Promise.all([fromHono(one, run.url), fromServer(one, run.port)]);
      expect(answer, `${one.method ?? 'GET'} ${one.target} ${JSON.stringify(one.headers)}`).toEqual(expected);
    }
  });

  test('the timing middleware', async () => {
    const response = await fetch(`${run.url}/timing`);
    expect(response.headers.get('server-timing')).toMatch(/^work;dur=/);
  });
});

describe('with --no-globals', () => {
  test('a client gets the responses of Hono, unless Hono makes a Request from the request', async () => {
    const run = await startApp('hono.js', ['--workers', '1', '--no-globals'], environment);
    for (const one of CASES.filter(({ target }) => !/^\/(override|mounted)/.test(target))) {
      const [expected, answer] = await Promise.all([fromHono(one, run.url), fromServer(one, run.port)]);
      expect(answer, `${one.method ?? 'GET'} ${one.target} ${JSON.stringify(one.headers)}`).toEqual(expected);
    }
    await run.stop();
  });
});
