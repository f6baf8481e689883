// Allocates extents: pages for data that does not fit into a row. New pages are zeroed and follow the existing memory,
// which does not move. No two threads get the same pages. If a thread ends before it links an extent to its row, the
// pages stay unused.

const PAGE_SHIFT = 16;

/** Allocates `pages` pages of 64 KiB and returns their pointer, or 0 when the memory cannot grow. */
export function newExtent(pages: i32): usize {
  const before = memory.grow(pages);
  return before < 0 ? 0 : (<usize>before) << PAGE_SHIFT;
}
