// A thread that counts, with the same module and the same memory as all others. All threads meet before each
// round: a thread that finished before the next one starts would hide a counter that loses counts.

import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from '#dist/wasm/instance.js';
import { rowPointer } from '#dist/wasm/state/rows.js';

const { module, memory, threads, rounds, count, gate } = workerData;
const { counterAdd } = instantiate(module, memory);
const counter = rowPointer(0);
let last = 0;
let rising = true;
for (let round = 1; round <= rounds; round++) {
  meet(round);
  for (let i = 0; i < count; i++) {
    const value = counterAdd(counter, 1);
    if (value <= last) rising = false;
    last = value;
  }
}
parentPort?.postMessage({ last, rising });

/** Waits until all threads have arrived. */
function meet(round) {
  if (Atomics.add(gate, 0, 1) + 1 < threads * round)
    // A late notify() of the previous round may wake this thread.
    while (Atomics.load(gate, 1) < round) Atomics.wait(gate, 1, round - 1);
  else {
    Atomics.store(gate, 1, round);
    Atomics.notify(gate, 1);
  }
}
