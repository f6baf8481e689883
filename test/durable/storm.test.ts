// Many threads take leased numbers at the same time, while the keeper leases them, and while it dies.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { type Kept, keepState } from '#dist/durable/keeper.js';
import { viewsOf } from '#dist/memory/views.js';
import { compileModule, instantiate } from '#dist/wasm/instance.js';
import { leaseCounters } from '#dist/wasm/state/leasing.js';
import { claimRow } from '#dist/wasm/state/names.js';
import { rowPointer } from '#dist/wasm/state/rows.js';
import { sleep } from '../support/client.ts';
import { temporaryFolder } from '../support/fixtures.ts';
import { smallMemory } from '../support/memory.ts';

const folder = temporaryFolder('storm');

const module = compileModule();
const THREADS = 4;
const TIMES = 60_000;

test.each([
  ['a keeper that lives', 0, 256],
  ['a keeper that dies', 4, 256],
  ['blocks of four numbers', 0, 4],
])('%s: every number is handed out once', async (name, deaths, lease) => {
  const memory = smallMemory();
  const views = viewsOf(memory);
  leaseCounters(views, lease);
  const kept = (await keepState(
    { state: folder, redis: undefined, lease },
    { module, memory },
    () => {},
  )) as Kept;
  const gate = new Int32Array(new SharedArrayBuffer(12));
  const times = lease < 100 ? TIMES / 20 : TIMES;
  const threads = Array.from(
    { length: THREADS },
    () =>
      new Worker(new URL('../support/take-numbers.js', import.meta.url), {
        workerData: { module, memory, name, times, gate, threads: THREADS },
      }),
  );
  const taken = Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0] as number[]));
  for (let i = 0; i < deaths; i++) {
    await sleep(30);
    await kept.killKeeper();
  }
  const numbers = await taken;
  for (const own of numbers)
    expect(own.every((number, i) => i === 0 || number > (own[i - 1] as number))).toBe(true);
  const all = numbers.flat();
  expect(all.length).toBe(THREADS * times * 2);
  expect(new Set(all).size).toBe(all.length);
  const last = all.reduce((most, number) => Math.max(most, number), 0);
  // If leases are consecutive, no rest of a block is skipped.
  if (deaths === 0) expect(last).toBe(all.length);
  await kept.stop();
  const { counterValue } = instantiate(module, memory);
  expect(counterValue(rowPointer(claimRow(views, 'counter', name)))).toBe(last);
});
