// The ways to add to a counter that all threads share, which counter.ts compares.

import { instantiate, type WasmMemory, type WasmModule } from '#dist/wasm/instance.js';
import { counterPointer } from '#dist/wasm/memory.js';

/** What the counting threads share. */
export interface SharedCounters {
  module: WasmModule;
  memory: WasmMemory;
}

export const COUNTER_POINTER = counterPointer(0);

export interface CounterWay {
  /** One of hotpath's own ways. */
  ours: boolean;
  /** Makes a thread's function that adds 1 to the counter and tells what it is then. */
  createAdd(shared: SharedCounters): () => number;
}

/* The mutex comes behind the first: the same export, on a counter whose row says that it is locked. */
export const COUNTERS = {
  'atomic, counterAdd export': { ours: true, createAdd: addByExport },
  'Atomics.add, 32 bits': { ours: false, createAdd: addByAtomics },
  'Atomics.add, 64 bits as BigInt': { ours: false, createAdd: addByBigAtomics },
  unprotected: { ours: false, createAdd: addUnprotected },
} as const satisfies Record<string, CounterWay>;
export type CounterName = keyof typeof COUNTERS;

/** What could be compared and is not there, for the results. */
export const MISSING_COUNTERS = ['mutex: not built'];

function addByExport({ module, memory }: SharedCounters): () => number {
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

/** Reads, adds and writes: what another thread has added in between is lost. */
function addUnprotected({ memory }: SharedCounters): () => number {
  const words = new Int32Array(memory.buffer);
  const place = COUNTER_POINTER >> 2;
  return () => {
    const value = (words[place] as number) + 1;
    words[place] = value;
    return value;
  };
}
