// How measured values are distributed, over all threads of the process, by name.

import type { Exports } from '../wasm/instance.ts';
import { type Buckets, middleOf, readBuckets } from '../wasm/state/histogram.ts';
import { checkName } from '../wasm/state/names.ts';
import { bind, OWNER } from './bound.ts';

/** Counts values of every thread, each exactly once, in buckets that are 3 % wide. */
export interface Histogram {
  readonly name: string;
  /**
   * Counts a value: a duration, a size.
   * @param value finite, not below 0; below 2^-64 it counts as 0, from 2^128 on as the greatest there is
   * @throws RangeError when it is not, or when there is no memory left for this thread's buckets
   */
  record(value: number): void;
  /** How many values there are. */
  readonly count: number;
  /** All of them added up: exact for whole numbers up to 2^53; fractions are rounded at each addition. */
  readonly sum: number;
  /**
   * The value that `p` percent of all are not greater than, give or take 1.6 %; 0 is the least and 100 the greatest,
   * exactly. NaN as long as there are none.
   * @throws RangeError when p is no number from 0 to 100
   */
  percentile(p: number): number;
  /** All at once, of the same values. */
  snapshot(): HistogramSnapshot;
}

/** What a histogram shows at one time; all but count and sum are NaN as long as there are no values. */
export interface HistogramSnapshot {
  count: number;
  sum: number;
  min: number;
  max: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
}

/**
 * The histogram of this name: the same in every thread. It takes its place when it is first used, and each
 * thread that records 64 KiB of memory.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are the server's own
 * @throws TypeError or RangeError when it can't be a name
 */
export function histogram(name: string): Histogram {
  checkName('histogram', name);
  return new NamedHistogram(name);
}

class NamedHistogram implements Histogram {
  private exports: Exports | undefined;
  private buckets = 0;

  constructor(readonly name: string) {}

  record(value: number): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`histogram '${this.name}' counts finite numbers from 0 on, not ${value}`);
    (this.exports ?? this.bind()).histogramRecord(this.buckets, value);
  }

  get count(): number {
    return this.read().count;
  }

  get sum(): number {
    return this.read().sum;
  }

  percentile(p: number): number {
    if (!(p >= 0 && p <= 100)) throw new RangeError(`a percentile is a number from 0 to 100, not ${p}`);
    return valueAt(this.read(), p);
  }

  snapshot(): HistogramSnapshot {
    const all = this.read();
    return {
      count: all.count,
      sum: all.sum,
      min: valueAt(all, 0),
      max: valueAt(all, 100),
      p50: valueAt(all, 50),
      p90: valueAt(all, 90),
      p99: valueAt(all, 99),
      p999: valueAt(all, 99.9),
    };
  }

  private read(): Buckets {
    const { state, pointer } = bind('histogram', this.name);
    return readBuckets(state.memory, pointer);
  }

  /** Who only reads needs no buckets. */
  private bind(): Exports {
    const { exports, pointer } = bind('histogram', this.name, () => (this.exports = undefined));
    this.buckets = exports.histogramBuckets(pointer, OWNER);
    if (this.buckets === 0)
      throw new RangeError(`no memory for the buckets of histogram '${this.name}' in this thread`);
    this.exports = exports;
    return exports;
  }
}

/** By nearest rank: the middle of the bucket in which so many percent of the values come to an end. */
function valueAt({ counts, count, min, max }: Buckets, p: number): number {
  if (count === 0) return Number.NaN;
  if (p === 0) return min;
  if (p === 100) return max;
  const rank = Math.max(1, Math.ceil((p * count) / 100));
  let seen = 0;
  const bucket = counts.findIndex((here) => (seen += here) >= rank);
  return Math.min(max, Math.max(min, middleOf(bucket)));
}
