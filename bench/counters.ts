// The ways to add to a shared counter that counter.ts compares. Making one checks that it adds.

import { do_not_optimize } from 'mitata';
import { counterPointer } from '#dist/wasm/memory.js';
import { createEngine } from './engine.ts';

export const COUNTERS = {
  'counterAdd export, 64 bits': addByExport,
  'Atomics.add, 32 bits': addByAtomics,
  'Atomics.add, 64 bits as BigInt': addByBigAtomics,
} as const;
export type CounterName = keyof typeof COUNTERS;

function addByExport(): () => void {
  const { exports } = createEngine('wasm');
  const pointer = counterPointer(0);
  checkAdds(() => exports.counterAdd(pointer, 1));
  return () => do_not_optimize(exports.counterAdd(pointer, 1));
}

function addByAtomics(): () => void {
  const words = new Int32Array(createEngine('wasm').slot.views.bytes.buffer);
  const index = counterPointer(0) >> 2;
  checkAdds(() => Atomics.add(words, index, 1));
  return () => do_not_optimize(Atomics.add(words, index, 1));
}

function addByBigAtomics(): () => void {
  const words = new BigInt64Array(createEngine('wasm').slot.views.bytes.buffer);
  const index = counterPointer(0) >> 3;
  checkAdds(() => Number(Atomics.add(words, index, 1n)));
  return () => do_not_optimize(Atomics.add(words, index, 1n));
}

function checkAdds(add: () => number): void {
  const first = add();
  if (add() !== first + 1) throw new Error('the counter does not count');
}
