// Limits by key, exact over all threads: the generic cell rate algorithm. A key has a theoretical arrival time (TAT):
// from then on nothing of its limit is used. Time is counted in units of which a millisecond has `limit`, so that a
// take of cost 1 moves the TAT by `windowMs` units, and all is whole numbers; it is allowed as long as the TAT comes
// to no more than a window from now. So no rounding ever lets one too many through.
//
// The table is buckets of entries; a key's hash says its one bucket. To take from a key that has an entry is one
// compare-exchange of its TAT, and a look whether the entry is still the key's. Entries change hands under the
// bucket's latch: the one with the smallest TAT is marked as taken, gets its new key, then its TAT. The mark makes
// whoever was about to change the TAT fail; a thread that ends in between leaves it, and as it is smaller than any
// TAT, the next that comes goes on where that one stood. The smallest TAT is none at all, or one that is past, or,
// when a bucket is full of keys that have used something, that of the key that has used least: it is forgotten.
//
// Options are the table's, and those of the youngest generation of threads are in force. Others make another table, which
// all threads go over to; what a key has used under the options before is looked up there when it first comes, and no
// longer there from then on. A table that a snapshot made (src/wasm/state/saved.ts) is only ever one before. A table in which
// nothing can count any more is used again (tables.ts).

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
  SCRATCH_TEXT,
  STATE_KIND,
  STATE_LATCH,
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

/** What take() returns when the cost is more than the limit. */
const NEVER: f64 = Infinity;
/** No outcome yet. */
const AGAIN: f64 = NaN;
/** The generation of a table that a snapshot made. Its clock is the machine's. */
const NOBODY = 0;
/** The TAT of an entry that changes hands: smaller than any. */
const TAKEN: i64 = i64.MIN_VALUE;
/** In the place of a TAT: the tables before have changed meanwhile. */
const CHAIN_CHANGED: i64 = -1;
/* The options of a handle: in force, or those of an older generation; new ones; others than its generation's own. */
const IN_FORCE = 0;
const NEW_OPTIONS = 1;
const OTHERS = 2;

/**
 * Takes `cost` from the limit of the key that lies in the scratch page, `length` bytes of it. Returns what remains; when
 * it is refused, -(milliseconds until it would not be * LIMIT_REMAINING_RANGE + what remains); NEVER when it can't
 * ever be allowed.
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
    // What was taken from a table that is no longer in use may be missed by the one that is.
    if (tableOf(limiter) != table) continue;
    return outcome;
  }
}

/** Takes from an entry; AGAIN when it isn't, or no longer, the key's. */
function takeFrom(table: usize, entry: usize, hash: i64, cost: i32, nowMs: i64): f64 {
  for (;;) {
    const tat = atomic.load<i64>(entry, ENTRY_TAT);
    if (tat == TAKEN || atomic.load<i64>(entry, ENTRY_HASH) != hash) return AGAIN;
    const next = charged(table, tat, cost, nowMs);
    if (next > latest(table, nowMs)) return refused(table, tat, next, nowMs);
    if (atomic.cmpxchg<i64>(entry, tat, next, ENTRY_TAT) != tat) continue;
    // Only where this key was forgotten meanwhile, another one of the same TAT may have paid.
    if (atomic.load<i64>(entry, ENTRY_HASH) != hash) return AGAIN;
    return remaining(table, next, nowMs);
  }
}

/** Takes with the bucket held, from an entry that the key gets if it has none. */
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

/** Marks the entry with the smallest TAT as taken. The bucket is held. */
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

/** Pointer of the entry of this hash, or 0. */
function entryOf(bucket: usize, hash: i64): usize {
  for (let i = 0; i < BUCKET_ENTRY_COUNT; i++) {
    const entry = bucket + BUCKET_ENTRIES + i * ENTRY_BYTES;
    if (atomic.load<i64>(entry, ENTRY_HASH) == hash) return entry;
  }
  return 0;
}

