// Counters shared by every thread. The only writer of the counters region.

/**
 * Adds `n` in one atomic step and returns the new value, exact to 2^53.
 * `counter` is the pointer of its row.
 */
export function add(counter: usize, n: i64): f64 {
  return <f64>(atomic.add<i64>(counter, n) + n);
}

/** The value now. */
export function value(counter: usize): f64 {
  return <f64>atomic.load<i64>(counter);
}
