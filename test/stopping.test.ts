// How the command stops: the shutdown delay, second signals, and exit codes.

import { expect, test } from 'vitest';
import { adminOf, askAdmin, untilAnswer } from './support/admin.ts';
import { childrenOf, type Run } from './support/cli.ts';
import { ask, connect, eventually, GET, sleep } from './support/client.ts';
import { appFiles, atEnd, launchServer, startServer, startServerWith } from './support/fixtures.ts';
import { readResponses } from './support/responses.ts';

/** Longer than any test. */
const LONG_MS = '600000';
const TIMES = { sameSignalMs: 50 };
const STOPPING = 'not ready: stopping after the shutdown delay\n';

const content = async (port: number): Promise<string | undefined> =>
  readResponses(await ask(port))[0]?.content;

/** Sends a signal that is not taken for a repetition of the last one. */
async function signal(run: Run, name: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  await sleep(4 * TIMES.sameSignalMs);
  run.child.kill(name);
}

const delayed = (): Promise<Run> =>
  startServerWith(TIMES, ['--shutdown-delay', LONG_MS, '--admin', '127.0.0.1:0', '--workers', '2']);

test('during the shutdown delay the server is not ready and serves; a second signal ends the delay', async () => {
  const run = await delayed();
  const kept = await connect(run.port);
  atEnd(kept.close);
  run.child.kill('SIGTERM');
  await untilAnswer(adminOf(run), '/readyz', ({ status }) => status === 503);
  expect(await askAdmin(adminOf(run), '/readyz')).toMatchObject({ content: STOPPING });
  expect(await askAdmin(adminOf(run), '/healthz')).toMatchObject({ status: 200 });
  expect(await content(run.port)).toBe('Hello1');
  kept.send(GET);
  expect(readResponses(await kept.until(/Hello2/))[0]?.fields.get('connection')).not.toBe('close');
  // A reload would only postpone the end.
  run.child.kill('SIGHUP');
  expect(await content(run.port)).toBe('Hello3');
  await signal(run, 'SIGINT');
  expect(await run.exit).toBe(0);
  expect(run.output).toMatch(
    /\nStopping on SIGTERM after the shutdown delay: not ready, but serving for 600000 ms\nA second SIGINT ends the shutdown delay: finishing requests under way\nServer stopped after 3 requests on 3 connections\n$/,
  );
});

test('the drain begins when the shutdown delay is over, and not before', async () => {
  const run = await startServer(['--shutdown-delay', '400', '--workers', '1']);
  const begunMs = performance.now();
  run.child.kill('SIGTERM');
  expect(await run.exit).toBe(0);
  expect(performance.now() - begunMs).toBeGreaterThanOrEqual(390);
  expect(run.output).toMatch(/serving for 400 ms\nServer stopped after 0 requests/);
});

test('a signal during the drain stops at once, with 128 and its number', async () => {
  const run = await delayed();
  const client = await connect(run.port);
  atEnd(client.close);
  client.send(GET.slice(0, 20));
  run.child.kill('SIGTERM');
  await eventually('the delay', () => run.output.includes('shutdown delay'));
  await signal(run);
  await eventually('the drain', () => run.output.includes('finishing requests'));
  await signal(run, 'SIGINT');
  expect(await run.exit).toBe(128 + 2);
  expect(run.output).toMatch(/Stopping at once on another SIGINT\n$/);
});

test('a server process that dies during the shutdown delay is started again, and is not ready', async () => {
  const run = await delayed();
  run.child.kill('SIGTERM');
  await untilAnswer(adminOf(run), '/readyz', ({ status }) => status === 503);
  const [server] = childrenOf(run.child.pid as number);
  process.kill(server as number, 'SIGKILL');
  await eventually('listening again', () => run.output.split('Server listening').length === 3);
  expect(await content(run.port)).toBe('Hello1');
  expect(await askAdmin(adminOf(run), '/readyz')).toMatchObject({ status: 503, content: STOPPING });
  await signal(run);
  expect(await run.exit).toBe(0);
});

test('a server that has never served does not wait for load balancers', async () => {
  const app = appFiles().write('app.mjs', 'await new Promise((resolve) => setTimeout(resolve, 600000));');
  const run = launchServer(['--port', '0', '--shutdown-delay', LONG_MS, '--workers', '1', app]);
  await eventually('a server process', () => childrenOf(run.child.pid as number).length > 0);
  run.child.kill('SIGTERM');
  expect(await run.exit).toBe(0);
});

test('the exit code is 1 if the server process dies while it drains', async () => {
  const run = await startServer(['--workers', '1']);
  const client = await connect(run.port);
  atEnd(client.close);
  client.send(GET.slice(0, 20));
  const [server] = childrenOf(run.child.pid as number);
  run.child.kill('SIGTERM');
  await eventually('the drain', () => run.output.includes('finishing requests'));
  process.kill(server as number, 'SIGKILL');
  expect(await run.exit).toBe(1);
  expect(run.output).toMatch(/The server process ended by SIGKILL while it stopped\n$/);
});
