// What a limiter's keys have used, so that it can be written down and read again by another process: hashes of keys,
// how much each has used, and when that was by the wall clock, since monotonic clocks tell other times.

import type { Exports, WasmMemory } from './instance.ts';
import {
  BUCKET_BYTES,
  BUCKET_ENTRIES,
  BUCKET_ENTRY_COUNT,
  BUCKET_KEYS,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_TAT,
  LIMIT_KEYS_MAX,
  LIMITER_BUCKET_MASK,
  LIMITER_BUCKETS,
  LIMITER_LIMIT,
  LIMITER_OWNER,
  LIMITER_PREVIOUS,
  LIMITER_SEED,
  LIMITER_SEED_BYTES,
  LIMITER_WINDOW_MS,
  STATE_EXTENT,
} from './layout.ts';
import type { Scratch } from './scratch.ts';

export interface LimiterSnapshot {
  limit: number;
  windowMs: number;
  buckets: number;
  /** 128 bits in hexadecimal: other than under these, the hashes tell nothing. */
  seed: string;
  /** The moment that uses are told from, by the wall clock. */
  wallMs: number;
  /**
   * The hash of a key, 64 bits in hexadecimal, and for how long from that moment on something of its limit is used, in
   * units of which a millisecond has `limit`.
   */
  keys: [hash: string, used: number][];
}

/** Who has made a table that was written down: any thread's options come after it. */
const NOBODY = 0;

/** The same moment by two clocks. */
export interface Moment {
  /** The limiter's. */
  nowMs: number;
  wallMs: number;
}

/**
 * What the keys of a limiter have used; undefined when nobody has used it. Threads may go on taking from it meanwhile.
 * @param row pointer of the limiter's row
 * @param nowMs by the limiter's clock: keys that have got back all of the limit are left out
 * @param since the moment that uses are told from; while it is the same, what nobody takes from stays as it is
 */
export function readLimiter(
  memory: WasmMemory,
  row: number,
  nowMs: number,
  since: Moment,
): LimiterSnapshot | undefined {
  const tables = new Tables(memory);
  const current = tables.word(row + STATE_EXTENT);
  if (current === 0) return undefined;
  const limit = tables.word(current + LIMITER_LIMIT);
  const windowMs = tables.word(current + LIMITER_WINDOW_MS);
  const keys = new Map<string, number>();
  // What has not come since the options changed is in the tables before.
  for (let table = current; table !== 0; table = tables.word(table + LIMITER_PREVIOUS)) {
    const itsLimit = tables.word(table + LIMITER_LIMIT);
    const scale = (windowMs * limit) / (tables.word(table + LIMITER_WINDOW_MS) * itsLimit);
    const unused = whole(nowMs) * BigInt(itsLimit);
    const beginning = whole(since.nowMs) * BigInt(itsLimit);
    tables.eachEntry(table, (entry) => {
      const hash = tables.long(entry + ENTRY_HASH);
      const tat = tables.long(entry + ENTRY_TAT);
      if (tat <= unused) return;
      const key = hexOf(hash);
      if (!keys.has(key)) keys.set(key, Math.round(Number(tat - beginning) * scale));
    });
  }
  return {
    limit,
    windowMs,
    buckets: tables.bucketCount(current),
    seed: tables.bytes.toString('hex', current + LIMITER_SEED, current + LIMITER_SEED + LIMITER_SEED_BYTES),
    wallMs: since.wallMs,
    keys: [...keys],
  };
}

/**
 * Gives a limiter that nobody uses yet the table that was written down. What has come back meanwhile is left out.
 * @returns false when there is no room for it
 */
export function restoreLimiter(
  memory: WasmMemory,
  exports: Exports,
  scratch: Scratch,
  row: number,
  { limit, windowMs, buckets, seed, wallMs: writtenMs, keys }: LimiterSnapshot,
  { nowMs, wallMs }: Moment,
): boolean {
  scratch.lay(Buffer.from(seed, 'hex'));
  const most = Math.min((buckets - 1) * BUCKET_KEYS + 1, LIMIT_KEYS_MAX);
  const table = exports.limiterOpen(row, scratch.pointer, limit, windowMs, most, nowMs) >>> 0;
  if (table === 0) return false;
  const tables = new Tables(memory);
  tables.setWord(table + LIMITER_OWNER, NOBODY);
  // The wall clock may have been set back.
  const passed = Math.max(Math.floor(wallMs - writtenMs), 0) * limit;
  const unused = whole(nowMs) * BigInt(limit);
  for (const [hex, used] of keys) {
    if (used <= passed) continue;
    const entry = tables.freeEntry(table, BigInt(`0x${hex}`));
    if (entry === undefined) continue;
    tables.setLong(entry + ENTRY_TAT, unused + BigInt(Math.min(used - passed, windowMs * limit)));
    tables.setLong(entry + ENTRY_HASH, BigInt.asIntN(64, BigInt(`0x${hex}`)));
  }
  return true;
}

/** The memory as it is at the moment, with its extents. */
class Tables {
  readonly bytes: Buffer;
  private readonly words: Uint32Array;
  private readonly longs: BigInt64Array;

  constructor(memory: WasmMemory) {
    memory.grow(0);
    this.bytes = Buffer.from(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
    this.longs = new BigInt64Array(memory.buffer);
  }

  word(pointer: number): number {
    return this.words[pointer >>> 2] as number;
  }

  setWord(pointer: number, value: number): void {
    this.words[pointer >>> 2] = value;
  }

  long(pointer: number): bigint {
    return Atomics.load(this.longs, pointer >>> 3);
  }

  setLong(pointer: number, value: bigint): void {
    Atomics.store(this.longs, pointer >>> 3, value);
  }

  bucketCount(table: number): number {
    return this.word(table + LIMITER_BUCKET_MASK) + 1;
  }

  /** With the pointer of each entry that has had a key; most have not. */
  eachEntry(table: number, see: (entry: number) => void): void {
    const buckets = table + LIMITER_BUCKETS;
    const end = buckets + this.bucketCount(table) * BUCKET_BYTES;
    for (let bucket = buckets; bucket < end; bucket += BUCKET_BYTES)
      for (let i = 0; i < BUCKET_ENTRY_COUNT; i++) {
        const entry = bucket + BUCKET_ENTRIES + i * ENTRY_BYTES;
        if (this.word(entry + ENTRY_HASH) !== 0 || this.word(entry + ENTRY_HASH + 4) !== 0) see(entry);
      }
  }

  /** Pointer of an entry that a key of this hash may have. */
  freeEntry(table: number, hash: bigint): number | undefined {
    const index = Number(hash & BigInt(this.bucketCount(table) - 1));
    const bucket = table + LIMITER_BUCKETS + index * BUCKET_BYTES;
    for (let i = 0; i < BUCKET_ENTRY_COUNT; i++) {
      const entry = bucket + BUCKET_ENTRIES + i * ENTRY_BYTES;
      if (this.long(entry + ENTRY_HASH) === 0n) return entry;
    }
    return undefined;
  }
}

function whole(ms: number): bigint {
  return BigInt(Math.floor(ms));
}

function hexOf(hash: bigint): string {
  return BigInt.asUintN(64, hash).toString(16);
}
