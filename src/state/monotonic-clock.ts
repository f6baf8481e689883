// A monotonic clock that all threads of the process share, in milliseconds. performance.now() is the cheapest clock, but
// it begins at the start of each thread.

import { hrtime } from 'node:process';

const SECOND_MS = 1000;
const NANOS_PER_MS = 1e6;
/** Two readings of a clock that are closer than this were not interrupted. */
const APART_MS = 0.01;
const TRIES = 20;

const offsetMs = measureOffset();

/** Milliseconds since a moment that is the same for all threads. */
export function monotonicMs(): number {
  return performance.now() + offsetMs;
}

/** Measures how far performance.now() of this thread is behind the machine's clock. */
function measureOffset(): number {
  let offset = 0;
  let leastApart = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && leastApart > APART_MS; i++) {
    const before = performance.now();
    const [seconds, nanos] = hrtime();
    const apart = performance.now() - before;
    if (apart >= leastApart) continue;
    leastApart = apart;
    offset = seconds * SECOND_MS + nanos / NANOS_PER_MS - before - apart / 2;
  }
  return offset;
}
