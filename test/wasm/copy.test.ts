// Copies into and out of shared memory: every alignment, and sizes around the one from which another way is taken.

import { describe, expect, it } from 'vitest';
import { copyBytes } from '../../src/wasm/copy.ts';

const SIZE = 1024;
const UNTOUCHED = 0xee;

const kinds = {
  shared: () => new Uint8Array(new SharedArrayBuffer(SIZE)),
  'not shared': () => new Uint8Array(SIZE),
};

describe.each(Object.entries(kinds))('from memory that is %s', (_, createFrom) => {
  it.each(Object.entries(kinds))(
    'to memory that is %s: the bytes of the range, and no others',
    (_, createTo) => {
      const from = createFrom().map((_, i) => i * 7 + (i >> 8));
      for (const size of [0, 1, 255, 256, 257, 700])
        for (let start = 0; start < 8; start++)
          for (let at = 0; at < 8; at++) {
            const to = createTo().fill(UNTOUCHED);
            copyBytes(from.subarray(start, start + size), to, at);
            const expected = Buffer.alloc(SIZE, UNTOUCHED);
            for (let i = 0; i < size; i++) expected[at + i] = from[start + i] as number;
            expect(expected.equals(to)).toBe(true);
          }
    },
  );
});

it.each([10, 300])('throws when %d bytes do not fit', (size) => {
  expect(() => copyBytes(new Uint8Array(size), new Uint8Array(size), 1)).toThrow(RangeError);
});
