// Lets threads add to one counter at the same time. They start together and add until they are stopped. Then the
// counter is compared with the additions that the threads report.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { compileModule } from '#dist/wasm/instance.js';
import { createMemory } from '#dist/wasm/memory.js';
import { COUNTER_POINTER, type CounterName, type SharedCounters } from '../suites/counters.ts';

/* Words of the threads' own control array. */
export const READY = 0;
export const GO = 1;
export const STOP = 2;
const CONTROL_WORDS = 3;

/** The estimated time to start and end the threads. */
const THREADS_SECONDS = 0.15;
const READY_CHECK_MS = 1;

/** The workerData of counting-thread.ts. */
export interface CountingStart {
  way: CounterName;
  shared: SharedCounters;
  control: Int32Array;
}

/** The answer of counting-thread.ts. */
export interface Counted {
  additions: number;
  nanoseconds: number;
}

export interface Counting {
  /** The time of an addition in the thread that makes it. */
  nanoseconds: number;
  /** The share of all additions that the counter lost. */
  lost: number;
}

export async function count(way: CounterName, threadCount: number, milliseconds: number): Promise<Counting> {
  const memory = createMemory({
    slotCount: 1,
    headBytesMax: 1024,
    targetBytesMax: 512,
    fieldCountMax: 10,
    contentBytesMax: 0,
  });
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT));
  const workerData: CountingStart = { way, shared: { module: compileModule(), memory }, control };
  const threads = Array.from(
    { length: threadCount },
    () => new Worker(new URL('./counting-thread.js', import.meta.url), { workerData }),
  );
  const value = () => Number(new BigInt64Array(memory.buffer)[COUNTER_POINTER >> 3]);
  const ended = Promise.all(threads.map(endOf));
  // If one thread fails, the wait for all of them ends.
  await Promise.race([ended, allReady(control, threadCount)]);
  const warmUp = value();
  Atomics.store(control, GO, 1);
  Atomics.notify(control, GO);
  await sleep(milliseconds);
  Atomics.store(control, STOP, 1);
  const counted = await ended;
  const additions = counted.reduce((sum, one) => sum + one.additions, 0);
  const nanoseconds = counted.reduce((sum, one) => sum + one.nanoseconds, 0);
  return { nanoseconds: nanoseconds / additions, lost: (additions - (value() - warmUp)) / additions };
}

/** Estimates how long count() takes. */
export function countingSeconds(milliseconds: number): number {
  return milliseconds / 1000 + THREADS_SECONDS;
}

async function endOf(thread: Worker): Promise<Counted> {
  const [[counted]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
  return counted as Counted;
}

async function allReady(control: Int32Array, threadCount: number): Promise<void> {
  while (Atomics.load(control, READY) < threadCount) await sleep(READY_CHECK_MS);
}
