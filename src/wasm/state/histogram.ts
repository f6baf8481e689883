// Reads a histogram: adds up the buckets of all threads. The JavaScript side of assembly/state/histogram.ts.

import {
  HISTOGRAM_BUCKET_COUNT,
  HISTOGRAM_BUCKETS,
  HISTOGRAM_EXPONENT_MIN,
  HISTOGRAM_MANTISSA_BITS,
  HISTOGRAM_MAX,
  HISTOGRAM_MIN,
  HISTOGRAM_NEXT,
  HISTOGRAM_SUM,
  HISTOGRAM_USED,
  STATE_EXTENT,
} from '../../memory/state-layout.ts';

const EXPONENT_BIAS = 1023;
/** Bits of the mantissa in the high word of a double. */
const HIGH_MANTISSA_BITS = 20;

/** The sum of all threads' buckets. Threads may record while it is read. */
export interface Buckets {
  readonly counts: Float64Array;
  readonly count: number;
  readonly sum: number;
  /** The smallest recorded value; Infinity when there is none. */
  readonly min: number;
  /** The greatest recorded value; -Infinity when there is none. */
  readonly max: number;
}

/** Reads a histogram. @param pointer of its row */
export function readBuckets(memory: { readonly buffer: ArrayBufferLike }, pointer: number): Buckets {
  // An extent lies outside of views that are older than the extent.
  const words = new Int32Array(memory.buffer);
  const doubles = new Float64Array(memory.buffer);
  const at = (place: number): number => doubles[place >>> 3] as number;
  const counts = new Float64Array(HISTOGRAM_BUCKET_COUNT);
  let [count, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let extent = Atomics.load(words, (pointer + STATE_EXTENT) >>> 2) >>> 0;
  for (; extent !== 0; extent = (words[(extent + HISTOGRAM_NEXT) >>> 2] as number) >>> 0) {
    const first = (extent + HISTOGRAM_BUCKETS) >>> 3;
    for (let i = 0; i < HISTOGRAM_BUCKET_COUNT; i++) {
      const here = doubles[first + i] as number;
      (counts[i] as number) += here;
      count += here;
    }
    sum += at(extent + HISTOGRAM_SUM);
    if (words[(extent + HISTOGRAM_USED) >>> 2] === 0) continue;
    min = Math.min(min, at(extent + HISTOGRAM_MIN));
    max = Math.max(max, at(extent + HISTOGRAM_MAX));
  }
  return { counts, count, sum, min, max };
}

/** The value in the middle of a bucket; 0 for the first bucket, which counts 0. */
export function middleOf(bucket: number): number {
  if (bucket === 0) return 0;
  const perPower = 1 << HISTOGRAM_MANTISSA_BITS;
  const power = 2 ** (HISTOGRAM_EXPONENT_MIN + (bucket >> HISTOGRAM_MANTISSA_BITS));
  return power * (1 + ((bucket % perPower) + 0.5) / perPower);
}

/** Returns the bucket that counts a value. */
export function bucketOf(value: number): number {
  const high = new Uint32Array(new Float64Array([value]).buffer)[1] as number;
  const first = (EXPONENT_BIAS + HISTOGRAM_EXPONENT_MIN) << HISTOGRAM_MANTISSA_BITS;
  const index = (high >>> (HIGH_MANTISSA_BITS - HISTOGRAM_MANTISSA_BITS)) - first;
  return Math.min(Math.max(index, 0), HISTOGRAM_BUCKET_COUNT - 1);
}
