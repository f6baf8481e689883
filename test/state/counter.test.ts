// One number over real threads.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { compileModule, instantiate } from '../../src/wasm/instance.ts';
import { counterPointer, createMemory } from '../../src/wasm/memory.ts';

test('4 threads count 100,000 each, exactly', async () => {
  const module = compileModule();
  const memory = createMemory({
    slotCount: 4,
    headBytesMax: 1024,
    targetBytesMax: 512,
    fieldCountMax: 8,
    contentBytesMax: 0,
  });
  const threads = Array.from(
    { length: 4 },
    () =>
      new Worker(new URL('../support/count.js', import.meta.url), {
        workerData: { module, memory, count: 100_000 },
      }),
  );
  const results = await Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0]));
  const { counterValue } = instantiate(module, memory);
  expect(counterValue(counterPointer(0))).toBe(400_000);
  expect(Math.max(...results.map(({ last }) => last))).toBe(400_000);
  expect(results.every(({ rising }) => rising)).toBe(true);
});
