// Texts that are read again and again: always those of the bytes, and decoded once.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentTexts } from '../../src/wasm/recent-texts.ts';

/** Keeps a text of this size, and no longer one. */
const KEPT_BYTES_MAX = 64;

interface Decoding extends Buffer {
  latin1Slice(start: number, end: number): string;
}

/** A buffer that counts how often its bytes are decoded. */
function counting(bytes: Uint8Array): { from: Buffer; decoded(): number } {
  let count = 0;
  const from = Buffer.from(bytes) as Decoding;
  const { latin1Slice } = from;
  from.latin1Slice = (start, end) => {
    count++;
    return latin1Slice.call(from, start, end);
  };
  return { from, decoded: () => count };
}

test('each text is that of its bytes, whatever was read before', () => {
  const byte = fc.oneof(fc.constantFrom(0, 0x61, 0x62), fc.integer({ min: 0, max: 255 }));
  const size = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom(63, 64, 65), fc.nat({ max: 200 }));
  const text = size.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
  const similar = size.chain((length) => fc.array(byte, { minLength: length, maxLength: length }));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.oneof(text, similar), fc.nat({ max: 9 })), { maxLength: 30 }),
      (list) => {
        const texts = new RecentTexts();
        for (const [bytes, before] of list) {
          const from = Buffer.from([...Array(before).fill(0x7a), ...bytes, 0x7a]);
          expect(texts.read(from, before, bytes.length)).toBe(Buffer.from(bytes).toString('latin1'));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('the last text of each size is not decoded again', () => {
  const all = '/users/1/users/2localhost';
  const { from, decoded } = counting(Buffer.from(all));
  const texts = new RecentTexts();
  const read = (start: number, end: number): number => {
    expect(texts.read(from, start, end - start)).toBe(all.slice(start, end));
    return decoded();
  };
  const before = read(0, 8);
  // A text of another size replaces none.
  expect([read(0, 8), read(16, 25), read(0, 8), read(16, 25)].map((count) => count - before)).toEqual([
    0, 1, 1, 1,
  ]);
  expect([read(8, 16), read(8, 16), read(0, 8)].map((count) => count - before)).toEqual([2, 2, 3]);
});

test('a long text is not kept', () => {
  const { from, decoded } = counting(Buffer.alloc(KEPT_BYTES_MAX + 1, 0xe4));
  const texts = new RecentTexts();
  for (const size of [KEPT_BYTES_MAX + 1, KEPT_BYTES_MAX])
    for (let i = 0; i < 2; i++) expect(texts.read(from, 0, size)).toBe('ä'.repeat(size));
  expect(decoded()).toBe(3);
});
