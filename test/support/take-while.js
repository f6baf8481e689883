// A thread that takes from a limiter while another thread changes the options all the time, until it is told to end. It
// reports how often it took more than the limit.

import { parentPort, workerData } from 'node:worker_threads';
import { limiter } from '#dist/index.js';
import { shareState } from '#dist/state/shared.js';

const { state, words } = workerData;
shareState(state);
// The thread belongs to an older generation: it takes by whatever options are in force.
let round = 0;
const api = limiter('api', { limit: 1000, windowMs: 1000, keys: 6, now: () => 1_000_000 + 1001 * round });
Atomics.add(words, 1, 1);
let over = 0;
for (let i = 0; Atomics.load(words, 0) === 0; i++) {
  round = Atomics.load(words, 2);
  // The whole limit of this round has been taken.
  if (round > 0 && api.take(`round ${round - 1}`, 1).allowed && Atomics.load(words, 2) === round) over++;
  api.take(`other ${i % 30}`, 1);
}
parentPort?.postMessage(over);
