// The keys of a limiter, as an administrator sees them: how many have used something, and forgetting what all have used.
// Threads go on taking meanwhile.

import {
  BUCKET_BYTES,
  BUCKET_ENTRIES,
  BUCKET_ENTRY_COUNT,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_TAT,
  LIMITER_AHEAD_MS,
  LIMITER_BUCKET_MASK,
  LIMITER_BUCKETS,
  LIMITER_LIMIT,
  LIMITER_PREVIOUS,
  SCRATCH_TABLE,
  SCRATCH_TABLE_BEFORE,
  STATE_CHAIN,
  STATE_EXTENT,
  STATE_TAKES,
  TAKES_ALLOWED,
  TAKES_BYTES,
  TAKES_COUNT,
  TAKES_REFUSED,
} from '../../memory/state-layout.ts';
import type { Exports, WasmMemory } from '../instance.ts';

/** Keys are counted in at most so many buckets. Keys are spread evenly, so the others have as many. */
const BUCKETS_COUNTED_MAX = 4096;
/** As in assembly/state/limiter.ts: the entry is getting a new key. */
const TAKEN = -(2n ** 63n);

/**
 * Returns how many keys have used some of their limit: exact up to about 24,000 of them, beyond that an estimate.
 * @param nowMs by the machine's clock
 */
export function countKeys(
  memory: WasmMemory,
  row: number,
  scratch: number,
  exports: Exports,
  nowMs: number,
): number {
  const { words, longs, table } = pinned(memory, row, scratch, exports);
  const limit = words[(table + LIMITER_LIMIT) >>> 2] as number;
  const aheadMs = longs[(table + LIMITER_AHEAD_MS) >>> 3] as bigint;
  const unused = (BigInt(Math.floor(nowMs)) + aheadMs) * BigInt(limit);
  const count = bucketCount(words, table);
  const counted = Math.min(count, BUCKETS_COUNTED_MAX);
  let keys = 0;
  for (const entry of entriesOf(table, counted))
    if (
      (longs[(entry + ENTRY_HASH) >>> 3] as bigint) !== 0n &&
      Atomics.load(longs, (entry + ENTRY_TAT) >>> 3) > unused
    )
      keys++;
  return Math.round((keys * count) / counted);
}

/** Returns how many takes all threads have been allowed and refused, since the memory was made. */
export function takesOf(memory: WasmMemory, row: number): { allowed: number; refused: number } {
  const longs = new BigInt64Array(memory.buffer, row + STATE_TAKES, (TAKES_COUNT * TAKES_BYTES) >> 3);
  const sum = (figure: number): number => {
    let total = 0n;
    for (let i = 0; i < TAKES_COUNT; i++) total += Atomics.load(longs, (i * TAKES_BYTES + figure) >> 3);
    return Number(total);
  };
  return { allowed: sum(TAKES_ALLOWED), refused: sum(TAKES_REFUSED) };
}

/** Gives all keys their whole limit back. What threads take at the same moment may count on. */
export function forgetKeys(memory: WasmMemory, row: number, scratch: number, exports: Exports): void {
  for (;;) {
    const { words, longs, table } = pinned(memory, row, scratch, exports);
    const chain = Atomics.load(words, (row + STATE_CHAIN) >>> 2);
    const before = (newer: number): number => {
      const older = Atomics.load(words, (newer + LIMITER_PREVIOUS) >>> 2);
      // Without a pin another limiter could get the table.
      Atomics.store(words, (scratch + SCRATCH_TABLE_BEFORE) >>> 2, older);
      return Atomics.load(words, (row + STATE_CHAIN) >>> 2) === chain ? older >>> 0 : 0;
    };
    // A key may move from an older table to the newest one, so the newest one comes last.
    for (let older = before(table); older !== 0; older = before(older)) clear(words, longs, older);
    clear(words, longs, table);
    Atomics.store(words, (scratch + SCRATCH_TABLE_BEFORE) >>> 2, 0);
    const same =
      Atomics.load(words, (row + STATE_CHAIN) >>> 2) === chain &&
      Atomics.load(words, (row + STATE_EXTENT) >>> 2) >>> 0 === table;
    if (same) return;
  }
}

interface Pinned {
  words: Int32Array;
  longs: BigInt64Array;
  table: number;
}

/** Keeps the table in force from being used for another limiter until this thread pins another one. */
function pinned(memory: WasmMemory, row: number, scratch: number, exports: Exports): Pinned {
  exports.limiterLimit(row, scratch);
  memory.grow(0);
  const words = new Int32Array(memory.buffer);
  const longs = new BigInt64Array(memory.buffer);
  return { words, longs, table: (words[(scratch + SCRATCH_TABLE) >>> 2] as number) >>> 0 };
}

function clear(words: Int32Array, longs: BigInt64Array, table: number): void {
  for (const entry of entriesOf(table, bucketCount(words, table))) {
    const at = (entry + ENTRY_TAT) >>> 3;
    let tat = longs[at] as bigint;
    while (tat !== 0n && tat !== TAKEN) {
      const found = Atomics.compareExchange(longs, at, tat, 0n);
      if (found === tat) break;
      tat = found;
    }
  }
}

function bucketCount(words: Int32Array, table: number): number {
  return (words[(table + LIMITER_BUCKET_MASK) >>> 2] as number) + 1;
}

function* entriesOf(table: number, buckets: number): Generator<number> {
  const first = table + LIMITER_BUCKETS + BUCKET_ENTRIES;
  for (let bucket = 0; bucket < buckets; bucket++)
    for (let i = 0; i < BUCKET_ENTRY_COUNT; i++) yield first + bucket * BUCKET_BYTES + i * ENTRY_BYTES;
}
