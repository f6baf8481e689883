// Snapshots of limiters, which another process can read: the hashes of the keys, how much each key has used, and the moment
// of the snapshot by the wall clock, since the monotonic clock of another process or machine has another origin.
//
// A key's record is the distance of its TAT (see assembly/state/limiter.ts) from a fixed moment, in the units of its table.
// So it changes only when the key is used, and each table of a limiter is written without conversion. A process that reads a
// snapshot first subtracts the time that has passed since, in units of the options under which the key was used. The rest
// is a share of the limit, and the same share counts as used under the newest options.

import {
  BUCKET_BYTES,
  BUCKET_ENTRIES,
  BUCKET_ENTRY_COUNT,
  BUCKET_KEYS,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_TAT,
  LIMIT_KEYS_MAX,
  LIMIT_MAX,
  LIMIT_WINDOW_MS_MAX,
  LIMITER_AHEAD_MS,
  LIMITER_BUCKET_MASK,
  LIMITER_BUCKETS,
  LIMITER_LIMIT,
  LIMITER_PREVIOUS,
  LIMITER_SEED,
  LIMITER_SEED_BYTES,
  LIMITER_WINDOW_MS,
  STATE_CHAIN,
  STATE_EXTENT,
} from '../../memory/state-layout.ts';
import type { WasmMemory } from '../instance.ts';
import { newPages } from './saved.ts';

export interface LimiterSnapshot {
  buckets: number;
  /** The seed of the hashes, 128 bits in hexadecimal: with another seed the keys are not found. */
  seed: string;
  /** The moment from which records count, by the wall clock. */
  wallMs: number;
  /** The usage of the keys under each options, the newest options first. */
  tables: UsedKeys[];
}

export interface UsedKeys {
  limit: number;
  windowMs: number;
  /**
   * Records of two 64-bit integers: the hash of a key, and the time from that moment on until its whole limit is free
   * again, in units of a millisecond divided by `limit`.
   */
  keys: Uint8Array;
}

export const USED_KEY_BYTES = 16;

/** The same moment by two clocks. */
export interface Moment {
  /** The machine's monotonic clock. */
  nowMs: number;
  wallMs: number;
}

const WORDS_PER_KEY = USED_KEY_BYTES / 4;
const WORD = 2 ** 32;
/** readLimiter() gives up when options have changed during so many attempts. */
const LOOKS = 5;
/** More than a century. Multiplied by the largest limit, it fits 63 bits. */
const PASSED_MS_MAX = 2 ** 42;
const BUCKETS_MAX = 2 ** Math.ceil(Math.log2(LIMIT_KEYS_MAX / BUCKET_KEYS));

/**
 * Reads what the keys of a limiter have used. Threads may use the limiter meanwhile.
 * @param row pointer of the limiter's row
 * @param nowMs by the machine's clock: keys whose whole limit is free again are left out
 * @param since the moment from which records count; with the same moment, the record of an unused key stays the same
 * @returns undefined when the limiter has not been used
 */
export function readLimiter(
  memory: WasmMemory,
  row: number,
  nowMs: number,
  since: Moment,
): LimiterSnapshot | undefined {
  for (let look = 0; look < LOOKS; look++) {
    const tables = new Tables(memory);
    const changes = tables.changesOf(row);
    const snapshot = readTables(tables, row, nowMs, since);
    // A table that was removed from the chain meanwhile may belong to another limiter now.
    if (tables.changesOf(row) === changes) return snapshot;
  }
  return undefined;
}

function readTables(tables: Tables, row: number, nowMs: number, since: Moment): LimiterSnapshot | undefined {
  const current = tables.word(row + STATE_EXTENT);
  if (current === 0) return undefined;
  const used: UsedKeys[] = [];
  for (let table = current; table !== 0; table = tables.word(table + LIMITER_PREVIOUS)) {
    const limit = tables.word(table + LIMITER_LIMIT);
    const aheadMs = tables.long(table + LIMITER_AHEAD_MS);
    const unitsAt = (ms: number): bigint => (BigInt(Math.floor(ms)) + aheadMs) * BigInt(limit);
    const keys = tables.used(table, unitsAt(nowMs), unitsAt(since.nowMs));
    if (table === current || keys.length > 0)
      used.push({ limit, windowMs: tables.word(table + LIMITER_WINDOW_MS), keys });
  }
  return {
    buckets: tables.bucketCount(current),
    seed: tables.bytes.toString('hex', current + LIMITER_SEED, current + LIMITER_SEED + LIMITER_SEED_BYTES),
    wallMs: since.wallMs,
    tables: used,
  };
}

