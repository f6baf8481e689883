// One number over real threads, the careful ways and the careless one.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { COUNTING_ATOMIC, COUNTING_MUTEX, COUNTING_NONE } from '../../src/protocol/codes.ts';
import { compileModule, instantiate } from '../../src/wasm/instance.ts';
import { counterPointer, createMemory, setCounter, setCounting, viewsOf } from '../../src/wasm/memory.ts';

const THREADS = 4;
const COUNT = 100_000;

interface Counted {
  value: number;
  results: { last: number; rising: boolean }[];
}

async function countOverThreads(way: number): Promise<Counted> {
  const module = compileModule();
  const memory = createMemory({
    slotCount: THREADS,
    headBytesMax: 1024,
    targetBytesMax: 512,
    fieldCountMax: 8,
    contentBytesMax: 0,
  });
  setCounting(viewsOf(memory), 0, way);
  const threads = Array.from(
    { length: THREADS },
    () =>
      new Worker(new URL('../support/count.js', import.meta.url), {
        workerData: { module, memory, count: COUNT, threads: THREADS },
      }),
  );
  const results = await Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0]));
  return { value: instantiate(module, memory).counterValue(counterPointer(0)), results };
}

describe(`${THREADS} threads count ${COUNT} each`, () => {
  test.each([
    ['atomic', COUNTING_ATOMIC],
    ['mutex', COUNTING_MUTEX],
  ])('%s: exactly', async (_, way) => {
    const { value, results } = await countOverThreads(way);
    expect(value).toBe(THREADS * COUNT);
    expect(Math.max(...results.map(({ last }) => last))).toBe(THREADS * COUNT);
    expect(results.every(({ rising }) => rising)).toBe(true);
  });

  test('none: some are lost', async () => {
    // Two threads on two cores overlap; with only one core they may not, in one try.
    let lost = 0;
    for (let tries = 0; tries < 20 && lost === 0; tries++)
      lost = THREADS * COUNT - (await countOverThreads(COUNTING_NONE)).value;
    expect(lost).toBeGreaterThan(0);
  });
});

test('every way counts alike for one thread, beyond 32 bits', () => {
  const memory = createMemory({
    slotCount: 1,
    headBytesMax: 1024,
    targetBytesMax: 512,
    fieldCountMax: 8,
    contentBytesMax: 0,
  });
  const { counterAdd, counterValue } = instantiate(compileModule(), memory);
  const views = viewsOf(memory);
  for (const way of [COUNTING_ATOMIC, COUNTING_MUTEX, COUNTING_NONE])
    for (const before of [0, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 53 - 2]) {
      setCounting(views, 1, way);
      setCounter(views, 1, before);
      expect(counterAdd(counterPointer(1), 1)).toBe(before + 1);
      expect(counterValue(counterPointer(1))).toBe(before + 1);
    }
});
