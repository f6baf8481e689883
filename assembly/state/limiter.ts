// Rate limits by key, exact over all threads, with the generic cell rate algorithm. Each key has a theoretical arrival
// time (TAT): the time from which none of its limit is used. One millisecond has `limit` time units, so a take of cost 1
// moves the TAT by `windowMs` units and all arithmetic is in whole numbers. A take is allowed if it moves the TAT to at
// most one window from now. So rounding never allows one take too many.
//
// The table consists of buckets of entries, and the hash of a key selects its bucket. To take from a key with an entry, a
// thread moves the TAT by one compare-exchange and then checks that the entry still belongs to the key.
//
// A new key gets an entry under the bucket's latch. The thread marks the entry with the smallest TAT as TAKEN, stores the
// new key, then the new TAT. The mark makes the compare-exchange of any other thread fail. If the thread ends in between,
// the mark stays. TAKEN is smaller than any TAT, so the next thread picks the same entry and completes it. The smallest
// TAT belongs to an unused entry or to a key whose TAT has passed. If all keys of the bucket have used some of their
// limit, it belongs to the key that has used least, and the table forgets that key.
//
// A table holds its options. The options of the youngest generation of threads are in force. New options need a new table,
// and all threads switch to it. When a key first comes to the new table, its usage moves over from the older tables. A
// table made by a snapshot (src/wasm/state/saved.ts) is always an older table. A table whose usage no longer counts is
// reused (tables.ts).

import { KIND_LIMITER } from '../../src/memory/codes';
import { STATE, STATE_COUNT_MAX, STATE_ROW_BYTES } from '../../src/memory/layout';
import {
  BUCKET_BYTES,
  BUCKET_ENTRIES,
  BUCKET_ENTRY_COUNT,
  BUCKET_KEYS,
  BUCKET_LATCH,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_TAT,
  LIMIT_REMAINING_RANGE,
  LIMITER_AHEAD_MS,
  LIMITER_BUCKET_MASK,
  LIMITER_BUCKETS,
  LIMITER_DISAGREES,
  LIMITER_GENERATION,
  LIMITER_KEYS,
  LIMITER_LIMIT,
  LIMITER_MADE_MS,
  LIMITER_PREVIOUS,
  LIMITER_SEED,
  LIMITER_SEED_BYTES,
  LIMITER_TABLES_MAX,
  LIMITER_WINDOW_MS,
  SCRATCH_OWNER,
  SCRATCH_TEXT,
  STATE_KIND,
  STATE_LATCH,
  STATE_TAKES,
  TAKES_ALLOWED,
  TAKES_BYTES,
  TAKES_COUNT,
  TAKES_REFUSED,
} from '../../src/memory/state-layout';
import { releaseLatch, releaseLatchOf, takeLatch } from './latch';
import { leaveScratch, scratchOf } from './scratch';
import { sipHash } from './siphash';
import {
  CHANGED,
  chainFrom,
  freeTables,
  freshTable,
  pinBefore,
  pinCurrent,
  pinTable,
  putInForce,
  tableOf,
  tablesOwnerDied,
  takeOut,
  unpinBefore,
  usedTable,
} from './tables';

/** take() returns this when the cost is more than the limit. */
const NEVER: f64 = Infinity;
/** The take has no outcome yet. */
const AGAIN: f64 = NaN;
/** The generation of a table that a snapshot made. Such a table uses the machine's clock. */
const NOBODY = 0;
/** The TAT of an entry that is getting a new key. It is smaller than any other TAT. */
const TAKEN: i64 = i64.MIN_VALUE;
/** Returned instead of a TAT when the chain of older tables has changed during the lookup. */
const CHAIN_CHANGED: i64 = -1;
/* The options of a handle are in force or from an older generation; or new; or differ from those of its own generation. */
const IN_FORCE = 0;
const NEW_OPTIONS = 1;
const OTHERS = 2;

/**
 * Takes `cost` from the limit of the key in the scratch page; the key has `length` bytes. Returns the remaining takes.
 * When it refuses the take, returns -(milliseconds until it would be allowed * LIMIT_REMAINING_RANGE + remaining takes),
 * or NEVER when the cost is more than the limit.
 */
