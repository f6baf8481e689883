// Limiters in one thread: which takes are allowed, to the millisecond; keys in a full table; options
// that change.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { limiter as builtLimiter } from '#dist/index.js';
import { PAGE_BYTES } from '../../src/memory/layout.ts';
import { BUCKET_ENTRY_COUNT, LIMITER_DISAGREES } from '../../src/memory/state-layout.ts';
import { OWNER } from '../../src/state/binding.ts';
import { counter } from '../../src/state/counter.ts';
import { type Limiter, type LimiterOptions, limiter } from '../../src/state/limiter.ts';
import { monotonicMs } from '../../src/state/monotonic-clock.ts';
import { type SharedState, sharedState, shareState } from '../../src/state/shared.ts';
import { instantiate } from '../../src/wasm/instance.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { Scratch } from '../../src/wasm/state/scratch.ts';
import { Table } from '../support/limiters.ts';
import { smallMemory } from '../support/memory.ts';
import { beginGeneration, forgetState, freshState } from '../support/named-state.ts';

const ROW = rowPointer(1);
const DAY_MS = 86_400_000;

let state: SharedState;
let nowMs: number;
const now = (): number => nowMs;
beforeEach(() => {
  state = freshState();
  nowMs = 1_000_000;
});
afterEach(forgetState);

test('exactly the limit is allowed', () => {
  const api = limiter('api', { limit: 3, windowMs: 900, now });
  const take = () => api.take('a');
  expect([take(), take(), take()]).toEqual([
    { allowed: true, remaining: 2, retryAfterMs: 0 },
    { allowed: true, remaining: 1, retryAfterMs: 0 },
    { allowed: true, remaining: 0, retryAfterMs: 0 },
  ]);
  expect(take()).toEqual({ allowed: false, remaining: 0, retryAfterMs: 300 });
  nowMs += 299;
  expect(take()).toEqual({ allowed: false, remaining: 0, retryAfterMs: 1 });
  nowMs += 1;
  expect([take().allowed, take()]).toEqual([true, { allowed: false, remaining: 0, retryAfterMs: 300 }]);
  nowMs += 900;
  expect(take()).toEqual({ allowed: true, remaining: 2, retryAfterMs: 0 });
});

test('keys are independent, costs add up, and a rejected take is free', () => {
  const api = limiter('api', { limit: 10, windowMs: 1000, now });
  expect(api.take('a', 7)).toMatchObject({ allowed: true, remaining: 3 });
  expect(api.take('a', 4)).toEqual({ allowed: false, remaining: 3, retryAfterMs: 100 });
  expect(api.take('b', 10)).toMatchObject({ allowed: true, remaining: 0 });
  expect(api.take('a', 3)).toMatchObject({ allowed: true, remaining: 0 });
  expect(api.take('a', 10)).toEqual({ allowed: false, remaining: 0, retryAfterMs: 1000 });
});

test('a limiter acts as a token bucket that fills continuously, for any limit, window and cost', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    waitMs: fc.oneof(fc.nat(3), fc.nat(2000), fc.nat(2 ** 31)),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const limits = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1_000_000 }));
  const windows = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 2 ** 31 }));
  const starts = fc.oneof(
    fc.constant(0),
    fc.nat(10),
    fc.maxSafeNat().map((ms) => ms % 2 ** 42),
  );
  let names = 0;
  fc.assert(
    fc.property(
      limits,
      windows,
      starts,
      fc.array(step, { maxLength: 40 }),
      (limit, windowMs, start, steps) => {
        if (names === 200) {
          state = freshState();
          names = 0;
        }
        nowMs = start;
        const api = limiter(`api ${names++}`, { limit, windowMs, keys: 10, now });
        const tokens = new Map<string, { at: bigint; has: bigint }>();
        const [fill, unit] = [BigInt(limit), BigInt(windowMs)];
        for (const { key, waitMs, share } of steps) {
          nowMs += waitMs;
          const cost = Math.max(1, Math.ceil(share * limit));
          const at = BigInt(nowMs);
          const old = tokens.get(key) ?? { at, has: fill * unit };
          const filled = old.has + (at - old.at) * fill;
          const has = filled > fill * unit ? fill * unit : filled;
          const wanted = BigInt(cost) * unit;
          const allowed = wanted <= has;
          const left = allowed ? has - wanted : has;
          tokens.set(key, { at, has: left });
          expect(api.take(key, cost)).toEqual({
            allowed,
            remaining: Number(left / unit),
            retryAfterMs: allowed ? 0 : Number((wanted - has + fill - 1n) / fill),
          });
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('waiting for retryAfterMs is enough, and one millisecond less is not', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 100_000 }),
      (limit, windowMs) => {
        state = freshState();
        const api = limiter('api', { limit, windowMs, keys: 10, now });
        expect(api.take('a', limit).allowed).toBe(true);
        const { retryAfterMs } = api.take('a');
        nowMs += retryAfterMs - 1;
        expect(api.take('a')).toMatchObject({ allowed: false, retryAfterMs: 1 });
        nowMs += 1;
        expect(api.take('a').allowed).toBe(true);
      },
    ),
    { numRuns: 50 },
  );
});

