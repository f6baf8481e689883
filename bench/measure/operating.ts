// Times one operation on shared state, in a fresh thread, as if it were alone.

import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { GroupName } from '../suites/operations.ts';
import type { Pace } from './pace.ts';

/** Starting and ending the thread. */
const THREAD_SECONDS = 0.15;

/** What operation-thread.ts is started with; it answers with nanoseconds an operation. */
export interface OperatingStart {
  group: GroupName;
  name: string;
  redisPort: number;
  warmUpMs: number;
  milliseconds: number;
}

/** Nanoseconds an operation. @throws Error when it does not do what it is for */
export async function operate(
  what: Pick<OperatingStart, 'group' | 'name' | 'redisPort'>,
  { timingWarmUpMs, timingMs }: Pace,
): Promise<number> {
  // As in a server that has run for a while.
  setFlagsFromString('--no-liftoff');
  const workerData: OperatingStart = { ...what, warmUpMs: timingWarmUpMs, milliseconds: timingMs };
  const thread = new Worker(new URL('./operation-thread.js', import.meta.url), { workerData });
  const [[nanoseconds]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
  return nanoseconds as number;
}

/** How long operate() takes, by estimate. */
export function operatingSeconds({ timingWarmUpMs, timingMs }: Pace): number {
  return (timingWarmUpMs + timingMs) / 1000 + THREAD_SECONDS;
}
