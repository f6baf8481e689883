// Numbers from a real Redis, which is stopped and started again. Without a redis-server most tests are skipped.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLessor } from '../../src/durable/open-lessor.ts';
import { hasRedis, type Redis, runRedis, startRedis } from '../soak/redis.ts';
import { type Run, runCli } from '../support/cli.ts';
import { ask, eventually } from '../support/client.ts';
import { appFiles, startServer, temporaryFolder } from '../support/fixtures.ts';
import { readResponses } from '../support/responses.ts';

const files = appFiles();
/** An application whose counters are addressed by name. */
const APP = files.write(
  'app.mjs',
  `import { counter } from 'hotpath';
   export default { routes: { '/:name': ({ params }) => new Response(String(counter(params.name).add())) } };`,
);

async function start(url: string, ...args: string[]): Promise<Run> {
  return await startServer(['--redis', url, '--workers', '1', '--lease', '16', ...args]);
}

/** Takes the next number of one of the application's counters; undefined if the counter has no number left. */
async function next({ port }: Run, name: string): Promise<number | undefined> {
  const response = await fetch(`http://127.0.0.1:${port}/${name}`);
  const text = await response.text();
  return response.status === 200 ? Number(text) : undefined;
}

async function number({ port }: Run): Promise<number | undefined> {
  const [response] = readResponses(await ask(port));
  return response?.statusCode === 200 ? Number(response.content.slice(5)) : undefined;
}

