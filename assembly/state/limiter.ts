// Limits by key, exact over all threads: the generic cell rate algorithm. A key has a theoretical arrival time (TAT):
// from then on nothing of its limit is used. Time is counted in units of which a millisecond has `limit`, so that a
// take of cost 1 moves the TAT by `windowMs` units, and all is whole numbers; it is allowed as long as the TAT comes
// to no more than a window from now. So no rounding ever lets one too many through.
//
// The table is buckets of entries; a key's hash says its one bucket. To take from a key that has an entry is one
// compare-exchange of its TAT, and a look whether the entry is still the key's. Entries change hands under the
// bucket's hold: the one with the smallest TAT is marked as taken, gets its new key, then its TAT. The mark makes
// whoever was about to change the TAT fail; a thread that ends in between leaves it, and as it is smaller than any
// TAT, the next that comes goes on where that one stood. The smallest TAT is none at all, or one that is past, or,
// when a bucket is full of keys that have used something, that of the key that has used least: it is forgotten.
//
// Options are the table's. Others make another table, which all threads go over to; what a key has used under
// the options before is looked up there when it first comes, and no longer there from then on. A table that a snapshot
// made (src/wasm/saved.ts) is only ever one before.

import {
  BUCKET_BYTES,
  BUCKET_ENTRIES,
  BUCKET_ENTRY_COUNT,
  BUCKET_HOLD,
  BUCKET_KEYS,
  ENTRY_BYTES,
  ENTRY_HASH,
  ENTRY_TAT,
  LIMIT_REMAINING_RANGE,
  LIMITER_AHEAD_MS,
  LIMITER_BEHIND_MS,
  LIMITER_BUCKET_MASK,
  LIMITER_BUCKETS,
  LIMITER_LIMIT,
  LIMITER_MADE_MS,
  LIMITER_OWNER,
  LIMITER_PREVIOUS,
  LIMITER_SEED,
  LIMITER_SEED_BYTES,
  LIMITER_WINDOW_MS,
  PAGE_BYTES,
  SCRATCH_OWNER,
  SCRATCH_TEXT,
  STATE_EXTENT,
  STATE_HOLD,
} from '../../src/wasm/layout';
import { newExtent } from './extent';
import { letGo, letGoFor, takeHold } from './hold';
import { leaveScratch, scratchOf } from './scratch';
import { sipHash } from './siphash';

/** What take() returns when the cost is more than the limit. */
const NEVER: f64 = Infinity;
/** No outcome yet. */
const AGAIN: f64 = NaN;
/** The owner of a table that a snapshot made. */
const NOBODY = 0;
/** The TAT of an entry that changes hands: smaller than any. */
const TAKEN: i64 = i64.MIN_VALUE;

/**
 * Takes `cost` from the limit of the key that lies in the scratch page, `length` bytes of it. Returns what remains; when
 * it is refused, -(milliseconds until it would not be * LIMIT_REMAINING_RANGE + what remains); NEVER when it can't
 * ever be allowed.
 */
