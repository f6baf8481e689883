// How much is leased, and when: by a clock that is set, from a lessor that fails when it is told to.

import { expect, test } from 'vitest';
import { Leases } from '../../src/durable/leases.ts';
import type { Lessor } from '../../src/durable/lessor.ts';
import { KIND_COUNTER_LEASED } from '../../src/protocol/codes.ts';
import { compileModule, type Exports, instantiate } from '../../src/wasm/instance.ts';
import { awaitLease, beginKeeping, leaseCounters, leaseSize, tellNews } from '../../src/wasm/leases.ts';
import { createMemory, rowPointer, setCounting, viewsOf } from '../../src/wasm/memory.ts';
import { claimRow } from '../../src/wasm/names.ts';

const module = compileModule();
const SIZE = 8;

interface Fixture {
  exports: Exports;
  leases: Leases;
  /** What the lessor was asked for, by name. */
  asked: [string, number][];
  notes: string[];
  /** What the lessor fails with, if it does. */
  failure: { of?: Error | undefined; name?: string };
  /** Blocks that are left of a counter. */
  left(name: string): number;
  take(name: string, count: number): number[];
  passMs(ms: number): void;
  views: ReturnType<typeof viewsOf>;
  ended: ReadonlyMap<string, number>[];
}

function fixture(): Fixture {
  const memory = createMemory({
    slotCount: 1,
    headBytesMax: 1024,
    targetBytesMax: 512,
    fieldCountMax: 8,
    contentBytesMax: 0,
  });
  const views = viewsOf(memory);
  leaseCounters(views, SIZE);
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
      for (const [name, count] of wanted) {
        if (failure.of !== undefined && (failure.name ?? name) === name) continue;
        asked.push([name, count]);
        const base = ends.get(name) ?? 0;
        ends.set(name, base + count);
        grant(name, base);
      }
      if (failure.of !== undefined) throw failure.of;
    },
    end: (last) => void ended.push(last),
  };
  const notes: string[] = [];
  return {
    exports,
    leases: new Leases(
      exports,
      views,
      lessor,
      (text) => notes.push(text),
      () => nowMs,
    ),
    asked,
    notes,
    failure,
    left: (name) => exports.leasedBlocks(pointerOf(name)),
    take: (name, count) => Array.from({ length: count }, () => exports.counterAdd(pointerOf(name), 1)),
    passMs: (ms) => {
      nowMs += ms;
    },
    views,
    ended,
  };
}

const NAME = 'hotpath:hello';

test('at first the block at hand and one ahead, and as much again when half is gone', async () => {
  const { leases, asked, left, take, passMs } = fixture();
  await leases.renew();
  expect([asked, left(NAME)]).toEqual([[[NAME, 16]], 2]);
  take(NAME, SIZE - 1);
  passMs(60_000);
  await leases.renew();
  expect(asked.length).toBe(1);
  expect(take(NAME, 1)).toEqual([8]);
  await leases.renew();
  expect([asked[1], left(NAME)]).toEqual([[NAME, 8], 2]);
  expect(take(NAME, 16).at(-1)).toBe(24);
});

test('for two seconds of what goes, some of it in reserve; less when less goes', async () => {
  const { leases, asked, left, take, passMs } = fixture();
  await leases.renew();
  // 8 numbers in 20 ms: 100 blocks in two seconds.
  passMs(20);
  take(NAME, SIZE);
  await leases.renew();
  expect(asked[1]).toEqual([NAME, 99 * SIZE]);
  expect(left(NAME)).toBe(14);
  expect(leases.reserves).toBe(true);
  // Those in reserve follow without asking.
  for (let i = 0; i < 49; i++) {
    take(NAME, SIZE);
    await leases.renew();
    expect(left(NAME)).toBeGreaterThanOrEqual(14);
  }
  expect(asked.length).toBe(2);
  passMs(100_000);
  take(NAME, SIZE);
  await leases.renew();
  // 50 blocks in 100 s are few, but half as many as before may be needed at once.
  expect(asked.length).toBe(2);
  const numbers = take(NAME, 10 * SIZE);
  expect(numbers[0]).toBe(8 + 50 * 8 + 1);
  for (let i = 0; i < 60; i++) {
    passMs(60_000);
    take(NAME, SIZE);
    await leases.renew();
  }
  const few = asked.slice(-5);
  for (const [, count] of few) expect(count).toBeLessThanOrEqual(2 * SIZE);
  for (const [, count] of asked) expect(count).toBeGreaterThan(0);
});

test('never more than 1024 blocks', async () => {
  const { leases, asked, take } = fixture();
  for (let i = 0; i < 3000; i++) {
    await leases.renew();
    expect(take(NAME, SIZE).at(-1)).toBe((i + 1) * SIZE);
  }
  expect(Math.max(...asked.map(([, count]) => count))).toBeLessThanOrEqual(1024 * SIZE);
});

test('each counter by itself, as soon as it has a name', async () => {
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

test('a failure is noted once, tried again after growing pauses, and its end is noted once', async () => {
  const { leases, asked, notes, failure, take, passMs, views } = fixture();
  await leases.renew();
  failure.of = new Error('no space');
  take(NAME, SIZE);
  const pauses: number[] = [];
  for (let i = 0; i < 10; i++) {
    await leases.renew();
    pauses.push(leases.pauseMs);
    // Too early: nothing is tried.
    passMs(leases.pauseMs - 1);
    await leases.renew();
    expect(leases.pauseMs).toBe(pauses.at(-1));
    passMs(1);
  }
  expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
  expect(notes).toEqual(["Numbers can't be leased: no space; trying again"]);
  expect(take(NAME, 9)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, -1]);
  // Nobody waits for a lease that doesn't come.
  const startMs = performance.now();
  awaitLease(views, { leasedBlocks: () => 0 } as unknown as Exports, rowPointer(0), 60_000);
  expect(performance.now() - startMs).toBeLessThan(30_000);
  failure.of = undefined;
  await leases.renew();
  expect(notes.slice(1)).toEqual(['Numbers are leased again']);
  expect(leases.pauseMs).toBe(0);
  expect(take(NAME, 1)).toEqual([17]);
  expect(asked.every(([, count]) => count > 0)).toBe(true);
});

test('what one counter is refused does not keep others from theirs', async () => {
  const { leases, failure, take } = fixture();
  take('a', 1);
  take('b', 1);
  Object.assign(failure, { of: new Error('wrong type'), name: 'a' });
  await leases.renew();
  expect([take('a', 1), take('b', 2)]).toEqual([[-1], [1, 2]]);
});

test('at the end the last number of each is told, and none follows', async () => {
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
