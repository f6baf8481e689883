// /state and /stats of a running server: named state of all threads, and its changes, which need the token.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serve } from '#dist/serve.js';
import { adminOf, askAdmin, scrape } from '../support/admin.ts';
import { appFiles, closedAtEnd, startServer, temporaryFolder } from '../support/fixtures.ts';
import { sampleOf } from '../support/openmetrics.ts';

const APP = `import { counter, gauge, Response } from 'hotpath';
const logins = counter('logins', { method: 'sso' });
const tickets = counter('tickets sold');
export default { routes: {
  '/': () => new Response(String(logins.add())),
  '/ticket': () => new Response(String(tickets.add())),
} };`;

const TOKEN = { authorization: 'Bearer secret' };

async function started(...args: string[]): Promise<{ url: string; admin: string }> {
  const token = join(temporaryFolder('token'), 'token');
  writeFileSync(token, 'secret');
  const app = appFiles().write('app.mjs', APP);
  const run = await startServer(['--admin', '127.0.0.1:0', '--admin-token', token, ...args, app]);
  return { url: `http://127.0.0.1:${run.port}`, admin: adminOf(run) };
}

async function ask(admin: string, path: string, content?: string): Promise<[number | undefined, unknown]> {
  const answer = await askAdmin(admin, path, TOKEN, content === undefined ? 'GET' : 'POST', content);
  return [answer.status, JSON.parse(answer.content)];
}

test('/state shows the state of all threads; a reset needs the token, and reaches them', async () => {
  const { url, admin } = await started('--workers', '2');
  for (let i = 1; i <= 4; i++)
    expect(await (await fetch(url, { headers: { connection: 'close' } })).text()).toBe(String(i));
  const name = 'logins{method="sso"}';
  const shown = { name, kind: 'counter', value: 4 };
  expect(await ask(admin, `/state?name=${encodeURIComponent(name)}`)).toEqual([200, shown]);
  expect(await ask(admin, '/state?kind=counter')).toEqual([200, { state: expect.arrayContaining([shown]) }]);
  expect(await ask(admin, '/state?kind=gauge')).toEqual([200, { state: [] }]);
  expect((await ask(admin, '/state?kind=nothing'))[0]).toBe(400);
  expect((await ask(admin, '/state?name=nothing'))[0]).toBe(404);
  expect((await askAdmin(admin, '/state/reset', {}, 'POST', 'name=a')).status).toBe(401);
  const form = new URLSearchParams({ name }).toString();
  expect(await ask(admin, '/state/reset', form)).toEqual([200, { ...shown, value: 0 }]);
  expect(await (await fetch(url)).text()).toBe('1');
  expect(await ask(admin, '/state/reset', JSON.stringify({ name }))).toEqual([200, { ...shown, value: 0 }]);
  for (const content of ['', 'x', '{', '{"name":1}', '{"name":"a","key":1}'])
    expect((await ask(admin, '/state/reset', content))[0]).toBe(400);
  expect((await ask(admin, '/state/reset', 'name=nothing'))[0]).toBe(404);
  expect(await ask(admin, '/state/forget', form)).toEqual([
    409,
    { error: expect.stringContaining('keeps its place') },
  ]);
});

test('numbers that survive are never reset', async () => {
  const { url, admin } = await started('--workers', '1', '--state', temporaryFolder('state'));
  expect(await (await fetch(`${url}/ticket`)).text()).toBe('1');
  expect(await ask(admin, '/state/reset', 'name=tickets+sold')).toEqual([
    409,
    { error: expect.stringContaining('would hand its numbers out twice') },
  ]);
  expect(await (await fetch(`${url}/ticket`)).text()).toBe('2');
  expect(await ask(admin, '/state?name=tickets+sold')).toEqual([
    200,
    {
      name: 'tickets sold',
      kind: 'counter',
      value: 2,
      leased: { available: expect.any(Number), missed: 0 },
    },
  ]);
});

test('without a token nothing can be changed', async () => {
  const run = await startServer(['--admin', '127.0.0.1:0', '--workers', '1']);
  const { status, content } = await askAdmin(
    adminOf(run),
    '/state/reset',
    {},
    'POST',
    'name=hotpath%3Ahello',
  );
  expect([status, content]).toEqual([403, 'Changes need a token: start the server with --admin-token\n']);
});

test('/stats has the figures of stats(), and so has /metrics', async () => {
  const { Response } = await import('#dist/app/response.js');
  const server = await closedAtEnd(serve({ port: 0, admin: '127.0.0.1:0', fetch: () => new Response('a') }));
  for (let i = 0; i < 3; i++) await (await fetch(server.url)).text();
  const admin = server.admin as string;
  const [status, shown] = await ask(admin, '/stats');
  const { threads: _, requestTimes: __, handlerTimes: ___, ...figures } = server.stats();
  expect(status).toBe(200);
  expect(shown).toMatchObject({ ...figures, version: '0.1.0', pid: process.pid, phase: 'ready' });
  const families = await scrape(admin);
  expect(sampleOf(families, 'hotpath_requests_total')).toBe(figures.responses[0]?.count);
  expect(sampleOf(families, 'hotpath_sent_bytes_total')).toBe(figures.sentBytes);
});
