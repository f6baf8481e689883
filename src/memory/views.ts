// The shared memory as the JS engine sees it: the same bytes under four widths, and words at any address.

export interface Views {
  bytes: Uint8Array;
  /** For little-endian words that are not aligned. */
  data: DataView;
  halves: Uint16Array;
  words: Int32Array;
  doubles: Float64Array;
}

/** Views over the whole memory. */
export function viewsOf(memory: { readonly buffer: ArrayBufferLike }): Views {
  const { buffer } = memory;
  return {
    bytes: new Uint8Array(buffer),
    data: new DataView(buffer),
    halves: new Uint16Array(buffer),
    words: new Int32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}
