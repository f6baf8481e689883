// The size and the time of leases, with a simulated clock and a lessor that fails on request.

import { describe, expect, test } from 'vitest';
import { CountersFile } from '../../src/durable/counters-file.ts';
import { LeaseRenewer } from '../../src/durable/lease-renewer.ts';
import type { Lessor } from '../../src/durable/lessor.ts';
import { KIND_COUNTER_LEASED } from '../../src/memory/codes.ts';
import { viewsOf } from '../../src/memory/views.ts';
import { compileModule, type Exports, instantiate } from '../../src/wasm/instance.ts';
import {
  awaitLease,
  beginKeeping,
  bellOf,
  leaseCounters,
  leaseSize,
  tellNews,
} from '../../src/wasm/state/leasing.ts';
import { claimRow } from '../../src/wasm/state/names.ts';
import { rowPointer, setCounting } from '../../src/wasm/state/rows.ts';
import { smallMemory } from '../support/memory.ts';
import { Disk } from './disk.ts';

const module = compileModule();
const SIZE = 8;

interface Fixture {
  exports: Exports;
  pointerOf(name: string): number;
  leases: LeaseRenewer;
  /** The numbers that the keeper requested from the lessor, by counter name. */
  asked: [string, number][];
  notes: string[];
  /** The error of the lessor, if it is to fail. */
  failure: { of?: Error | undefined; name?: string };
  /** The count of a counter's leased numbers that are left. */
  left(name: string): number;
  take(name: string, count: number): number[];
  passMs(ms: number): void;
  views: ReturnType<typeof viewsOf>;
  ended: ReadonlyMap<string, number>[];
}

function fixture(size = SIZE): Fixture {
  const memory = smallMemory();
  const views = viewsOf(memory);
  leaseCounters(views, size);
  setCounting(views, 0, KIND_COUNTER_LEASED);
  beginKeeping(views);
  const exports = instantiate(module, memory);
  const pointerOf = (name: string): number => rowPointer(claimRow(views, 'counter', name));
  let nowMs = 0;
  const ends = new Map<string, number>();
  const failure: Fixture['failure'] = {};
  const asked: [string, number][] = [];
  const ended: ReadonlyMap<string, number>[] = [];
  const lessor: Lessor = {
    lease: async (wanted, grant) => {
      const refusals = new Map<string, Error>();
      for (const [name, count] of wanted) {
        if (failure.of !== undefined && (failure.name ?? name) === name) {
          refusals.set(name, failure.of);
          continue;
        }
        asked.push([name, count]);
        const base = ends.get(name) ?? 0;
        ends.set(name, base + count);
        grant(name, base);
      }
      if (failure.of !== undefined && failure.name === undefined) throw failure.of;
      return refusals;
    },
    end: (last) => void ended.push(last),
  };
  const notes: string[] = [];
  return {
    exports,
    pointerOf,
    leases: new LeaseRenewer(
      exports,
      views,
      lessor,
      (text) => notes.push(text),
      () => nowMs,
    ),
    asked,
    notes,
    failure,
    left: (name) => exports.leasedNumbers(pointerOf(name)),
    take: (name, count) => Array.from({ length: count }, () => exports.counterAdd(pointerOf(name), 1)),
    passMs: (ms) => {
      nowMs += ms;
    },
    views,
    ended,
  };
}

const NAME = 'hotpath:hello';

/**
 * Simulates threads that take numbers for 20 s without a pause, even while the keeper waits for the disk.
 * @returns how many requests got no number, in the first 5 s and later; how many got one; and the last leased number
 */
async function load({
  size,
  perMs,
  syncMs,
}: {
  size: number;
  perMs: (ms: number) => number;
  syncMs: number;
}): Promise<{ missed: { before: number; after: number }; count: number; last: number }> {
  const { exports, views, pointerOf } = fixture(size);
  const counter = pointerOf(NAME);
  const disk = new Disk();
  const file = new CountersFile('/state', disk);
  let nowMs = 0;
  let last = 0;
  let count = 0;
  const missed = { before: 0, after: 0 };
  const passMs = (): void => {
    for (let i = perMs(nowMs++); i > 0; i--) {
      const number = exports.counterAdd(counter, 1);
      if (number < 0) missed[nowMs <= 5000 ? 'before' : 'after']++;
      else if (number <= last) expect.fail(`${number} after ${last}`);
      else {
        last = number;
        count++;
      }
    }
  };
  disk.before = (operation) => {
    if (operation.startsWith('sync')) for (let i = 0; i < syncMs; i++) passMs();
  };
  const leases = new LeaseRenewer(exports, views, file, expect.fail, () => nowMs);
  let rung = bellOf(views);
  await leases.renew();
  for (let atMs = nowMs; nowMs < 20_000; passMs())
    if (bellOf(views) !== rung || nowMs >= atMs + 1000) {
      rung = bellOf(views);
      atMs = nowMs;
      await leases.renew();
    }
  return { missed, count, last: file.leased.get(NAME) as number };
}

