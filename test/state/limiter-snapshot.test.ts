// Limiters that are written down and read again by another process: what was used is still used.

import { describe, expect, test } from 'vitest';
import { compileModule, type Exports, instantiate } from '../../src/wasm/instance.ts';
import { type Decision, decisionOf } from '../../src/wasm/limiter.ts';
import {
  type LimiterSnapshot,
  type Moment,
  readLimiter,
  restoreLimiter,
} from '../../src/wasm/limiter-snapshot.ts';
import { rowPointer } from '../../src/wasm/memory.ts';
import { Scratch } from '../../src/wasm/scratch.ts';
import { Table } from '../support/limiters.ts';
import { newMemory } from '../support/named-state.ts';

const module = compileModule();
const ROW = rowPointer(1);
const DAY_MS = 86_400_000;

/** A process, which has its own memory and its own clock. */
class Process {
  readonly memory = newMemory();
  readonly exports: Exports = instantiate(module, this.memory);
  readonly scratch = new Scratch(this.memory, this.exports, 1);

  constructor(private readonly startedMs: number) {}

  moment(wallMs: number): Moment {
    return { nowMs: wallMs - this.startedMs, wallMs };
  }

  open(limit: number, windowMs: number, keys: number, wallMs: number): void {
    this.scratch.randomize(16);
    this.exports.limiterOpen(ROW, this.scratch.pointer, limit, windowMs, keys, this.moment(wallMs).nowMs);
  }

  take(key: string, cost: number, wallMs: number): Decision {
    const { nowMs } = this.moment(wallMs);
    const length = this.scratch.write(key);
    return decisionOf(this.exports.limiterTake(ROW, this.scratch.pointer, length, cost, nowMs)) as Decision;
  }

  read(wallMs: number): LimiterSnapshot {
    const now = this.moment(wallMs);
    return JSON.parse(JSON.stringify(readLimiter(this.memory, ROW, now.nowMs, now)));
  }

  restore(snapshot: LimiterSnapshot, wallMs: number): boolean {
    return restoreLimiter(this.memory, this.exports, this.scratch, ROW, snapshot, this.moment(wallMs));
  }
}

function usedIn({ keys }: LimiterSnapshot): number[] {
  return keys.map(([, used]) => used).sort((a, b) => a - b);
}

