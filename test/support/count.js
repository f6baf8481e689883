// A thread that counts: over the same module and the same memory as all others, and from the same moment on.

import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from '#dist/wasm/instance.js';
import { counterPointer } from '#dist/wasm/memory.js';

const { module, memory, count, threads } = workerData;
const { counterAdd } = instantiate(module, memory);
const counter = counterPointer(0);
const ready = new Int32Array(memory.buffer, counterPointer(127), 1);
Atomics.add(ready, 0, 1);
while (Atomics.load(ready, 0) < threads);
let last = 0;
let rising = true;
for (let i = 0; i < count; i++) {
  const value = counterAdd(counter, 1);
  if (value <= last) rising = false;
  last = value;
}
parentPort?.postMessage({ last, rising });
