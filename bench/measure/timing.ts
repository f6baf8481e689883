// Times parsers, whose calls take some nanoseconds, each in a fresh thread: V8 then optimises it as if it
// were alone, which in a server it is, and the order of the subjects makes no difference.

import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { compileModules, type Input, type ParserName } from '../suites/parsers.ts';
import type { Pace } from './pace.ts';

/** Starting and ending the thread. */
const THREAD_SECONDS = 0.08;

/** What is compiled once for all threads. */
const modules: unknown[] = [];

/** What timing-thread.ts is started with; it answers with nanoseconds a call. */
export interface TimingStart {
  parser: ParserName;
  input: Input;
  warmUpMs: number;
  milliseconds: number;
}

/** Nanoseconds a call. @throws Error when the parser does not understand the input */
export async function time(
  parser: ParserName,
  input: Input,
  { timingWarmUpMs, timingMs }: Pace,
): Promise<number> {
  // As in a server that has run for a while: V8 would begin with code that is made fast and runs slowly, and
  // replaces a large module's long after it was timed.
  setFlagsFromString('--no-liftoff');
  if (modules.length === 0) modules.push(...compileModules());
  const workerData: TimingStart = { parser, input, warmUpMs: timingWarmUpMs, milliseconds: timingMs };
  const thread = new Worker(new URL('./timing-thread.js', import.meta.url), { workerData });
  const [[nanoseconds]] = await Promise.all([once(thread, 'message'), once(thread, 'exit')]);
  return nanoseconds as number;
}

/** How long time() takes, by estimate. */
export function timingSeconds({ timingWarmUpMs, timingMs }: Pace): number {
  return (timingWarmUpMs + timingMs) / 1000 + THREAD_SECONDS;
}
