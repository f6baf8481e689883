// Durable state from the command line: after stops and kills, on a failing disk, and with two servers on one folder.

import { chmodSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Run, runCli } from '../support/cli.ts';
import { ask, connect, eventually, GET } from '../support/client.ts';
import { appFiles, startServer, temporaryFolder } from '../support/fixtures.ts';
import { readResponses } from '../support/responses.ts';

const files = appFiles();
const APP = files.write(
  'app.mjs',
  `import { counted, counter } from 'hotpath';
   const b = counter('b');
   export default {
     routes: {
       '/a': counted('', counter('a')),
       '/a/:id': counted('', counter('a')),
       '/b/:n': ({ params }) => new Response(String(b.add(Number(params.n)))),
       '/b': () => new Response(String(b.value)),
       '/fixed': new Response('fixed'),
       '/late/:name': ({ params }) => new Response(String(counter(params.name).add())),
     },
     error: undefined,
   };`,
);

async function start(folder: string, ...args: string[]): Promise<Run> {
  return await startServer(['--state', folder, '--workers', '2', ...args], {}, true);
}

async function get(
  { port }: Run,
  path: string,
): Promise<{ status: number; text: string; retryAfter: string | null }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return {
    status: response.status,
    text: await response.text(),
    retryAfter: response.headers.get('retry-after'),
  };
}

async function number(run: Run, path: string): Promise<number> {
  const { status, text } = await get(run, path);
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return Number(text);
}

const kill = async (run: Run): Promise<void> => {
  process.kill(-(run.child.pid as number), 'SIGKILL');
  await run.exit;
};

test('the count of the built-in response continues after a stop, and skips numbers after a kill', async () => {
  const folder = join(temporaryFolder('state'), 'not', 'there');
  const hello = async ({ port }: Run): Promise<string | undefined> =>
    readResponses(await ask(port))[0]?.content;
  const first = await start(folder, '--lease', '64');
  expect([await hello(first), await hello(first)]).toEqual(['Hello1', 'Hello2']);
  expect(await first.stop()).toBe(0);
  const second = await start(folder, '--lease', '64');
  expect([await hello(second), await hello(second)]).toEqual(['Hello3', 'Hello4']);
  await kill(second);
  const third = await start(folder);
  const jumped = Number((await hello(third))?.slice(5));
  expect(jumped).toBeGreaterThan(4);
  expect(jumped).toBeLessThanOrEqual(2 + 2 * 64 + 1);
  expect(await third.stop()).toBe(0);
  expect(third.output + third.errors).not.toContain('lease');
});

test("an application's counters are kept: of prepared routes, of handlers, and created later", async () => {
  const folder = temporaryFolder('state');
  const first = await start(folder, APP, '--lease', '16');
  expect([await number(first, '/a'), await number(first, '/a/1'), await number(first, '/a')]).toEqual([
    1, 2, 3,
  ]);
  expect([await number(first, '/b/16'), await number(first, '/b/3'), await number(first, '/b')]).toEqual([
    16, 19, 19,
  ]);
  expect((await get(first, '/b/17')).status).toBe(500);
  const says = "counter 'b' adds up to 16 at once, not 17: that is its lease (--lease)";
  await eventually('a line about it', () => first.errors.includes(says));
  expect([await number(first, '/late/x'), await number(first, '/late/y')]).toEqual([1, 1]);
  await first.stop();
  const second = await start(folder, APP, '--lease', '1024');
  expect([await number(second, '/b'), await number(second, '/b/1000'), await number(second, '/a')]).toEqual([
    19, 1019, 4,
  ]);
  await second.stop();
  const third = await start(folder, APP);
  expect([await number(third, '/late/x'), await number(third, '/b')]).toEqual([2, 1019]);
});

test('gauges and limiters are restored: exactly after a stop, about a second old after a kill', async () => {
  const folder = temporaryFolder('state');
  const app = files.write(
    'limits.mjs',
    `import { gauge, limiter } from 'hotpath';
     const level = gauge('level');
     const limit = limiter('limit', { limit: 100, windowMs: 86_400_000 });
     export default {
       routes: {
         '/level/:n': ({ params }) => new Response(String(level.add(Number(params.n)))),
         '/take/:cost': ({ params }) => new Response(String(limit.take('a', Number(params.cost)).remaining)),
       },
     };`,
  );
  const first = await start(folder, app);
  expect([await number(first, '/level/-2.5'), await number(first, '/take/40')]).toEqual([-2.5, 60]);
  await first.stop();
  const second = await start(folder, app);
  expect([await number(second, '/level/1'), await number(second, '/take/10')]).toEqual([-1.5, 50]);
  const snapshot = (): string => readFileSync(join(folder, 'snapshot'), 'latin1');
  // The key's record is at the end.
  const used = (): string => snapshot().slice(-16);
  const before = used();
  await eventually('a snapshot', () => /"level":\s*-1\.5/.test(snapshot()) && used() !== before);
  await kill(second);
  const third = await start(folder, app);
  expect([await number(third, '/level/0'), await number(third, '/take/50')]).toEqual([-1.5, 0]);
  expect(third.errors).toBe('');
});

