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
  const shift = <i64>(load<i32>(0, HEADER_LEASE_SHIFT) - 1);
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
  const shift = <i64>(load<i32>(0, HEADER_LEASE_SHIFT) - 1);
  const ticket = atomic.load<i64>(counter, STATE_VALUE);
  const block = ticket == 0 ? 0 : (ticket - 1) >> shift;
  const lease = leaseOf(counter, block);
  if (lease == 0 && ticket == 0) return 0;
  const number = atomic.load<i64>(lease, LEASE_BASE) + ticket - (block << shift);
  // Once it has moved on, another block's lease may stand there.
  return atomic.load<i64>(counter, STATE_VALUE) == ticket ? number : leasedValue(counter);
}

/** Pointer of the lease of a block, or 0 when it has none. */
function leaseOf(counter: usize, block: i64): usize {
  const lease = counter + STATE_LEASES + <usize>(block & (LEASE_COUNT - 1)) * LEASE_BYTES;
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
