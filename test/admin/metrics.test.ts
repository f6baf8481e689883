// The metrics of a running server: valid in both formats, and what they say of its requests and threads.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { serve } from '#dist/serve.js';
import { adminOf, askAdmin, scrape, untilAnswer } from '../support/admin.ts';
import { connect } from '../support/client.ts';
import { appFiles, atEnd, closedAtEnd, startServer } from '../support/fixtures.ts';
import { sampleOf } from '../support/openmetrics.ts';

const hasPromtool = existsSync('/usr/bin/promtool');

const APP = `import { Response } from 'hotpath';
const routes = { '/fixed': new Response('fixed'), '/users/:id': () => new Response('user') };
for (let i = 0; i < 300; i++) routes['/many/' + i] = () => new Response('many');
export default { routes, fetch: () => new Response('none', { status: 404 }) };`;

async function started(...args: string[]): Promise<{ url: string; admin: string }> {
  const run = await startServer(['--admin', '127.0.0.1:0', ...args]);
  return { url: `http://127.0.0.1:${run.port}`, admin: adminOf(run) };
}

/** Checks a text with promtool. @returns what it reports, without the exit code 0 an error */
async function promtool(text: string): Promise<string> {
  return await new Promise((resolve) => {
    const child = execFile('promtool', ['check', 'metrics'], (error, output, errors) =>
      resolve(`${error === null ? '' : error.message}${output}${errors}`),
    );
    child.stdin?.end(text);
  });
}

test('a scrape has the figures of all threads, by route, method and status', async () => {
  const { url, admin } = await started('--workers', '2', appFiles().write('app.mjs', APP));
  for (const path of ['/fixed', '/users/1', '/users/2', '/nothing']) await (await fetch(url + path)).text();
  await (await fetch(`${url}/fixed`, { method: 'HEAD' })).text();
  const client = await connect(Number(new URL(url).port));
  atEnd(client.close);
  client.send('GET / HTTP/1.1\r\n\r\n');
  await client.end();
  const families = await scrape(admin);
  const requests = (route: string, method: string, status: string): number | undefined =>
    sampleOf(families, 'hotpath_requests_total', { route, method, status });
  expect(requests('/fixed', 'GET', '2xx')).toBe(1);
  expect(requests('/fixed', 'HEAD', '2xx')).toBe(1);
  expect(requests('/users/:id', 'GET', '2xx')).toBe(2);
  expect(requests('fetch', 'GET', '4xx')).toBe(1);
  expect(sampleOf(families, 'hotpath_refused_total', { reason: 'one valid Host field is required' })).toBe(1);
  expect(sampleOf(families, 'hotpath_refused_total', { reason: 'malformed chunk' })).toBe(0);
  expect(sampleOf(families, 'hotpath_accepted_connections_total', { listener: url })).toBeGreaterThan(1);
  expect(sampleOf(families, 'hotpath_threads')).toBe(2);
  expect(sampleOf(families, 'hotpath_ready')).toBe(1);
  expect(sampleOf(families, 'hotpath_phase', { phase: 'ready' })).toBe(1);
  for (const worker of ['0', '1']) {
    await untilAnswer(admin, '/metrics', ({ content }) =>
      new RegExp(`^hotpath_heap_used_bytes\\{worker="${worker}"\\} [1-9]`, 'm').test(content),
    );
    expect(
      sampleOf(await scrape(admin), 'hotpath_event_loop_active_seconds_total', { worker }),
    ).toBeGreaterThan(0);
  }
  expect(families.get('hotpath_build')?.samples[0]?.labels).toEqual({
    version: '0.1.0',
    node: process.versions.node,
    engine: 'wasm',
    model: 'event-loop',
  });
  expect(sampleOf(families, 'process_start_time_seconds')).toBeLessThan(Date.now() / 1000);
});

test('routes beyond the table share one label', async () => {
  const { url, admin } = await started('--workers', '1', appFiles().write('app.mjs', APP));
  for (let i = 0; i < 300; i++) await (await fetch(`${url}/many/${i}`)).text();
  const samples = (await scrape(admin)).get('hotpath_requests')?.samples ?? [];
  expect(samples.length).toBeLessThanOrEqual(128);
  expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(300);
  expect(samples.find(({ labels }) => labels.route === 'other')?.value).toBeGreaterThan(100);
});

test.skipIf(!hasPromtool)('promtool finds nothing wrong', async () => {
  const { url, admin } = await started('--workers', '1', appFiles().write('app.mjs', APP));
  await (await fetch(`${url}/fixed`)).text();
  const { headers, content } = await askAdmin(admin, '/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await promtool(content)).toBe('');
  expect(await promtool('# TYPE a counter\na 1\n')).toContain('counter');
});

test('the format is that of Accept, and only GET and HEAD are answered', async () => {
  const { admin } = await started('--workers', '1');
  const accept = 'application/openmetrics-text; version=1.0.0';
  const { headers, content } = await askAdmin(admin, '/metrics', { accept }, 'HEAD');
  expect(content).toBe('');
  expect(headers).toMatchObject({
    'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    vary: 'Accept',
    'cache-control': 'no-store',
  });
  expect((await askAdmin(admin, '/metrics', {}, 'POST')).status).toBe(405);
});

test.each(['process', 'thread', 'sequential'])('--model %s has what it has', async (model) => {
  const { url, admin } = await started('--model', model);
  expect(await (await fetch(url, { headers: { connection: 'close' } })).text()).toBe('Hello1');
  await untilAnswer(admin, '/metrics', ({ content }) => /^hotpath_requests_total\{.*\} 1$/m.test(content));
  const families = await scrape(admin);
  expect(sampleOf(families, 'hotpath_connections', { listener: url })).toBeDefined();
  expect(families.get('hotpath_build')?.samples[0]?.labels).toMatchObject({ model });
});

test('serve({ fetch }) has metrics, whose own requests are not in them', async () => {
  const { Response } = await import('#dist/app/response.js');
  const server = await closedAtEnd(serve({ port: 0, admin: '127.0.0.1:0', fetch: () => new Response('a') }));
  const admin = server.admin as string;
  await (await fetch(server.url)).text();
  for (let i = 0; i < 3; i++) await scrape(admin);
  const families = await scrape(admin);
  expect(families.get('hotpath_requests')?.samples).toEqual([
    {
      name: 'hotpath_requests_total',
      labels: { route: 'fetch', method: 'GET', status: '2xx' },
      value: 1,
    },
  ]);
  expect(sampleOf(families, 'hotpath_accepted_connections_total')).toBe(1);
  expect(sampleOf(families, 'hotpath_threads')).toBe(1);
});
