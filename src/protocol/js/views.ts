// The shared memory as the JS engine sees it: the same bytes under four widths.

export interface Views {
  bytes: Uint8Array;
  halves: Uint16Array;
  words: Int32Array;
  doubles: Float64Array;
}