test('a server starts when a gauge has become a counter, and 200 others have new names', async () => {
  const folder = temporaryFolder('state');
  const appOf = (name: string, kind: string, prefix: string): string =>
    files.write(
      name,
      `import { counter, gauge } from 'hotpath';
       const jobs = ${kind}('jobs');
       const many = Array.from({ length: 200 }, (_, i) => gauge('${prefix} ' + i));
       export default {
         fetch: () => new Response(String(jobs.add() + many.reduce((sum, one) => sum + one.add(), 0))),
       };`,
    );
  const old = appOf('old.mjs', 'gauge', 'old');
  const fresh = appOf('fresh.mjs', 'counter', 'new');
  for (const [app, sum] of [
    [old, 201],
    [fresh, 201],
    [fresh, 402],
    [old, 402],
  ] as const) {
    const run = await start(folder, app);
    expect(await number(run, '/')).toBe(sum);
    expect(await run.stop()).toBe(0);
    expect(run.errors).toBe('');
  }
});

test('a limiter with a longer window keeps the share that a key has used', async () => {
  const folder = temporaryFolder('state');
  const write = (windowMs: number): string =>
    files.write(
      'window.mjs',
      `import { limiter } from 'hotpath';
       const limited = limiter('L', { limit: 10, windowMs: ${windowMs} });
       export default {
         routes: { '/:key/:cost': ({ params }) =>
           new Response(String(limited.take(params.key, Number(params.cost)).remaining)) },
       };`,
    );
  const run = await start(folder, write(60_000), '--workers', '1');
  expect(await number(run, '/k/5')).toBe(5);
  const app = write(3_600_000);
  run.child.kill('SIGHUP');
  await eventually('the reload', () => run.output.includes('Reloaded'));
  expect(await number(run, '/other/1')).toBe(9);
  await run.stop();
  expect(await number(await start(folder, app, '--workers', '1'), '/k/1')).toBe(4);
});

test('leases survive a reload and the deaths of threads', async () => {
  const folder = temporaryFolder('state');
  const run = await start(folder, APP);
  expect(await number(run, '/a')).toBe(1);
  run.child.kill('SIGHUP');
  await eventually('the reload', () => run.output.includes('Reloaded'));
  expect(await number(run, '/a')).toBe(2);
});

test.each([
  ['below a file', join(APP, 'x'), 'ENOTDIR'],
  ['that cannot be created', '/proc/none/x', platform() === 'linux' ? 'ENOENT' : ''],
])('a folder %s is rejected with one line', async (_, folder, says) => {
  const { code, output, errors } = await runCli(['--port', '0', '--state', folder]);
  expect([code, output]).toEqual([1, '']);
  expect(errors).toContain(`can't be used: ${says}`);
  expect(errors.trim().split('\n')).toHaveLength(1);
});

test('a world-writable folder, and one with an impossible lock, are rejected with one line', async () => {
  const folder = temporaryFolder('state');
  chmodSync(folder, 0o777);
  const open = await runCli(['--port', '0', '--state', folder]);
  expect(open).toMatchObject({ code: 1, output: '' });
  expect(open.errors).toMatch(
    /^hotpath: the state folder .* can't be used: other users can write to it: run chmod 700 .*\n$/,
  );
  chmodSync(folder, 0o700);
  writeFileSync(join(folder, 'lock.999999999999999'), '');
  const spinning = await runCli(['--port', '0', '--state', folder]);
  expect(spinning).toMatchObject({ code: 1, output: '' });
  expect(spinning.errors).toMatch(
    /^hotpath: .* lock\.999999999999999, whose number is too high: remove it .*\n$/,
  );
});

test('a second server on the folder is rejected with one line, and the first keeps running', async () => {
  const folder = temporaryFolder('state');
  const first = await start(folder);
  const { code, output, errors } = await runCli(['--port', '0', '--state', folder]);
  expect([code, output]).toEqual([1, '']);
  expect(errors).toMatch(
    /^hotpath: the state folder .* is in use by another server: stop that server, .*\n$/,
  );
  expect(readResponses(await ask(first.port))[0]?.content).toBe('Hello1');
});