/** The TAT of a key that is new to the table: the same share of the limit is used as under the options before. */
function usedBefore(limiter: usize, scratch: usize, table: usize, hash: i64, nowMs: i64): i64 {
  let tat: i64;
  do {
    const chain = chainFrom(limiter, table);
    // There are other options by now, by which all of this begins anew.
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
    /** Now, by the clock of the older one. */
    const thenMs = nowMs + shiftMs(aheadMsOf(table), aheadMs);
    // Later all of its keys have been past their TAT.
    if (thenMs <= madeMs + shiftMs(newerAheadMs, aheadMs) + windowMsOf(older)) {
      const entry = entryOf(bucketOf(older, hash), hash);
      const tat = entry == 0 ? 0 : atomic.load<i64>(entry, ENTRY_TAT);
      const unused = thenMs * limitOf(older);
      // A thread that is late may still change the entry: then it sees that there is another table, and starts anew.
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

/** A key that another one displaces must not find again what it had used under the options before. */
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

/** `used * to / from`, rounded to the nearest; all are up to 2^51, and the result is, too. */
function scaled(used: i64, from: i64, to: i64): i64 {
  // Off by 1 at most. Bits beyond the 64th are the same in both products, so the difference is exact.
  const near = <i64>nearest<f64>((<f64>used / <f64>from) * <f64>to);
  const twice = (used * to - near * from) * 2;
  return twice >= from ? near + 1 : twice < -from ? near - 1 : near;
}

function charged(table: usize, tat: i64, cost: i32, nowMs: i64): i64 {
  return max<i64>(tat, nowMs * limitOf(table)) + <i64>cost * windowMsOf(table);
}

/** The last TAT that is allowed. */
function latest(table: usize, nowMs: i64): i64 {
  return (nowMs + windowMsOf(table)) * limitOf(table);
}

/** How many takes of cost 1 would be allowed now. */
function remaining(table: usize, tat: i64, nowMs: i64): f64 {
  return <f64>max<i64>((latest(table, nowMs) - tat) / windowMsOf(table), 0);
}

/** @param next the TAT that would be needed */
function refused(table: usize, tat: i64, next: i64, nowMs: i64): f64 {
  const limit = limitOf(table);
  const waitMs = (next - latest(table, nowMs) + limit - 1) / limit;
  return -(<f64>waitMs * LIMIT_REMAINING_RANGE + remaining(table, max<i64>(tat, nowMs * limit), nowMs));
}

/**
 * Pointer of the limiter's table, which is made with these options, unless they are in force already, or a younger
 * generation has made it with others. LIMITER_DISAGREES when the same generation has made it with others, 0 when there is
 * no room. The scratch page holds random bits.
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
  // So that of threads that begin together only one makes a table; without the latch it works, too.
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
        // Others may have one to give; a thread holds one limiter at a time.
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
      // A key keeps its hash.
      const seed = current == 0 ? scratch + SCRATCH_TEXT : current + LIMITER_SEED;
      memory.copy(made + LIMITER_SEED, seed, LIMITER_SEED_BYTES);
      if (putInForce(limiter, scratch, made, current)) table = made;
    } else table = judged == IN_FORCE ? current : LIMITER_DISAGREES;
  } while (table == 0);
  // A table that was made and didn't come into the chain is freed as one that has been taken out of it.
  if (made != 0 && held) tidy(limiter, nowMs);
  unpinBefore(scratch);
  if (held) releaseLatch(limiter + STATE_LATCH);
  return table;
}

/** Compares the options of a handle with those in force: IN_FORCE, NEW_OPTIONS or OTHERS. */
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
  // From now on they are this generation's.
  atomic.store<i32>(table, keys, LIMITER_KEYS);
  atomic.store<i32>(table, generation, LIMITER_GENERATION);
  return IN_FORCE;
}

/** A generation that is still being loaded has a negative number, and is older than any that is not. */
function isOlder(generation: i32, theirs: i32): bool {
  return theirs < 0 ? generation < 0 && generation > theirs : generation < theirs;
}

/** Takes out of the chain in which nothing can count any more, and what is too far back. The limiter is held. */
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

/** Tidies all limiters that go by the machine's clock. */
function sweep(scratch: usize, nowMs: i64): void {
  for (let i = 0; i < STATE_COUNT_MAX; i++) {
    const limiter: usize = STATE + i * STATE_ROW_BYTES;
    if (atomic.load<i32>(limiter, STATE_KIND) != KIND_LIMITER) continue;
    if (tableOf(limiter) == 0 || !takeLatch(limiter + STATE_LATCH, scratch)) continue;
    if (aheadMsOf(tableOf(limiter)) == 0) tidy(limiter, nowMs);
    releaseLatch(limiter + STATE_LATCH);
  }
}

/** For when there is no room: what was used under the options before counts no more. The limiter is held. */
function dropBefore(limiter: usize): void {
  const table = tableOf(limiter);
  for (let older = previousOf(table); older != 0; older = previousOf(table)) takeOut(limiter, table, older);
  freeTables(limiter);
}

/** The least power of two of buckets in which these keys have room, less 1. */
function maskFor(keys: i32): i32 {
  const full = (keys - 1) / BUCKET_KEYS;
  return full == 0 ? 0 : (1 << (32 - clz<i32>(full))) - 1;
}

/** What the limiter allows now. */
export function limit(limiter: usize, scratch: usize): i32 {
  return load<i32>(pinTable(limiter, scratch), LIMITER_LIMIT);
}

export function windowMs(limiter: usize, scratch: usize): f64 {
  return <f64>windowMsOf(pinTable(limiter, scratch));
}

export function keys(limiter: usize, scratch: usize): i32 {
  return load<i32>(pinTable(limiter, scratch), LIMITER_KEYS);
}

/** A thread has ended: what it had in hand is free again. Once for all limiters. */
export function limiterOwnerDied(owner: i32): void {
  const scratch = scratchOf(owner);
  if (scratch == 0) return;
  releaseLatchOf(scratch);
  tablesOwnerDied(owner);
  leaveScratch(scratch);
}

/** Never 0, which says that an entry has no key. */
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

/** How far the limiter's clock was ahead of the machine's when the table was made: 0 where it is that clock. */
function aheadMsOf(table: usize): i64 {
  return load<i64>(table, LIMITER_AHEAD_MS);
}

/**
 * How far one clock is ahead of another, each told by how far it is ahead of the machine's. Two that are not the machine's
 * are one clock, which need not go as fast as that.
 */
function shiftMs(fromAheadMs: i64, toAheadMs: i64): i64 {
  return fromAheadMs != 0 && toAheadMs != 0 ? 0 : toAheadMs - fromAheadMs;
}

/** How far the TAT of a key that has used all of its limit is from now. */
function fullOf(table: usize): i64 {
  return windowMsOf(table) * limitOf(table);
}