/**
 * Makes a table of the keys of a snapshot whose limit is not free again. A limiter can use it as the table of the options
 * before.
 * @returns pointer of the table; 0 when no key is left
 * @throws RangeError when the memory has no room, TypeError when the snapshot is not valid
 */
export function layLimiter(memory: WasmMemory, snapshot: LimiterSnapshot, { nowMs, wallMs }: Moment): number {
  checkSnapshot(snapshot);
  // The wall clock may have been set back.
  const passedMs = BigInt(Math.min(Math.max(Math.floor(wallMs - snapshot.wallMs), 0), PASSED_MS_MAX));
  const newest = snapshot.tables[0] as UsedKeys;
  const fullNow = newest.limit * newest.windowMs;
  let laid: LaidTable | undefined;
  for (const { limit, windowMs, keys } of snapshot.tables) {
    const full = limit * windowMs;
    eachUsed(keys, passedMs * BigInt(limit), (low, high, left) => {
      const used = Math.min(left, full);
      laid ??= new LaidTable(memory, snapshot, nowMs);
      laid.enter(low, high, full === fullNow ? used : scaled(used, full, fullNow));
    });
  }
  return laid?.pointer ?? 0;
}

/** Receives a key, as the two halves of its hash, and how much it has used. */
type SeeUsed = (low: number, high: number, used: number) => void;

/** Calls `see` for each key whose usage is greater than `passed`, with the rest of it: exact, since no limit reaches 2 ** 53. */
function eachUsed(keys: Uint8Array, passed: bigint, see: SeeUsed): void {
  const words = new Int32Array(new Uint8Array(keys).buffer);
  const [passedLow, passedHigh] = halves(passed);
  for (let i = 0; i < words.length; i += WORDS_PER_KEY) {
    const low = (words[i + 2] as number) >>> 0;
    const left = ((words[i + 3] as number) - passedHigh) * WORD + (low - passedLow);
    if (left > 0) see(words[i] as number, words[i + 1] as number, left);
  }
}

/** `used * to / from`, rounded to the nearest. */
function scaled(used: number, from: number, to: number): number {
  return Number((BigInt(used) * BigInt(to) * 2n + BigInt(from)) / (BigInt(from) * 2n));
}

