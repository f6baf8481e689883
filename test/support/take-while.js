// A thread that takes from a limiter whose options another one changes all the time, until it is told to end. It tells how
// often it was let through more than the limit says.

import { parentPort, workerData } from 'node:worker_threads';
import { limiter } from '#dist/index.js';
import { shareState } from '#dist/state/shared.js';

const { state, words } = workerData;
shareState(state);
// Of an older generation: it takes by whatever options are in force.
let round = 0;
const api = limiter('api', { limit: 1000, windowMs: 1000, keys: 6, now: () => 1_000_000 + 1001 * round });
Atomics.add(words, 1, 1);
let over = 0;
for (let i = 0; Atomics.load(words, 0) === 0; i++) {
  round = Atomics.load(words, 2);
  // The whole limit of this round is taken.
  if (round > 0 && api.take(`round ${round - 1}`, 1).allowed && Atomics.load(words, 2) === round) over++;
  api.take(`other ${i % 30}`, 1);
}
parentPort?.postMessage(over);