test("limits by the machine's clock, which all threads share", async () => {
  const api = limiter('api', { limit: 2, windowMs: 200 });
  expect([api.take('a', 2).allowed, api.take('a').allowed]).toEqual([true, false]);
  const from = monotonicMs();
  while (!api.take('a').allowed) await new Promise((resolve) => setTimeout(resolve, 5));
  // The clock of a limiter has whole milliseconds.
  expect(monotonicMs() - from).toBeGreaterThan(95);
  const [seconds, nanos] = process.hrtime();
  expect(Math.abs(seconds * 1000 + nanos / 1e6 - monotonicMs())).toBeLessThan(1000);
});

describe('keys', () => {
  const texts = [
    '',
    'a',
    'b',
    'é',
    'š',
    '\u0141',
    '€',
    '𝄞',
    'a\0b',
    '127.0.0.1',
    'x'.repeat(40),
    'x'.repeat(41),
    'x'.repeat(21_818),
    '€'.repeat(21_818),
    '€'.repeat(21_819),
    `${'€'.repeat(21_818)}x`,
    'x'.repeat(1_000_000),
    `${'x'.repeat(999_999)}y`,
  ];

  test('any text is a key, different from every other', () => {
    const api = limiter('api', { limit: 1, windowMs: DAY_MS, now });
    for (const text of texts) expect(api.take(text).allowed).toBe(true);
    for (const text of texts) expect(api.take(text).allowed).toBe(false);
  });

  test.each([null, undefined, 7, {}, Symbol('a')])('%s is not a key', (key) => {
    const api = limiter('api', { limit: 1, windowMs: 1000, now });
    expect(() => api.take(key as string)).toThrow(TypeError);
  });

  test('two copies of the package share a limit', () => {
    const options = { limit: 3, windowMs: 1000, now };
    const taken = [
      limiter('api', options).take('a€'),
      builtLimiter('api', options).take('a€'),
      limiter('api', options).take('a€'),
    ];
    expect(taken.map(({ remaining }) => remaining)).toEqual([2, 1, 0]);
  });
});

describe('invalid arguments are rejected:', () => {
  test.each([0, -1, 1.5, 11, 2 ** 32 + 1, Number.NaN, '1' as unknown as number])('a cost of %s', (cost) => {
    const api = limiter('api', { limit: 10, windowMs: 1000, now });
    expect(() => api.take('a', cost)).toThrow(RangeError);
    expect(() => api.take('a', cost)).toThrow(`a whole number from 1 to its limit of 10, not ${cost}`);
    expect(api.take('a', 10).allowed).toBe(true);
  });

  test.each([
    [{ limit: 0 }, 'limit must be a whole number from 1 to 1000000, not 0'],
    [{ limit: 1_000_001 }, 'limit must be'],
    [{ limit: 1.5 }, 'limit must be'],
    [{ windowMs: 0 }, 'windowMs must be a whole number from 1 to 2147483648, not 0'],
    [{ windowMs: 2 ** 31 + 1 }, 'windowMs must be'],
    [{ keys: 0 }, 'keys must be a whole number from 1 to 16777216, not 0'],
    [{ keys: 2 ** 24 + 1 }, 'keys must be'],
    [{ now: 5 }, 'now must be a function'],
    [{ maxKeys: 5 }, "has no option 'maxKeys': it takes limit, windowMs, keys and now"],
  ])('options %o', (option, says) => {
    expect(() => limiter('api', { limit: 1, windowMs: 1000, ...option } as LimiterOptions)).toThrow(says);
  });

  test('no options at all, an invalid name, and use without a server', () => {
    expect(() => limiter('api', undefined as unknown as LimiterOptions)).toThrow(TypeError);
    expect(() => limiter('', { limit: 1, windowMs: 1 })).toThrow(TypeError);
    counter('hits').add();
    expect(() => limiter('hits', { limit: 1, windowMs: 1 }).take('a')).toThrow('is a counter already');
    expect(() => limiter('hotpath:a', { limit: 1, windowMs: 1 }).take('a')).toThrow("are the server's own");
    forgetState();
    expect(() => limiter('api', { limit: 1, windowMs: 1 }).take('a')).toThrow(
      "limiter 'api' is used before this thread has a server",
    );
  });

  test('a table that is too large for the memory', () => {
    const pages = state.memory.buffer.byteLength / PAGE_BYTES;
    // The memory is filled first, so all addresses are above 2 GiB.
    state.memory.grow(65_536 - pages - 20);
    expect(() => limiter('api', { limit: 1, windowMs: 1, keys: 2 ** 24 }).take('a')).toThrow(
      "no room in memory for the 16777216 keys of limiter 'api'",
    );
    const api = limiter('api', { limit: 1, windowMs: DAY_MS, keys: 2000, now });
    expect(['a', 'b', 'a'].map((key) => api.take(key).allowed)).toEqual([true, true, false]);
    beginGeneration();
    expect(limiter('api', { limit: 2, windowMs: 1, keys: 1, now }).take('b').allowed).toBe(false);
    forgetState();
    shareState({ module: state.module, memory: smallMemory() });
    const other = sharedState() as SharedState;
    other.memory.grow(65_536 - other.memory.buffer.byteLength / PAGE_BYTES);
    expect(() => limiter('api', { limit: 1, windowMs: 1 }).take('a')).toThrow(
      'no room in memory for one more',
    );
  });
});

