// The shared memory as the JS engine sees it: the same bytes under four widths, and words at any address.

export interface Views {
  bytes: Uint8Array;
  /** For little-endian words that are not aligned. */
  data: DataView;
  halves: Uint16Array;
  words: Int32Array;
  doubles: Float64Array;
}
