// A thread that adds to the shared counter for counting.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { COUNTERS } from '../suites/counters.ts';
import { type Counted, type CountingStart, GO, READY, STOP } from './counting.ts';

/** Additions between two checks whether to stop, because a check costs more than an addition. */
const BATCH = 1000;
const WARM_UP_MS = 30;
const NANOS_PER_MILLI = 1e6;

const { way, shared, control } = workerData as CountingStart;
const add = COUNTERS[way].createAdd(shared);

const warmUpEndMs = performance.now() + WARM_UP_MS;
while (performance.now() < warmUpEndMs) addBatch();

Atomics.add(control, READY, 1);
Atomics.wait(control, GO, 0);
const startMs = performance.now();
let additions = 0;
while (Atomics.load(control, STOP) === 0) {
  addBatch();
  additions += BATCH;
}
const counted: Counted = { additions, nanoseconds: (performance.now() - startMs) * NANOS_PER_MILLI };
parentPort?.postMessage(counted);

function addBatch(): void {
  for (let i = 0; i < BATCH; i++) add();
}