test('the largest of everything', () => {
  nowMs = 2 ** 42;
  const api = limiter('api', { limit: 1_000_000, windowMs: 2 ** 31, now });
  expect(api.take('a', 1_000_000)).toMatchObject({ allowed: true, remaining: 0 });
  expect(api.take('a', 1_000_000)).toEqual({ allowed: false, remaining: 0, retryAfterMs: 2 ** 31 });
  expect(api.take('a')).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 2148 });
  nowMs += 2 ** 31 - 1;
  expect(api.take('a', 1_000_000)).toEqual({ allowed: false, remaining: 999_999, retryAfterMs: 1 });
  expect(api.take('a', 999_999)).toMatchObject({ allowed: true, remaining: 0 });
});

describe('a full table', () => {
  /** Keys that all fall into one bucket. */
  const options = { limit: 10, windowMs: 1000, keys: 6 };
  const keys = Array.from({ length: BUCKET_ENTRY_COUNT }, (_, i) => `key ${i}`);

  test('has room for at least as many keys as its option `keys`', () => {
    const api = limiter('api', { ...options, now });
    for (const key of keys) api.take(key);
    expect(new Table(state.memory, ROW).bucketCount).toBe(1);
    for (const key of keys) expect(api.take(key).remaining).toBe(8);
  });

  test('evicts the key that has used least', () => {
    const api = limiter('api', { ...options, now });
    keys.forEach((key, i) => {
      api.take(key, key === 'key 7' ? 1 : 2 + (i % 8));
    });
    expect(api.take('one more').remaining).toBe(9);
    expect(new Set(new Table(state.memory, ROW).entries(0).map(({ hash }) => hash)).size).toBe(keys.length);
    // The evicted key has its whole limit again, and evicts "one more".
    expect(api.take('key 7', 3).remaining).toBe(7);
    expect(api.take('one more').remaining).toBe(9);
    for (const [i, key] of keys.entries())
      if (key !== 'key 7' && i % 8 > 0) expect(api.take(key).remaining).toBe(7 - (i % 8));
  });

  test('replaces a key that is whole again before it evicts a key in use', () => {
    const api = limiter('api', { ...options, now });
    for (const key of keys.slice(0, 5)) api.take(key, 1);
    nowMs += 50;
    for (const key of keys.slice(5)) api.take(key, 3);
    nowMs += 50;
    // The first five are whole again.
    for (let i = 0; i < 5; i++) expect(api.take(`other ${i}`, 5).remaining).toBe(5);
    for (const key of keys.slice(5)) expect(api.take(key).remaining).toBe(6);
    for (let i = 0; i < 5; i++) expect(api.take(`other ${i}`).remaining).toBe(4);
  });

  test.each([
    [1, 1],
    [6, 1],
    [7, 2],
    [12, 2],
    [13, 4],
    [24, 4],
    [25, 8],
    [10_000, 2048],
    [1_000_000, 262_144],
  ])('for %d keys there are %d buckets', (keys, buckets) => {
    limiter('api', { limit: 1, windowMs: 1, keys }).take('a');
    expect(new Table(state.memory, ROW).bucketCount).toBe(buckets);
  });

  test('with as many keys as its option `keys`, forgets hardly any', () => {
    const count = 6 * 1024;
    const api = limiter('api', { limit: 1, windowMs: DAY_MS, keys: count, now });
    for (let i = 0; i < count; i++) api.take(`key ${i}`);
    let forgotten = 0;
    for (let i = 0; i < count; i++) if (api.take(`key ${i}`).allowed) forgotten++;
    expect(forgotten).toBeLessThan(count / 200);
  });
});

