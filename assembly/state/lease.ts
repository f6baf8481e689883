// Leased counters: the keeper reserves numbers, on disk or in Redis, before a thread hands them out. So no number is ever
// handed out twice, even if this process crashes.
//
// A lease is a block of any size: `count` numbers from base + 1 on. The word in the counter's row holds the current block
// and how many of its numbers have been handed out. The ring has one entry for each leased block.
//
// The keeper writes the base of an entry first, then its block and count in one store. It only writes entries that the
// word has passed, so it never changes the entry that the word is in. A thread that takes numbers loads the word, then the
// entry, then moves the word by a compare-exchange, which fails if another thread has moved the word meanwhile. A thread
// must not move the word first and load the entry later, because the entry may get another block in between.

import { HEADER_LEASE_BELL } from '../../src/memory/layout';
import {
  LEASE_AHEAD_MAX,
  LEASE_BASE,
  LEASE_BLOCK,
  LEASE_BYTES,
  LEASE_COUNT,
  LEASE_USED_BITS,
  STATE_LEASE_FAILING,
  STATE_LEASES,
  STATE_MISSED,
  STATE_VALUE,
} from '../../src/memory/state-layout';

const EXHAUSTED: i64 = -1;

/**
 * Takes `n` numbers and returns the last one, or EXHAUSTED when too few are leased. `n` must not exceed the size of the
 * smallest block. The numbers are consecutive: if two blocks are not, the rest of the first block is skipped.
 */
export function addLeased(counter: usize, n: i64): i64 {
  for (;;) {
    const at = atomic.load<i64>(counter, STATE_VALUE);
    const block = blockOf(at);
    const used = usedOf(at);
    const count = countOf(counter, block);
    if (count < 0) return exhausted(counter, n);
    const base = atomic.load<i64>(entryOf(counter, block), LEASE_BASE);
    let next = at + n;
    let number = base + used + n;
    let emptied = used + n == count;
    if (used + n > count) {
      const more = countOf(counter, block + 1);
      const nextBase = atomic.load<i64>(entryOf(counter, block + 1), LEASE_BASE);
      const rest = count - used;
      const first = nextBase == base + count ? n - rest : n;
      // The next block has no lease, or too few numbers.
      if (first > more) return exhausted(counter, n);
      next = placeOf(block + 1, first);
      number = nextBase + first;
      emptied = rest > 0 || first == more;
    }
    if (atomic.cmpxchg<i64>(counter, at, next, STATE_VALUE) != at) continue;
    if (emptied) ring();
    return number;
  }
}

/** Returns the last number that was handed out, or the number before the first one if none has been. */
export function leasedValue(counter: usize): i64 {
  let at: i64;
  let number: i64;
  do {
    at = atomic.load<i64>(counter, STATE_VALUE);
    const block = blockOf(at);
    // The word's block always has an entry, unless the counter never had a lease.
    if (at == 0 && countOf(counter, block) < 0) return 0;
    number = atomic.load<i64>(entryOf(counter, block), LEASE_BASE) + usedOf(at);
    // After the word has moved, the entry may belong to another block.
  } while (atomic.load<i64>(counter, STATE_VALUE) != at);
  return number;
}

/** Returns how many numbers are leased and not handed out. Approximate while other threads take numbers. */
export function leasedNumbers(counter: usize): i64 {
  const at = atomic.load<i64>(counter, STATE_VALUE);
  const first = blockOf(at);
  let sum: i64 = 0;
  for (let block = first; block - first < LEASE_COUNT; block++) {
    const count = countOf(counter, block);
    if (count < 0) break;
    sum += block == first ? count - usedOf(at) : count;
  }
  return sum;
}

/** Returns the last leased number. No number up to it may be leased again. Only the keeper calls this. */
export function leasedEnd(counter: usize): i64 {
  const block = blockOf(atomic.load<i64>(counter, STATE_VALUE));
  const free = freeBlock(counter, block);
  if (free == block) return 0;
  return atomic.load<i64>(entryOf(counter, free - 1), LEASE_BASE) + countOf(counter, free - 1);
}

