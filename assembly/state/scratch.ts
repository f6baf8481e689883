// Scratch pages: one for each thread that passes texts to the functions of named state. A page belongs to the thread whose
// owner number is in it. When that thread has ended, the next new thread gets the page. All pages form a linked list,
// newest first, and no page is ever removed from the list.

import { HEADER_SCRATCH } from '../../src/memory/layout';
import {
  SCRATCH_LATCH,
  SCRATCH_NEXT,
  SCRATCH_OWNER,
  SCRATCH_PARENT,
  SCRATCH_TABLE,
  SCRATCH_TABLE_BEFORE,
} from '../../src/memory/state-layout';
import { newExtent } from './extent';

const NOBODY = 0;

/** Returns the pointer of this owner's page. Assigns a page if the owner has none; returns 0 when the memory is full. */
export function scratchFor(owner: i32): usize {
  const own = scratchOf(owner);
  if (own != 0) return own;
  for (let page = first(); page != 0; page = next(page)) {
    if (atomic.cmpxchg<i32>(page, NOBODY, owner, SCRATCH_OWNER) == NOBODY) return page;
  }
  const page = newExtent(1);
  if (page == 0) return 0;
  store<i32>(page, owner, SCRATCH_OWNER);
  for (;;) {
    const before = first();
    store<usize>(page, before, SCRATCH_NEXT);
    if (atomic.cmpxchg<usize>(HEADER_SCRATCH, before, page) != before) continue;
    return page;
  }
}

/** Returns the pointer of this owner's page, or 0 when it has none. */
export function scratchOf(owner: i32): usize {
  let page = first();
  while (page != 0 && atomic.load<i32>(page, SCRATCH_OWNER) != owner) page = next(page);
  return page;
}

/** Records that the thread `parent` reports the end of the thread `owner`. */
export function setParent(owner: i32, parent: i32): void {
  const page = scratchFor(owner);
  if (page != 0) atomic.store<i32>(page, parent, SCRATCH_PARENT);
}

/** Returns an owner that `parent` has started, or 0. */
export function childOf(parent: i32): i32 {
  for (let page = first(); page != 0; page = next(page)) {
    if (atomic.load<i32>(page, SCRATCH_PARENT) != parent) continue;
    const child = atomic.load<i32>(page, SCRATCH_OWNER);
    if (child != NOBODY) return child;
  }
  return NOBODY;
}

/** Frees a page for the next new thread. */
export function leaveScratch(page: usize): void {
  atomic.store<usize>(page, 0, SCRATCH_LATCH);
  atomic.store<usize>(page, 0, SCRATCH_TABLE);
  atomic.store<usize>(page, 0, SCRATCH_TABLE_BEFORE);
  atomic.store<i32>(page, NOBODY, SCRATCH_PARENT);
  atomic.store<i32>(page, NOBODY, SCRATCH_OWNER);
}

function first(): usize {
  return atomic.load<usize>(HEADER_SCRATCH);
}

function next(page: usize): usize {
  return load<usize>(page, SCRATCH_NEXT);
}
