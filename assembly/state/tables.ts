// Allocates and reuses the memory of limiter tables. One list links all tables that were ever made. Each table records its
// holder: none, a thread that prepares it, or a limiter. The tables of a limiter form a chain, from the options in force
// to older options; some may already have been taken out of the chain.
//
// A thread that reads a table may pause at any instruction. So it pins the table: it writes the pointer into its scratch
// page and then checks that the table is still where it found it. After that check, no thread reuses the pinned table. The
// pin of the table in force stays, since the next take needs it again. So an idle thread prevents the reuse of at most one
// table. To free a table, a thread takes it out of the chain, then increments the limiter's count of changes, and only
// then reads the pins.

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
/** Returned instead of a pointer when the chain has changed since chainFrom(). */
export const CHANGED: usize = 1;

/** Pins the table in force and returns its pointer. The pin holds until the thread pins another table. */
export function pinTable(limiter: usize, scratch: usize): usize {
  let table = tableOf(limiter);
  while (load<usize>(scratch, SCRATCH_TABLE) != table) {
    atomic.store<usize>(scratch, table, SCRATCH_TABLE);
    table = tableOf(limiter);
  }
  return table;
}

/** Pins the table in force with the pin for older tables: the thread's first pin may be on another limiter's table. */
export function pinCurrent(limiter: usize, scratch: usize): usize {
  for (;;) {
    const table = tableOf(limiter);
    atomic.store<usize>(scratch, table, SCRATCH_TABLE_BEFORE);
    if (tableOf(limiter) != table) continue;
    return table;
  }
}

/** Returns the limiter's count of changes, for pinBefore(); -1 when `table` is no longer in force. */
export function chainFrom(limiter: usize, table: usize): i32 {
  const chain = atomic.load<i32>(limiter, STATE_CHAIN);
  return tableOf(limiter) == table ? chain & i32.MAX_VALUE : -1;
}

/**
 * Pins the table before `newer` and returns its pointer, or 0 when `newer` is the oldest. Returns CHANGED when the chain
 * has changed meanwhile. The pin holds until the thread pins the next older table.
 * @param chain the result of chainFrom()
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
 * Takes a free table with room for `bucketCount` buckets, empties it and returns its pointer; this thread becomes its
 * holder. Returns 0 when no free table is large enough.
 */
export function usedTable(scratch: usize, bucketCount: i32): usize {
  const bytes = bytesOf(bucketCount);
  const table = takeFree(pagesOf(bytes), load<i32>(scratch, SCRATCH_OWNER));
  if (table == 0) return 0;
  memory.fill(table + LIMITER_BUCKETS, 0, bytes - LIMITER_BUCKETS);
  store<i32>(table, bucketCount - 1, LIMITER_BUCKET_MASK);
  return table;
}

/** Makes such a table in a new extent and returns its pointer, or 0 when the memory has no room. */
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

/** Takes the smallest free table with at least `pages` pages; returns 0 when none is free. */
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

/** Adds a table to the list of all tables. */
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
 * Puts a table that this thread holds in force, in the place of `current`. Returns false when `current` is no longer in
 * force.
 */
export function putInForce(limiter: usize, scratch: usize, table: usize, current: usize): bool {
  // Pin the table before the limiter becomes its holder: until it is in the chain, only the pin prevents its reuse.
  atomic.store<usize>(scratch, table, SCRATCH_TABLE);
  store<usize>(table, current, LIMITER_PREVIOUS);
  atomic.store<i32>(table, -(<i32>limiter), LIMITER_HOLDER);
  return atomic.cmpxchg<usize>(limiter, current, table, STATE_EXTENT) == current;
}

/** Takes `older`, which follows `newer`, out of the chain. The caller must hold the limiter's latch. */
export function takeOut(limiter: usize, newer: usize, older: usize): void {
  atomic.store<usize>(newer, atomic.load<usize>(older, LIMITER_PREVIOUS), LIMITER_PREVIOUS);
  atomic.add<i32>(limiter, 1, STATE_CHAIN);
  if (load<i32>(older, LIMITER_PAGES) != 0) return;
  // A snapshot made this table, so it is not in the list yet.
  enter(older, pagesOf(bytesOf(load<i32>(older, LIMITER_BUCKET_MASK) + 1)), -(<i32>limiter));
}

/** Frees the tables that are out of the chain and that no thread has pinned. The caller must hold the limiter's latch. */
export function freeTables(limiter: usize): void {
  for (let table = firstTable(); table != 0; table = nextTable(table)) {
    if (atomic.load<i32>(table, LIMITER_HOLDER) != -(<i32>limiter)) continue;
    // A thread without the latch may put this table in force meanwhile. It keeps the table pinned until then.
    if (inChain(limiter, table) || isPinned(table) || inChain(limiter, table)) continue;
    atomic.store<i32>(table, NOBODY, LIMITER_HOLDER);
  }
}

/** Frees the tables that a dead thread prepared. */
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
