// The admin listener of a command and of a program: who may reach it, and what it says about the server.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serve } from '#dist/serve.js';
import { adminOf, askAdmin, untilAnswer } from '../support/admin.ts';
import { childrenOf, runCli } from '../support/cli.ts';
import { connect, eventually } from '../support/client.ts';
import {
  appFiles,
  atEnd,
  closedAtEnd,
  launchServer,
  startServer,
  temporaryFolder,
} from '../support/fixtures.ts';

function tokenFile(token = 'secret'): string {
  const file = join(temporaryFolder('token'), 'token');
  writeFileSync(file, `${token}\n`);
  return file;
}

const app = (): string =>
  appFiles().write('app.mjs', 'export default { fetch: () => new Response("public") };');

test('the command has an admin listener beside its own, which the start line names', async () => {
  const run = await startServer(['--admin', '127.0.0.1:0', '--workers', '1', app()]);
  const url = adminOf(run);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await askAdmin(url, '/healthz')).toMatchObject({ status: 200, content: 'ok\n' });
  expect(await askAdmin(url, '/readyz')).toMatchObject({ status: 200, content: 'ready\n' });
  expect((await askAdmin(url, '/')).content).toContain('/metrics');
  expect(await askAdmin(url, '/nothing')).toMatchObject({ status: 404 });
  expect(await askAdmin(url, '/healthz', {}, 'HEAD')).toMatchObject({ status: 200, content: '' });
  expect(await askAdmin(url, '/healthz', {}, 'POST')).toMatchObject({
    status: 405,
    headers: { allow: expect.stringContaining('GET') },
  });
  expect((await askAdmin(`http://127.0.0.1:${run.port}`, '/healthz')).content).toBe('public');
  expect(await run.stop()).toBe(0);
  expect(run.output).toContain('Server stopped after 1 request on 1 connection');
});

test('the server is alive and not ready until the first threads serve, and while it drains', async () => {
  const path = join(temporaryFolder('admin'), 'admin.sock');
  const files = appFiles();
  const gate = join(temporaryFolder('gate'), 'open');
  const slow = files.write(
    'app.mjs',
    `import { existsSync } from 'node:fs';
    while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 10));
    export default { fetch: () => new Promise(() => {}) };`,
  );
  const run = launchServer([
    '--admin',
    path,
    '--port',
    '0',
    '--workers',
    '1',
    '--drain-timeout',
    '1000',
    slow,
  ]);
  const url = `unix:${path}`;
  await eventually('the socket', () => existsSync(path));
  expect(await askAdmin(url, '/healthz')).toMatchObject({ status: 200 });
  expect(await askAdmin(url, '/readyz')).toMatchObject({ status: 503, content: 'not ready: starting\n' });
  writeFileSync(gate, '');
  await untilAnswer(url, '/readyz', ({ status }) => status === 200);
  await eventually('the start line', () => run.port > 0);
  const client = await connect(run.port);
  atEnd(client.close);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await untilAnswer(url, '/readyz', ({ status }) => status === 200);
  run.child.kill('SIGTERM');
  await untilAnswer(url, '/readyz', ({ content }) => content === 'not ready: draining\n');
  expect(await askAdmin(url, '/healthz')).toMatchObject({ status: 200 });
  client.close();
  expect(await run.exit).toBe(0);
  expect(existsSync(path)).toBe(false);
});

test('the admin listener survives the server process', async () => {
  const run = await startServer(['--admin', '127.0.0.1:0', '--workers', '1']);
  const url = adminOf(run);
  const [server] = childrenOf(run.child.pid as number);
  process.kill(server as number, 'SIGKILL');
  await eventually('another process', () => {
    const [next] = childrenOf(run.child.pid as number);
    return next !== undefined && next !== server;
  });
  await untilAnswer(url, '/readyz', ({ status }) => status === 200);
});

test.each(['app', 'fetch'] as const)('serve({ %s }) has an admin listener', async (way) => {
  const given = way === 'app' ? { app: app(), workers: 1 } : { fetch: () => new Response('public') };
  const options = { port: 0, admin: '127.0.0.1:0', ...given } as Parameters<typeof serve>[0];
  const server = await closedAtEnd(serve(options));
  const url = server.admin as string;
  expect(await askAdmin(url, '/readyz')).toMatchObject({ status: 200, content: 'ready\n' });
  expect(server.stats()).toMatchObject({ requests: 0, accepted: 0 });
  await server.close();
  await expect(askAdmin(url, '/readyz')).rejects.toThrow('ECONNREFUSED');
});

