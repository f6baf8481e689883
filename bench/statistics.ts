// What a series of measurements comes down to. Every figure of a report is made here.

export interface Summary {
  best: number;
  median: number;
  /** Largest less smallest, relative to the median: how far the rounds disagree. */
  spread: number;
}

/** @throws RangeError when there is nothing to take it of */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** @throws RangeError when there are no values */
export function summarize(values: readonly number[], better: 'lower' | 'higher'): Summary {
  const middle = median(values);
  const least = Math.min(...values);
  const most = Math.max(...values);
  return {
    best: better === 'lower' ? least : most,
    median: middle,
    spread: middle === 0 ? 0 : (most - least) / middle,
  };
}
