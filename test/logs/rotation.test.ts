// Rotation of the access log, full devices and pipes: what becomes of lines that can't be written at once.

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serve } from '#dist/serve.js';
import { connect, eventually, GET, sleep } from '../support/client.ts';
import { atEnd, closedAtEnd, startServer, temporaryFolder } from '../support/fixtures.ts';

/** Sends so many pipelined requests over one connection, and waits for all responses. */
async function ask(port: number, count: number): Promise<void> {
  const client = await connect(port);
  client.send(GET.repeat(count));
  await client.until((received) => received.split('HTTP/1.1 200').length === count + 1);
  client.close();
}

test('a file that is moved and opened anew under load loses no line and tears none', async () => {
  const folder = temporaryFolder('logs');
  const file = join(folder, 'access.log');
  const run = await startServer(['--workers', '2', '--access-log', file, '--log-format', 'json']);
  let loading = true;
  let count = 0;
  const load = Promise.all(
    [1, 2, 3].map(async () => {
      while (loading) {
        await ask(run.port, 50);
        count += 50;
      }
    }),
  );
  const moved: string[] = [];
  for (let i = 0; i < 8; i++) {
    await sleep(60);
    const old = join(folder, `access.log.${i}`);
    renameSync(file, old);
    moved.push(old);
    run.child.kill('SIGUSR2');
    await eventually('the file is opened anew', () => readOrEmpty(file) !== undefined);
  }
  loading = false;
  await load;
  expect(await run.stop()).toBe(0);
  const ids = [...moved, file].flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    expect(text === '' || text.endsWith('\n')).toBe(true);
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { reqId: string }).reqId);
  });
  expect(new Set(ids).size).toBe(count);
  expect(ids).toHaveLength(count);
});

test('a program opens its file anew, or says why it cannot', async () => {
  const file = join(temporaryFolder('logs'), 'access.log');
  const server = await closedAtEnd(serve({ port: 0, fetch: () => new Response('hi'), accessLog: file }));
  await ask(server.port, 1);
  await eventually('the first line', () => readOrEmpty(file) !== '');
  renameSync(file, `${file}.1`);
  await server.reopenLogs();
  await ask(server.port, 2);
  await server.close();
  expect(readFileSync(`${file}.1`, 'utf8').split('\n')).toHaveLength(2);
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
  const other = await closedAtEnd(serve({ port: 0, fetch: () => new Response('hi') }));
  await expect(other.reopenLogs()).rejects.toThrow('start it with the option accessLog');
});

test('SIGUSR2 without an access log changes nothing', async () => {
  const run = await startServer(['--workers', '1']);
  run.child.kill('SIGUSR2');
  await eventually('the note', () => run.output.includes('SIGUSR2: there is no access log'));
  await ask(run.port, 1);
  expect(await run.stop()).toBe(0);
});

test.runIf(process.platform === 'linux')('a full device is reported once, and no request waits', async () => {
  const run = await startServer(['--workers', '1', '--access-log', '/dev/full']);
  for (let i = 0; i < 5; i++) {
    await ask(run.port, 100);
    await sleep(100);
  }
  expect(await run.stop()).toBe(0);
  expect(run.output.match(/The access log .*/g)).toEqual([
    "The access log /dev/full can't be written: no space is left on the device. Lines are dropped until it can be",
  ]);
});

test.runIf(process.platform === 'linux')(
  'a pipe that nobody reads drops lines, and goes on when it is read',
  async () => {
    const pipe = join(temporaryFolder('logs'), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const server = await closedAtEnd(
      serve({ port: 0, fetch: () => new Response('hi'), accessLog: pipe, logFormat: 'json' }),
    );
    for (let i = 0; i < 12; i++) await ask(server.port, 500);
    expect(server.stats().logLinesDropped).toBeGreaterThan(0);
    const reader = openSync(pipe, 'r');
    atEnd(() => closeSync(reader));
    const bytes = new Uint8Array(10_000);
    const read = readSync(reader, bytes);
    const lines = Buffer.from(bytes.buffer, 0, read).toString().split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ statusCode: 200 });
    expect(server.stats().requests).toBe(6000);
  },
);

function readOrEmpty(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
