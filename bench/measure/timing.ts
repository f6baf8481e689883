// Times parsers, whose calls take some nanoseconds, each in a new thread. V8 then optimises each parser on its own,
// as in a server, and the order of the subjects makes no difference.

import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { compileModules, type Input, type ParserName } from '../suites/parsers.ts';
import type { Pace } from './pace.ts';

/** The estimated time to start and end the thread. */
const THREAD_SECONDS = 0.08;

/** The modules that are compiled once for all threads. */
const modules: unknown[] = [];

/** The workerData of timing-thread.ts, which answers with nanoseconds a call. */
export interface TimingStart {
  parser: ParserName;
  input: Input;
  warmUpMs: number;
  milliseconds: number;
}

/** Returns nanoseconds a call. @throws Error if the parser does not understand the input */
export async function time(
  parser: ParserName,
  input: Input,
  { timingWarmUpMs, timingMs }: Pace,
): Promise<number> {
  // Compile with the optimising compiler, as in a server that has run for a while. V8 would begin with its baseline
  // compiler, and would replace the code of a large module long after the measurement.
  setFlagsFromString('--no-liftoff');
  if (modules.length === 0) modules.push(...compileModules());
  const workerData: TimingStart = { parser, input, warmUpMs: timingWarmUpMs, milliseconds: timingMs };
  const thread = new Worker(new URL('./timing-thread.js', import.meta.url), { workerData });
  const [[nanoseconds]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
  return nanoseconds as number;
}

/** Estimates how long time() takes. */
export function timingSeconds({ timingWarmUpMs, timingMs }: Pace): number {
  return (timingWarmUpMs + timingMs) / 1000 + THREAD_SECONDS;
}
