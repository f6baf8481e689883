// Copies bytes; twin of assembly/copy.ts.

/** Copies `size` bytes; returns the position after the copy. */
export function copy(bytes: Uint8Array, to: number, from: number, size: number): number {
  for (const end = from + size; from < end; ) bytes[to++] = bytes[from++] as number;
  return to;
}

/** Writes the bytes of a text; returns the position after them. */
export function write(bytes: Uint8Array, to: number, text: Uint8Array): number {
  for (let i = 0; i < text.length; i++) bytes[to++] = text[i] as number;
  return to;
}
