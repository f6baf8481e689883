// Summaries of a series of measurements, and the rule by which two series differ. Every figure of a table, of the
// report, of the published pages and of a comparison comes from here.

export interface Summary {
  best: number;
  median: number;
  least: number;
  most: number;
  /** The largest minus the smallest value, relative to the median. */
  spread: number;
  rounds: number;
}

/** `unclear`: there are too few measurements for a verdict. */
export type Verdict = 'better' | 'worse' | 'tie' | 'unclear';

export interface Judgement {
  verdict: Verdict;
  /** The ratio of the medians: over 1 if the first series is better. */
  ratio: number;
}

export type Better = 'lower' | 'higher';

/**
 * With fewer rounds, the ranges of equal subjects often do not overlap: with two each in one case of three,
 * with three each in one of ten.
 */
export const ENOUGH_ROUNDS = 3;

/** Returns the median. @throws RangeError if there are no values */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Summarizes a series. @throws RangeError if there are no values */
export function summarize(values: readonly number[], better: Better): Summary {
  const middle = median(values);
  const least = Math.min(...values);
  const most = Math.max(...values);
  return {
    best: better === 'lower' ? least : most,
    median: middle,
    least,
    most,
    spread: middle === 0 ? 0 : (most - least) / middle,
    rounds: values.length,
  };
}

/**
 * Compares two series. A series is better if each of its rounds is better than every round of the other. If their
 * ranges, from the least to the most of all rounds, overlap or touch, they tie. Readers can check this rule by eye,
 * because the report draws the ranges. It errs towards a tie: for two equal subjects it names a winner once in 126
 * comparisons with five rounds each, and once in 1716 with seven.
 * @throws RangeError if one series has no values
 */
export function judge(own: readonly number[], other: readonly number[], better: Better): Judgement {
  const first = summarize(own, better);
  const second = summarize(other, better);
  const ratio =
    better === 'lower' ? quotient(second.median, first.median) : quotient(first.median, second.median);
  if (Math.min(first.rounds, second.rounds) < ENOUGH_ROUNDS) return { verdict: 'unclear', ratio };
  if (first.least <= second.most && second.least <= first.most) return { verdict: 'tie', ratio };
  return { verdict: first.most < second.least === (better === 'lower') ? 'better' : 'worse', ratio };
}

/** Divides. Equal numbers give 1, two zeros as well. */
function quotient(dividend: number, divisor: number): number {
  return dividend === divisor ? 1 : dividend / divisor;
}
