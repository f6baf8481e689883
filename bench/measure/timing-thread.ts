// The thread that times one parser for timing.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { measure } from 'mitata';
import { createParser } from '../suites/parsers.ts';
import type { TimingStart } from './timing.ts';

const NANOS_PER_MILLI = 1e6;
const WARM_UP_CALLS = 100;
/** The duration of a sample: far longer than a look at the clock, far shorter than a time slice of the system. */
const SAMPLE_MS = 0.2;
/** The number of calls that mitata writes in a row. */
const UNROLLED = 4;

const { parser, input, warmUpMs, milliseconds } = workerData as TimingStart;
const parse = createParser(parser, input);
const callMs = warmUp();
const { p50 } = await measure(parse, {
  min_cpu_time: milliseconds * NANOS_PER_MILLI,
  batch_samples: Math.max(1, Math.round(SAMPLE_MS / callMs / UNROLLED)) * UNROLLED,
  // Always in batches, even if the first calls were slow.
  warmup_threshold: Number.POSITIVE_INFINITY,
  batch_threshold: Number.POSITIVE_INFINITY,
  gc: false,
});
parentPort?.postMessage(p50);

/** Estimates how long an optimised call takes. */
function warmUp(): number {
  const endMs = performance.now() + warmUpMs;
  let least = Number.POSITIVE_INFINITY;
  for (let fromMs = performance.now(); fromMs < endMs; ) {
    for (let i = 0; i < WARM_UP_CALLS; i++) parse();
    const toMs = performance.now();
    least = Math.min(least, toMs - fromMs);
    fromMs = toMs;
  }
  return least / WARM_UP_CALLS;
}
