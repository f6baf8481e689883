// Copies bytes 16 at a time. The loads and stores may reach 15 bytes past the end.

/** Copies `bytes` bytes; returns the position after the copy. */
export function copy(to: usize, from: usize, bytes: usize): usize {
  const end = to + bytes;
  for (; to < end; to += 16, from += 16) v128.store(to, v128.load(from));
  return end;
}