describe('unusable state gives one line and exit code 1, and is not changed:', () => {
  test.each([
    ['damaged', 'hotpath counters 1 7\n{}', /counters is damaged: its first line is incomplete/],
    ['empty', '', /counters is damaged/],
    ["another program's", '{"count": 7}', /counters is not hotpath's/],
  ])('a file that is %s', async (_, text, says) => {
    const folder = temporaryFolder('state');
    const path = join(folder, 'counters');
    writeFileSync(path, text);
    const { code, output, errors } = await runCli(['--port', '0', '--state', folder]);
    expect([code, output]).toEqual([1, '']);
    expect(errors).toMatch(/^hotpath: .*\n$/);
    expect(errors).toMatch(says);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('a folder that is a file', async () => {
    const path = join(temporaryFolder('state'), 'file');
    writeFileSync(path, '');
    const { code, errors } = await runCli(['--port', '0', '--state', path]);
    expect(code).toBe(1);
    expect(errors).toMatch(/^hotpath: the state folder .*file can't be used: .*\n$/);
  });
});

describe('while the disk fails', () => {
  test('requests that count get 503 once the lease is used up, other requests succeed, until the disk works again', async () => {
    const folder = temporaryFolder('state');
    const run = await start(folder, APP, '--lease', '16');
    expect([await number(run, '/a'), await number(run, '/b/1')]).toEqual([1, 1]);
    // A folder is in the place of the next file, so opening it fails.
    const obstacle = join(folder, 'counters.new');
    mkdirSync(obstacle);
    const got = new Set<number>([1]);
    let refusal: Awaited<ReturnType<typeof get>> | undefined;
    for (let i = 0; i < 500 && refusal === undefined; i++) {
      const answer = await get(run, '/a');
      if (answer.status === 200) got.add(Number(answer.text));
      else refusal = answer;
    }
    const refused = {
      status: 503,
      text: expect.stringContaining('no number can be handed out'),
      retryAfter: '1',
    };
    expect(refusal).toEqual(refused);
    expect([...got]).toEqual(Array.from(got, (_, i) => i + 1));
    expect(await get(run, '/a/1')).toEqual(refused);
    for (let i = 0; i < 40; i++) await get(run, '/b/1');
    expect(await get(run, '/b/1')).toEqual(refused);
    expect(await get(run, '/late/never')).toEqual(refused);
    expect(await get(run, '/fixed')).toMatchObject({ status: 200, text: 'fixed' });
    // In a pipeline, each request gets its own response.
    const client = await connect(run.port);
    client.send(GET.replace('/', '/fixed') + GET.replace('/', '/a') + GET.replace('/', '/fixed'));
    await client.until((received) => received.split('HTTP/1.1 ').length === 4 && received.endsWith('fixed'));
    client.close();
    expect(readResponses(client.received).map(({ statusCode }) => statusCode)).toEqual([200, 503, 200]);
    expect(run.output.match(/Numbers can't be leased: EISDIR.*; trying again\n/g)?.length).toBe(1);

    rmdirSync(obstacle);
    await eventually('the end of it', () => run.output.includes('Numbers are leased again'));
    const next = await number(run, '/a');
    expect(got.has(next)).toBe(false);
    expect(next).toBe(Math.max(...got) + 1);
    expect(await number(run, '/late/never')).toBe(1);
    expect(run.errors).toBe('');
    await run.stop();
    expect(run.output).not.toContain('skipped');
    expect(readdirSync(folder)).toEqual(['counters', 'lock.1']);
    const again = await start(folder, APP);
    expect(await number(again, '/a')).toBe(next + 1);
  });

  test('a stop that can not write the last numbers logs that numbers will be skipped', async () => {
    const folder = temporaryFolder('state');
    const run = await start(folder, APP, '--lease', '16');
    expect(await number(run, '/a')).toBe(1);
    mkdirSync(join(folder, 'counters.new'));
    expect(await run.stop()).toBe(0);
    expect(run.output).toContain(
      'The last numbers could not be written down, so some numbers will be skipped: EISDIR',
    );
    rmdirSync(join(folder, 'counters.new'));
    const again = await start(folder, APP);
    expect(await number(again, '/a')).toBe(33);
  });

  test('a server that starts then serves requests that need no number', async () => {
    const folder = temporaryFolder('state');
    mkdirSync(join(folder, 'counters.new'));
    const run = await start(folder, APP);
    expect((await get(run, '/a')).status).toBe(503);
    expect((await get(run, '/fixed')).status).toBe(200);
    rmdirSync(join(folder, 'counters.new'));
    await eventually('the end of it', () => run.output.includes('Numbers are leased again'));
    expect(await number(run, '/a')).toBe(1);
  });
});

describe('wrong usage', () => {
  test.each([
    [['--state', ''], '--state needs the path of a folder'],
    [['--lease', '16'], '--lease belongs to --state or --redis'],
    [['--state', 'x', '--lease', '1000'], "--lease must be a power of two, such as 1024 or 4096, not '1000'"],
    [['--state', 'x', '--lease', '0'], "--lease must be a whole number from 1 to 1048576, not '0'"],
    [['--state', 'x', '--model', 'thread'], '--model thread keeps no state: leave out --state or --model'],
    [
      ['--state', 'x', '--counter', 'none'],
      '--counter has no meaning with --state, which leases numbers: leave it out',
    ],
    [['--redis', 'localhost'], "--redis must be a URL such as redis://127.0.0.1:6379, not 'localhost'"],
  ])('%j', async (args, line) => {
    expect(await runCli(args)).toEqual({ code: 2, output: '', errors: `hotpath: ${line}\n` });
  });
});
