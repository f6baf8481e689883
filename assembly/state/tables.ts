// The memory of limiters' tables, which is used again. All tables that were ever made hang together in one list, and each
// says whose it is: nobody's, a thread's that prepares it, or a limiter's. Those of a limiter are its chain, from the
// options in force to those before, or have been taken out of it.
//
// A thread that reads a table may stand still at any instruction. So it says in its scratch page which tables those
// are, and looks once more whether they are still where it found them: a table that is pinned so, and was found,
// stays what it is. Of the options in force the pin is left, since the next take needs it again; so a thread keeps
// at most one table from being used again. A table is taken out of the chain first, then the limiter's count of
// such changes moves on, and only then the pins are looked at.

import { HEADER_SCRATCH, HEADER_TABLES, PAGE_BYTES } from '../../src/memory/layout';
import {
  BUCKET_BYTES,
  LIMITER_BUCKET_MASK,
  LIMITER_BUCKETS,
  LIMITER_HOLDER,
  LIMITER_NEXT,
  LIMITER_PAGES,
  LIMITER_PREVIOUS,
  SCRATCH_NEXT,
  SCRATCH_OWNER,
  SCRATCH_TABLE,
  SCRATCH_TABLE_BEFORE,
  STATE_CHAIN,
  STATE_EXTENT,
} from '../../src/memory/state-layout';
import { newExtent } from './extent';

const NOBODY = 0;
/** In the place of a pointer: the chain has changed since, so nothing can be said. */
export const CHANGED: usize = 1;

/** Pointer of the table of the options in force, which stays what it is until the thread takes from another one. */
export function pinTable(limiter: usize, scratch: usize): usize {
  let table = tableOf(limiter);
  while (load<usize>(scratch, SCRATCH_TABLE) != table) {
    atomic.store<usize>(scratch, table, SCRATCH_TABLE);
    table = tableOf(limiter);
  }
  return table;
}

/** The same, until the next one before is pinned: for a thread that has pinned another one in the place of it. */
export function pinCurrent(limiter: usize, scratch: usize): usize {
  for (;;) {
    const table = tableOf(limiter);
    atomic.store<usize>(scratch, table, SCRATCH_TABLE_BEFORE);
    if (tableOf(limiter) != table) continue;
    return table;
  }
}

/** The limiter's count of changes, for pinBefore(); -1 when `table` is no longer that of the options in force. */
export function chainFrom(limiter: usize, table: usize): i32 {
  const chain = atomic.load<i32>(limiter, STATE_CHAIN);
  return tableOf(limiter) == table ? chain & i32.MAX_VALUE : -1;
}

/**
 * Pointer of the table before `newer`, which stays what it is until the next one is pinned; 0 when there is none, CHANGED
 * when it can't be had.
 * @param chain by chainFrom()
 */
export function pinBefore(limiter: usize, scratch: usize, newer: usize, chain: i32): usize {
  const older = atomic.load<usize>(newer, LIMITER_PREVIOUS);
  atomic.store<usize>(scratch, older, SCRATCH_TABLE_BEFORE);
  return (atomic.load<i32>(limiter, STATE_CHAIN) & i32.MAX_VALUE) == chain ? older : CHANGED;
}

export function unpinBefore(scratch: usize): void {
  atomic.store<usize>(scratch, 0, SCRATCH_TABLE_BEFORE);
}

/**
 * Pointer of a table with room for so many buckets, all empty, that is this thread's: one that is free, 0 when there is
 * none.
 */
export function usedTable(scratch: usize, bucketCount: i32): usize {
  const bytes = bytesOf(bucketCount);
  const table = takeFree(pagesOf(bytes), load<i32>(scratch, SCRATCH_OWNER));
  if (table == 0) return 0;
  memory.fill(table + LIMITER_BUCKETS, 0, bytes - LIMITER_BUCKETS);
  store<i32>(table, bucketCount - 1, LIMITER_BUCKET_MASK);
  return table;
}

/** The same of fresh memory; 0 when there is no room. */
export function freshTable(scratch: usize, bucketCount: i32): usize {
  const pages = pagesOf(bytesOf(bucketCount));
  const table = newExtent(pages);
  if (table == 0) return 0;
  enter(table, pages, load<i32>(scratch, SCRATCH_OWNER));
  store<i32>(table, bucketCount - 1, LIMITER_BUCKET_MASK);
  return table;
}