export function take(limiter: usize, scratch: usize, length: i32, cost: i32, nowMs: i64): f64 {
  for (;;) {
    const table = pinTable(limiter, scratch);
    if (cost > load<i32>(table, LIMITER_LIMIT)) return NEVER;
    const hash = hashOf(table, scratch, length);
    const bucket = bucketOf(table, hash);
    const entry = entryOf(bucket, hash);
    let outcome = entry == 0 ? AGAIN : takeFrom(table, entry, hash, cost, nowMs);
    if (isNaN(outcome)) outcome = takeHeld(limiter, table, bucket, hash, scratch, cost, nowMs);
    // If another table came into force meanwhile, it may have missed this take, so take again.
    if (tableOf(limiter) != table) continue;
    countTake(limiter, scratch, outcome >= 0);
    return outcome;
  }
}

/** Counts a take for the metrics of the limiter. */
function countTake(limiter: usize, scratch: usize, allowed: bool): void {
  const own = <usize>(load<u32>(scratch, SCRATCH_OWNER) & (TAKES_COUNT - 1));
  const takes = limiter + STATE_TAKES + own * TAKES_BYTES;
  atomic.add<i64>(takes + (allowed ? TAKES_ALLOWED : TAKES_REFUSED), 1);
}

/** Takes from an entry. Returns AGAIN when the entry does not, or no longer, belong to the key. */
function takeFrom(table: usize, entry: usize, hash: i64, cost: i32, nowMs: i64): f64 {
  for (;;) {
    const tat = atomic.load<i64>(entry, ENTRY_TAT);
    if (tat == TAKEN || atomic.load<i64>(entry, ENTRY_HASH) != hash) return AGAIN;
    const next = charged(table, tat, cost, nowMs);
    if (next > latest(table, nowMs)) return refused(table, tat, next, nowMs);
    if (atomic.cmpxchg<i64>(entry, tat, next, ENTRY_TAT) != tat) continue;
    // If the entry has changed its key meanwhile, another key with the same TAT was charged.
    if (atomic.load<i64>(entry, ENTRY_HASH) != hash) return AGAIN;
    return remaining(table, next, nowMs);
  }
}

/** Takes under the bucket's latch. Gives the key an entry if it has none. */
function takeHeld(
  limiter: usize,
  table: usize,
  bucket: usize,
  hash: i64,
  scratch: usize,
  cost: i32,
  nowMs: i64,
): f64 {
  if (!takeLatch(bucket + BUCKET_LATCH, scratch)) return -LIMIT_REMAINING_RANGE;
  let entry = entryOf(bucket, hash);
  let outcome = entry == 0 ? AGAIN : takeFrom(table, entry, hash, cost, nowMs);
  if (isNaN(outcome)) {
    entry = takeEntry(bucket);
    atomic.store<i64>(entry, hash, ENTRY_HASH);
    const tat = usedBefore(limiter, scratch, table, hash, nowMs);
    const next = charged(table, tat, cost, nowMs);
    const allowed = next <= latest(table, nowMs);
    atomic.store<i64>(entry, allowed ? next : tat, ENTRY_TAT);
    if (tat != 0) forgetBefore(limiter, scratch, table, hash);
    outcome = allowed ? remaining(table, next, nowMs) : refused(table, tat, next, nowMs);
  }
  releaseLatch(bucket + BUCKET_LATCH);
  return outcome;
}

/** Marks the entry with the smallest TAT as TAKEN and returns it. The caller holds the bucket's latch. */
function takeEntry(bucket: usize): usize {
  for (;;) {
    let entry = bucket + BUCKET_ENTRIES;
    let least = atomic.load<i64>(entry, ENTRY_TAT);
    for (let i = 1; i < BUCKET_ENTRY_COUNT; i++) {
      const other = bucket + BUCKET_ENTRIES + i * ENTRY_BYTES;
      const tat = atomic.load<i64>(other, ENTRY_TAT);
      if (tat >= least) continue;
      least = tat;
      entry = other;
    }
    if (atomic.cmpxchg<i64>(entry, least, TAKEN, ENTRY_TAT) != least) continue;
    return entry;
  }
}

/** Returns the pointer of the entry with this hash, or 0. */
function entryOf(bucket: usize, hash: i64): usize {
  for (let i = 0; i < BUCKET_ENTRY_COUNT; i++) {
    const entry = bucket + BUCKET_ENTRIES + i * ENTRY_BYTES;
    if (atomic.load<i64>(entry, ENTRY_HASH) == hash) return entry;
  }
  return 0;
}

/** Returns the TAT of a key that is new to the table: it has used the same share of its limit as in the older tables. */
function usedBefore(limiter: usize, scratch: usize, table: usize, hash: i64, nowMs: i64): i64 {
  let tat: i64;
  do {
    const chain = chainFrom(limiter, table);
    // Other options came into force meanwhile, so take() starts again with their table.
    if (chain < 0) return 0;
    tat = usedInChain(limiter, scratch, table, chain, hash, nowMs);
  } while (tat == CHAIN_CHANGED);
  unpinBefore(scratch);
  return tat;
}

