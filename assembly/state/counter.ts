// Adds to counters that all threads share, and reads them.

import { KIND_COUNTER_ATOMIC, KIND_COUNTER_LEASED, KIND_COUNTER_MUTEX } from '../../src/memory/codes';
import { STATE_KIND, STATE_VALUE } from '../../src/memory/state-layout';
import { addLeased, leasedValue } from './lease';
import { sleepUntilLocked, unlockSleeper } from './mutex';

/**
 * Adds `n` to a counter, in the way of its kind, and returns the new value, exact to 2^53. Returns -1 when the counter
 * has no leased number left. `counter` is the pointer of the row.
 */
export function add(counter: usize, n: i64): f64 {
  const kind = load<i32>(counter, STATE_KIND);
  if (kind == KIND_COUNTER_ATOMIC) return <f64>(atomic.add<i64>(counter, n, STATE_VALUE) + n);
  if (kind == KIND_COUNTER_LEASED) return <f64>addLeased(counter, n);
  if (kind != KIND_COUNTER_MUTEX) return addCarelessly(counter, n);
  sleepUntilLocked(counter);
  const value = addCarelessly(counter, n);
  unlockSleeper(counter);
  return value;
}

/** Returns the current value of a counter. */
export function value(counter: usize): f64 {
  if (load<i32>(counter, STATE_KIND) == KIND_COUNTER_LEASED) return <f64>leasedValue(counter);
  return <f64>atomic.load<i64>(counter, STATE_VALUE);
}

/** Adds `n` without atomic operations: if two threads add at the same time, one addition may be lost. */
function addCarelessly(counter: usize, n: i64): f64 {
  const value = load<i64>(counter, STATE_VALUE) + n;
  store<i64>(counter, value, STATE_VALUE);
  return <f64>value;
}
