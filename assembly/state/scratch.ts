// Scratch pages: one for each thread that hands texts to the functions of named state. A page belongs to the thread
// whose owner number is in it, and when that has ended, to the next that comes. Pages are linked, the last made
// first, and none is ever unlinked.

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

/** Pointer of the page of this owner, which it gets if it has none; 0 when there is no room. */
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

/** Pointer of the page that this owner has, or 0. */
export function scratchOf(owner: i32): usize {
  let page = first();
  while (page != 0 && atomic.load<i32>(page, SCRATCH_OWNER) != owner) page = next(page);
  return page;
}

/** Notes the owner that sees the end of this one. */
export function setParent(owner: i32, parent: i32): void {
  const page = scratchFor(owner);
  if (page != 0) atomic.store<i32>(page, parent, SCRATCH_PARENT);
}

/** An owner that this one has started, or 0. */
export function childOf(parent: i32): i32 {
  for (let page = first(); page != 0; page = next(page)) {
    if (atomic.load<i32>(page, SCRATCH_PARENT) != parent) continue;
    const child = atomic.load<i32>(page, SCRATCH_OWNER);
    if (child != NOBODY) return child;
  }
  return NOBODY;
}

/** Leaves a page to the next that comes. */
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
