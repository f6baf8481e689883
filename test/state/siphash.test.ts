// The hash of keys, SipHash-1-3, compared with another implementation of the paper.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { viewsOf } from '../../src/memory/views.ts';
import { compileModule, instantiate } from '../../src/wasm/instance.ts';
import { Scratch } from '../../src/wasm/state/scratch.ts';
import { smallMemory } from '../support/memory.ts';

const MASK = (1n << 64n) - 1n;
const SEED_BYTES = 16;

const memory = smallMemory();
const exports = instantiate(compileModule(), memory);
const { pointer } = new Scratch(memory, exports, 1);
const { bytes } = viewsOf(memory);
const seedAt = pointer + 64;
const textAt = seedAt + SEED_BYTES;

/** The module's hash of a text that is followed by other bytes. */
function hashed(seed: Uint8Array, text: Uint8Array): bigint {
  bytes.fill(0xa5, textAt, textAt + text.length + 16);
  bytes.set(seed, seedAt);
  bytes.set(text, textAt);
  return BigInt.asUintN(64, exports.sipHash(seedAt, textAt, text.length));
}

/** SipHash-c-d by the paper: little-endian words, of which the last has the size in its top byte. */
function sipHash(seed: Uint8Array, text: Uint8Array, wordRounds: number, finalRounds: number): bigint {
  const key = new DataView(seed.buffer, seed.byteOffset);
  const [low, high] = [key.getBigUint64(0, true), key.getBigUint64(8, true)];
  const v = [...'somepseudorandomlygeneratedbytes'.matchAll(/.{8}/g)].map(
    ([part], i) =>
      [...part].reduce((word, letter) => (word << 8n) | BigInt(letter.charCodeAt(0)), 0n) ^
      (i % 2 === 0 ? low : high),
  ) as [bigint, bigint, bigint, bigint];
  const rotate = (word: bigint, by: bigint): bigint => ((word << by) | (word >> (64n - by))) & MASK;
  const half = (a: number, b: number, by: bigint): void => {
    v[a] = ((v[a] as bigint) + (v[b] as bigint)) & MASK;
    v[b] = rotate(v[b] as bigint, by) ^ (v[a] as bigint);
  };
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      half(0, 1, 13n);
      half(2, 3, 16n);
      v[0] = rotate(v[0], 32n);
      half(0, 3, 21n);
      half(2, 1, 17n);
      v[2] = rotate(v[2], 32n);
    }
  };
  const padded = new Uint8Array((text.length & ~7) + 8);
  padded.set(text);
  padded[padded.length - 1] = text.length;
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const word = words.getBigUint64(at, true);
    v[3] ^= word;
    rounds(wordRounds);
    v[0] ^= word;
  }
  v[2] ^= 0xffn;
  rounds(finalRounds);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

test("the other implementation gives the paper's test vector", () => {
  expect(sipHash(counting(16), counting(15), 2, 4)).toBe(0xa129ca6149be45e5n);
});

test('both agree for every size up to 64 bytes', () => {
  for (let length = 0; length <= 64; length++)
    expect(hashed(counting(16), counting(length))).toBe(sipHash(counting(16), counting(length), 1, 3));
});

test('both agree for any seed and any bytes', () => {
  const seeds = fc.uint8Array({ minLength: SEED_BYTES, maxLength: SEED_BYTES });
  fc.assert(
    fc.property(seeds, fc.uint8Array({ maxLength: 300 }), (seed, text) => {
      expect(hashed(seed, text)).toBe(sipHash(seed, text, 1, 3));
    }),
  );
});
