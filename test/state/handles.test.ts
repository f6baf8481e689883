// Handles of counters: they bind at first use to the named state of the process.

import { afterEach, describe, expect, test } from 'vitest';
import { counted as builtCounted, counter as builtCounter } from '#dist/index.js';
import { HEADER_VERSION } from '../../src/memory/layout.ts';
import { viewsOf } from '../../src/memory/views.ts';
import { Counted, counted } from '../../src/state/counted.ts';
import { counter, counterIndexIn } from '../../src/state/counter.ts';
import { type SharedState, sharedState, shareState } from '../../src/state/shared.ts';
import { compileModule, instantiate } from '../../src/wasm/instance.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { smallMemory } from '../support/memory.ts';

const module = compileModule();
afterEach(() => {
  delete (globalThis as { [place: symbol]: unknown })[Symbol.for('hotpath')];
});

function makeState(): SharedState {
  return { module, memory: smallMemory() };
}

test('before there is a server, a counter can be made but not used', () => {
  const hits = counter('hits');
  expect(hits.name).toBe('hits');
  expect(() => hits.add()).toThrow("counter 'hits' is used before this thread has a server");
  expect(() => hits.value).toThrow('serve()');
  shareState(makeState());
  expect([hits.value, hits.add(), hits.value]).toEqual([0, 1, 1]);
});

test('the first server has the named state for all servers', () => {
  const first = makeState();
  const second = makeState();
  expect(sharedState()).toBe(undefined);
  expect(shareState(first).memory).toBe(first.memory);
  expect(shareState(second).memory).toBe(first.memory);
  expect(counter('a').add(5)).toBe(5);
  expect(counter('a').value).toBe(5);
  expect(instantiate(module, first.memory).counterValue(rowPointer(1))).toBe(5);
  expect(instantiate(module, second.memory).counterValue(rowPointer(1))).toBe(0);
});

test('two copies of the package count together', () => {
  shareState(makeState());
  expect([counter('a').add(), builtCounter('a').add(), counter('a').value]).toEqual([1, 2, 2]);
  expect(builtCounted('Hello', builtCounter('a'))).toBeInstanceOf(Counted);
});

test('a memory of another version of the package is rejected', () => {
  const state = makeState();
  viewsOf(state.memory).words[HEADER_VERSION >> 2] = 99;
  shareState(state);
  expect(() => counter('a').add()).toThrow('layout version 99');
});

describe('adding', () => {
  test.each([1, 3, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER])('%d', (n) => {
    shareState(makeState());
    const a = counter('a');
    expect([a.add(n), a.value]).toEqual([n, n]);
  });

  test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1' as unknown as number])(
    '%s is refused',
    (n) => {
      shareState(makeState());
      const a = counter('a');
      expect(() => a.add(n)).toThrow(RangeError);
      expect(a.value).toBe(0);
    },
  );
});

test("a name is checked at once, and the server's own names are rejected", () => {
  expect(() => counter('')).toThrow(TypeError);
  expect(() => counter('x'.repeat(112))).toThrow(RangeError);
  const { memory } = shareState(makeState());
  instantiate(module, memory).counterAdd(rowPointer(0), 7);
  expect(counter('hotpath:hello').value).toBe(7);
  expect(() => counter('hotpath:mine').add()).toThrow(
    "names that begin with 'hotpath:' are the server's own",
  );
});

test("the index of a counter is known only when it is in the plane's own memory", () => {
  const { memory } = shareState(makeState());
  const a = counter('a');
  expect(counterIndexIn(viewsOf(memory), a)).toBe(1);
  expect(counterIndexIn(viewsOf(memory), builtCounter('b'))).toBe(2);
  expect(counterIndexIn(viewsOf(memory), a)).toBe(1);
  expect(counterIndexIn(viewsOf(makeState().memory), a)).toBe(undefined);
});

test('a counted response counts', () => {
  shareState(makeState());
  const hello = counted('Hellö', counter('a'));
  expect([hello.prefix, hello.counter.name]).toEqual(['Hellö', 'a']);
  expect([hello.next(), hello.next()]).toEqual(['Hellö1', 'Hellö2']);
  expect(hello).toBeInstanceOf(Counted);
  for (const other of [{}, null, 'Hello', new Response('Hello')]) expect(other).not.toBeInstanceOf(Counted);
  expect(() => counted('€', counter('a'))).toThrow('must be Latin-1');
});