/** Returns how many numbers were requested but not leased, since the memory was made. */
export function missedNumbers(counter: usize): i64 {
  return atomic.load<i64>(counter, STATE_MISSED);
}

/** Returns how many more blocks the ring has room for. Only the keeper calls this, since only the keeper fills it. */
export function leaseRoom(counter: usize): i32 {
  const block = blockOf(atomic.load<i64>(counter, STATE_VALUE));
  return LEASE_AHEAD_MAX + 1 - <i32>(freeBlock(counter, block) - block);
}

/**
 * Adds a lease of `count` numbers after all other leases; `base` is the number before its first. Only the keeper calls
 * this, so no other thread changes the ring, and the word never passes a block without a lease.
 * @returns false when the ring has no room
 */
export function publishLease(counter: usize, base: i64, count: i64): bool {
  const block = blockOf(atomic.load<i64>(counter, STATE_VALUE));
  const free = freeBlock(counter, block);
  if (free - block > LEASE_AHEAD_MAX) return false;
  setLease(counter, free, base, count);
  return true;
}

/**
 * Revokes the numbers that are leased and not handed out: moves the word, in one step, to a block without numbers. Only
 * the keeper calls this.
 * @returns the last number that was handed out, or EXHAUSTED when the counter never had a lease
 */
export function endLeases(counter: usize): i64 {
  let at: i64;
  let number: i64;
  let last: i64;
  do {
    at = atomic.load<i64>(counter, STATE_VALUE);
    const block = blockOf(at);
    if (countOf(counter, block) < 0) return EXHAUSTED;
    number = atomic.load<i64>(entryOf(counter, block), LEASE_BASE) + usedOf(at);
    // The value is now the base of a block far ahead. Its entry is the only one in the ring that no thread uses.
    last = block + 2 * LEASE_COUNT - 1;
    setLease(counter, last, number, 0);
  } while (atomic.cmpxchg<i64>(counter, at, placeOf(last, 0), STATE_VALUE) != at);
  return number;
}

/** Returns the first block without a lease, from `block` on. */
function freeBlock(counter: usize, block: i64): i64 {
  let free = block;
  while (countOf(counter, free) >= 0) free++;
  return free;
}

/** Writes a ring entry. Stores the base first, because a thread that finds the block must also find its base. */
function setLease(counter: usize, block: i64, base: i64, count: i64): void {
  const lease = entryOf(counter, block);
  atomic.store<i64>(lease, base, LEASE_BASE);
  atomic.store<i64>(lease, placeOf(block + 1, count), LEASE_BLOCK);
}

/** Returns how many numbers a block has, or -1 when it has no lease. */
function countOf(counter: usize, block: i64): i64 {
  const found = atomic.load<i64>(entryOf(counter, block), LEASE_BLOCK);
  return blockOf(found) == block + 1 ? usedOf(found) : -1;
}

function entryOf(counter: usize, block: i64): usize {
  return counter + STATE_LEASES + <usize>(block & (LEASE_COUNT - 1)) * LEASE_BYTES;
}

/** Packs a block and a count of its numbers into one word. */
function placeOf(block: i64, count: i64): i64 {
  return (block << LEASE_USED_BITS) + count;
}

function blockOf(place: i64): i64 {
  return place >> LEASE_USED_BITS;
}

function usedOf(place: i64): i64 {
  return place & (((<i64>1) << LEASE_USED_BITS) - 1);
}

/** Counts the requested numbers, so the keeper learns the demand. Returns EXHAUSTED. */
function exhausted(counter: usize, n: i64): i64 {
  atomic.add<i64>(counter, n, STATE_MISSED);
  // While leases fail, the keeper retries after its own delay, not each time a thread requests numbers.
  if (atomic.load<i32>(counter, STATE_LEASE_FAILING) == 0) ring();
  return EXHAUSTED;
}

/** Wakes the keeper to lease more numbers. */
function ring(): void {
  atomic.add<i32>(HEADER_LEASE_BELL, 1);
  atomic.notify(HEADER_LEASE_BELL, 1);
}
