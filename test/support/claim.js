// A thread that claims names of counters as soon as all other threads are ready.

import { parentPort, workerData } from 'node:worker_threads';
import { viewsOf } from '#dist/memory/views.js';
import { claimRow } from '#dist/wasm/state/names.js';

const { memory, threads, gate, names } = workerData;
const views = viewsOf(memory);
if (Atomics.add(gate, 0, 1) + 1 < threads) Atomics.wait(gate, 1, 0);
else {
  Atomics.store(gate, 1, 1);
  Atomics.notify(gate, 1);
}
parentPort?.postMessage(new Map(names.map((name) => [name, claimRow(views, 'counter', name)])));