test('without Redis a server starts, logs the reason, and hands out no numbers', async () => {
  const run = await start('redis://127.0.0.1:9');
  const [response] = readResponses(await ask(run.port));
  expect([response?.statusCode, response?.fields.get('retry-after')]).toEqual([503, '1']);
  expect(run.output).toMatch(/Numbers can't be leased: .*; trying again/);
});

describe.skipIf(!hasRedis())('with Redis', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  test('two servers, one after the other or together, never hand out the same number', async () => {
    const one = await start(redis.url);
    expect([await number(one), await number(one)]).toEqual([1, 2]);
    const other = await start(redis.url);
    expect([await number(other), await number(one)]).toEqual([33, 3]);
    await one.stop();
    // Redis takes no numbers back, so the unused numbers of a server are skipped.
    expect(await number(await start(redis.url))).toBe(65);
    expect(await redis.command('GET hotpath:counter:hotpath:hello')).toBe('$2');
  });

  test('every number is unique after Redis has lost its count', async () => {
    const run = await start(redis.url);
    const numbers = new Set<number>();
    for (let i = 0; i < 3; i++) numbers.add((await number(run)) as number);
    await redis.command('FLUSHALL');
    let given = numbers.size;
    for (let i = 0; i < 400; i++) {
      const next = await number(run);
      if (next !== undefined) {
        numbers.add(next);
        given++;
      }
    }
    expect(numbers.size).toBe(given);
    await eventually('a line about it', () => run.output.includes('Redis has lost its count'));
  });

  test('a key that is not a number is logged in one line', async () => {
    await redis.command('SET hotpath:counter:hotpath:hello x');
    const run = await start(redis.url);
    expect(await number(run)).toBe(undefined);
    expect(run.output).toMatch(/Numbers can't be leased: .*not an integer.*; trying again/);
    await redis.command('DEL hotpath:counter:hotpath:hello');
    await eventually('the end of it', () => run.output.includes('leased again'));
    expect(await number(run)).toBe(1);
  });

  describe('a counter that Redis refuses', () => {
    test.each([
      ['text', 'SET hotpath:counter:bad foo', 'value is not an integer'],
      ['a list', 'LPUSH hotpath:counter:bad foo', 'WRONGTYPE'],
      ['a hash', 'HSET hotpath:counter:bad a b', 'WRONGTYPE'],
      ['a fraction', 'SET hotpath:counter:bad 1.5', 'value is not an integer'],
      ['a number at its end', 'SET hotpath:counter:bad 9223372036854775800', 'would overflow'],
      ['a number beyond 2^53', 'SET hotpath:counter:bad 9007199254740990', 'it has reached its last number'],
    ])('%s: is logged once, and the other counters continue at full speed', async (_, command, reason) => {
      const own = await startRedis();
      const run = await start(own.url, APP);
      try {
        expect(await own.command(command)).not.toMatch(/^-/);
        expect(await next(run, 'bad')).toBe(undefined);
        const numbers: (number | undefined)[] = [];
        for (let i = 0; i < 500; i++) {
          numbers.push(await next(run, 'good'));
          if (i % 10 === 0) expect(await next(run, 'bad')).toBe(undefined);
        }
        // The first numbers of a counter came before its rate was known.
        expect(numbers.filter((value) => value === undefined).length).toBeLessThan(50);
        const lines = run.output.split('\n').filter((line) => line.includes('leased'));
        expect(lines).toEqual([expect.stringContaining(`Numbers can't be leased: counter 'bad': `)]);
        expect(lines[0]).toContain(reason);
        await own.command('DEL hotpath:counter:bad');
        await eventually('the end of it', () =>
          run.output.includes(`Numbers are leased again: counter 'bad'`),
        );
        expect(await next(run, 'bad')).toBe(1);
      } finally {
        await own.remove();
      }
    });

    test('a count below 0 is not a lost count: numbers begin at 1 or above', async () => {
      const own = await startRedis();
      await own.command('SET hotpath:counter:a -1000000');
      const run = await start(own.url, APP);
      expect(await next(run, 'a')).toBe(1);
      await own.remove();
    });
  });

  test.each([
    ['a full memory', ['CONFIG SET maxmemory 1', 'CONFIG SET maxmemory-policy noeviction'], 'OOM'],
    ['a replica', ['REPLICAOF 127.0.0.1 9'], 'READONLY'],
    ['too few replicas', ['CONFIG SET min-replicas-to-write 3'], 'NOREPLICAS'],
  ])('%s concerns all counters, and is logged once', async (_, commands, reason) => {
    const own = await startRedis();
    for (const command of commands) expect(await own.command(command)).toBe('+OK');
    const run = await start(own.url, APP);
    for (const name of ['a', 'b', 'c', 'a', 'b', 'c']) expect(await next(run, name)).toBe(undefined);
    const lines = run.output.split('\n').filter((line) => line.includes('leased'));
    expect(lines).toEqual([
      expect.stringMatching(`^Numbers can't be leased: Redis at ${own.url} can't be used: ${reason} `),
    ]);
    await own.remove();
  });

  test('each of two servers corrects a lost count at once, and every number is unique', async () => {
    const own = await startRedis();
    const servers = [await start(own.url, APP), await start(own.url, APP)];
    const numbers = new Set<number>();
    let given = 0;
    let missing = 0;
    const take = async (): Promise<void> => {
      for (const server of servers) {
        const value = await next(server, 'a');
        if (value === undefined) missing++;
        else {
          numbers.add(value);
          given++;
        }
      }
    };
    for (let i = 0; i < 100; i++) await take();
    for (const command of ['FLUSHALL', 'DEL hotpath:counter:a', 'SET hotpath:counter:a 7']) {
      await own.command(command);
      missing = 0;
      for (let i = 0; i < 300; i++) await take();
      expect(missing).toBeLessThan(30);
    }
    expect(numbers.size).toBe(given);
    await own.remove();
  });

  test('a keeper with a low count corrects a lost count beyond the numbers of other servers', async () => {
    const own = await startRedis();
    const notes: string[] = [];
    const open = () => openLessor({ folder: undefined, redis: own.url }, (text) => notes.push(text));
    const [one, other] = [await open(), await open()];
    const bases: [string, number][] = [];
    const lease = async (lessor: typeof one, name: string, floor: number): Promise<void> => {
      const grant = (_: string, base: number): number => bases.push([name, base]);
      expect((await lessor.lease(new Map([['a', 10]]), grant, () => floor)).size).toBe(0);
    };
    await lease(one, 'one', 0);
    await lease(other, 'other', 0);
    await own.command('DEL hotpath:counter:a');
    await lease(one, 'one', 10);
    await lease(other, 'other', 20);
    const [, , again, then] = bases.map(([, base]) => base);
    // This server knew only 10, yet the count is now above the other server's, and both servers have the same count again.
    expect(again).toBeGreaterThanOrEqual(20);
    expect(then).toBe((again as number) + 10);
    expect(notes).toEqual([
      `Redis has lost its count of 'a': it stood at 0, and this server had numbers up to 10; the numbers go on after ${again}`,
    ]);
    await Promise.all([one.end(new Map()), other.end(new Map())]);
    await own.remove();
  });

  test('a count that is lost again and again does not use up all numbers', async () => {
    const own = await startRedis();
    const open = () => openLessor({ folder: undefined, redis: own.url }, () => {});
    const lessors = [await open(), await open()];
    let floor = 0;
    for (let i = 0; i < 20; i++) {
      // Each server sees the numbers that the other one skipped.
      for (const lessor of lessors)
        await lessor.lease(
          new Map([['a', 10]]),
          (_, base) => {
            floor = base + 10;
          },
          () => floor,
        );
      lessors.reverse();
      await own.command('FLUSHALL');
    }
    expect(floor).toBeLessThan(2 ** 42);
    await Promise.all(lessors.map((lessor) => lessor.end(new Map())));
    await own.remove();
  });
});

describe.skipIf(!hasRedis())('a folder and Redis', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  test('Redis never hands out numbers of the folder again, nor the folder those of Redis', async () => {
    const folder = temporaryFolder('redis-state');
    const alone = ['--workers', '1', '--lease', '16', '--state', folder];
    const first = await startServer([APP, ...alone]);
    expect([await next(first, 'x'), await next(first, 'x'), await next(first, 'unused')]).toEqual([1, 2, 1]);
    await first.stop();
    const second = await start(redis.url, APP, '--state', folder);
    expect([await next(second, 'x'), await next(second, 'x')]).toEqual([3, 4]);
    await second.stop();
    // Names that were not used meanwhile are in Redis, too.
    const third = await start(redis.url, APP);
    const [x, unused] = [await next(third, 'x'), await next(third, 'unused')];
    expect(x).toBeGreaterThan(4);
    expect(unused).toBe(2);
    await third.stop();
    const { code, output, errors } = await runCli([APP, '--port', '0', ...alone]);
    expect([code, output]).toEqual([1, '']);
    expect(errors).toMatch(
      /^hotpath: the counters of .* got their numbers from Redis at .*: give --redis, too, or, .*\n$/,
    );
    const [, mark] = /remove (.*)\n$/.exec(errors) as unknown as [string, string];
    rmSync(mark);
    const fourth = await startServer([APP, ...alone]);
    expect(await next(fourth, 'x')).toBeGreaterThan(4);
  });

  /** Leases three numbers of a counter as a server with these options does, and then ends as by a kill, or by a stop. */
  async function use(mode: string, folder: string, clean: boolean): Promise<number[]> {
    const lessor = await openLessor(
      {
        folder: mode === 'redis' ? undefined : folder,
        redis: mode === 'state' ? undefined : redis.url,
      },
      () => {},
    );
    const numbers: number[] = [];
    for (let i = 0; i < 2; i++)
      await lessor.lease(new Map([['x', 3]]), (_, base) => numbers.push(base + 1, base + 2, base + 3));
    // The last number was not handed out.
    const last = clean && mode === 'state' ? numbers.pop() : undefined;
    if (clean) await lessor.end(new Map([['x', last === undefined ? (numbers.at(-1) as number) : last - 1]]));
    else if (mode !== 'state') await (lessor as { redis?: { end(): Promise<void> } }).redis?.end();
    return numbers;
  }

  const MODES = ['state', 'redis', 'both'];
  const sequences = MODES.flatMap((a) =>
    MODES.flatMap((b) => MODES.flatMap((c) => MODES.map((d) => [a, b, c, d]))),
  )
    // A folder and a Redis that were never used together can not detect each other's numbers.
    .filter((modes) => {
      const before = new Set(modes.slice(0, modes.includes('both') ? modes.indexOf('both') : 4));
      return !(before.has('state') && before.has('redis'));
    });

  test.each([true, false])(
    'in every order of options every number is unique, or the start fails; clean stop: %s',
    async (clean) => {
      let refused = 0;
      for (const modes of sequences) {
        const folder = temporaryFolder('redis-state');
        await redis.command('FLUSHALL');
        const given: number[] = [];
        for (const mode of modes)
          try {
            given.push(...(await use(mode, folder, clean)));
          } catch (error) {
            refused++;
            expect(mode).toBe('state');
            expect((error as Error).message).toMatch(/got their numbers from Redis/);
          }
        expect(new Set(given).size, `${modes}: ${given}`).toBe(given.length);
      }
      expect(refused).toBeGreaterThan(10);
    },
  );

  test('every number is unique after Redis was emptied between two starts', async () => {
    const folder = temporaryFolder('redis-state');
    await redis.command('FLUSHALL');
    const before = await use('both', folder, true);
    await redis.command('FLUSHALL');
    const after = await use('both', folder, true);
    expect(Math.min(...after)).toBeGreaterThan(Math.max(...before));
  });

  test('a number from Redis is handed out only after the folder has recorded it', async () => {
    const folder = temporaryFolder('redis-state');
    await redis.command('FLUSHALL');
    const run = await start(redis.url, APP, '--state', folder);
    const value = (await next(run, 'x')) as number;
    const text = readFileSync(join(folder, 'counters'), 'utf8');
    expect(Number(/"x": (\d+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(value);
  });
});

test.skipIf(!hasRedis())(
  'two servers under load, Redis down twice: every number is unique',
  { timeout: 120_000 },
  async () => {
    const { given, exhausted } = await runRedis(60_000, 2);
    expect(given).toBeGreaterThanOrEqual(60_000);
    expect(exhausted).toBeGreaterThan(0);
  },
);