describe('what was written down', () => {
  const WALL_MS = 1_700_000_000_123;
  const keys = Array.from({ length: 500 }, (_, i) => `key ${i}`);

  test.each([0, 1, 3, 1000, 30_000, 59_999, 3_600_000])('is as it was, %d ms later', (laterMs) => {
    const before = new Process(WALL_MS - 5000);
    before.open(70, 60_000, 1000, WALL_MS);
    for (const [i, key] of keys.entries()) before.take(key, 1 + (i % 70), WALL_MS);
    const after = new Process(WALL_MS - 100);
    expect(after.restore(before.read(WALL_MS), WALL_MS + laterMs)).toBe(true);
    for (const key of [...keys, 'another'])
      expect(after.take(key, 1, WALL_MS + laterMs)).toEqual(before.take(key, 1, WALL_MS + laterMs));
  });

  test('stays the same, told from one moment, until something is taken or comes back', () => {
    const before = new Process(WALL_MS - 5000);
    before.open(70, 60_000, 1000, WALL_MS);
    before.take('a', 30, WALL_MS);
    const since = before.moment(WALL_MS - 4000);
    const at = (wallMs: number) => readLimiter(before.memory, ROW, before.moment(wallMs).nowMs, since);
    const snapshot = at(WALL_MS) as LimiterSnapshot;
    expect(snapshot).toMatchObject({
      wallMs: WALL_MS - 4000,
      keys: [[expect.anything(), 4000 * 70 + 30 * 60_000]],
    });
    expect(at(WALL_MS + 10_000)).toEqual(snapshot);
    for (const laterMs of [0, 10_000]) {
      const after = new Process(WALL_MS - 100);
      after.restore(snapshot, WALL_MS + laterMs);
      expect(after.take('a', 70, WALL_MS + laterMs)).toMatchObject({
        allowed: false,
        retryAfterMs: Math.ceil((30 * 60_000) / 70) - laterMs,
      });
    }
    before.take('a', 1, WALL_MS + 10_000);
    expect(at(WALL_MS + 10_000)).not.toEqual(snapshot);
    expect(at(WALL_MS + 60_000)?.keys).toEqual([]);
    // The wall clock was set back by a day: no more is in use than ever can be.
    const [[hash = ''] = []] = snapshot.keys;
    const late = new Process(WALL_MS - DAY_MS * 2);
    late.restore({ ...snapshot, wallMs: WALL_MS, keys: [[hash, DAY_MS * 70]] }, WALL_MS - DAY_MS);
    expect(late.take('a', 70, WALL_MS - DAY_MS)).toMatchObject({ allowed: false, retryAfterMs: 60_000 });
  });

  test('has no more than is in use', () => {
    const before = new Process(WALL_MS - 1000);
    expect(readLimiter(before.memory, ROW, 1000, before.moment(WALL_MS))).toBe(undefined);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 10, WALL_MS);
    before.take('b', 5, WALL_MS);
    expect(usedIn(before.read(WALL_MS))).toEqual([5_000, 10_000]);
    const snapshot = before.read(WALL_MS + 500);
    expect(snapshot).toMatchObject({ limit: 10, windowMs: 1000, buckets: 2 });
    expect(snapshot.keys).toHaveLength(1);
    const after = new Process(WALL_MS);
    after.restore(snapshot, WALL_MS + 2000);
    expect(new Table(after.memory, ROW).entries(0).every(({ hash }) => hash === 0n)).toBe(true);
    expect(after.read(WALL_MS + 2000)).toEqual({ ...snapshot, wallMs: WALL_MS + 2000, keys: [] });
  });

  test('holds when the program then has other options', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 5, WALL_MS);
    const after = new Process(WALL_MS);
    after.restore(before.read(WALL_MS), WALL_MS);
    after.open(100, DAY_MS, 10_000, WALL_MS);
    expect([after.take('a', 1, WALL_MS).remaining, after.take('b', 1, WALL_MS).remaining]).toEqual([49, 99]);
  });

  test('has what keys used that have not come since the options changed', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 5, WALL_MS);
    before.take('b', 5, WALL_MS);
    before.open(20, 4000, 100, WALL_MS);
    before.take('b', 5, WALL_MS);
    const snapshot = before.read(WALL_MS);
    expect(usedIn(snapshot)).toEqual([40_000, 60_000]);
    const after = new Process(WALL_MS);
    after.restore(snapshot, WALL_MS);
    expect([after.take('a', 1, WALL_MS).remaining, after.take('b', 1, WALL_MS).remaining]).toEqual([9, 4]);
  });

  test('is never more than the limit, wherever the wall clock has been set', () => {
    const before = new Process(WALL_MS - 1000);
    before.open(10, 1000, 10, WALL_MS);
    before.take('a', 10, WALL_MS);
    const after = new Process(WALL_MS - DAY_MS);
    after.restore(before.read(WALL_MS), WALL_MS - DAY_MS);
    expect(after.take('a', 10, WALL_MS - DAY_MS)).toEqual({
      allowed: false,
      remaining: 0,
      retryAfterMs: 1000,
    });
  });

  test('is left out where there is no room', () => {
    const before = new Process(WALL_MS);
    before.open(10, 1000, 20_000, WALL_MS);
    const snapshot = before.read(WALL_MS);
    expect(snapshot.buckets).toBe(4096);
    const after = new Process(WALL_MS);
    after.memory.grow(65_536 - after.memory.buffer.byteLength / 65_536 - 10);
    expect(after.restore(snapshot, WALL_MS)).toBe(false);
  });
});