function usedInChain(limiter: usize, scratch: usize, table: usize, chain: i32, hash: i64, nowMs: i64): i64 {
  let newer = table;
  let madeMs = load<i64>(newer, LIMITER_MADE_MS);
  let newerAheadMs = aheadMsOf(newer);
  let older = pinBefore(limiter, scratch, newer, chain);
  while (older != 0 && older != CHANGED) {
    const aheadMs = aheadMsOf(older);
    /** The current time by the clock of the older table. */
    const thenMs = nowMs + shiftMs(aheadMsOf(table), aheadMs);
    // After this time, the TAT of every key in the older table has passed.
    if (thenMs <= madeMs + shiftMs(newerAheadMs, aheadMs) + windowMsOf(older)) {
      const entry = entryOf(bucketOf(older, hash), hash);
      const tat = entry == 0 ? 0 : atomic.load<i64>(entry, ENTRY_TAT);
      const unused = thenMs * limitOf(older);
      // A slow thread may still change this entry. Then it notices the new table and takes again from that one.
      if (tat > unused && atomic.load<i64>(entry, ENTRY_HASH) == hash)
        return nowMs * limitOf(table) + scaled(tat - unused, fullOf(older), fullOf(table));
    }
    newer = older;
    madeMs = load<i64>(newer, LIMITER_MADE_MS);
    newerAheadMs = aheadMs;
    older = pinBefore(limiter, scratch, newer, chain);
  }
  return older == CHANGED ? CHAIN_CHANGED : 0;
}

/** Clears a key in the older tables. If another key evicts it later, its old usage must not come back. */
function forgetBefore(limiter: usize, scratch: usize, table: usize, hash: i64): void {
  let older: usize;
  do {
    const chain = chainFrom(limiter, table);
    if (chain < 0) return;
    older = pinBefore(limiter, scratch, table, chain);
    while (older != 0 && older != CHANGED) {
      const entry = entryOf(bucketOf(older, hash), hash);
      if (entry != 0) atomic.store<i64>(entry, 0, ENTRY_TAT);
      older = pinBefore(limiter, scratch, older, chain);
    }
  } while (older == CHANGED);
  unpinBefore(scratch);
}

/** Gives the key in the scratch page its whole limit back. A take at the same moment may count on. */
export function forget(limiter: usize, scratch: usize, length: i32): void {
  let table: usize;
  do {
    table = pinTable(limiter, scratch);
    const hash = hashOf(table, scratch, length);
    forgetBefore(limiter, scratch, table, hash);
    const entry = entryOf(bucketOf(table, hash), hash);
    if (entry != 0) clearEntry(entry);
  } while (tableOf(limiter) != table);
}

/** Sets the TAT to 0, unless the entry is getting a new key. */
function clearEntry(entry: usize): void {
  let tat = atomic.load<i64>(entry, ENTRY_TAT);
  while (tat != TAKEN) {
    const found = atomic.cmpxchg<i64>(entry, tat, 0, ENTRY_TAT);
    if (found == tat) return;
    tat = found;
  }
}

/** Returns `used * to / from`, rounded to the nearest. All arguments and the result are at most 2^51. */
function scaled(used: i64, from: i64, to: i64): i64 {
  // `near` is off by 1 at most. The products may overflow 64 bits, but their difference is small, so it is exact.
  const near = <i64>nearest<f64>((<f64>used / <f64>from) * <f64>to);
  const twice = (used * to - near * from) * 2;
  return twice >= from ? near + 1 : twice < -from ? near - 1 : near;
}

function charged(table: usize, tat: i64, cost: i32, nowMs: i64): i64 {
  return max<i64>(tat, nowMs * limitOf(table)) + <i64>cost * windowMsOf(table);
}

/** Returns the latest TAT that is allowed. */
function latest(table: usize, nowMs: i64): i64 {
  return (nowMs + windowMsOf(table)) * limitOf(table);
}

/** Returns how many takes of cost 1 would be allowed now. */
function remaining(table: usize, tat: i64, nowMs: i64): f64 {
  return <f64>max<i64>((latest(table, nowMs) - tat) / windowMsOf(table), 0);
}

/**
 * Returns the outcome of a refused take; see take().
 * @param next the TAT that the take would lead to
 */
