// The ABI: every exported function, one line each. Pointers are absolute, sizes in bytes.

import { CONTROL_WRITTEN, RECORD } from '../src/wasm/layout';
import { parseHead } from './request';
import { refuse as buildRefusal, serveSpan } from './serve';
import { add, value } from './state/counter';

/** Parses the head that begins at `start` into the slot's record: the position after it, MORE, or an error. */
export function parse(slot: usize, start: usize, end: usize): i32 {
  return parseHead(slot + RECORD, start, end);
}

/** Answers the requests in [start, end) at `output`; returns the position after the last one answered. */
export function serve(slot: usize, start: usize, end: usize, output: usize): usize {
  return serveSpan(slot, start, end, output);
}

/** Builds the response to an error that the caller found, at `output`. */
export function refuse(slot: usize, error: i32, output: usize): void {
  store<i32>(slot, <i32>(buildRefusal(slot, error, output) - output), CONTROL_WRITTEN);
}

/** Adds to the counter whose row is at `counter`; returns the new value. */
export function counterAdd(counter: usize, n: i32): f64 {
  return add(counter, n);
}

/** The value of the counter whose row is at `counter`. */
export function counterValue(counter: usize): f64 {
  return value(counter);
}