export function take(limiter: usize, scratch: usize, length: i32, cost: i32, nowMs: i64): f64 {
  for (;;) {
    const table = tableOf(limiter);
    if (cost > load<i32>(table, LIMITER_LIMIT)) return NEVER;
    const hash = hashOf(table, scratch, length);
    const bucket = bucketOf(table, hash);
    const entry = entryOf(bucket, hash);
    let outcome = entry == 0 ? AGAIN : takeFrom(table, entry, hash, cost, nowMs);
    if (isNaN(outcome)) outcome = takeHeld(table, bucket, hash, scratch, cost, nowMs);
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
function takeHeld(table: usize, bucket: usize, hash: i64, scratch: usize, cost: i32, nowMs: i64): f64 {
  if (!takeHold(bucket + BUCKET_HOLD, scratch)) return -LIMIT_REMAINING_RANGE;
  let entry = entryOf(bucket, hash);
  let outcome = entry == 0 ? AGAIN : takeFrom(table, entry, hash, cost, nowMs);
  if (isNaN(outcome)) {
    entry = takeEntry(bucket);
    atomic.store<i64>(entry, hash, ENTRY_HASH);
    const tat = usedBefore(table, hash, nowMs);
    const next = charged(table, tat, cost, nowMs);
    const allowed = next <= latest(table, nowMs);
    atomic.store<i64>(entry, allowed ? next : tat, ENTRY_TAT);
    if (tat != 0) forgetBefore(table, hash);
    outcome = allowed ? remaining(table, next, nowMs) : refused(table, tat, next, nowMs);
  }
  letGo(bucket + BUCKET_HOLD);
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
function usedBefore(table: usize, hash: i64, nowMs: i64): i64 {
  let newer = table;
  /** Now, by the clock of the older one. */
  let thenMs = nowMs;
  for (let older = previousOf(newer); older != 0; older = previousOf(newer)) {
    // Since then all of its keys have been past their TAT.
    const past = thenMs > load<i64>(newer, LIMITER_MADE_MS) + windowMsOf(older);
    thenMs -= load<i64>(newer, LIMITER_BEHIND_MS);
    newer = older;
    if (past) continue;
    const entry = entryOf(bucketOf(older, hash), hash);
    if (entry == 0) continue;
    const tat = atomic.load<i64>(entry, ENTRY_TAT);
    const unused = thenMs * limitOf(older);
    // A thread that is late may still change the entry: then it sees that there is another table, and starts anew.
    if (atomic.load<i64>(entry, ENTRY_HASH) != hash || tat <= unused) continue;
    return nowMs * limitOf(table) + scaled(tat - unused, fullOf(older), fullOf(table));
  }
  return 0;
}

/** A key that another one displaces must not find again what it had used under the options before. */
function forgetBefore(table: usize, hash: i64): void {
  for (let older = previousOf(table); older != 0; older = previousOf(older)) {
    const entry = entryOf(bucketOf(older, hash), hash);
    if (entry != 0) atomic.store<i64>(entry, 0, ENTRY_TAT);
  }
}

/** `used * to / from`, rounded to the nearest; all are up to 2^51, and the result is, too. */
function scaled(used: i64, from: i64, to: i64): i64 {
  // Off by 1 at most. What is beyond 64 bits is in both products, and gone in their difference.
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
 * Pointer of the limiter's table, which is made with these options, unless a younger thread has made it with others. 0 when
 * there is no room. The scratch page holds random bits.
 */
export function open(
  limiter: usize,
  scratch: usize,
  limit: i32,
  windowMs: u32,
  keys: i32,
  nowMs: i64,
  aheadMs: i64,
): usize {
  // So that of threads that begin together only one makes a table; without the hold it goes as well.
  const held = takeHold(limiter + STATE_HOLD, scratch);
  const mask = maskFor(keys);
  let made: usize = 0;
  let table: usize = 0;
  for (;;) {
    const current = tableOf(limiter);
    table = current;
    if (current != 0 && !replaces(current, scratch, limit, windowMs, mask)) break;
    if (made == 0) made = make(scratch, limit, windowMs, mask, nowMs, aheadMs);
    table = made;
    if (made == 0) break;
    store<usize>(made, current, LIMITER_PREVIOUS);
    store<i64>(made, current != 0 && isSaved(current) ? aheadMs : 0, LIMITER_BEHIND_MS);
    // A key keeps its hash.
    memory.copy(
      made + LIMITER_SEED,
      current == 0 ? scratch + SCRATCH_TEXT : current + LIMITER_SEED,
      LIMITER_SEED_BYTES,
    );
    if (atomic.cmpxchg<usize>(limiter, current, made, STATE_EXTENT) == current) break;
  }
  if (held) letGo(limiter + STATE_HOLD);
  return table;
}

/** Whether these options take the place of the table's: those of a thread that isn't older than who made it. */
function replaces(table: usize, scratch: usize, limit: i32, windowMs: u32, mask: i32): bool {
  if (isSaved(table)) return true;
  if (load<i32>(scratch, SCRATCH_OWNER) < load<i32>(table, LIMITER_OWNER)) return false;
  return (
    load<i32>(table, LIMITER_LIMIT) != limit ||
    load<u32>(table, LIMITER_WINDOW_MS) != windowMs ||
    load<i32>(table, LIMITER_BUCKET_MASK) != mask
  );
}

/** Whether a snapshot made the table. Its clock is the machine's. */
function isSaved(table: usize): bool {
  return load<i32>(table, LIMITER_OWNER) == NOBODY;
}

function make(scratch: usize, limit: i32, windowMs: u32, mask: i32, nowMs: i64, aheadMs: i64): usize {
  const bytes = LIMITER_BUCKETS + (mask + 1) * BUCKET_BYTES;
  const table = newExtent((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
  if (table == 0) return 0;
  store<i32>(table, limit, LIMITER_LIMIT);
  store<u32>(table, windowMs, LIMITER_WINDOW_MS);
  store<i32>(table, mask, LIMITER_BUCKET_MASK);
  store<i32>(table, load<i32>(scratch, SCRATCH_OWNER), LIMITER_OWNER);
  store<i64>(table, nowMs, LIMITER_MADE_MS);
  store<i64>(table, aheadMs, LIMITER_AHEAD_MS);
  return table;
}

/** The least power of two of buckets in which these keys have room, less 1. */
function maskFor(keys: i32): i32 {
  const full = (keys - 1) / BUCKET_KEYS;
  return full == 0 ? 0 : (1 << (32 - clz<i32>(full))) - 1;
}

/** What the limiter allows now. */
export function limit(limiter: usize): i32 {
  return load<i32>(tableOf(limiter), LIMITER_LIMIT);
}

export function windowMs(limiter: usize): f64 {
  return <f64>windowMsOf(tableOf(limiter));
}

/** A thread has ended: what it had in hand is free again. Once for all limiters. */
export function limiterOwnerDied(owner: i32): void {
  const scratch = scratchOf(owner);
  if (scratch == 0) return;
  letGoFor(scratch);
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

function tableOf(limiter: usize): usize {
  return atomic.load<usize>(limiter, STATE_EXTENT);
}

function previousOf(table: usize): usize {
  return load<usize>(table, LIMITER_PREVIOUS);
}

function limitOf(table: usize): i64 {
  return <i64>load<i32>(table, LIMITER_LIMIT);
}

function windowMsOf(table: usize): i64 {
  return <i64>load<u32>(table, LIMITER_WINDOW_MS);
}

/** How far the TAT of a key that has used all of its limit is from now. */
function fullOf(table: usize): i64 {
  return windowMsOf(table) * limitOf(table);
}
