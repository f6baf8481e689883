// A clock that all threads of the process agree on: milliseconds that only go forward. performance.now() is the
// cheapest there is, but each thread's begins at its own start.

import { hrtime } from 'node:process';

const SECOND_MS = 1000;
const NANOS_PER_MS = 1e6;
/** Two readings side by side that are closer than this were not interrupted. */
const APART_MS = 0.01;
const TRIES = 20;

const offsetMs = measureOffset();

/** Milliseconds since some moment that is the same for all threads. */
export function monotonicMs(): number {
  return performance.now() + offsetMs;
}

/** How far performance.now() of this thread is behind the machine's clock. */
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
