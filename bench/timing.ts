// Times functions of some nanoseconds, each in a fresh thread: V8 then optimises it as if it were alone,
// which in a server it is, and the order of the subjects makes no difference.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { CounterName } from './counters.ts';
import type { Pace } from './pace.ts';
import type { ParserName } from './parsers.ts';
import { type Summary, summarize } from './statistics.ts';

export type Subject = { parser: ParserName; request: Uint8Array } | { counter: CounterName };

/** What timing-thread.ts is started with; it answers with nanoseconds a call. */
export interface TimingStart {
  subject: Subject;
  milliseconds: number;
}

/** Nanoseconds a call for each subject, over rounds in which they take turns. */
export async function timeSubjects(subjects: readonly Subject[], pace: Pace): Promise<Summary[]> {
  const nanoseconds: number[][] = subjects.map(() => []);
  for (let round = 0; round < pace.timingRounds; round++)
    for (const [i, subject] of subjects.entries()) nanoseconds[i]?.push(await time(subject, pace.timingMs));
  return nanoseconds.map((values) => summarize(values, 'lower'));
}

async function time(subject: Subject, milliseconds: number): Promise<number> {
  const workerData: TimingStart = { subject, milliseconds };
  const thread = new Worker(new URL('./timing-thread.js', import.meta.url), { workerData });
  const exited = once(thread, 'exit');
  const [nanoseconds] = await once(thread, 'message');
  await exited;
  return nanoseconds as number;
}
