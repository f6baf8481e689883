// Limiters under a storm of threads: together they are allowed exactly the limit while the clock stands still.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import type { LimiterOptions } from '../../src/state/limiter.ts';
import { limiter } from '../../src/state/limiter.ts';
import { instantiate } from '../../src/wasm/instance.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { Scratch } from '../../src/wasm/state/scratch.ts';
import { Table } from '../support/limiters.ts';
import { forgetState, freshState } from '../support/named-state.ts';

const THREADS = 4;
const WINDOW_MS = 1000;

afterEach(forgetState);

/** For each round and key: the number of allowed takes of all threads together. */
async function storm(
  options: LimiterOptions,
  rounds: string[][],
  times: number,
  roundMs: number,
): Promise<number[][]> {
  const state = freshState();
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const workerData = { state, threads: THREADS, rounds, times, gate, options, roundMs };
  const counts = await Promise.all(
    Array.from({ length: THREADS }, async () => {
      const worker = new Worker(new URL('../support/take.js', import.meta.url), { workerData });
      return (await once(worker, 'message'))[0] as number[][];
    }),
  );
  return rounds.map((keys, round) =>
    keys.map((_, key) => counts.reduce((sum, of) => sum + (of[round]?.[key] as number), 0)),
  );
}

function names(count: number, prefix = 'key'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix} ${i}`);
}

function sameFor<T>(rounds: string[][], value: T): T[][] {
  return rounds.map((keys) => keys.map(() => value));
}

describe(`${THREADS} threads are allowed exactly the limit`, () => {
  test('of one key that all take from', async () => {
    const limit = 50_000;
    const rounds = Array.from({ length: 10 }, () => ['a']);
    expect(await storm({ limit, windowMs: WINDOW_MS }, rounds, 20_000, WINDOW_MS)).toEqual(
      sameFor(rounds, limit),
    );
  });

  test('of keys that are new to all of them', async () => {
    const rounds = Array.from({ length: 50 }, (_, i) => names(100, `round ${i} key`));
    expect(await storm({ limit: 7, windowMs: WINDOW_MS }, rounds, 3, 0)).toEqual(sameFor(rounds, 7));
  });

  test('of keys that replace others that are whole again', async () => {
    // A full bucket, each time with other keys.
    const rounds = Array.from({ length: 600 }, (_, i) => names(15, `round ${i % 7} key`));
    expect(await storm({ limit: 5, windowMs: WINDOW_MS, keys: 1 }, rounds, 2, WINDOW_MS)).toEqual(
      sameFor(rounds, 5),
    );
  });
});

test('with more keys in use than the table holds, no key gets more than it requests, and the table stays consistent', async () => {
  const limit = 3;
  const rounds = Array.from({ length: 100 }, () => names(40));
  const times = 5;
  const counts = await storm({ limit, windowMs: WINDOW_MS, keys: 1 }, rounds, times, WINDOW_MS);
  for (const count of counts.flat()) {
    expect(count).toBeLessThanOrEqual(times * THREADS);
    expect(count).toBeGreaterThan(0);
  }
});

test('threads that are ended in the middle leave a table that works for others', async () => {
  const state = freshState();
  const options = { limit: 1_000_000, windowMs: WINDOW_MS, keys: 1 };
  // Each key but the last few replaces another one.
  const rounds = [names(10_000)];
  const exports = instantiate(state.module, state.memory);
  const tableNow = (): Table => new Table(state.memory, rowPointer(1));
  for (let i = 0; i < 6; i++) {
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const workerData = { state, threads: 2, rounds, times: 1_000_000, gate, options, roundMs: WINDOW_MS };
    const workers = [0, 1].map(
      () => new Worker(new URL('../support/take.js', import.meta.url), { workerData }),
    );
    const owners = workers.map(({ threadId }) => threadId + 1);
    while (Atomics.load(gate, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    // Before the first take there is no table.
    while (tableNow().pointer === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
    await Promise.all(workers.map((worker) => worker.terminate()));
    for (const owner of owners) exports.ownerDied(owner);
    expect(tableNow().latch(0)[0]).toBe(0);
  }
  const api = limiter('api', { ...options, now: () => 10 * WINDOW_MS });
  for (const key of names(15, 'after')) {
    expect(api.take(key, 400_000)).toMatchObject({ allowed: true, remaining: 600_000 });
    expect(api.take(key, 600_000)).toMatchObject({ allowed: true, remaining: 0 });
    expect(api.take(key).allowed).toBe(false);
  }
});

test('a scratch page belongs to one thread, and to another thread after the first has ended', () => {
  const { module, memory } = freshState();
  const exports = instantiate(module, memory);
  const pages = [1, 2, 3].map((owner) => new Scratch(memory, exports, owner).pointer);
  expect(new Set(pages).size).toBe(3);
  expect(new Scratch(memory, exports, 2).pointer).toBe(pages[1]);
  exports.ownerDied(2);
  exports.ownerDied(99);
  const size = memory.buffer.byteLength;
  expect(new Scratch(memory, exports, 4).pointer).toBe(pages[1]);
  expect(memory.buffer.byteLength).toBe(size);
  expect(new Scratch(memory, exports, 2).pointer).toBe(size);
});
