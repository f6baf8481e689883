import { describe, expect, it } from 'vitest';
import { median, summarize } from '../../bench/statistics.ts';

describe('median', () => {
  it('is the middle one of an odd number of values, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([100, 20, 3])).toBe(20);
    expect(median([7])).toBe(7);
  });

  it('is halfway between the two middle ones of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('leaves its argument as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('refuses an empty series', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('summarize', () => {
  it('takes the least as the best of what should be low', () => {
    expect(summarize([10, 8, 12], 'lower')).toEqual({ best: 8, median: 10, spread: 0.4 });
  });

  it('takes the most as the best of what should be high', () => {
    expect(summarize([10, 8, 12], 'higher')).toEqual({ best: 12, median: 10, spread: 0.4 });
  });

  it('has no spread for a single value, nor for zeros', () => {
    expect(summarize([5], 'lower').spread).toBe(0);
    expect(summarize([0, 0], 'lower').spread).toBe(0);
  });

  it('refuses an empty series', () => {
    expect(() => summarize([], 'lower')).toThrow(RangeError);
  });
});
