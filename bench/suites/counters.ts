// The ways to add to a counter that all threads share, which counter.ts compares.

import { KIND_COUNTER_ATOMIC, KIND_COUNTER_CARELESS, KIND_COUNTER_MUTEX } from '#dist/memory/codes.js';
import { viewsOf } from '#dist/memory/views.js';
import { instantiate, type WasmMemory, type WasmModule } from '#dist/wasm/instance.js';
import { rowPointer, setCounting } from '#dist/wasm/state/rows.js';

/** The values that the counting threads share. */
export interface SharedCounters {
  module: WasmModule;
  memory: WasmMemory;
}

const COUNTER = 0;
export const COUNTER_POINTER = rowPointer(COUNTER);

export interface CounterWay {
  /** Whether it is hotpath. */
  ours: boolean;
  /** Creates a thread's function that adds 1 to the counter and returns the new value. */
  createAdd(shared: SharedCounters): () => number;
}

export const COUNTERS = {
  atomic: { ours: true, createAdd: (shared) => addByExport(shared, KIND_COUNTER_ATOMIC) },
  mutex: { ours: true, createAdd: (shared) => addByExport(shared, KIND_COUNTER_MUTEX) },
  unprotected: { ours: true, createAdd: (shared) => addByExport(shared, KIND_COUNTER_CARELESS) },
  'Atomics.add, 32 bits': { ours: false, createAdd: addByAtomics },
  'Atomics.add, 64 bits as BigInt': { ours: false, createAdd: addByBigAtomics },
} as const satisfies Record<string, CounterWay>;
export type CounterName = keyof typeof COUNTERS;

/** The mode of addition is stored in the counter itself. */
function addByExport({ module, memory }: SharedCounters, way: number): () => number {
  setCounting(viewsOf(memory), COUNTER, way);
  const { counterAdd } = instantiate(module, memory);
  return () => counterAdd(COUNTER_POINTER, 1);
}

function addByAtomics({ memory }: SharedCounters): () => number {
  const words = new Int32Array(memory.buffer);
  const place = COUNTER_POINTER >> 2;
  return () => Atomics.add(words, place, 1) + 1;
}

function addByBigAtomics({ memory }: SharedCounters): () => number {
  const words = new BigInt64Array(memory.buffer);
  const place = COUNTER_POINTER >> 3;
  return () => Number(Atomics.add(words, place, 1n)) + 1;
}
