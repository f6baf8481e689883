// Every example, started and used as its first comment describes.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connect, eventually } from '../../support/client.ts';
import { temporaryFolder } from '../../support/fixtures.ts';
import { type AppRun, lines, startApp } from './command.ts';

let run: AppRun;
afterEach(async () => {
  expect(await run.stop()).toBe(0);
});

const get = (path: string, init?: RequestInit) => fetch(run.url + path, { redirect: 'manual', ...init });
const text = async (path: string, init?: RequestInit) => (await get(path, init)).text();
const json = (method: string, body: unknown) => ({
  method,
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json' },
});

test('all examples are listed, say how to start them, and are tested here', async () => {
  run = await startApp('examples/hello.js');
  const list = await readFile('examples/README.md', 'utf8');
  const tests = await readFile(new URL(import.meta.url), 'utf8');
  for (const name of await readdir('examples')) {
    if (name === 'README.md') continue;
    expect(list).toContain(`](${name})`);
    const first = name.endsWith('.js') ? name : `${name}/app.js`;
    // An example with a program of its own has its own test.
    if (name === 'machines') continue;
    expect(await readFile(join('examples', first), 'utf8')).toContain(`node dist/cli.js examples/${first}`);
    expect(tests).toContain(`startApp('examples/${first}'`);
  }
});

test('hello', async () => {
  run = await startApp('examples/hello.js', ['--workers', '2']);
  expect(await text('/')).toBe('Hello1');
  expect(await text('/')).toBe('Hello2');
  expect(await text('/health')).toBe('ok');
  expect(await (await get('/hits')).json()).toEqual({ hits: 2 });
  expect(await text('/hello/J%C3%BCrgen')).toBe('Hello Jürgen');
  expect((await get('/elsewhere')).status).toBe(404);
  expect((await get('/', { method: 'POST' })).status).toBe(405);
});

