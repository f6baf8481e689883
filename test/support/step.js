// A thread that takes from a limiter, stops after the given count of atomic steps, and continues when its turn comes
// again.

import { workerData } from 'node:worker_threads';
import { Scratch } from '#dist/wasm/state/scratch.js';

const NOBODY = -1;

const { module, memory, row, nowMs, keys, me, shared } = workerData;
const { turn, key, steps, done, outcome } = shared;
const other = 1 - me;
let left = 0;

const { exports } = new WebAssembly.Instance(module, { env: { memory, step } });
const scratch = new Scratch(memory, exports, me + 1);

for (;;) {
  waitForTurn();
  left = steps[me];
  const length = scratch.write(keys[key[me]]);
  outcome[me] = exports.limiterTake(row, scratch.pointer, length, 1, nowMs);
  Atomics.store(done, me, 1);
  pass();
}

/** If `left` is below 0, the thread has stopped before. */
function step() {
  if (left-- !== 0 || Atomics.load(done, other) !== 0) return;
  pass();
  waitForTurn();
}

/** Passes the turn to the other thread, unless that has ended, too. */
function pass() {
  Atomics.store(turn, 0, Atomics.load(done, other) === 0 ? other : NOBODY);
  Atomics.notify(turn, 0);
}

function waitForTurn() {
  for (let whose = Atomics.load(turn, 0); whose !== me; whose = Atomics.load(turn, 0))
    Atomics.wait(turn, 0, whose);
}
