// The WASM module: compiled once in a process, instantiated in each thread over the same memory. The JavaScript side of
// the ABI of assembly/index.ts.

import { readFileSync } from 'node:fs';
import { instantiateSync } from '@assemblyscript/loader';

/** Types for other folders: only this one names WebAssembly. */
export type WasmModule = WebAssembly.Module;
export type WasmMemory = WebAssembly.Memory;

/** The exports of assembly/index.ts, documented there. Pointers are absolute, `end` is exclusive. */
export interface Exports {
  parse(slot: number, start: number, end: number): number;
  serve(slot: number, start: number, end: number, output: number): number;
  refuse(slot: number, error: number, output: number): void;
  consume(slot: number, start: number, end: number): number;
  answer(
    slot: number,
    index: number,
    output: number,
    close: boolean,
    sayPersistent: boolean,
    headOnly: boolean,
  ): number;
  finishHead(slot: number, output: number, length: number, close: boolean, sayPersistent: boolean): number;
  counterAdd(counter: number, n: number): number;
  counterValue(counter: number): number;
  gaugeSet(gauge: number, value: number): void;
  gaugeRestore(gauge: number, value: number): void;
  gaugeAdd(gauge: number, n: number): number;
  gaugeValue(gauge: number): number;
  mutexTryLock(mutex: number, owner: number): number;
  mutexAcquire(mutex: number, owner: number, woken: boolean): number;
  mutexUnlock(mutex: number, owner: number, keep: boolean): number;
  mutexRemind(mutex: number, before: boolean | number): number;
  histogramBuckets(histogram: number, owner: number): number;
  histogramRecord(buckets: number, value: number): void;
  ownerStarted(owner: number, parent: number): void;
  ownerDied(owner: number): void;
  scratchFor(owner: number): number;
  sipHash(seed: number, text: number, length: number): bigint;
  limiterOpen(
    limiter: number,
    scratch: number,
    limit: number,
    windowMs: number,
    keys: number,
    generation: number,
    nowMs: number,
    aheadMs: number,
  ): number;
  limiterTake(limiter: number, scratch: number, length: number, cost: number, nowMs: number): number;
  limiterForget(limiter: number, scratch: number, length: number): void;
  limiterLimit(limiter: number, scratch: number): number;
  limiterWindowMs(limiter: number, scratch: number): number;
  limiterKeys(limiter: number, scratch: number): number;
  leasedNumbers(counter: number): number;
  leasedEnd(counter: number): number;
  missedNumbers(counter: number): number;
  leaseRoom(counter: number): number;
  publishLease(counter: number, base: number, count: number): number;
  endLeases(counter: number): number;
}

const RELEASE = '../../build/hotpath.wasm';
const DEBUG = '../../build/hotpath.debug.wasm';

/**
 * Compiles the module. All threads get the result.
 * @param build the debug build checks arguments and bounds by asserts
 * @throws Error when the file of the module cannot be read
 */
export function compileModule(build: 'release' | 'debug' = 'release'): WebAssembly.Module {
  return new WebAssembly.Module(readBuilt(build === 'debug' ? DEBUG : RELEASE));
}

function readBuilt(file: string): Uint8Array<ArrayBuffer> {
  try {
    return readFileSync(new URL(file, import.meta.url));
  } catch (error) {
    const { message } = error as Error;
    // A bundler leaves the file behind, and one in CommonJS form has no URL.
    throw new Error(
      `cannot read the WASM module (${message}): leave hotpath out of a bundle (esbuild --external:hotpath), or install it again`,
    );
  }
}

/** Makes the instance of a thread over the shared memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  // The loader's `exports` are wrapped functions. Those of the instance are called directly, which costs less.
  const { instance } = instantiateSync(module, { env: { memory } });
  return instance.exports as unknown as Exports;
}
