// Parses and writes decimal numbers.

import { isDigit } from './chars';

/** 2^53 - 1. Larger whole numbers are not exact in JavaScript, so the parser rejects them. */
export const INTEGER_MAX: f64 = 9007199254740991;

/** Returns the value of the digits in [cursor, end); -1 when the span is empty, has other bytes, or exceeds 2^53 - 1. */
export function parseDecimal(cursor: usize, end: usize): f64 {
  if (cursor == end) return -1;
  let value: f64 = 0;
  for (; cursor < end; cursor++) {
    const byte = load<u8>(cursor);
    if (!isDigit(byte)) return -1;
    value = value * 10 + <f64>(byte - 0x30);
    if (value > INTEGER_MAX) return -1;
  }
  return value;
}

/** Returns how many digits `value` has. */
export function countDigits(value: u64): i32 {
  let digits = 1;
  for (let bound: u64 = 10; value >= bound && digits < 19; bound *= 10) digits++;
  return digits;
}

/** Writes the digits of `value` so that the last digit is just before `end`. */
export function writeDecimal(end: usize, value: u64): void {
  while (value > 0xffffffff) {
    store<u8>(--end, <u8>(0x30 + (value % 10)));
    value /= 10;
  }
  let small = <u32>value;
  do {
    store<u8>(--end, <u8>(0x30 + (small % 10)));
    small /= 10;
  } while (small != 0);
}