function refused(table: usize, tat: i64, next: i64, nowMs: i64): f64 {
  const limit = limitOf(table);
  const waitMs = (next - latest(table, nowMs) + limit - 1) / limit;
  return -(<f64>waitMs * LIMIT_REMAINING_RANGE + remaining(table, max<i64>(tat, nowMs * limit), nowMs));
}

/**
 * Returns the pointer of the limiter's table. Makes a table with these options, unless they are already in force or a
 * younger generation has put others in force. Returns LIMITER_DISAGREES when the same generation opened the limiter with
 * different options, 0 when the memory has no room. The scratch page holds random bits as the seed.
 */
export function open(
  limiter: usize,
  scratch: usize,
  limit: i32,
  windowMs: u32,
  keys: i32,
  generation: i32,
  nowMs: i64,
  aheadMs: i64,
): usize {
  // With the latch, only one of several threads that start together makes a table. Without it, the result is the same.
  let held = takeLatch(limiter + STATE_LATCH, scratch);
  let swept = false;
  const mask = maskFor(keys);
  let made: usize = 0;
  let table: usize = 0;
  do {
    const current = pinCurrent(limiter, scratch);
    const judged =
      current == 0 ? NEW_OPTIONS : judge(current, generation, limit, windowMs, keys, mask, aheadMs);
    if (judged == NEW_OPTIONS) {
      if (made == 0) made = usedTable(scratch, mask + 1);
      if (made == 0 && !swept) {
        // Another limiter may have a free table. A thread may hold only one latch, so release this one first.
        swept = true;
        if (held) releaseLatch(limiter + STATE_LATCH);
        if (aheadMs == 0) sweep(scratch, nowMs);
        held = takeLatch(limiter + STATE_LATCH, scratch);
        continue;
      }
      if (made == 0) made = freshTable(scratch, mask + 1);
      if (made == 0 && held && current != 0) {
        dropBefore(limiter);
        made = usedTable(scratch, mask + 1);
      }
      if (made == 0) break;
      store<i32>(made, limit, LIMITER_LIMIT);
      store<u32>(made, windowMs, LIMITER_WINDOW_MS);
      store<i32>(made, keys, LIMITER_KEYS);
      store<i32>(made, generation, LIMITER_GENERATION);
      store<i64>(made, nowMs, LIMITER_MADE_MS);
      store<i64>(made, aheadMs, LIMITER_AHEAD_MS);
      // All tables of a limiter share one seed, so a key keeps its hash.
      const seed = current == 0 ? scratch + SCRATCH_TEXT : current + LIMITER_SEED;
      memory.copy(made + LIMITER_SEED, seed, LIMITER_SEED_BYTES);
      if (putInForce(limiter, scratch, made, current)) table = made;
    } else table = judged == IN_FORCE ? current : LIMITER_DISAGREES;
  } while (table == 0);
  // If a table was made but not put in force, tidy() frees it like a table taken out of the chain.
  if (made != 0 && held) tidy(limiter, nowMs);
  unpinBefore(scratch);
  if (held) releaseLatch(limiter + STATE_LATCH);
  return table;
}

/** Compares the options of a handle with those in force. Returns IN_FORCE, NEW_OPTIONS or OTHERS. */
function judge(
  table: usize,
  generation: i32,
  limit: i32,
  windowMs: u32,
  keys: i32,
  mask: i32,
  aheadMs: i64,
): i32 {
  const same =
    load<i32>(table, LIMITER_LIMIT) == limit &&
    load<u32>(table, LIMITER_WINDOW_MS) == windowMs &&
    load<i32>(table, LIMITER_BUCKET_MASK) == mask &&
    (aheadMsOf(table) == 0) == (aheadMs == 0);
  const theirs = atomic.load<i32>(table, LIMITER_GENERATION);
  if (theirs == NOBODY) return NEW_OPTIONS;
  if (isOlder(generation, theirs)) return IN_FORCE;
  if (generation == theirs) return same && atomic.load<i32>(table, LIMITER_KEYS) == keys ? IN_FORCE : OTHERS;
  if (!same) return NEW_OPTIONS;
  // The options in force now belong to this generation.
  atomic.store<i32>(table, keys, LIMITER_KEYS);
  atomic.store<i32>(table, generation, LIMITER_GENERATION);
  return IN_FORCE;
}

/** Returns whether `generation` is older. A generation that is still loading has a negative number and counts as older. */
function isOlder(generation: i32, theirs: i32): bool {
  return theirs < 0 ? generation < 0 && generation > theirs : generation < theirs;
}

