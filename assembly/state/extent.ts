// Pages of its own for what doesn't fit into a row. They lie behind everything that was there, zeroed, and no two
// threads are given the same; the memory doesn't move. A thread that ends before it has entered them into its
// row leaves them unused.

const PAGE_SHIFT = 16;

/** Pointer of so many fresh pages of 64 KiB; 0 when there is no room. */
export function newExtent(pages: i32): usize {
  const before = memory.grow(pages);
  return before < 0 ? 0 : (<usize>before) << PAGE_SHIFT;
}
