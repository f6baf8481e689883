// Gauges: numbers that go up and down, shared by all threads. A gauge is a double whose 64 bits change atomically. All
// bits are 0 only until a thread writes the gauge. So the value of a snapshot is restored once, even if several threads
// open the gauge at the same time. A written 0 is stored as NaN, since NaN is not a valid gauge value.

import { STATE_VALUE } from '../../src/memory/state-layout';

/** The bits of a gauge that no thread has written. */
const UNWRITTEN: i64 = 0;

/** Sets the gauge whose row is at `gauge`. */
export function setGauge(gauge: usize, value: f64): void {
  atomic.store<i64>(gauge, bitsOf(value), STATE_VALUE);
}

/** Sets the gauge whose row is at `gauge` if no thread has written it yet. */
export function restoreGauge(gauge: usize, value: f64): void {
  atomic.cmpxchg<i64>(gauge, UNWRITTEN, bitsOf(value), STATE_VALUE);
}

/** Adds `n` and returns the new value. Does not store a value that is not finite. */
export function addToGauge(gauge: usize, n: f64): f64 {
  // The compiler turns a load that is only reinterpreted into two loads, one of bits and one of a double. Another thread
  // could write between the two, and additions were lost. The compiler keeps one load if the value may also come from an
  // exchange.
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

/** Returns the current value of a gauge. */
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
