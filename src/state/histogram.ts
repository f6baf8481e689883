// Histograms: named distributions of measured values, over all threads of the process.

import type { Exports } from '../wasm/instance.ts';
import { type Buckets, middleOf, readBuckets } from '../wasm/state/histogram.ts';
import { checkName } from '../wasm/state/names.ts';
import { bindRow, OWNER } from './binding.ts';
import { type Labels, nameWith } from './labels.ts';

/** A distribution of the values that all threads record. Each value counts exactly once, in a bucket 3 % wide. */
export interface Histogram {
  readonly name: string;
  /**
   * Records a value, such as a duration or a size.
   * @param value a finite number, at least 0. Below 2^-64 it counts as 0; from 2^128 on it counts in the last bucket.
   * @throws RangeError when the value is out of range, or there is no memory for this thread's buckets
   */
  record(value: number): void;
  /** How many values have been recorded. */
  readonly count: number;
  /** The sum of all values: exact for whole numbers up to 2^53; fractions are rounded at each addition. */
  readonly sum: number;
  /**
   * Returns the value that `p` percent of all values do not exceed, within 1.6 %. 0 and 100 give the least and the
   * greatest value exactly. NaN when there are no values.
   * @throws RangeError when p is not a number from 0 to 100
   */
  percentile(p: number): number;
  /** Returns all figures of the same set of values. */
  snapshot(): HistogramSnapshot;
}

/** The figures of a histogram at one moment. When there are no values, all but count and sum are NaN. */
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
 * Returns the histogram of this name: the same one in every thread. It is allocated when it is first used. Each thread that
 * records takes 64 KiB of memory.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are reserved for the server
 * @param labels make a series of the metric `name`: each set of labels is a name of its own, `name{label="value"}`
 * @throws TypeError or RangeError when the name or a label is invalid
 */
export function histogram(name: string, labels?: Labels): Histogram {
  const stored = nameWith('histogram', name, labels);
  checkName('histogram', stored);
  return new NamedHistogram(stored);
}

class NamedHistogram implements Histogram {
  #exports: Exports | undefined;
  #buckets = 0;

  constructor(readonly name: string) {}

  record(value: number): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`histogram '${this.name}' counts finite numbers from 0 on, not ${value}`);
    (this.#exports ?? this.#bind()).histogramRecord(this.#buckets, value);
  }

  get count(): number {
    return this.#read().count;
  }

  get sum(): number {
    return this.#read().sum;
  }

  percentile(p: number): number {
    if (!(p >= 0 && p <= 100)) throw new RangeError(`a percentile is a number from 0 to 100, not ${p}`);
    return valueAt(this.#read(), p);
  }

  snapshot(): HistogramSnapshot {
    return snapshotOf(this.#read());
  }

  #read(): Buckets {
    const { state, pointer } = bindRow('histogram', this.name);
    return readBuckets(state.memory, pointer);
  }

  /** Allocates this thread's buckets, which only recording needs. */
  #bind(): Exports {
    const { exports, pointer } = bindRow('histogram', this.name, () => (this.#exports = undefined));
    this.#buckets = exports.histogramBuckets(pointer, OWNER);
    if (this.#buckets === 0)
      throw new RangeError(`no memory for the buckets of histogram '${this.name}' in this thread`);
    this.#exports = exports;
    return exports;
  }
}

/** Returns the figures of a histogram. */
export function snapshotOf(all: Buckets): HistogramSnapshot {
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

/** A percentile by nearest rank: the middle of the bucket that has the value of that rank. */
function valueAt({ counts, count, min, max }: Buckets, p: number): number {
  if (count === 0) return Number.NaN;
  if (p === 0) return min;
  if (p === 100) return max;
  const rank = Math.max(1, Math.ceil((p * count) / 100));
  let seen = 0;
  const bucket = counts.findIndex((here) => (seen += here) >= rank);
  return Math.min(max, Math.max(min, middleOf(bucket)));
}