function bytesOf(bucketCount: i32): i32 {
  return LIMITER_BUCKETS + bucketCount * BUCKET_BYTES;
}

function pagesOf(bytes: i32): i32 {
  return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}

/** The smallest that is large enough. */
function takeFree(pages: i32, owner: i32): usize {
  for (;;) {
    let best: usize = 0;
    for (let table = firstTable(); table != 0; table = nextTable(table)) {
      const has = load<i32>(table, LIMITER_PAGES);
      if (has < pages || atomic.load<i32>(table, LIMITER_HOLDER) != NOBODY) continue;
      if (best == 0 || has < load<i32>(best, LIMITER_PAGES)) best = table;
    }
    if (best != 0 && atomic.cmpxchg<i32>(best, NOBODY, owner, LIMITER_HOLDER) != NOBODY) continue;
    return best;
  }
}

/** Enters a table into the list of all. */
function enter(table: usize, pages: i32, holder: i32): void {
  store<i32>(table, pages, LIMITER_PAGES);
  store<i32>(table, holder, LIMITER_HOLDER);
  let next: usize;
  do {
    next = firstTable();
    store<usize>(table, next, LIMITER_NEXT);
  } while (atomic.cmpxchg<usize>(HEADER_TABLES, next, table) != next);
}

/**
 * Makes a table that is this thread's that of the options in force, in the place of `current`; false when that isn't
 * there any more.
 */
export function putInForce(limiter: usize, scratch: usize, table: usize, current: usize): bool {
  // Before it is a limiter's: until it is found in the chain, nothing else keeps it.
  atomic.store<usize>(scratch, table, SCRATCH_TABLE);
  store<usize>(table, current, LIMITER_PREVIOUS);
  atomic.store<i32>(table, -(<i32>limiter), LIMITER_HOLDER);
  return atomic.cmpxchg<usize>(limiter, current, table, STATE_EXTENT) == current;
}

/** Takes `older` out of the chain, in which it follows `newer`. This thread must hold the limiter's latch. */
export function takeOut(limiter: usize, newer: usize, older: usize): void {
  atomic.store<usize>(newer, atomic.load<usize>(older, LIMITER_PREVIOUS), LIMITER_PREVIOUS);
  atomic.add<i32>(limiter, 1, STATE_CHAIN);
  if (load<i32>(older, LIMITER_PAGES) != 0) return;
  // A snapshot made it.
  enter(older, pagesOf(bytesOf(load<i32>(older, LIMITER_BUCKET_MASK) + 1)), -(<i32>limiter));
}

/** Frees the tables that have been taken out of the chain and that no thread reads. This thread must hold the latch. */
export function freeTables(limiter: usize): void {
  for (let table = firstTable(); table != 0; table = nextTable(table)) {
    if (atomic.load<i32>(table, LIMITER_HOLDER) != -(<i32>limiter)) continue;
    // A thread without the latch may put one in force meanwhile: until that is done it has pinned it.
    if (inChain(limiter, table) || isPinned(table) || inChain(limiter, table)) continue;
    atomic.store<i32>(table, NOBODY, LIMITER_HOLDER);
  }
}

/** A thread has ended: frees the tables that it prepared. */
export function tablesOwnerDied(owner: i32): void {
  for (let table = firstTable(); table != 0; table = nextTable(table))
    atomic.cmpxchg<i32>(table, owner, NOBODY, LIMITER_HOLDER);
}

function inChain(limiter: usize, wanted: usize): bool {
  let table = tableOf(limiter);
  while (table != 0 && table != wanted) table = atomic.load<usize>(table, LIMITER_PREVIOUS);
  return table == wanted;
}

function isPinned(table: usize): bool {
  for (let page = atomic.load<usize>(HEADER_SCRATCH); page != 0; page = load<usize>(page, SCRATCH_NEXT)) {
    if (atomic.load<usize>(page, SCRATCH_TABLE) == table) return true;
    if (atomic.load<usize>(page, SCRATCH_TABLE_BEFORE) == table) return true;
  }
  return false;
}

export function tableOf(limiter: usize): usize {
  return atomic.load<usize>(limiter, STATE_EXTENT);
}

function firstTable(): usize {
  return atomic.load<usize>(HEADER_TABLES);
}

function nextTable(table: usize): usize {
  return load<usize>(table, LIMITER_NEXT);
}