test('with a token all but the health checks need it', async () => {
  const run = await startServer(['--admin', '127.0.0.1:0', '--admin-token', tokenFile(), '--workers', '1']);
  const url = adminOf(run);
  expect((await askAdmin(url, '/healthz')).status).toBe(200);
  expect((await askAdmin(url, '/readyz')).status).toBe(200);
  const status = async (authorization?: string): Promise<number | undefined> =>
    (await askAdmin(url, '/', authorization === undefined ? {} : { authorization })).status;
  expect(await askAdmin(url, '/')).toMatchObject({
    status: 401,
    headers: { 'www-authenticate': expect.stringMatching(/^Bearer/) },
  });
  expect(await status('Bearer wrong')).toBe(401);
  expect(await status('Bearer secretx')).toBe(401);
  expect(await status('Basic secret')).toBe(401);
  expect(await status('Bearer secret')).toBe(200);
  expect(await status('bearer  secret')).toBe(200);
  expect((await askAdmin(url, '/nothing')).status).toBe(401);
  // Whoever knows the token may use any name of the machine.
  expect((await askAdmin(url, '/', { authorization: 'Bearer secret', host: 'prometheus' })).status).toBe(200);
});

test('requests of foreign pages are refused', async () => {
  const server = await closedAtEnd(serve({ port: 0, admin: 'localhost:0', fetch: () => new Response('') }));
  const url = server.admin as string;
  const status = async (headers: Record<string, string>): Promise<number | undefined> =>
    (await askAdmin(url, '/', headers)).status;
  for (const host of ['127.0.0.1', '127.0.0.1:80', '[::1]:9090', 'localhost', 'LOCALHOST:1', 'localhost.'])
    expect([host, await status({ host })]).toEqual([host, 200]);
  for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example', 'localhost.evil.example'])
    expect([host, await status({ host })]).toEqual([host, 421]);
  const host = 'localhost:1';
  expect(await status({ host, origin: 'http://localhost:1' })).toBe(200);
  for (const origin of ['http://localhost:2', 'https://localhost:1', 'null', 'http://evil.example'])
    expect([origin, await status({ host, origin })]).toEqual([origin, 403]);
  expect(await status({ host, 'sec-fetch-site': 'same-origin' })).toBe(200);
  expect(await status({ host, 'sec-fetch-site': 'none' })).toBe(200);
  expect(await status({ host, 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await status({ host, 'sec-fetch-site': 'same-site' })).toBe(403);
});

test('the admin listener answers while the public port is at its limit, and is not counted', async () => {
  const server = await closedAtEnd(
    serve({
      port: 0,
      admin: '127.0.0.1:0',
      maxConnections: 1,
      drainTimeout: 100,
      fetch: () => new Promise<never>(() => {}),
    }),
  );
  const client = await connect(server.port);
  atEnd(client.close);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually('taken', () => server.stats().requests === 1);
  for (let i = 0; i < 5; i++) expect((await askAdmin(server.admin as string, '/readyz')).status).toBe(200);
  expect(server.stats()).toMatchObject({ requests: 1, accepted: 1, open: 1 });
  client.close();
});

const empty = (): string => tokenFile('');
test.each([
  [
    2,
    () => ['--admin', '0.0.0.0:9090'],
    '--admin 0.0.0.0:9090 may be reached by other machines: give --admin-token, too, or use 127.0.0.1',
  ],
  [2, () => ['--admin', 'example.com:9090'], '--admin example.com:9090 may be reached by other machines'],
  [2, () => ['--admin-token', '/token'], '--admin-token belongs to --admin'],
  [2, () => ['--admin', '9090'], '--admin must be an address and a port'],
  [
    1,
    () => ['--admin', '127.0.0.1:0', '--admin-token', '/no/such'],
    "--admin-token: the token can't be read: ENOENT",
  ],
  [1, () => ['--admin', '127.0.0.1:0', '--admin-token', empty()], 'is empty: write a token into it'],
  [1, () => ['--admin', '127.0.0.1:0', '--admin-token', tokenFile('two words')], 'must be one word'],
  [1, () => ['--admin', '/no/such/folder/a.sock'], '--admin /no/such/folder/a.sock'],
  [
    1,
    () => ['--admin', 'no.such.host.invalid:0', '--admin-token', tokenFile()],
    '--admin no.such.host.invalid',
  ],
] as const)('exit code %i: %s', async (code, args, line) => {
  const run = await runCli(['--port', '0', ...args()]);
  expect(run.code).toBe(code);
  expect(run.errors).toContain(line);
  expect(run.errors.trim().split('\n')).toHaveLength(1);
});

test('an address in use is named with its option', async () => {
  const server = await closedAtEnd(serve({ port: 0, fetch: () => new Response('') }));
  const admin = `127.0.0.1:${server.port}`;
  expect(await runCli(['--port', '0', '--admin', admin])).toMatchObject({
    code: 1,
    errors: `hotpath: --admin ${admin}: the address is in use: give another address\n`,
  });
  await expect(serve({ port: 0, admin, fetch: () => new Response('') })).rejects.toThrow(
    `admin ${admin}: the address is in use: give another address`,
  );
});
