// What a limiter's keys have used, so that it can be written down and read again by another process: hashes of keys,
// how much each has used, and when that was by the wall clock, since monotonic clocks tell other times.
//
// The record of a key changes only when the key takes something: it says how far its TAT is from a moment that stays the
// same, in the units of its table, so each table of a limiter is written as it is. When it is read, what has come back
// meanwhile is subtracted in those units, by the options under which it came back; what is left is a share of the
// limit, and that share is used under the newest options, too.

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
} from '../../memory/layout.ts';
import type { WasmMemory } from '../instance.ts';
import { newPages } from './saved.ts';

export interface LimiterSnapshot {
  buckets: number;
  /** 128 bits in hexadecimal: other than under these, the hashes tell nothing. */
  seed: string;
  /** The moment that uses are told from, by the wall clock. */
  wallMs: number;
  /** The usage of keys, by the options under which it was taken, the newest first. */
  tables: UsedKeys[];
}

export interface UsedKeys {
  limit: number;
  windowMs: number;
  /**
   * Records of 64 bits each: the hash of a key, and for how long from that moment on something of its limit is used,
   * in units of which a millisecond has `limit`.
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
/** Where options change all the time, it gives up. */
const LOOKS = 5;
/** More than a century, and times the largest limit within 63 bits. */
const PASSED_MS_MAX = 2 ** 42;
const BUCKETS_MAX = 2 ** Math.ceil(Math.log2(LIMIT_KEYS_MAX / BUCKET_KEYS));

/**
 * What the keys of a limiter have used; undefined when nobody has used it. Threads may go on taking from it meanwhile.
 * @param row pointer of the limiter's row
 * @param nowMs by the machine's clock: keys that have got back all of the limit are left out
 * @param since the moment that uses are told from; while it is the same, what nobody takes from stays as it is
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
    // A table that has been taken out of the chain meanwhile may be another limiter's by now.
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
 * Lays a table of what was written down and has not come back meanwhile. A limiter can have it as the table before.
 * @returns its pointer; 0 when nothing is left
 * @throws RangeError when there is no room, TypeError when the snapshot can't be one
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

/** A key, by the two halves of its hash, and how much it has used. */
type SeeUsed = (low: number, high: number, used: number) => void;

/** With each key that has used more than has come back, and how much more: exact up to 2^53, which no limit comes to. */
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
  if (!fits) throw new TypeError('it is no usage of a limiter');
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

/** The low 32 bits without a sign, the high ones with it. */
function halves(value: bigint): [low: number, high: number] {
  return [Number(BigInt.asUintN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
}

/** The memory as it is at the moment, with its extents. */
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

  /** How often a table has been taken out of the chain of a limiter. */
  changesOf(row: number): number {
    return Atomics.load(this.words, (row + STATE_CHAIN) >>> 2);
  }

  long(pointer: number): bigint {
    return this.bytes.readBigInt64LE(pointer);
  }

  bucketCount(table: number): number {
    return this.word(table + LIMITER_BUCKET_MASK) + 1;
  }

  /** Records of the keys whose TAT is beyond `unused`, told from `beginning`. */
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
        // The two halves of one value: the high one is the same before and after.
        for (let again = Atomics.load(words, tat + 1); again !== high; again = Atomics.load(words, tat + 1)) {
          high = again;
          low = Atomics.load(words, tat) >>> 0;
        }
        // The entry has changed hands meanwhile.
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

/** A table that is being laid: no thread can reach it yet. */
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

  /** Enters a key that is not there yet; in a full bucket in the place of one that has used less. */
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
      // Newer options are entered first, and what a key has used under older ones has gone into that.
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
