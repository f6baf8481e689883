// Numbers from a real Redis, which goes away and comes back. Where there is no redis-server, there is nothing to test.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hasRedis, type Redis, runRedis, startRedis } from '../soak/redis.ts';
import { type Run, startCli } from '../support/cli.ts';
import { ask, eventually } from '../support/client.ts';
import { readResponses } from '../support/responses.ts';

const running: Run[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((run) => run.stop()));
});

async function start(url: string, ...args: string[]): Promise<Run> {
  const run = await startCli(['--redis', url, '--workers', '1', '--lease', '16', ...args]);
  running.push(run);
  return run;
}

async function number({ port }: Run): Promise<number | undefined> {
  const [response] = readResponses(await ask(port));
  return response?.statusCode === 200 ? Number(response.content.slice(5)) : undefined;
}

test('without Redis a server starts, says so, and hands out none', async () => {
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

  test('two servers, one after the other and at once, never the same number', async () => {
    const one = await start(redis.url);
    expect([await number(one), await number(one)]).toEqual([1, 2]);
    const other = await start(redis.url);
    expect([await number(other), await number(one)]).toEqual([33, 3]);
    await one.stop();
    // What it had left is skipped: Redis takes nothing back.
    expect(await number(await start(redis.url))).toBe(65);
    expect(await redis.command('GET hotpath:counter:hotpath:hello')).toBe('$2');
  });

  test('a Redis that has lost its count gives nobody a number twice', async () => {
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

  test('a key that is no number is one line', async () => {
    await redis.command('SET hotpath:counter:hotpath:hello x');
    const run = await start(redis.url);
    expect(await number(run)).toBe(undefined);
    expect(run.output).toMatch(/Numbers can't be leased: .*not an integer.*; trying again/);
    await redis.command('DEL hotpath:counter:hotpath:hello');
    await eventually('the end of it', () => run.output.includes('leased again'));
    expect(await number(run)).toBe(1);
  });
});

test.skipIf(!hasRedis())(
  'two servers under load, Redis away twice: none comes twice',
  { timeout: 120_000 },
  async () => {
    const { given, exhausted } = await runRedis(60_000, 2);
    expect(given).toBeGreaterThanOrEqual(60_000);
    expect(exhausted).toBeGreaterThan(0);
  },
);
