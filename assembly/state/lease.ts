// Numbers of a counter that are leased before they are handed out: what the keeper has written down, or another
// machine has been told, is never handed out twice, whatever happens to this process.
//
// The row counts tickets, densely from 0. Tickets are in blocks; a lease says which numbers a block's tickets
// are: base + 1 to base + size. Leases stand in a ring. The keeper puts one in, base first, where that of a
// block that is all handed out was; so it changes none that a ticket counted here can be in. Whoever takes
// numbers looks at the lease first and then moves the count, in one step that fails when it has moved meanwhile:
// never the other way round, since between adding and looking a block may get another lease.

import {
  HEADER_LEASE_BELL,
  HEADER_LEASE_SHIFT,
  LEASE_AHEAD_MAX,
  LEASE_BASE,
  LEASE_BLOCK,
  LEASE_BYTES,
  LEASE_COUNT,
  STATE_LEASES,
  STATE_VALUE,
} from '../../src/wasm/layout';

const EXHAUSTED: i64 = -1;

/**
 * Takes `n` numbers, at most a block of them, and returns the last; EXHAUSTED when they are not leased. They follow
 * each other: where two blocks don't, the rest of the first is left out.
 */
export function addLeased(counter: usize, n: i64): i64 {
  const shift = shiftOf();
  for (;;) {
    const ticket = atomic.load<i64>(counter, STATE_VALUE);
    const block = ticket >> shift;
    let lease = leaseOf(counter, block);
    if (lease == 0) return exhausted();
    let first = ticket;
    const lastBlock = (ticket + n - 1) >> shift;
    if (lastBlock != block) {
      const next = leaseOf(counter, lastBlock);
      if (next == 0) return exhausted();
      const base = atomic.load<i64>(lease, LEASE_BASE);
      if (atomic.load<i64>(next, LEASE_BASE) != base + ((<i64>1) << shift)) {
        first = lastBlock << shift;
        lease = next;
      }
    }
    const leaseFirst = (first >> shift) << shift;
    const number = atomic.load<i64>(lease, LEASE_BASE) + (first - leaseFirst) + n;
    if (atomic.cmpxchg<i64>(counter, ticket, first + n, STATE_VALUE) != ticket) continue;
    if ((first + n) >> shift != block) ring();
    return number;
  }
}

/** The number that was handed out last; where nothing has been, the one before the first. */
export function leasedValue(counter: usize): i64 {
  const shift = shiftOf();
  const ticket = atomic.load<i64>(counter, STATE_VALUE);
  const block = lastBlockOf(ticket, shift);
  const lease = leaseOf(counter, block);
  if (lease == 0 && ticket == 0) return 0;
  const number = atomic.load<i64>(lease, LEASE_BASE) + ticket - (block << shift);
  // Once it has moved on, another block's lease may stand there.
  return atomic.load<i64>(counter, STATE_VALUE) == ticket ? number : leasedValue(counter);
}

/** How many blocks are leased without a gap, from the one on that the next ticket is in. */
export function leasedBlocks(counter: usize): i32 {
  const block = atomic.load<i64>(counter, STATE_VALUE) >> shiftOf();
  let count = 0;
  while (count < LEASE_COUNT && leaseOf(counter, block + count) != 0) count++;
  return count;
}

/**
 * Leases the first block that is not leased yet; `base` is the number before its first. Only the keeper does, so
 * nobody else changes the ring, and the count does not go past a block without a lease.
 * @returns false when there is no room in the ring
 */
export function publishLease(counter: usize, base: i64): bool {
  const shift = shiftOf();
  const ticket = atomic.load<i64>(counter, STATE_VALUE);
  let block = ticket >> shift;
  while (leaseOf(counter, block) != 0) block++;
  if (block - lastBlockOf(ticket, shift) > LEASE_AHEAD_MAX) return false;
  setLease(counter, block, base);
  return true;
}

/**
 * Takes back what is leased and not handed out: the count moves on, in one step, to where no block is leased.
 * Only the keeper does.
 * @returns the last number that was handed out, or EXHAUSTED when there never was a lease
 */
export function endLeases(counter: usize): i64 {
  const shift = shiftOf();
  let ticket: i64;
  let number: i64;
  let end: i64;
  do {
    ticket = atomic.load<i64>(counter, STATE_VALUE);
    const last = lastBlockOf(ticket, shift);
    const lease = leaseOf(counter, last);
    if (lease == 0) return EXHAUSTED;
    number = atomic.load<i64>(lease, LEASE_BASE) + ticket - (last << shift);
    // The value from then on is the last number of a block far ahead, in the one entry that nobody needs.
    const block = last + 2 * LEASE_COUNT - 1;
    end = (block + 1) << shift;
    setLease(counter, block, number - ((<i64>1) << shift));
  } while (atomic.cmpxchg<i64>(counter, ticket, end, STATE_VALUE) != ticket);
  return number;
}

/** The base first: who finds the block must find its base. */
function setLease(counter: usize, block: i64, base: i64): void {
  const lease = entryOf(counter, block);
  atomic.store<i64>(lease, base, LEASE_BASE);
  atomic.store<i64>(lease, block + 1, LEASE_BLOCK);
}

/** The block of the number that was handed out last; where nothing has been, the first. */
function lastBlockOf(ticket: i64, shift: i64): i64 {
  return ticket == 0 ? 0 : (ticket - 1) >> shift;
}

function shiftOf(): i64 {
  return <i64>(load<i32>(0, HEADER_LEASE_SHIFT) - 1);
}

function entryOf(counter: usize, block: i64): usize {
  return counter + STATE_LEASES + <usize>(block & (LEASE_COUNT - 1)) * LEASE_BYTES;
}

/** Pointer of the lease of a block, or 0 when it has none. */
function leaseOf(counter: usize, block: i64): usize {
  const lease = entryOf(counter, block);
  return atomic.load<i64>(lease, LEASE_BLOCK) == block + 1 ? lease : 0;
}

function exhausted(): i64 {
  ring();
  return EXHAUSTED;
}

/** Tells the keeper that leases are wanted. */
function ring(): void {
  atomic.add<i32>(HEADER_LEASE_BELL, 1);
  atomic.notify(HEADER_LEASE_BELL, 1);
}
