// Scans input 16 bytes at a time: the only raw loads of more than a word. Each function takes a position and returns the
// first position, at most `end`, whose byte is outside the class. A load may reach 15 bytes past the end, into the pad
// after the input; the function ignores those bytes.

import { HTAB, LOW_NIBBLES, ONES, PRINTABLE, QUESTION, REG_NAME, ROWS, TARGET, TCHAR } from './chars';

/** Skips tchar (RFC 9110 5.6.2). */
export function skipToken(cursor: usize, end: usize): usize {
  return skipClass(cursor, end, TCHAR);
}

/** Skips the bytes of a request target. */
export function skipTarget(cursor: usize, end: usize): usize {
  return skipClass(cursor, end, TARGET);
}

/** Skips the bytes of a registered name (RFC 3986 3.2.2) up to a percent-encoded byte. */
export function skipRegName(cursor: usize, end: usize): usize {
  return skipClass(cursor, end, REG_NAME);
}

/** Skips the path of a target, up to its query (RFC 9112 3.2.1). */
export function skipPath(cursor: usize, end: usize): usize {
  const question = i8x16.splat(QUESTION);
  for (; cursor < end; cursor += 16) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(cursor), question));
    if (mask != 0) return min(cursor + ctz(mask), end);
  }
  return end;
}

/** Skips field-vchar, SP and HTAB (RFC 9110 5.5): all bytes except control bytes. */
export function skipFieldValue(cursor: usize, end: usize): usize {
  const ones = v128.load(ONES);
  const printable = v128.load(PRINTABLE);
  for (; cursor < end; cursor += 16) {
    const block = v128.load(cursor);
    // One comparison finds 0..0x1f, 0x7f and 0x80..0xff: after adding 1 they are the smallest signed bytes.
    if (i8x16.bitmask(i8x16.lt_s(i8x16.add(block, ones), printable)) != 0) {
      const mask = controls(block);
      if (mask != 0) return min(cursor + ctz(mask), end);
    }
  }
  return end;
}

/** Returns one bit for each byte of a block: set when the byte is 0x7f, or below 0x20 and not HTAB. */
function controls(block: v128): i32 {
  const low = v128.andnot(i8x16.lt_u(block, i8x16.splat(0x20)), i8x16.eq(block, i8x16.splat(HTAB)));
  return i8x16.bitmask(v128.or(low, i8x16.eq(block, i8x16.splat(0x7f))));
}

function skipClass(cursor: usize, end: usize, members: usize): usize {
  const rows = v128.load(ROWS);
  const lowNibbles = v128.load(LOW_NIBBLES);
  const rowsOfLow = v128.load(members);
  for (; cursor < end; cursor += 16) {
    const block = v128.load(cursor);
    const low = i8x16.swizzle(rowsOfLow, v128.and(block, lowNibbles));
    const high = i8x16.swizzle(rows, v128.and(i16x8.shr_u(block, 4), lowNibbles));
    const mask = i8x16.bitmask(i8x16.eq(v128.and(low, high), i64x2.splat(0)));
    if (mask != 0) return min(cursor + ctz(mask), end);
  }
  return end;
}