/** Takes tables out of the chain whose usage no longer counts, or that are too old. The caller holds the latch. */
function tidy(limiter: usize, nowMs: i64): void {
  let newer = tableOf(limiter);
  let count = 1;
  for (let older = previousOf(newer); older != 0; older = previousOf(newer)) {
    const thenMs = nowMs + shiftMs(aheadMsOf(tableOf(limiter)), aheadMsOf(older));
    const madeMs = load<i64>(newer, LIMITER_MADE_MS) + shiftMs(aheadMsOf(newer), aheadMsOf(older));
    const counts = thenMs <= madeMs + windowMsOf(older);
    if (counts && count < LIMITER_TABLES_MAX) {
      newer = older;
      count++;
    } else takeOut(limiter, newer, older);
  }
  freeTables(limiter);
}

/** Tidies all limiters that use the machine's clock. */
function sweep(scratch: usize, nowMs: i64): void {
  for (let i = 0; i < STATE_COUNT_MAX; i++) {
    const limiter: usize = STATE + i * STATE_ROW_BYTES;
    if (atomic.load<i32>(limiter, STATE_KIND) != KIND_LIMITER) continue;
    if (tableOf(limiter) == 0 || !takeLatch(limiter + STATE_LATCH, scratch)) continue;
    if (aheadMsOf(tableOf(limiter)) == 0) tidy(limiter, nowMs);
    releaseLatch(limiter + STATE_LATCH);
  }
}

/** Drops all older tables, and the usage in them, when the memory has no room. The caller holds the limiter's latch. */
function dropBefore(limiter: usize): void {
  const table = tableOf(limiter);
  for (let older = previousOf(table); older != 0; older = previousOf(table)) takeOut(limiter, table, older);
  freeTables(limiter);
}

/** Returns the bucket mask: the smallest power of two of buckets with room for `keys` keys, minus 1. */
function maskFor(keys: i32): i32 {
  const full = (keys - 1) / BUCKET_KEYS;
  return full == 0 ? 0 : (1 << (32 - clz<i32>(full))) - 1;
}

/** Returns the limit that is in force. */
export function limit(limiter: usize, scratch: usize): i32 {
  return load<i32>(pinTable(limiter, scratch), LIMITER_LIMIT);
}

export function windowMs(limiter: usize, scratch: usize): f64 {
  return <f64>windowMsOf(pinTable(limiter, scratch));
}

export function keys(limiter: usize, scratch: usize): i32 {
  return load<i32>(pinTable(limiter, scratch), LIMITER_KEYS);
}

/** Releases the latch, the tables and the scratch page of a dead thread. One call covers all limiters. */
export function limiterOwnerDied(owner: i32): void {
  const scratch = scratchOf(owner);
  if (scratch == 0) return;
  releaseLatchOf(scratch);
  tablesOwnerDied(owner);
  leaveScratch(scratch);
}

/** Returns the hash of the key in the scratch page. The hash is never 0, since 0 marks an entry without a key. */
function hashOf(table: usize, scratch: usize, length: i32): i64 {
  const hash = sipHash(table + LIMITER_SEED, scratch + SCRATCH_TEXT, length);
  return hash == 0 ? 1 : hash;
}

function bucketOf(table: usize, hash: i64): usize {
  return table + LIMITER_BUCKETS + <usize>(<i32>hash & load<i32>(table, LIMITER_BUCKET_MASK)) * BUCKET_BYTES;
}

function previousOf(table: usize): usize {
  return atomic.load<usize>(table, LIMITER_PREVIOUS);
}

function limitOf(table: usize): i64 {
  return <i64>load<i32>(table, LIMITER_LIMIT);
}

function windowMsOf(table: usize): i64 {
  return <i64>load<u32>(table, LIMITER_WINDOW_MS);
}

/** Returns how far the limiter's clock was ahead of the machine's when the table was made; 0 for the machine's clock. */
function aheadMsOf(table: usize): i64 {
  return load<i64>(table, LIMITER_AHEAD_MS);
}

/**
 * Returns how far one clock is ahead of another. The arguments say how far each is ahead of the machine's clock. Two
 * clocks that are not the machine's are the same clock, which may run at another speed.
 */
function shiftMs(fromAheadMs: i64, toAheadMs: i64): i64 {
  return fromAheadMs != 0 && toAheadMs != 0 ? 0 : toAheadMs - fromAheadMs;
}

/** Returns how far ahead of now the TAT of a key is when the key has used all of its limit. */
function fullOf(table: usize): i64 {
  return windowMsOf(table) * limitOf(table);
}