describe('other options', () => {
  const before = { limit: 10, windowMs: 1000, now };
  /** Changes the options as the threads of a reload do. */
  const reloaded = (options: LimiterOptions): Limiter => {
    beginGeneration();
    return limiter('api', options);
  };

  test('that are the same use the same table', () => {
    limiter('api', before).take('a');
    const { pointer } = new Table(state.memory, ROW);
    expect(limiter('api', { ...before }).take('a').remaining).toBe(8);
    expect(reloaded({ ...before }).take('a').remaining).toBe(7);
    expect(new Table(state.memory, ROW).pointer).toBe(pointer);
  });

  test.each([
    [{ limit: 20 }, 4, 12],
    [{ limit: 5 }, 4, 3],
    [{ windowMs: 60_000 }, 4, 6],
    [{ windowMs: 3 }, 4, 6],
    [{ keys: 100 }, 4, 6],
    [{ limit: 1_000_000, windowMs: 2 ** 31 }, 3, 700_000],
  ])('%o: the same share is left', (option, used, left) => {
    const old = limiter('api', before);
    expect(old.take('a', used).remaining).toBe(10 - used);
    const young = reloaded({ ...before, ...option });
    expect(young.take('a').remaining).toBe(left - 1);
    // The old handle, when it is still used, has the new options.
    expect(old.take('a').remaining).toBe(left - 2);
    expect([old.limit, old.windowMs]).toEqual([young.limit, young.windowMs]);
    expect(young.take('b').remaining).toBe(young.limit - 1);
  });

  test('a key that has used its whole limit still has no share left', () => {
    limiter('api', before).take('a', 10);
    const young = reloaded({ ...before, limit: 100, windowMs: 10_000 });
    expect(young.take('a')).toEqual({ allowed: false, remaining: 0, retryAfterMs: 100 });
    expect(young.take('a', 100)).toEqual({ allowed: false, remaining: 0, retryAfterMs: 10_000 });
    nowMs += 100;
    expect(young.take('a').allowed).toBe(true);
  });

  test('a key that only an older table has keeps its share, too', () => {
    limiter('api', before).take('a', 5);
    reloaded({ ...before, limit: 100 }).take('b', 50);
    reloaded({ ...before, limit: 20 }).take('c', 5);
    const last = reloaded({ ...before, limit: 200 });
    expect(['a', 'b', 'c', 'd'].map((key) => last.take(key).remaining)).toEqual([99, 99, 149, 199]);
  });

  test('usage that is older than its window does not count; the usage before the change does', () => {
    const first = limiter('api', { ...before, windowMs: DAY_MS });
    expect([first.take('a', 10).allowed, first.take('c', 10).allowed]).toEqual([true, true]);
    reloaded({ ...before, windowMs: 10 }).take('b', 10);
    nowMs += 100;
    const young = reloaded(before);
    expect([young.take('a').allowed, young.take('b').remaining]).toEqual([false, 9]);
    nowMs += 100;
    expect([young.take('c').allowed, young.take('d').remaining]).toEqual([false, 9]);
    nowMs += 2 * DAY_MS;
    expect(young.take('a').remaining).toBe(9);
  });

  test('options of an older generation are not in force', () => {
    const exports = instantiate(state.module, state.memory);
    const page = new Scratch(state.memory, exports, OWNER + 1).pointer;
    const open = (generation: number, limit: number, windowMs: number): number =>
      exports.limiterOpen(ROW, page, limit, windowMs, 10, generation, nowMs, nowMs);
    limiter('api', before).take('a');
    open(12, 30, 3000);
    open(11, 20, 2000);
    expect([exports.limiterLimit(ROW, page), exports.limiterWindowMs(ROW, page)]).toEqual([30, 3000]);
    const api = reloaded(before);
    expect([api.take('b').remaining, api.limit, api.windowMs]).toEqual([29, 30, 3000]);
    open(13, 40, 3000);
    expect(api.limit).toBe(40);
    // The same options, asked for by a younger generation, belong to that from then on.
    const table = open(14, 40, 3000);
    expect(open(13, 50, 3000)).toBe(table);
    expect(open(14, 50, 3000)).toBe(LIMITER_DISAGREES);
    expect(open(14, 40, 3000)).toBe(table);
  });

  test('a cost within the old limit may exceed the new one', () => {
    const old = limiter('api', before);
    expect(old.take('a', 6).allowed).toBe(true);
    reloaded({ ...before, limit: 5 }).take('a');
    expect(() => old.take('b', 6)).toThrow('from 1 to its limit of 5, not 6');
  });
});
