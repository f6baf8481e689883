// The thread that times one subject for timing.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { measure } from 'mitata';
import { COUNTERS } from './counters.ts';
import { PARSERS } from './parsers.ts';
import type { Subject, TimingStart } from './timing.ts';

const NANOS_PER_MILLI = 1e6;
/** How long V8 gets to optimise, which it does behind the scenes and in several steps. */
const WARM_UP_MS = 150;
const WARM_UP_CALLS = 1000;

const { subject, milliseconds } = workerData as TimingStart;
const call = create(subject);
warmUp();
const { p50 } = await measure(call, {
  min_cpu_time: milliseconds * NANOS_PER_MILLI,
  // Always in batches, even when the first calls were slow: the clock costs more than a short request.
  warmup_threshold: Number.POSITIVE_INFINITY,
  batch_threshold: Number.POSITIVE_INFINITY,
  gc: false,
});
parentPort?.postMessage(p50);

function warmUp(): void {
  const endMs = performance.now() + WARM_UP_MS;
  while (performance.now() < endMs) for (let i = 0; i < WARM_UP_CALLS; i++) call();
}

function create(subject: Subject): () => void {
  return 'parser' in subject ? PARSERS[subject.parser](subject.request) : COUNTERS[subject.counter]();
}
