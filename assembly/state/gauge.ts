// A number that goes up and down, shared by every thread: a double, whose 64 bits are exchanged at once.

import { STATE_VALUE } from '../../src/wasm/layout';

/** Sets the gauge whose row is at `gauge`. */
export function setGauge(gauge: usize, value: f64): void {
  atomic.store<i64>(gauge, reinterpret<i64>(value), STATE_VALUE);
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
    sum = reinterpret<f64>(bits) + n;
    if (!isFinite(sum)) return sum;
    found = atomic.cmpxchg<i64>(gauge, bits, reinterpret<i64>(sum), STATE_VALUE);
  } while (found != bits);
  return sum;
}

/** The value now. */
export function gaugeValue(gauge: usize): f64 {
  return reinterpret<f64>(atomic.load<i64>(gauge, STATE_VALUE));
}
