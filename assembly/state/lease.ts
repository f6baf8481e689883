// Numbers of a counter that are leased before they are handed out: a number that the keeper has written down, or has
// from Redis, is never handed out twice, whatever happens to this process.
//
// Numbers are leased in blocks of any size: a block is `count` numbers from base + 1 on. The row's word says where
// the counter stands: the block, and how many numbers of it have been handed out. The ring has an entry for each
// block that is leased. The keeper writes the base of an entry first, then its block and count in one step, and only
// into an entry that the word is past; so it changes none that the word can be in. A thread that takes numbers loads
// the word, then the entry, and then moves the word by a compare-exchange, which fails when another thread has moved
// it meanwhile: never the other way round, since between adding and looking an entry may get another block.

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
 * Takes `n` numbers, at most as many as the smallest block has, and returns the last; EXHAUSTED when they are not
 * leased. The numbers follow each other: where two blocks don't, the rest of the first is left out.
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
      // Neither without a lease, nor beyond its end.
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

/** The number that was handed out last; before any has been, the number before the first. */
export function leasedValue(counter: usize): i64 {
  let at: i64;
  let number: i64;
  do {
    at = atomic.load<i64>(counter, STATE_VALUE);
    const block = blockOf(at);
    // The block that the word is in has its entry, unless the counter never had a lease.
    if (at == 0 && countOf(counter, block) < 0) return 0;
    number = atomic.load<i64>(entryOf(counter, block), LEASE_BASE) + usedOf(at);
    // Once the word has moved on, the entry may be another block's.
  } while (atomic.load<i64>(counter, STATE_VALUE) != at);
  return number;
}

/** How many numbers are leased and not handed out, at least about now. */
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

/** The last number that is leased: no number up to it may be leased once more. Only the keeper asks. */
export function leasedEnd(counter: usize): i64 {
  const block = blockOf(atomic.load<i64>(counter, STATE_VALUE));
  const free = freeBlock(counter, block);
  if (free == block) return 0;
  return atomic.load<i64>(entryOf(counter, free - 1), LEASE_BASE) + countOf(counter, free - 1);
}

/** How many numbers were wanted and not leased, ever. */
export function missedNumbers(counter: usize): i64 {
  return atomic.load<i64>(counter, STATE_MISSED);
}

/** How many blocks the ring has room for. Only the keeper asks, since only the keeper fills it. */
export function leaseRoom(counter: usize): i32 {
  const block = blockOf(atomic.load<i64>(counter, STATE_VALUE));
  return LEASE_AHEAD_MAX + 1 - <i32>(freeBlock(counter, block) - block);
}

/**
 * Leases a block of `count` numbers, behind all that are leased; `base` is the number before its first. Only the
 * keeper does, so no other thread changes the ring, and the word does not go past a block without a lease.
 * @returns false when there is no room in the ring
 */
export function publishLease(counter: usize, base: i64, count: i64): bool {
  const block = blockOf(atomic.load<i64>(counter, STATE_VALUE));
  const free = freeBlock(counter, block);
  if (free - block > LEASE_AHEAD_MAX) return false;
  setLease(counter, free, base, count);
  return true;
}

/**
 * Takes back the numbers that are leased and not handed out: the word moves on, in one step, to a block that has none.
 * Only the keeper does.
 * @returns the last number that was handed out, or EXHAUSTED when there never was a lease
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
    // From then on the value is the base of a block far ahead, in the one entry that no thread needs.
    last = block + 2 * LEASE_COUNT - 1;
    setLease(counter, last, number, 0);
  } while (atomic.cmpxchg<i64>(counter, at, placeOf(last, 0), STATE_VALUE) != at);
  return number;
}

/** The first block without a lease, from `block` on. */
function freeBlock(counter: usize, block: i64): i64 {
  let free = block;
  while (countOf(counter, free) >= 0) free++;
  return free;
}

/** The base first: a thread that finds the block must find its base. */
function setLease(counter: usize, block: i64, base: i64, count: i64): void {
  const lease = entryOf(counter, block);
  atomic.store<i64>(lease, base, LEASE_BASE);
  atomic.store<i64>(lease, placeOf(block + 1, count), LEASE_BLOCK);
}

/** How many numbers a block has; -1 when it has no lease. */
function countOf(counter: usize, block: i64): i64 {
  const found = atomic.load<i64>(entryOf(counter, block), LEASE_BLOCK);
  return blockOf(found) == block + 1 ? usedOf(found) : -1;
}

function entryOf(counter: usize, block: i64): usize {
  return counter + STATE_LEASES + <usize>(block & (LEASE_COUNT - 1)) * LEASE_BYTES;
}

/** A block and a count of its numbers, in one word. */
function placeOf(block: i64, count: i64): i64 {
  return (block << LEASE_USED_BITS) + count;
}

function blockOf(place: i64): i64 {
  return place >> LEASE_USED_BITS;
}

function usedOf(place: i64): i64 {
  return place & (((<i64>1) << LEASE_USED_BITS) - 1);
}

/** Counts the numbers that were wanted, so that the keeper sees how many that are. */
function exhausted(counter: usize, n: i64): i64 {
  atomic.add<i64>(counter, n, STATE_MISSED);
  // The keeper asks again for a counter that is refused when its time comes, not as often as threads want numbers.
  if (atomic.load<i32>(counter, STATE_LEASE_FAILING) == 0) ring();
  return EXHAUSTED;
}

/** Tells the keeper that leases are wanted. */
function ring(): void {
  atomic.add<i32>(HEADER_LEASE_BELL, 1);
  atomic.notify(HEADER_LEASE_BELL, 1);
}