test('at first the current block and the next one are leased, and again when half is used', async () => {
  const { leases, asked, left, take, passMs } = fixture();
  await leases.renew();
  expect([asked, left(NAME)]).toEqual([[[NAME, 16]], 16]);
  take(NAME, SIZE - 1);
  passMs(60_000);
  await leases.renew();
  expect(asked.length).toBe(1);
  expect(take(NAME, 1)).toEqual([8]);
  await leases.renew();
  expect([asked[1], left(NAME)]).toEqual([[NAME, 8], 16]);
  expect(take(NAME, 16).at(-1)).toBe(24);
});

test('numbers for two seconds at the current rate are leased; fewer when the rate falls', async () => {
  const { leases, asked, left, take, passMs } = fixture();
  await leases.renew();
  // 8 numbers in 20 ms: 100 blocks in two seconds.
  passMs(20);
  take(NAME, SIZE);
  await leases.renew();
  expect(asked[1]).toEqual([NAME, 99 * SIZE]);
  expect(left(NAME)).toBe(100 * SIZE);
  for (let i = 0; i < 49; i++) {
    passMs(20);
    take(NAME, SIZE);
    await leases.renew();
  }
  expect(asked.length).toBe(2);
  passMs(20);
  take(NAME, SIZE);
  await leases.renew();
  expect(asked[2]).toEqual([NAME, 50 * SIZE]);
  // The blocks of a lease are consecutive.
  expect(take(NAME, 100 * SIZE)).toEqual(Array.from({ length: 100 * SIZE }, (_, i) => 51 * SIZE + 1 + i));
  for (let i = 0; i < 60; i++) {
    passMs(60_000);
    take(NAME, SIZE);
    await leases.renew();
  }
  const few = asked.slice(-5);
  for (const [, count] of few) expect(count).toBeLessThanOrEqual(2 * SIZE);
  for (const [, count] of asked) expect(count).toBeGreaterThan(0);
});

test('a slow lease counts for a while: then numbers for four times its duration are leased, too', async () => {
  const { leases, asked, take, passMs } = fixture();
  await leases.renew();
  leases.delayed(1000);
  leases.delayed(0);
  passMs(20);
  take(NAME, SIZE);
  await leases.renew();
  // 8 numbers in 20 ms, for two seconds and four times 900 ms; 8 numbers are left.
  expect(asked[1]).toEqual([NAME, (SIZE / 20) * (2000 + 4 * 900) - SIZE]);
});

test('a few numbers in a moment do not count as a rate', async () => {
  const { leases, asked, take, passMs } = fixture();
  await leases.renew();
  take(NAME, SIZE - 1);
  passMs(20);
  await leases.renew();
  expect(asked.length).toBe(1);
});

test('numbers that threads requested but did not get are leased, too', async () => {
  const { leases, asked, take, passMs } = fixture();
  await leases.renew();
  passMs(100);
  expect(take(NAME, 5000).filter((number) => number > 0).length).toBe(2 * SIZE);
  await leases.renew();
  expect(asked[1]).toEqual([NAME, 100_000]);
});

test('requests while leases fail do not raise the rate, since clients may retry at once', async () => {
  const { leases, asked, failure, take, passMs } = fixture();
  await leases.renew();
  passMs(300);
  take(NAME, 2 * SIZE);
  await leases.renew();
  const before = asked.length;
  const [, count] = asked.at(-1) as [string, number];
  take(NAME, count);
  failure.of = new Error('away');
  await leases.renew();
  for (let i = 0; i < 5; i++) {
    take(NAME, 20_000);
    passMs(1000);
    await leases.renew();
  }
  failure.of = undefined;
  passMs(1000);
  await leases.renew();
  expect(asked.slice(before)).toEqual([[NAME, expect.any(Number)]]);
  expect(asked.at(-1)?.[1]).toBeLessThanOrEqual(2 * count);
});

test('at most 2^24 numbers are leased', async () => {
  const { leases, left, take } = fixture();
  for (let i = 0; i < 10; i++) {
    await leases.renew();
    take(NAME, 100_000);
  }
  await leases.renew();
  expect(left(NAME)).toBeLessThanOrEqual(2 ** 24);
});

describe('on a slow disk, after a few leases, numbers never run out for', () => {
  test.each([
    ['the default lease', 4096, 50, 100],
    ['the default lease', 4096, 50, 1000],
    ['a small lease', 16, 50, 1],
    ['a small lease', 16, 50, 100],
    ['a small lease', 16, 50, 1000],
    ['the smallest lease', 1, 50, 100],
    ['the default lease', 4096, 400, 300],
  ])('%s (%i): %i numbers a millisecond, %i ms a sync', async (_, size, perMs, syncMs) => {
    const { missed, last, count } = await load({ size, perMs: () => perMs, syncMs });
    // The first lease, made before the load was known, and the first one that is as large as the load.
    expect(missed.before).toBeLessThan((2 * 2 * syncMs + 10) * perMs);
    expect(missed.after).toBe(0);
    // The numbers that a crash skips: those of two seconds and eight syncs, and the excess of a first guess.
    expect(last - count).toBeLessThan(2 * perMs * (2000 + 8 * syncMs) + 2 * size);
  });

  test('a load that doubles every three seconds', async () => {
    const perMs = (ms: number): number => 10 * 2 ** Math.floor(ms / 3000);
    expect((await load({ size: 16, perMs, syncMs: 100 })).missed.after).toBe(0);
  });

  test('a load that comes and goes', async () => {
    const perMs = (ms: number): number => (ms % 2000 < 500 ? 50 : 0);
    expect((await load({ size: 16, perMs, syncMs: 100 })).missed.after).toBe(0);
  });
});

