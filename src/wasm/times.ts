// Histograms of times in the figures of a slot: buckets whose bounds are fixed, since Prometheus adds up buckets of many servers.

import { TIME_BUCKET_COUNT_MAX, TIMES_SUM } from '../memory/figures-layout.ts';

/** Upper bounds of the buckets, in milliseconds; the last bucket has none. */
export const TIME_BOUNDS_MS = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000,
] as const;

if (TIME_BOUNDS_MS.length >= TIME_BUCKET_COUNT_MAX) throw new Error('too many buckets of times');

/** How long something took. */
export interface Times {
  count: number;
  /** Sum in seconds. */
  sum: number;
  /** Of each bucket: its upper bound in seconds, and how many times are at most that. */
  buckets: { le: number; count: number }[];
}

/** Adds `n` times of `ms` milliseconds. @param pointer of the histogram */
export function recordTime(doubles: Float64Array, pointer: number, ms: number, n: number): void {
  const first = pointer >> 3;
  let bucket = 0;
  while (bucket < TIME_BOUNDS_MS.length && ms > (TIME_BOUNDS_MS[bucket] as number)) bucket++;
  doubles[first + bucket] = (doubles[first + bucket] as number) + n;
  const sum = (pointer + TIMES_SUM) >> 3;
  doubles[sum] = (doubles[sum] as number) + ms * n;
}

export function noTimes(): Times {
  return { count: 0, sum: 0, buckets: TIME_BOUNDS_MS.map((ms) => ({ le: ms / 1000, count: 0 })) };
}

/** Adds the histogram at `pointer` to `times`. */
export function addTimesAt(times: Times, doubles: Float64Array, pointer: number): void {
  const first = pointer >> 3;
  let count = 0;
  TIME_BOUNDS_MS.forEach((_, i) => {
    count += doubles[first + i] as number;
    (times.buckets[i] as { count: number }).count += count;
  });
  times.count += count + (doubles[first + TIME_BOUNDS_MS.length] as number);
  times.sum += (doubles[(pointer + TIMES_SUM) >> 3] as number) / 1000;
}

/** Adds `more` to `times`. */
export function addTimes(times: Times, more: Times): void {
  times.count += more.count;
  times.sum += more.sum;
  times.buckets.forEach((bucket, i) => {
    bucket.count += more.buckets[i]?.count ?? 0;
  });
}
