// A thread that counts: over the same module and the same memory as all others.

import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from '#dist/wasm/instance.js';
import { counterPointer } from '#dist/wasm/memory.js';

const { module, memory, count } = workerData;
const { counterAdd } = instantiate(module, memory);
const counter = counterPointer(0);
let last = 0;
let rising = true;
for (let i = 0; i < count; i++) {
  const value = counterAdd(counter, 1);
  if (value <= last) rising = false;
  last = value;
}
parentPort?.postMessage({ last, rising });
