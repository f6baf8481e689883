// Histograms, compared with all the values themselves: over threads, and when threads come and go.

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { PAGE_BYTES } from '../../src/memory/layout.ts';
import { histogram } from '../../src/state/histogram.ts';
import type { SharedState } from '../../src/state/shared.ts';
import { freshState, storm } from '../support/named-state.ts';

let state: SharedState;
beforeEach(() => {
  state = freshState();
});

/** The percentile of values, by nearest rank. */
function percentileOf(values: number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((p * sorted.length) / 100)) - 1] as number;
}

test('without values there are no percentiles', () => {
  const sizes = histogram('sizes');
  expect(sizes.snapshot()).toEqual({
    count: 0,
    sum: 0,
    min: Number.NaN,
    max: Number.NaN,
    p50: Number.NaN,
    p90: Number.NaN,
    p99: Number.NaN,
    p999: Number.NaN,
  });
  expect([sizes.count, sizes.sum, sizes.percentile(50)]).toEqual([0, 0, Number.NaN]);
});

test('one value is every percentile, exactly', () => {
  for (const [i, value] of [0, 5e-324, 2 ** -64, 0.1, 1, 1000.5, 2 ** 127, Number.MAX_VALUE].entries()) {
    const one = histogram(`one ${i}`);
    one.record(value);
    expect(one.snapshot()).toMatchObject({
      count: 1,
      sum: value,
      min: value,
      max: value,
      p50: value,
      p999: value,
    });
  }
});

test('a percentile is within 1.6 % of that of the values themselves', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 2 ** -63, max: 2 ** 120, noNaN: true }), { minLength: 1 }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (values, p) => {
        freshState();
        const some = histogram('some');
        for (const value of values) some.record(value);
        const exact = percentileOf(values, p);
        expect(Math.abs(some.percentile(p) - exact) / exact).toBeLessThanOrEqual(1 / 64);
        expect(some.count).toBe(values.length);
        expect(some.percentile(0)).toBe(Math.min(...values));
        expect(some.percentile(100)).toBe(Math.max(...values));
      },
    ),
  );
});

test('the sum is exact for whole numbers up to 2^53, and within its rounding for fractions', () => {
  const whole = histogram('whole');
  for (const value of [2 ** 52, 2 ** 51, 1, 2 ** 51 - 3]) whole.record(value);
  expect(whole.snapshot()).toMatchObject({ count: 4, sum: 2 ** 53 - 2 });
  const tenths = histogram('tenths');
  const count = 100_000;
  for (let i = 0; i < count; i++) tenths.record(0.1);
  expect(tenths.count).toBe(count);
  expect(tenths.sum).not.toBe(count / 10);
  expect(Math.abs(tenths.sum / (count / 10) - 1)).toBeLessThanOrEqual(count * 1.2e-16);
});

test('0 and values without a bucket of their own are recorded', () => {
  const sizes = histogram('sizes');
  for (const value of [0, 0, 2 ** -70, 1, 2 ** 200]) sizes.record(value);
  expect([20, 40, 60].map((p) => sizes.percentile(p))).toEqual([0, 0, 0]);
  expect(sizes.percentile(80)).toBeCloseTo(1, 1);
  expect(sizes.snapshot()).toMatchObject({ count: 5, min: 0, max: 2 ** 200 });
});

describe('an invalid value is rejected:', () => {
  test.each([-1, -5e-324, Number.NaN, Number.POSITIVE_INFINITY, undefined as unknown as number])(
    '%s is refused',
    (value) => {
      const sizes = histogram('sizes');
      expect(() => sizes.record(value)).toThrow(`counts finite numbers from 0 on, not ${value}`);
      expect(sizes.count).toBe(0);
    },
  );

  test.each([-1, 100.1, Number.NaN])('the percentile %s, too', (p) => {
    expect(() => histogram('sizes').percentile(p)).toThrow('from 0 to 100');
  });
});

test('4 threads record every value once, each in its own buckets', async () => {
  const rounds = 1_000_000;
  const bytesBefore = state.memory.buffer.byteLength;
  await storm(state, 4, 'record', { rounds });
  const sizes = histogram('sizes');
  sizes.record(500);
  const { count, sum, min, max, p50 } = sizes.snapshot();
  expect([count, sum, min, max]).toEqual([4 * rounds + 1, 4 * rounds * 499.5 + 500, 0, 999]);
  expect(Math.abs(p50 - 500) / 500).toBeLessThan(0.02);
  expect(state.memory.buffer.byteLength).toBe(bytesBefore + 4 * PAGE_BYTES);
});

test('the values of a thread stay when it ends, and the next thread gets its buckets', async () => {
  const bytesBefore = state.memory.buffer.byteLength;
  for (let i = 1; i <= 3; i++) {
    await storm(state, 1, 'record', { rounds: 10 });
    expect(histogram('sizes').count).toBe(10 * i);
  }
  expect(state.memory.buffer.byteLength).toBe(bytesBefore + PAGE_BYTES);
});

test('reading takes no memory', () => {
  const bytesBefore = state.memory.buffer.byteLength;
  expect(histogram('sizes').snapshot().count).toBe(0);
  expect(state.memory.buffer.byteLength).toBe(bytesBefore);
});

test('buckets may be anywhere in memory; when no memory is left, a value is rejected, and the recorded ones stay', () => {
  const pages = (bytes: number): number => (bytes - state.memory.buffer.byteLength) / PAGE_BYTES;
  state.memory.grow(pages(2 ** 32) - 1);
  const sizes = histogram('sizes');
  sizes.record(7);
  expect(pages(2 ** 32)).toBe(0);
  expect(sizes.snapshot()).toMatchObject({ count: 1, p50: 7 });
  expect(() => histogram('others').record(1)).toThrow("no memory for the buckets of histogram 'others'");
  expect([histogram('others').count, histogram('sizes').sum]).toEqual([0, 7]);
});
