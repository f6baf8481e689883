// Counters shared by every thread. The only writer of the counters region, but for the word that says how.

import { COUNTING_ATOMIC, COUNTING_MUTEX } from '../../src/protocol/codes';
import { COUNTER_MUTEX, COUNTER_WAY } from '../../src/wasm/layout';
import { lock, unlock } from './mutex';

/**
 * Adds `n` the counter's own way and returns the new value, exact to 2^53. `counter` is the pointer of its
 * row.
 */
export function add(counter: usize, n: i64): f64 {
  const way = load<i32>(counter, COUNTER_WAY);
  if (way == COUNTING_ATOMIC) return <f64>(atomic.add<i64>(counter, n) + n);
  if (way != COUNTING_MUTEX) return addCarelessly(counter, n);
  lock(counter + COUNTER_MUTEX);
  const value = addCarelessly(counter, n);
  unlock(counter + COUNTER_MUTEX);
  return value;
}

/** The value now. */
export function value(counter: usize): f64 {
  return <f64>atomic.load<i64>(counter);
}

/** Two threads that do this at once may both read the same value, and one addition is lost. */
function addCarelessly(counter: usize, n: i64): f64 {
  const value = load<i64>(counter) + n;
  store<i64>(counter, value);
  return <f64>value;
}