function checkSnapshot({ buckets, seed, wallMs, tables }: LimiterSnapshot): void {
  const fits =
    isWhole(buckets, BUCKETS_MAX) &&
    Number.isInteger(Math.log2(buckets)) &&
    /^[0-9a-f]{32}$/.test(seed) &&
    Number.isFinite(wallMs) &&
    Array.isArray(tables) &&
    tables.length > 0 &&
    tables.every(
      ({ limit, windowMs, keys }) =>
        isWhole(limit, LIMIT_MAX) &&
        isWhole(windowMs, LIMIT_WINDOW_MS_MAX) &&
        keys instanceof Uint8Array &&
        keys.length % USED_KEY_BYTES === 0,
    );
  if (!fits) throw new TypeError('not a valid snapshot of a limiter');
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

/** Splits a 64-bit integer: the low 32 bits are unsigned, the high ones signed. */
function halves(value: bigint): [low: number, high: number] {
  return [Number(BigInt.asUintN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
}

/** Views of the memory as large as it is at the moment, with all tables. */
class Tables {
  readonly bytes: Buffer;
  protected readonly words: Int32Array;

  constructor(memory: WasmMemory) {
    memory.grow(0);
    this.bytes = Buffer.from(memory.buffer);
    this.words = new Int32Array(memory.buffer);
  }

  word(pointer: number): number {
    return (this.words[pointer >>> 2] as number) >>> 0;
  }

  /** How often a table has been removed from the limiter's chain. */
  changesOf(row: number): number {
    return Atomics.load(this.words, (row + STATE_CHAIN) >>> 2);
  }

  long(pointer: number): bigint {
    return this.bytes.readBigInt64LE(pointer);
  }

  bucketCount(table: number): number {
    return this.word(table + LIMITER_BUCKET_MASK) + 1;
  }

  /** Reads records of the keys whose TAT is later than `unused`, counted from `beginning`. */
  used(table: number, unused: bigint, beginning: bigint): Uint8Array {
    const { words } = this;
    const [unusedLow, unusedHigh] = halves(unused);
    const [beginningLow, beginningHigh] = halves(beginning);
    let records = new Int32Array(WORDS_PER_KEY * BUCKET_ENTRY_COUNT);
    let size = 0;
    const buckets = table + LIMITER_BUCKETS;
    const end = buckets + this.bucketCount(table) * BUCKET_BYTES;
    for (let bucket = buckets; bucket < end; bucket += BUCKET_BYTES) {
      if (size + WORDS_PER_KEY * BUCKET_ENTRY_COUNT > records.length) records = doubled(records);
      for (let i = 0; i < BUCKET_ENTRY_COUNT; i++) {
        const entry = bucket + BUCKET_ENTRIES + i * ENTRY_BYTES;
        const hash = (entry + ENTRY_HASH) >>> 2;
        // Most have no key.
        if (words[hash] === 0 && words[hash + 1] === 0) continue;
        const hashLow = Atomics.load(words, hash);
        const hashHigh = Atomics.load(words, hash + 1);
        const tat = (entry + ENTRY_TAT) >>> 2;
        let high = Atomics.load(words, tat + 1);
        let low = Atomics.load(words, tat) >>> 0;
        // The two halves belong together when the high half has not changed meanwhile.
        for (let again = Atomics.load(words, tat + 1); again !== high; again = Atomics.load(words, tat + 1)) {
          high = again;
          low = Atomics.load(words, tat) >>> 0;
        }
        // Another key has got the entry meanwhile.
        if (Atomics.load(words, hash) !== hashLow || Atomics.load(words, hash + 1) !== hashHigh) {
          i--;
          continue;
        }
        if (high < unusedHigh || (high === unusedHigh && low <= unusedLow)) continue;
        records[size] = hashLow;
        records[size + 1] = hashHigh;
        records[size + 2] = low - beginningLow;
        records[size + 3] = high - beginningHigh - (low < beginningLow ? 1 : 0);
        size += WORDS_PER_KEY;
      }
    }
    return new Uint8Array(records.buffer, 0, size * 4);
  }
}

function doubled(records: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(records.length * 2);
  twice.set(records);
  return twice;
}

/** A table that is being filled: other threads do not know it yet. */
class LaidTable extends Tables {
  readonly pointer: number;
  private readonly mask: number;
  private readonly unusedLow: number;
  private readonly unusedHigh: number;

  constructor(memory: WasmMemory, { buckets, seed, tables }: LimiterSnapshot, nowMs: number) {
    const pointer = newPages(memory, LIMITER_BUCKETS + buckets * BUCKET_BYTES);
    super(memory);
    const { limit, windowMs } = tables[0] as UsedKeys;
    this.pointer = pointer;
    this.mask = buckets - 1;
    [this.unusedLow, this.unusedHigh] = halves(BigInt(Math.floor(nowMs)) * BigInt(limit));
    this.words[(pointer + LIMITER_LIMIT) >>> 2] = limit;
    this.words[(pointer + LIMITER_WINDOW_MS) >>> 2] = windowMs;
    this.words[(pointer + LIMITER_BUCKET_MASK) >>> 2] = this.mask;
    this.bytes.set(Buffer.from(seed, 'hex'), pointer + LIMITER_SEED);
  }

  /** Adds a key, unless it is in the table. In a full bucket it replaces the key that has used least, if that has used less. */
  enter(low: number, high: number, used: number): void {
    const { words } = this;
    const sum = this.unusedLow + (used % WORD);
    const tatLow = sum % WORD;
    const tatHigh = this.unusedHigh + Math.floor(used / WORD) + Math.floor(sum / WORD);
    const bucket = this.pointer + LIMITER_BUCKETS + (low & this.mask) * BUCKET_BYTES;
    let place = 0;
    let leastLow = tatLow;
    let leastHigh = tatHigh;
    for (let i = 0; i < BUCKET_ENTRY_COUNT; i++) {
      const entry = (bucket + BUCKET_ENTRIES + i * ENTRY_BYTES) >>> 2;
      const hash = entry + (ENTRY_HASH >> 2);
      // The newest options come first, and their records contain what the key has used under older options.
      if (words[hash] === low && words[hash + 1] === high) return;
      const entryLow = (words[entry + (ENTRY_TAT >> 2)] as number) >>> 0;
      const entryHigh = words[entry + (ENTRY_TAT >> 2) + 1] as number;
      if (entryHigh > leastHigh || (entryHigh === leastHigh && entryLow >= leastLow)) continue;
      place = entry;
      leastLow = entryLow;
      leastHigh = entryHigh;
    }
    if (place === 0) return;
    words[place + (ENTRY_HASH >> 2)] = low;
    words[place + (ENTRY_HASH >> 2) + 1] = high;
    words[place + (ENTRY_TAT >> 2)] = tatLow;
    words[place + (ENTRY_TAT >> 2) + 1] = tatHigh;
  }
}
