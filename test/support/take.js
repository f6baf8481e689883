// A thread that takes from a limiter together with others. All threads meet before each round, in which each takes equally
// often from each key, by a clock that stands still.

import { parentPort, workerData } from 'node:worker_threads';
import { limiter } from '#dist/index.js';
import { shareState } from '#dist/state/shared.js';

const { state, threads, rounds, times, gate, options, roundMs } = workerData;
shareState(state);
let nowMs = 0;
const api = limiter('api', { ...options, now: () => nowMs });
const allowed = [];
for (let round = 1; round <= rounds.length; round++) {
  nowMs = round * roundMs;
  meet(round);
  const keys = rounds[round - 1];
  const counts = keys.map(() => 0);
  for (let i = 0; i < times; i++)
    for (let k = 0; k < keys.length; k++) if (api.take(keys[k]).allowed) counts[k]++;
  allowed.push(counts);
}
parentPort?.postMessage(allowed);

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
