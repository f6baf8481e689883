import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENOUGH_ROUNDS, judge, median, summarize } from '../../bench/report/statistics.ts';

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
  const range = { median: 10, least: 8, most: 12, spread: 0.4, rounds: 3 };

  it('takes the least value as the best if lower is better', () => {
    expect(summarize([10, 8, 12], 'lower')).toEqual({ best: 8, ...range });
  });

  it('takes the largest value as the best if higher is better', () => {
    expect(summarize([10, 8, 12], 'higher')).toEqual({ best: 12, ...range });
  });

  it('has no spread for a single value, nor for zeros', () => {
    expect(summarize([5], 'lower').spread).toBe(0);
    expect(summarize([0, 0], 'lower').spread).toBe(0);
  });

  it('refuses an empty series', () => {
    expect(() => summarize([], 'lower')).toThrow(RangeError);
  });
});

describe('judge', () => {
  it('calls a series better that was better in every round', () => {
    expect(judge([8, 9, 10], [11, 12, 18], 'lower')).toEqual({ verdict: 'better', ratio: 12 / 9 });
    expect(judge([11, 12, 18], [8, 9, 10], 'higher')).toEqual({ verdict: 'better', ratio: 12 / 9 });
  });

  it('calls a series worse that was worse in every round', () => {
    expect(judge([11, 12, 18], [8, 9, 10], 'lower')).toEqual({ verdict: 'worse', ratio: 9 / 12 });
    expect(judge([8, 9, 10], [11, 12, 18], 'higher')).toEqual({ verdict: 'worse', ratio: 9 / 12 });
  });

  it('calls it a tie if the ranges overlap, however little', () => {
    expect(judge([1, 2, 10], [9, 20, 30], 'lower').verdict).toBe('tie');
    expect(judge([9, 20, 30], [1, 2, 10], 'lower').verdict).toBe('tie');
  });

  it('calls it a tie if one range lies within the other', () => {
    expect(judge([4, 5, 6], [1, 9, 20], 'lower').verdict).toBe('tie');
    expect(judge([1, 9, 20], [4, 5, 6], 'higher').verdict).toBe('tie');
  });

  it('calls it a tie if the ranges touch', () => {
    expect(judge([1, 2, 3], [3, 4, 5], 'lower').verdict).toBe('tie');
  });

  it('gives no verdict with too few rounds', () => {
    const few = Array.from({ length: ENOUGH_ROUNDS - 1 }, () => 1);
    expect(judge(few, [50, 51, 52, 53], 'lower')).toEqual({ verdict: 'unclear', ratio: 51.5 });
    expect(judge([50, 51, 52, 53], few, 'lower').verdict).toBe('unclear');
  });

  it('calls zeros equal, and any value more than zero', () => {
    expect(judge([0, 0, 0], [0, 0, 0], 'lower')).toEqual({ verdict: 'tie', ratio: 1 });
    expect(judge([0, 0, 0], [0.1, 0.2, 0.3], 'lower')).toEqual({ verdict: 'better', ratio: Infinity });
    expect(judge([0.1, 0.2, 0.3], [0, 0, 0], 'lower')).toEqual({ verdict: 'worse', ratio: 0 });
  });

  it('refuses an empty series', () => {
    expect(() => judge([], [1], 'lower')).toThrow(RangeError);
    expect(() => judge([1], [], 'lower')).toThrow(RangeError);
  });

  const series = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 7 });
  const better = fc.constantFrom('lower' as const, 'higher' as const);
  const opposite = { better: 'worse', worse: 'better', tie: 'tie', unclear: 'unclear' } as const;

  it('gives the opposite verdict with the series swapped', () => {
    fc.assert(
      fc.property(series, series, better, (first, second, which) => {
        const there = judge(first, second, which);
        const back = judge(second, first, which);
        expect(back.verdict).toBe(opposite[there.verdict]);
        expect(back.ratio).toBeCloseTo(1 / there.ratio, 9);
      }),
    );
  });

  it('agrees with its ratio whenever it gives a verdict', () => {
    fc.assert(
      fc.property(series, series, better, (first, second, which) => {
        const { verdict, ratio } = judge(first, second, which);
        if (verdict === 'better') expect(ratio).toBeGreaterThan(1);
        if (verdict === 'worse') expect(ratio).toBeLessThan(1);
      }),
    );
  });

  it('never finds a series better than itself', () => {
    fc.assert(
      fc.property(series, better, (values, which) => {
        expect(['tie', 'unclear']).toContain(judge(values, values, which).verdict);
      }),
    );
  });

  it('names a winner of two equal subjects at the rate of its docstring', () => {
    // Of all ways to deal six different values into two series of three, the two extreme ones.
    const values = [1, 2, 3, 4, 5, 6];
    const deals = values.flatMap((a, i) =>
      values.slice(i + 1).flatMap((b, j) => values.slice(i + j + 2).map((c) => [a, b, c])),
    );
    const won = deals.filter((own) => {
      const other = values.filter((value) => !own.includes(value));
      return judge(own, other, 'lower').verdict !== 'tie';
    });
    expect(won.length / deals.length).toBe(1 / 10);
  });
});
