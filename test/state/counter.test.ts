// Counting over real threads: exactly with an atomic addition or a mutex, inexactly without.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  KIND_COUNTER_ATOMIC,
  KIND_COUNTER_CARELESS,
  KIND_COUNTER_LEASED,
  KIND_COUNTER_MUTEX,
} from '../../src/memory/codes.ts';
import { STATE_MUTEX } from '../../src/memory/state-layout.ts';
import { viewsOf } from '../../src/memory/views.ts';
import { compileModule, instantiate } from '../../src/wasm/instance.ts';
import { rowPointer, setCounter, setCounting } from '../../src/wasm/state/rows.ts';
import { everySchedule, functionsOf, type Thread } from '../durable/steps.ts';
import { eventually } from '../support/client.ts';
import { smallMemory } from '../support/memory.ts';

const THREADS = 4;
/** Threads wait for each other before each round; otherwise a thread could finish before the next thread starts. */
const ROUNDS = 20;

interface Counted {
  value: number;
  results: { last: number; rising: boolean }[];
}

async function countOverThreads(way: number, count: number): Promise<Counted> {
  const module = compileModule();
  const memory = smallMemory({ slotCount: THREADS });
  setCounting(viewsOf(memory), 0, way);
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const threads = Array.from(
    { length: THREADS },
    () =>
      new Worker(new URL('../support/count.js', import.meta.url), {
        workerData: { module, memory, threads: THREADS, rounds: ROUNDS, count, gate },
      }),
  );
  const results = await Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0]));
  return { value: instantiate(module, memory).counterValue(rowPointer(0)), results };
}

describe(`${THREADS} threads count together`, () => {
  test.each([
    ['atomic', KIND_COUNTER_ATOMIC, 200_000],
    ['mutex', KIND_COUNTER_MUTEX, 200_000],
  ])('%s: exactly', async (_, way, count) => {
    const { value, results } = await countOverThreads(way, count);
    const all = THREADS * ROUNDS * count;
    expect(value).toBe(all);
    expect(Math.max(...results.map(({ last }) => last))).toBe(all);
    expect(results.every(({ rising }) => rising)).toBe(true);
  });

  test('without synchronisation, additions are lost', async () => {
    // Long enough for threads to run side by side on a busy machine; if they did not, the test retries.
    const count = 2_000_000;
    let lost = 0;
    for (let tries = 0; tries < 5 && lost === 0; tries++)
      lost = THREADS * ROUNDS * count - (await countOverThreads(KIND_COUNTER_CARELESS, count)).value;
    expect(lost).toBeGreaterThan(0);
  });
});

test('atomic additions are exact in every order of their steps; careless ones are not', () => {
  const KINDS = { KIND_COUNTER_ATOMIC, KIND_COUNTER_LEASED, KIND_COUNTER_MUTEX };
  const PLACES = { STATE_KIND: 0, STATE_VALUE: 8 };
  const { add } = functionsOf('assembly/state/counter.ts', { ...KINDS, ...PLACES }) as {
    add(counter: number, n: number): Thread<number>;
  };
  const valuesOf = (kind: number): Set<string> => {
    const values = new Set<string>();
    const threads = Array.from({ length: 3 }, () => () => add(1000, 1));
    everySchedule(new Map([[1000, kind]]), threads, (memory, results) => {
      values.add(`${memory.get(1008)} after ${results.toSorted()}`);
    });
    return values;
  };
  expect(valuesOf(KIND_COUNTER_ATOMIC)).toEqual(new Set(['3 after 1,2,3']));
  expect(valuesOf(KIND_COUNTER_CARELESS)).toContain('1 after 1,1,1');
});

test('a thread that counts under the mutex waits until its mutex is free', async () => {
  const module = compileModule();
  const memory = smallMemory();
  const views = viewsOf(memory);
  setCounting(views, 0, KIND_COUNTER_MUTEX);
  const { counterValue } = instantiate(module, memory);
  const row = rowPointer(0);
  const at = (row + STATE_MUTEX) >> 2;
  // Another thread holds it, and none waits.
  const held = 4;
  views.words[at] = held;
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const thread = new Worker(new URL('../support/count.js', import.meta.url), {
    workerData: { module, memory, threads: 1, rounds: 1, count: 1, gate },
  });
  const counted = once(thread, 'message');
  await eventually('the thread has come', () => Atomics.load(views.words, at) !== held);
  expect(counterValue(row)).toBe(0);
  Atomics.store(views.words, at, 0);
  Atomics.notify(views.words, at);
  expect((await counted)[0]).toEqual({ last: 1, rising: true });
  expect(Atomics.load(views.words, at)).toBe(0);
});

test('every way of counting is exact for one thread, beyond 32 bits', () => {
  const memory = smallMemory();
  const { counterAdd, counterValue } = instantiate(compileModule(), memory);
  const views = viewsOf(memory);
  for (const way of [KIND_COUNTER_ATOMIC, KIND_COUNTER_MUTEX, KIND_COUNTER_CARELESS])
    for (const before of [0, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 53 - 2]) {
      setCounting(views, 1, way);
      setCounter(views, 1, before);
      expect(counterAdd(rowPointer(1), 1)).toBe(before + 1);
      expect(counterValue(rowPointer(1))).toBe(before + 1);
    }
});
