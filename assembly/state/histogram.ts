// Histograms count measured values in buckets: 32 buckets for each power of two, so the width of a bucket is at most 1/32
// of its values.
//
// Each thread has its own buckets, in an extent, and only that thread writes them, so counting needs no atomic operations.
// The row of the name holds a linked list of the extents. When a thread ends, its buckets keep their counts, and the next
// new thread continues to count in them.

import {
  HISTOGRAM_BUCKET_COUNT,
  HISTOGRAM_BUCKETS,
  HISTOGRAM_EXPONENT_MIN,
  HISTOGRAM_MANTISSA_BITS,
  HISTOGRAM_MAX,
  HISTOGRAM_MIN,
  HISTOGRAM_NEXT,
  HISTOGRAM_OWNER,
  HISTOGRAM_PAGES,
  HISTOGRAM_SUM,
  HISTOGRAM_USED,
  STATE_EXTENT,
} from '../../src/memory/state-layout';
import { newExtent } from './extent';

/** The bucket of a double is given by its exponent and first mantissa bits; this many lower bits are shifted out. */
const SHIFT: i64 = 52 - HISTOGRAM_MANTISSA_BITS;
const EXPONENT_BIAS: i64 = 1023;
const FIRST: i64 = (EXPONENT_BIAS + HISTOGRAM_EXPONENT_MIN) << HISTOGRAM_MANTISSA_BITS;
const LAST: i64 = HISTOGRAM_BUCKET_COUNT - 1;

/** Returns the pointer of this thread's buckets of the histogram whose row is at `row`; 0 when the memory has no room. */
export function bucketsOf(row: usize, owner: i32): usize {
  for (let buckets = first(row); buckets != 0; buckets = load<usize>(buckets, HISTOGRAM_NEXT))
    if (atomic.load<i32>(buckets, HISTOGRAM_OWNER) == owner) return buckets;
  for (let buckets = first(row); buckets != 0; buckets = load<usize>(buckets, HISTOGRAM_NEXT))
    if (atomic.cmpxchg<i32>(buckets, 0, owner, HISTOGRAM_OWNER) == 0) return buckets;
  const buckets = newExtent(HISTOGRAM_PAGES);
  if (buckets == 0) return 0;
  store<i32>(buckets, owner, HISTOGRAM_OWNER);
  let next: usize;
  do {
    next = first(row);
    store<usize>(buckets, next, HISTOGRAM_NEXT);
  } while (atomic.cmpxchg<usize>(row, next, buckets, STATE_EXTENT) != next);
  return buckets;
}

/** Counts a value, finite and not negative, in this thread's own buckets. */
export function record(buckets: usize, value: f64): void {
  const index = (reinterpret<i64>(abs(value)) >> SHIFT) - FIRST;
  const bucket = buckets + ((<usize>min(max(index, 0), LAST)) << 3);
  // Minimum and maximum are stored before the count, so a counted value is never outside of them.
  if (load<i32>(buckets, HISTOGRAM_USED) == 0) {
    store<f64>(buckets, value, HISTOGRAM_MIN);
    store<f64>(buckets, value, HISTOGRAM_MAX);
    store<i32>(buckets, 1, HISTOGRAM_USED);
  } else {
    if (value < load<f64>(buckets, HISTOGRAM_MIN)) store<f64>(buckets, value, HISTOGRAM_MIN);
    if (value > load<f64>(buckets, HISTOGRAM_MAX)) store<f64>(buckets, value, HISTOGRAM_MAX);
  }
  store<f64>(buckets, load<f64>(buckets, HISTOGRAM_SUM) + value, HISTOGRAM_SUM);
  store<f64>(bucket, load<f64>(bucket, HISTOGRAM_BUCKETS) + 1, HISTOGRAM_BUCKETS);
}

/** Frees the buckets of a dead thread for the next new thread. */
export function histogramOwnerDied(row: usize, owner: i32): void {
  for (let buckets = first(row); buckets != 0; buckets = load<usize>(buckets, HISTOGRAM_NEXT))
    atomic.cmpxchg<i32>(buckets, owner, 0, HISTOGRAM_OWNER);
}

function first(row: usize): usize {
  return atomic.load<usize>(row, STATE_EXTENT);
}