test('each counter has its own leases, as soon as it has a name', async () => {
  const { leases, asked, take } = fixture();
  await leases.renew();
  expect(take('a', 1)).toEqual([-1]);
  await leases.renew();
  expect(asked).toEqual([
    [NAME, 16],
    ['a', 16],
  ]);
  expect([take('a', 2), take(NAME, 1)]).toEqual([[1, 2], [1]]);
});

test('a failure is logged once, tried again after growing pauses, and its end is logged once', async () => {
  const { leases, asked, notes, failure, take, passMs, views } = fixture();
  await leases.renew();
  failure.of = new Error('no space');
  take(NAME, SIZE);
  const pauses: number[] = [];
  for (let i = 0; i < 10; i++) {
    await leases.renew();
    pauses.push(leases.pauseMs);
    // The pause is not over, so the keeper does not retry.
    passMs(leases.pauseMs - 1);
    await leases.renew();
    expect(leases.pauseMs).toBe(pauses.at(-1));
    passMs(1);
  }
  expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
  expect(notes).toEqual(["Numbers can't be leased: no space; trying again"]);
  expect(take(NAME, 9)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, -1]);
  // No thread waits for a lease while leases fail.
  const startMs = performance.now();
  awaitLease(views, { leasedNumbers: () => 0 } as unknown as Exports, rowPointer(0), 60_000);
  expect(performance.now() - startMs).toBeLessThan(30_000);
  failure.of = undefined;
  await leases.renew();
  expect(notes.slice(1)).toEqual(['Numbers are leased again']);
  expect(leases.pauseMs).toBe(0);
  expect(take(NAME, 1)).toEqual([17]);
  expect(asked.every(([, count]) => count > 0)).toBe(true);
});

test('a counter that gets no numbers does not affect others: each has its own pause and its own log line', async () => {
  const { leases, failure, take, notes, passMs, asked, views, pointerOf } = fixture();
  take('a', 1);
  take('b', 1);
  Object.assign(failure, { of: new Error('wrong type'), name: 'a' });
  await leases.renew();
  expect([take('a', 1), take('b', 2)]).toEqual([[-1], [1, 2]]);
  for (let i = 0; i < 200; i++) {
    // The failing counter does not wake the keeper, and no thread waits for it.
    const before = bellOf(views);
    take('a', 3);
    expect(bellOf(views)).toBe(before);
    awaitLease(views, { leasedNumbers: () => 0 } as unknown as Exports, pointerOf('a'), 60_000);
    passMs(5);
    take('b', SIZE);
    await leases.renew();
    expect(leases.pauseMs).toBe(0);
    expect(leases.waitMs(1000)).toBeLessThanOrEqual(640);
  }
  expect(take('b', 1)).toEqual([2 + 200 * SIZE + 1]);
  expect(notes).toEqual(["Numbers can't be leased: counter 'a': wrong type; trying again"]);
  failure.of = new Error('another reason');
  passMs(1000);
  await leases.renew();
  expect(notes[1]).toBe("Numbers can't be leased: counter 'a': another reason; trying again");
  failure.of = undefined;
  passMs(1000);
  await leases.renew();
  expect(notes.slice(2)).toEqual(["Numbers are leased again: counter 'a'"]);
  expect(take('a', 1)).toEqual([1]);
  // After its own failure the counter is leased numbers as before.
  expect(asked.some(([name]) => name === 'a')).toBe(true);
  expect(leases.waitMs(1000)).toBe(1000);
});

test('at the end the lessor gets the last number of each counter, and no number is handed out afterwards', async () => {
  const { leases, take, ended, exports, views } = fixture();
  take('a', 1);
  await leases.renew();
  take('a', 3);
  take('never', 1);
  await leases.end();
  expect(ended).toEqual([
    new Map([
      ['hotpath:hello', 0],
      ['a', 3],
    ]),
  ]);
  expect([take('a', 1), take('never', 1)]).toEqual([[-1], [-1]]);
  expect(exports.counterValue(rowPointer(1))).toBe(3);
  expect(leaseSize(views)).toBe(SIZE);
  expect(beginKeeping(views)).toBe(true);
  expect(beginKeeping(views)).toBe(false);
  tellNews(views, 'ended');
  expect(beginKeeping(views)).toBe(true);
});
