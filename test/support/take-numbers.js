// A thread that takes leased numbers, one to three at once, as often as it is told. If none is leased, it tries again.

import { parentPort, workerData } from 'node:worker_threads';
import { viewsOf } from '#dist/memory/views.js';
import { instantiate } from '#dist/wasm/instance.js';
import { claimRow } from '#dist/wasm/state/names.js';
import { rowPointer } from '#dist/wasm/state/rows.js';

const { module, memory, name, times, gate, threads } = workerData;
const { counterAdd } = instantiate(module, memory);
const counter = rowPointer(claimRow(viewsOf(memory), 'counter', name));
const taken = [];
if (Atomics.add(gate, 0, 1) + 1 < threads) Atomics.wait(gate, 1, 0);
else {
  Atomics.store(gate, 1, 1);
  Atomics.notify(gate, 1);
}
for (let i = 0; i < times; i++) {
  const n = 1 + (i % 3);
  const last = counterAdd(counter, n);
  if (last > 0) for (let k = n - 1; k >= 0; k--) taken.push(last - k);
  else {
    i--;
    Atomics.wait(gate, 2, 0, 1);
  }
}
parentPort?.postMessage(taken);
