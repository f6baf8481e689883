// Names of counters: each name gets one row, however many threads claim it at the same time.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STATE, STATE_COUNT_MAX, STATE_ROW_BYTES } from '../../src/memory/layout.ts';
import { STATE_KIND, STATE_NAME } from '../../src/memory/state-layout.ts';
import { viewsOf } from '../../src/memory/views.ts';
import { claimRow, NAME_BYTES_MAX, nameOf } from '../../src/wasm/state/names.ts';
import { smallMemory } from '../support/memory.ts';

test('row 0 belongs to the built-in response', () => {
  const views = viewsOf(smallMemory());
  expect(nameOf(views, 0)).toBe('hotpath:hello');
  expect(claimRow(views, 'counter', 'hotpath:hello')).toBe(0);
  expect(nameOf(views, 1)).toBe(undefined);
  expect(claimRow(views, 'counter', 'hello')).toBe(1);
});

test('each name has one row', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'ab', 'abc', 'abcd', 'abce', 'é', '€uro', '𝄞')), (names) => {
      const views = viewsOf(smallMemory());
      const rows = new Map<string, number>();
      for (const name of names) {
        const row = claimRow(views, 'counter', name);
        expect(rows.get(name) ?? row).toBe(row);
        rows.set(name, row);
        expect(nameOf(views, row)).toBe(name);
      }
      expect(new Set(rows.values()).size).toBe(rows.size);
    }),
  );
});

test('the longest name does not reach the value beside it', () => {
  const views = viewsOf(smallMemory());
  const longest = 'x'.repeat(NAME_BYTES_MAX);
  expect(claimRow(views, 'counter', longest)).toBe(1);
  expect(claimRow(views, 'counter', `${longest.slice(1)}y`)).toBe(2);
  expect([nameOf(views, 1), nameOf(views, 2)]).toEqual([longest, `${longest.slice(1)}y`]);
  expect(nameOf(views, 3)).toBe(undefined);
});

describe('an invalid name is rejected:', () => {
  test.each([
    ['the empty string', '', TypeError, 'is text without NUL'],
    ['with NUL', 'a\0b', TypeError, '"a\\u0000b"'],
    ['half of a character', 'a\ud834', TypeError, 'is text without NUL'],
    ['a number', 7 as unknown as string, TypeError, 'not 7'],
    ['too long', 'x'.repeat(NAME_BYTES_MAX + 1), RangeError, 'at most 111 bytes'],
    ['too long in UTF-8', 'é'.repeat(56), RangeError, 'at most 111 bytes'],
  ])('%s', (_, name, type, says) => {
    const claim = (): number => claimRow(viewsOf(smallMemory()), 'counter', name);
    expect(claim).toThrow(type);
    expect(claim).toThrow(says);
  });
});

test('a name belongs to one kind, which the error names when another kind asks for it', () => {
  const views = viewsOf(smallMemory());
  expect([claimRow(views, 'gauge', 'a'), claimRow(views, 'limiter', 'b')]).toEqual([1, 2]);
  expect(claimRow(views, 'gauge', 'a')).toBe(1);
  expect(() => claimRow(views, 'counter', 'a')).toThrow("'a' is a gauge already, so it can't be a counter");
  expect(() => claimRow(views, 'mutex', 'b')).toThrow("'b' is a limiter already, so it can't be a mutex");
  expect(() => claimRow(views, 'histogram', 'hotpath:hello')).toThrow('is a counter already');
});

test('when a thread ends before it has set the kind, the next thread sets it', () => {
  const views = viewsOf(smallMemory());
  const row = claimRow(views, 'gauge', 'a');
  views.words[(STATE + row * STATE_ROW_BYTES + STATE_KIND) >> 2] = 0;
  expect(claimRow(views, 'mutex', 'a')).toBe(row);
  expect(() => claimRow(views, 'gauge', 'a')).toThrow("'a' is a mutex already");
});

test('a full table rejects new names, and still finds the others', () => {
  const views = viewsOf(smallMemory());
  for (let i = 1; i < STATE_COUNT_MAX; i++) expect(claimRow(views, 'counter', `n${i}`)).toBe(i);
  expect(() => claimRow(views, 'counter', 'one more')).toThrow(RangeError);
  expect(() => claimRow(views, 'counter', 'one more')).toThrow(
    "no room for counter 'one more': there are 256 other names",
  );
  expect(claimRow(views, 'counter', 'n7')).toBe(7);
});

test('an interrupted claim is completed by a name with the same beginning', () => {
  const views = viewsOf(smallMemory());
  const row = claimRow(views, 'counter', 'abcdefgh');
  // The row as left by a thread that ended after the second word.
  const name = STATE + row * STATE_ROW_BYTES + STATE_NAME;
  views.bytes.fill(0, name + 8, name + 12);
  expect(nameOf(views, row)).toBe(undefined);
  expect(claimRow(views, 'counter', 'abcXefgh')).toBe(row + 1);
  expect(claimRow(views, 'counter', 'abcdefgx')).toBe(row);
  expect(claimRow(views, 'counter', 'abcdefgh')).toBe(row + 2);
});

test('threads that claim the same names at once agree', async () => {
  const memory = smallMemory();
  const threads = 4;
  const gate = new Int32Array(new SharedArrayBuffer(8));
  // The names begin alike, so that threads meet within a name.
  const names = Array.from({ length: 100 }, (_, i) => `name ${i % 10} and ${String(i).padStart(5, '0')}`);
  const rows = await Promise.all(
    Array.from({ length: threads }, async (_, thread) => {
      const order = names.map((_, i) => names[(i * 37 + thread * 25) % names.length] as string);
      const worker = new Worker(new URL('../support/claim.js', import.meta.url), {
        workerData: { memory, threads, gate, names: order },
      });
      return (await once(worker, 'message'))[0] as Map<string, number>;
    }),
  );
  for (const map of rows) for (const name of names) expect(map.get(name)).toBe(rows[0]?.get(name));
  expect(new Set(rows[0]?.values()).size).toBe(names.length);
});
