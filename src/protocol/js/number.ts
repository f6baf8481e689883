// Parses and writes decimal numbers.

import { isDigit } from './chars.ts';

/** Returns the value of the digits in [cursor, end); -1 when the span is empty, has other bytes, or exceeds 2^53 - 1. */
export function parseDecimal(bytes: Uint8Array, cursor: number, end: number): number {
  if (cursor === end) return -1;
  let value = 0;
  for (; cursor < end; cursor++) {
    const byte = bytes[cursor] as number;
    if (!isDigit(byte)) return -1;
    value = value * 10 + (byte - 0x30);
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}

/** Returns how many digits `value` has. */
export function countDigits(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** Writes the digits of `value` so that the last digit is just before `end`. */
export function writeDecimal(bytes: Uint8Array, end: number, value: number): void {
  do {
    const rest = Math.floor(value / 10);
    bytes[--end] = 0x30 + (value - rest * 10);
    value = rest;
  } while (value !== 0);
}
