// The responses of handlers, over real sockets, under the command line.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, eventually, sleep } from '../../support/client.ts';
import { type AppRun, contentOf, lines, SERVERS, startApp, tell, untilCounter } from './command.ts';

const LARGE = 'x'.repeat(200_000);

/** The server that the application fetches from. Its responses are plain, compressed, failures, or a record of the request. */
let upstream: Server;
let upstreamUrl: string;
beforeAll(async () => {
  upstream = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    switch (request.url) {
      case '/plain':
        response.setHeader('X-Upstream', 'plain').end('plain');
        return;
      case '/gzip':
        response.setHeader('Content-Type', 'text/plain').setHeader('Content-Encoding', 'gzip');
        response.end(gzipSync(LARGE));
        return;
      case '/teapot':
        response.writeHead(418, { 'Set-Cookie': ['a=1', 'b=2'] }).end('short');
        return;
      case '/large':
        response.setHeader('Content-Length', LARGE.length).end(LARGE);
        return;
      default: {
        const { method, url, headers } = request;
        response.end(
          JSON.stringify({ method, url, kind: headers['x-kind'], body: Buffer.concat(pieces).toString() }),
        );
      }
    }
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
});
afterAll(() => void upstream.close());

describe.each(SERVERS)('%s engine, %s workers', (engine, workers) => {
  let run: AppRun;
  beforeAll(async () => {
    const args = ['--engine', engine, '--workers', workers];
    run = await startApp('responses.js', args, { UPSTREAM: upstreamUrl });
  });
  afterAll(async () => {
    expect(await run.stop()).toBe(0);
  });

  const get = (path: string, init?: RequestInit) => fetch(run.url + path, { redirect: 'manual', ...init });
  const raw = (path: string, method = 'GET') => tell(run.port, lines(`${method} ${path} HTTP/1.1`));

  test('a response works with the classes of the standard', async () => {
    for (const name of await (await get('/checks')).json())
      expect(await (await get(`/check/${encodeURIComponent(name)}`)).text(), name).toBe('true');
  });

  test.each([
    ['/string', 200, 'text/plain;charset=UTF-8', 'grün'],
    ['/bytes', 200, 'a/b', '\0\x01\ufffd'],
    ['/buffer', 200, null, '\0\x01\ufffd'],
    ['/blob', 200, 'text/x-blob', 'blob'],
    ['/params', 200, 'application/x-www-form-urlencoded;charset=UTF-8', 'a=b+c'],
    ['/empty', 200, null, ''],
    ['/none', 204, null, ''],
    ['/not-modified', 304, null, ''],
    ['/created', 201, 'text/plain;charset=UTF-8', 'made'],
    ['/redirect', 307, null, ''],
    ['/stream', 200, null, 'one two three'],
    ['/stream-length', 200, null, 'one two three'],
    ['/stream-strings', 200, null, 'grün 😀'],
    ['/elsewhere', 404, 'text/plain;charset=UTF-8', 'Not found'],
  ])('%s', async (path, status, type, text) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe(type);
    expect(await response.text()).toBe(text);
    const head = await get(path, { method: 'HEAD' });
    expect(head.status).toBe(status);
    // A response to HEAD without a body may have one for GET, so its length is unknown.
    const own = ([name]: [string, string]) =>
      !/^(date|connection|keep-alive|content-length|transfer-encoding)$/.test(name);
    expect([...head.headers].filter(own)).toEqual([...response.headers].filter(own));
    expect(await raw(path, 'HEAD')).toMatch(/\r\n\r\n$/);
  });

  test('forms, cookies and redirects are sent', async () => {
    const form = await (await get('/form')).formData();
    expect(form.get('a')).toBe('1');
    expect(await (form.get('file') as File).text()).toBe('text');
    expect((await get('/cookies')).headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect((await get('/created')).headers.get('location')).toBe('/x');
    expect((await get('/redirect')).headers.get('location')).toBe('http://elsewhere/there');
  });

  test('large content is sent, as text and as bytes', async () => {
    for (const path of ['/large', '/large-later']) {
      const response = await get(path);
      expect(response.headers.get('content-length')).toBe('5000000');
      expect(await response.text()).toBe('x'.repeat(5_000_000));
    }
  });

  test('a stream is sent chunked, with its length if the program gives one, and until the close for HTTP/1.0', async () => {
    expect(await raw('/stream')).toMatch(/\r\ntransfer-encoding: chunked\r\n[\s\S]*\r\n0\r\n\r\n$/i);
    const known = await raw('/stream-length');
    expect(known).toMatch(/\r\ncontent-length: 13\r\n/i);
    expect(contentOf(known)).toBe('one two three');
    const old = await tell(run.port, 'GET /stream HTTP/1.0\r\n\r\n');
    expect(old).not.toMatch(/transfer-encoding|content-length/i);
    expect(contentOf(old)).toBe('one two three');
  });

  test('a stream that breaks off never looks complete', async () => {
    const outcome = async (path: string) => {
      const response = await get(path);
      return response.status === 500 ? 'told' : await response.text();
    };
    // While the head has not been sent, the failure can become a 500.
    for (const path of ['/stream-short', '/stream-fails', '/stream-number'])
      expect(['told', 'cut'], path).toContain(await outcome(path).catch(() => 'cut'));
    await eventually('the line', () => run.errors.includes('A response broke off: Error: the source broke'));
  });

  test('trailers', async () => {
    expect(await raw('/trailers')).toMatch(/\r\n0\r\nx-sum: 6\r\n\r\n$/);
  });

  test('an event arrives before the next one exists', async () => {
    const name = `events-${engine}-${workers}`;
    const client = await connect(run.port);
    client.send(lines(`GET /events/${name} HTTP/1.1`));
    for (let i = 1; i <= 3; i++) {
      await client.until((received) => received.includes(`data: ${i}\n\n`));
      // The next event waits for this request.
      expect(client.received).not.toContain(`data: ${i + 1}`);
      expect(await (await get(`/counter/${name}-produced`)).text()).toBe(`${i}`);
      await get(`/add/${name}-allowed`);
    }
    expect(await client.end()).toMatch(/0\r\n\r\n$/);
    client.close();
  });

  test('a stream waits for its client, and is cancelled when the client disconnects', async () => {
    const name = `endless-${engine}-${workers}`;
    const client = await connect(run.port);
    client.socket.pause();
    client.send(lines(`GET /endless/${name} HTTP/1.1`));
    await untilCounter(run, `${name}-produced`, 65536);
    let before = -1;
    let produced = 0;
    // Waits until the stream stops, since kernels buffer different amounts.
    for (let i = 0; i < 100 && produced !== before; i++) {
      await sleep(100);
      before = produced;
      produced = Number(await (await get(`/counter/${name}-produced`)).text());
    }
    expect(produced).toBe(before);
    expect(produced).toBeLessThan(64_000_000);
    client.socket.destroy();
    await untilCounter(run, `${name}-cancelled`, 1);
  });

  test('a fetched response can be returned: plain, compressed, failed, large', async () => {
    for (const way of ['/fetched', '/fetched-later']) {
      const plain = await get(`${way}/plain`);
      expect(plain.headers.get('x-upstream'), way).toBe('plain');
      expect(await plain.text()).toBe('plain');
      const gzip = await get(`${way}/gzip`);
      // fetch() has decoded it.
      expect(gzip.headers.get('content-encoding')).toBe(null);
      expect(await gzip.text()).toBe(LARGE);
      const teapot = await get(`${way}/teapot`);
      expect(teapot.status).toBe(418);
      expect(teapot.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
      expect(await teapot.text()).toBe('short');
      expect(await (await get(`${way}/large`)).text()).toBe(LARGE);
    }
  });

  test('a proxy of two lines forwards method, target, fields and body', async () => {
    const response = await get('/proxy/there?q=1', {
      method: 'PUT',
      body: LARGE,
      headers: { 'X-Kind': 'proxied' },
    });
    expect(await response.json()).toEqual({ method: 'PUT', url: '/there?q=1', kind: 'proxied', body: LARGE });
    expect(await (await get('/proxy/plain')).text()).toBe('plain');
  });

  test('fetch(request) accepts the request itself', async () => {
    const host = new URL(upstreamUrl).host;
    const answer = await tell(run.port, lines('GET /forward HTTP/1.1', `Host: ${host}`, 'X-Kind: same'));
    expect(JSON.parse(contentOf(answer).replace(/^[\da-f]+\r\n|\r\n0\r\n\r\n$/g, ''))).toEqual({
      method: 'GET',
      url: '/forward',
      kind: 'same',
      body: '',
    });
  });

  test('a value that would break out of its field line throws in the handler', async () => {
    for (const name of await (await get('/injections')).json())
      for (const way of ['/inject', '/inject-later']) {
        const answer = await raw(`${way}/${encodeURIComponent(name)}`);
        expect(answer, name).toMatch(/^HTTP\/1\.1 500 /);
        expect(contentOf(answer), name).toMatch(/^TypeError: /);
        expect(answer, name).not.toMatch(/set-cookie/i);
      }
  });
});

describe('global names', () => {
  test("are hotpath's", async () => {
    const run = await startApp('no-globals.js', ['--workers', '1']);
    expect(await (await fetch(`${run.url}/same`)).json()).toEqual({
      light: true,
      nativeOfLight: true,
      lightOfNative: true,
      kind: 'fetch',
    });
    expect(await (await fetch(`${run.url}/fixed`)).text()).toBe('fixed');
    await run.stop();
  });

  test('--no-globals leaves those of the platform; either Response can be sent', async () => {
    const run = await startApp('no-globals.js', ['--workers', '1', '--no-globals']);
    expect(await (await fetch(`${run.url}/same`)).json()).toMatchObject({
      light: false,
      nativeOfLight: true,
      lightOfNative: true,
    });
    expect(await (await fetch(`${run.url}/native`)).text()).toBe('native false');
    expect(await (await fetch(`${run.url}/light`)).text()).toBe('light');
    expect(await (await fetch(`${run.url}/fixed`)).text()).toBe('fixed');
    expect(await (await fetch(`${run.url}/fixed-light`)).text()).toBe('fixed light');
    const init = { method: 'POST', body: 'body', headers: { 'X-Kind': 'given' } };
    expect(await (await fetch(`${run.url}/init`, init)).text()).toBe('POST body given');
    await run.stop();
    expect(run.errors).toBe('');
  });
});
