// The shared memory in JavaScript: the same bytes as typed arrays of several widths, and as words at any address.

export interface Views {
  bytes: Uint8Array;
  /** Reads and writes little-endian words that are not aligned. */
  data: DataView;
  halves: Uint16Array;
  words: Int32Array;
  doubles: Float64Array;
}

/** Makes views of the whole memory, as large as it is at the moment: extents that are added later lie outside of them. */
export function viewsOf({ buffer }: { readonly buffer: ArrayBufferLike }): Views {
  return {
    bytes: new Uint8Array(buffer),
    data: new DataView(buffer),
    halves: new Uint16Array(buffer),
    words: new Int32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}
