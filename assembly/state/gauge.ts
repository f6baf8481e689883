// A number that goes up and down, shared by every thread: a double, whose 64 bits are exchanged at once. All bits are 0
// only as long as no thread has written it, so that the value of a snapshot is given once, whichever threads ask for the
// gauge at the same time. A 0 that is written is kept as NaN, which no gauge can be.

import { STATE_VALUE } from '../../src/memory/state-layout';

/** The bits of a gauge that no thread has written. */
const UNWRITTEN: i64 = 0;

/** Sets the gauge whose row is at `gauge`. */
export function setGauge(gauge: usize, value: f64): void {
  atomic.store<i64>(gauge, bitsOf(value), STATE_VALUE);
}

/** Sets a gauge that no thread has written yet. */
export function restoreGauge(gauge: usize, value: f64): void {
  atomic.cmpxchg<i64>(gauge, UNWRITTEN, bitsOf(value), STATE_VALUE);
}

/** Adds `n` and returns the new value; one that is not finite is returned, but not kept. */
export function addToGauge(gauge: usize, n: f64): f64 {
  // What is loaded and reinterpreted at once, the compiler loads twice, as bits and as a double: additions were lost
  // between the two. What may also come from an exchange, it doesn't.
  let found = atomic.load<i64>(gauge, STATE_VALUE);
  let bits: i64;
  let sum: f64;
  do {
    bits = found;
    sum = valueOf(bits) + n;
    if (!isFinite(sum)) return sum;
    found = atomic.cmpxchg<i64>(gauge, bits, bitsOf(sum), STATE_VALUE);
  } while (found != bits);
  return sum;
}

/** The value now. */
export function gaugeValue(gauge: usize): f64 {
  return valueOf(atomic.load<i64>(gauge, STATE_VALUE));
}

function bitsOf(value: f64): i64 {
  const bits = reinterpret<i64>(value);
  return bits == UNWRITTEN ? reinterpret<i64>(NaN) : bits;
}

function valueOf(bits: i64): f64 {
  const value = reinterpret<f64>(bits);
  return isNaN(value) ? 0 : value;
}
