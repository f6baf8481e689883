// What a series of measurements comes down to, and when two series differ. Every figure of a table, of the
// report, of the README and of a comparison is made here.

export interface Summary {
  best: number;
  median: number;
  least: number;
  most: number;
  /** Largest less smallest, relative to the median: how far the rounds disagree. */
  spread: number;
  rounds: number;
}

/** `unclear`: not measured well enough to say. */
export type Verdict = 'better' | 'worse' | 'tie' | 'unclear';

export interface Judgement {
  verdict: Verdict;
  /** How many times as good, by the medians: over 1 where the first series is the better one. */
  ratio: number;
}

export type Better = 'lower' | 'higher';

/** With fewer, ranges of the same thing often lie apart: two and two in one case of three, three and three in one of ten. */
export const ENOUGH_ROUNDS = 3;

/** @throws RangeError when there is nothing to take it of */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** @throws RangeError when there are no values */
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
 * Sets one series beside another. They tie when their ranges, from the least to the most of all rounds,
 * overlap or touch: one that is better in every round than the other was in any is better, nothing else is.
 * It is the rule that a reader can check by eye, as the ranges are drawn. It errs towards a tie: for two
 * equal subjects it names a winner once in 126 with five rounds each, and once in 1716 with seven.
 * @throws RangeError when one has no values
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

/** Of equals 1, of zeros too. */
function quotient(dividend: number, divisor: number): number {
  return dividend === divisor ? 1 : dividend / divisor;
}
