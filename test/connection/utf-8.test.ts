// UTF-8 that is decoded where it lies, compared with the platform's TextDecoder.

import { expect, test } from 'vitest';
import { textOf } from '../../src/connection/utf-8.ts';

const shared = Buffer.from(new SharedArrayBuffer(65_536));
const decoder = new TextDecoder();

/** Decodes bytes in shared memory, with foreign bytes around them. */
function decode(bytes: readonly number[]): string {
  shared.set([0xef, 0xbb, 0xc3, ...bytes, 0xbf, 0xa9, 0x61]);
  return textOf(shared, 3, 3 + bytes.length);
}

function expectSame(bytes: readonly number[]): void {
  const expected = decoder.decode(Uint8Array.from(bytes));
  if (decode(bytes) !== expected) expect(decode(bytes), `bytes ${bytes}`).toBe(expected);
}

/** Bytes at both ends of each range that UTF-8 distinguishes. */
const EDGES = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbb, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
  0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];

test('a byte order mark is removed, once and only whole', () => {
  const mark = [0xef, 0xbb, 0xbf];
  expect(decode([...mark, 0x61])).toBe('a');
  for (const bytes of [
    mark,
    [...mark, ...mark, 0x61],
    [0x61, ...mark],
    mark.slice(0, 2),
    mark.slice(0, 1),
    [],
  ])
    expectSame(bytes);
});

test('malformed bytes become the same replacement characters', () => {
  expect(decode([0x61, 0xff, 0x62])).toBe('a\ufffdb');
  for (const a of EDGES)
    for (const b of EDGES) {
      expectSame([a, b]);
      for (const c of EDGES) {
        expectSame([a, b, c]);
        expectSame([0x61, a, b, c, 0x80]);
      }
    }
  for (const a of [0xf0, 0xf4, 0xf5])
    for (const b of EDGES) for (const c of EDGES) for (const d of EDGES) expectSame([a, b, c, d]);
});

test('texts of every kind', () => {
  for (const text of ['', 'a', 'é', '€', '😀', 'x'.repeat(60_000), 'xé'.repeat(20_000), '😀€'.repeat(5000)])
    expectSame([...Buffer.from(text)]);
});