test('JSON API', async () => {
  run = await startApp('examples/json-api.js', ['--workers', '1']);
  const made = await get('/notes', json('POST', { text: 'one' }));
  expect([made.status, made.headers.get('location')]).toEqual([201, '/notes/1']);
  expect(await made.json()).toEqual({ id: 1, text: 'one' });
  expect((await get('/notes', json('POST', { text: 'two' }))).status).toBe(201);
  expect(await (await get('/notes/2')).json()).toEqual({ id: 2, text: 'two' });
  expect(await (await get('/notes/2', json('PUT', { text: 'too' }))).json()).toEqual({ id: 2, text: 'too' });
  expect((await get('/notes/1', { method: 'DELETE' })).status).toBe(204);
  expect(await (await get('/notes')).json()).toEqual([{ id: 2, text: 'too' }]);
  for (const [path, init, status, error] of [
    ['/notes/1', {}, 404, 'there is no note 1'],
    ['/notes', json('POST', { text: 5 }), 422, 'text must be a string that is not empty'],
    ['/notes', json('POST', null), 422, 'text must be a string that is not empty'],
    ['/notes', { ...json('POST', 0), body: '{' }, 400, 'the body is not JSON'],
    ['/notes', { method: 'POST', body: 'text' }, 415, 'send application/json'],
    ['/elsewhere', {}, 404, 'there is nothing at /elsewhere'],
  ] as const) {
    const response = await get(path, init);
    expect([response.status, await response.json()]).toEqual([status, { error }]);
  }
  expect((await get('/notes', { method: 'DELETE' })).headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS');
  expect(run.errors).toBe('');
});

test('server-sent events', async () => {
  run = await startApp('examples/sse.js', ['--workers', '1']);
  expect(await text('/')).toContain('EventSource');
  const client = await connect(run.port);
  client.send(lines('GET /events HTTP/1.1', 'Last-Event-ID: 41'));
  await client.until(/id: 43\ndata: .*\n\n/);
  expect(client.received).toMatch(/content-type: text\/event-stream\r\n/);
  expect(client.received).toContain('id: 42\n');
  expect(await (await get('/listeners')).json()).toEqual({ worker: 0, listeners: 1 });
  client.socket.destroy();
  let listeners = 1;
  for (let i = 0; i < 1000 && listeners > 0; i++) ({ listeners } = await (await get('/listeners')).json());
  expect(listeners).toBe(0);
});

test('upload', async () => {
  const folder = temporaryFolder('uploads');
  run = await startApp('examples/upload.js', ['--workers', '2', '--max-body', '30000000'], {
    UPLOADS: folder,
  });
  const content = Buffer.alloc(20_000_000, 'some content ');
  const put = await get('/files/large.bin', { method: 'PUT', body: content });
  expect([put.status, await put.json()]).toEqual([
    201,
    { size: content.length, sha256: createHash('sha256').update(content).digest('hex') },
  ]);
  const back = await get('/files/large.bin');
  expect(back.headers.get('content-length')).toBe(`${content.length}`);
  expect(Buffer.from(await back.arrayBuffer()).equals(content)).toBe(true);
  expect((await get('/files/empty', { method: 'PUT' })).status).toBe(201);
  expect(await text('/files/empty')).toBe('');
  expect((await get('/files/missing')).status).toBe(404);
  expect((await get('/files/..%2Fescape', { method: 'PUT', body: 'x' })).status).toBe(400);
  // A client that disconnects during its upload leaves no file behind.
  const client = await connect(run.port);
  client.send(`${lines('PUT /files/half HTTP/1.1', 'Content-Length: 1000000')}half`);
  await eventually('the file', () => client.socket.bytesWritten > 0);
  client.socket.destroy();
  expect((await get('/files/half')).status).toBe(404);
  let names: string[] = [];
  for (let i = 0; i < 500; i++) {
    names = await readdir(folder);
    if (!names.some((name) => name.startsWith('.part'))) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(names.sort()).toEqual(['empty', 'large.bin']);
});

test('Hono', async () => {
  run = await startApp('examples/hono.js', ['--workers', '2']);
  expect(await text('/?name=%3Cb%3E')).toBe('<h1>Hello &lt;b&gt;</h1>');
  expect(await text('/jsx')).toBe('<ul><li>one</li><li class="last">two &amp; three</li></ul>');
  expect((await get('/')).headers.get('x-content-type-options')).toBe('nosniff');
  expect(await (await get('/api/users', json('POST', { name: 'ü' }))).json()).toEqual({ name: 'ü' });
  const cors = await get('/api/users/7', { headers: { Origin: 'https://example.com' } });
  expect(cors.headers.get('access-control-allow-origin')).toBe('https://example.com');
  const book = await get('/book');
  expect(book.headers.get('content-encoding')).toBe('gzip');
  expect((await book.text()).length).toBe(3200);
  const etag = book.headers.get('etag') as string;
  expect((await get('/book', { headers: { 'If-None-Match': etag } })).status).toBe(304);
  const visit = await get('/visits', { headers: { Cookie: 'visits=41' } });
  expect(await visit.text()).toBe('visit 42');
  expect(visit.headers.get('set-cookie')).toBe('visits=42; Path=/; HttpOnly; SameSite=Lax');
  const body = new FormData();
  body.append('title', 'a');
  body.append('file', new File(['text'], 'f.txt', { type: 'text/plain' }));
  expect(await (await get('/upload', { method: 'POST', body })).json()).toEqual({
    title: 'a',
    name: 'f.txt',
    type: 'text/plain',
    size: 4,
  });
  expect(await text('/stream')).toBe('\x01\x02\x03');
  expect(await text('/text')).toBe('one\ntwo\nthree\n');
  expect(await text('/events')).toMatch(/^event: tick\ndata: tick 1\nid: 1\n\n[\s\S]*tick 3/);
  expect(await (await get('/fail')).json()).toEqual({ error: 'something went wrong' });
  expect(await (await get('/nowhere')).json()).toEqual({ error: 'there is nothing at /nowhere' });
  // The output of a thread arrives late.
  await eventually('the log', () => run.output.includes('<-- GET /nowhere'));
});

test('itty-router', async () => {
  run = await startApp('examples/itty-router.js', ['--workers', '2']);
  expect(await text('/')).toBe('Hello');
  expect(await (await get('/users/7')).json()).toEqual({ id: '7' });
  expect(await (await get('/search?a=b')).json()).toEqual({ a: 'b' });
  expect(await (await get('/echo', json('POST', [1]))).json()).toEqual([1]);
  expect((await get('/teapot')).status).toBe(418);
  expect((await get('/nowhere')).status).toBe(404);
});

test('tickets: numbers, decisions, and clients over the limit', async () => {
  const folder = temporaryFolder('tickets');
  const state = ['--state', join(folder, 'state'), '--workers', '2'];
  run = await startApp('examples/tickets/app.js', state);
  const post = (path: string, body?: unknown) =>
    get(path, { method: 'POST', ...(body !== undefined && { body: JSON.stringify(body) }) });
  expect(await text('/health')).toBe('ok\n');
  expect(await (await post('/counters/orders')).json()).toEqual({ name: 'orders', value: 1 });
  expect(await (await post('/counters/orders', { add: 5 })).json()).toEqual({ name: 'orders', value: 6 });
  const many = await Promise.all(
    Array.from({ length: 50 }, async () => (await (await post('/counters/orders')).json()).value),
  );
  expect(many.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => 7 + i));
  expect(await (await get('/counters/orders')).json()).toEqual({ name: 'orders', value: 56 });

  for (const remaining of [4, 3, 2, 1, 0])
    expect(await (await post('/limits/login/alice')).json()).toMatchObject({ allowed: true, remaining });
  const refused = await post('/limits/login/alice');
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ allowed: false, remaining: 0 });
  const seconds = Number(refused.headers.get('retry-after'));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(12);
  expect((await post('/limits/login/bob')).status).toBe(200);
  expect(await (await post('/limits/api/1.2.3.4?cost=400')).json()).toMatchObject({ remaining: 600 });

  for (const [path, body, status, error] of [
    ['/counters/orders', { add: 0 }, 422, 'add must be a whole number from 1 to 1000'],
    ['/counters/orders', 'x', 422, 'add must be a whole number from 1 to 1000'],
    ['/counters/others', undefined, 404, "there is no counter 'others'"],
    ['/limits/others/a', undefined, 404, "there is no limit 'others'"],
    ['/limits/login/a?cost=6', undefined, 422, 'cost is more than the limit'],
    ['/limits/login/a?cost=x', undefined, 422, 'cost must be a whole number from 1 to 1000'],
    ['/elsewhere', undefined, 404, 'there are /counters/:name and /limits/:name/:key'],
  ] as const) {
    const response = await post(path, body);
    expect([path, response.status, await response.json()]).toEqual([path, status, { error }]);
  }
  expect((await get('/counters/orders', { method: 'POST', body: '{' })).status).toBe(400);
  expect((await get('/counters/orders', { method: 'POST', body: 'x'.repeat(2000) })).status).toBe(413);

  expect(run.errors).toBe('');
  expect(await run.stop()).toBe(0);
  run = await startApp('examples/tickets/app.js', state, { TICKETS_TOKEN: 'secret' });
  expect((await post('/counters/orders')).status).toBe(401);
  const headers = { Authorization: 'Bearer secret' };
  const next = await get('/counters/orders', { method: 'POST', headers });
  expect(await next.json()).toEqual({ name: 'orders', value: 57 });
  expect((await get('/counters/orders', { headers: { Authorization: 'Bearer secre' } })).status).toBe(401);
});
