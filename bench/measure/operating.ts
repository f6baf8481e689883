// Times one operation on shared state in a new thread, so that no other subject influences it.

import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { GroupName } from '../suites/operations.ts';
import type { Pace } from './pace.ts';

/** The estimated time to start and end the thread. */
const THREAD_SECONDS = 0.15;

/** The workerData of operation-thread.ts, which answers with nanoseconds an operation. */
export interface OperatingStart {
  group: GroupName;
  name: string;
  redisPort: number;
  warmUpMs: number;
  milliseconds: number;
}

/** Returns nanoseconds an operation. @throws Error if the operation's result is wrong */
export async function operate(
  what: Pick<OperatingStart, 'group' | 'name' | 'redisPort'>,
  { timingWarmUpMs, timingMs }: Pace,
): Promise<number> {
  // Compile with the optimising compiler, as in a server that has run for a while.
  setFlagsFromString('--no-liftoff');
  const workerData: OperatingStart = { ...what, warmUpMs: timingWarmUpMs, milliseconds: timingMs };
  const thread = new Worker(new URL('./operation-thread.js', import.meta.url), { workerData });
  const [[nanoseconds]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
  return nanoseconds as number;
}

/** Estimates how long operate() takes. */
export function operatingSeconds({ timingWarmUpMs, timingMs }: Pace): number {
  return (timingWarmUpMs + timingMs) / 1000 + THREAD_SECONDS;
}
