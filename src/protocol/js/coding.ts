// Parses Transfer-Encoding (RFC 9112 6.1, 7); twin of assembly/coding.ts, which has the grammar.

import { FLAG_CHUNKED, FLAG_CODING_OTHER, FLAG_TRANSFER_ENCODING_BAD } from '../../memory/codes.ts';
import { BACKSLASH, COMMA, EQUALS, isOws, QUOTE, SEMICOLON, TCHAR } from './chars.ts';
import { ascii, matchesLower, skip } from './scanner.ts';

const CHUNKED = ascii('chunked');

/** Returns whether a coding is chunked, in upper or lower case. */
export function isChunked(bytes: Uint8Array, cursor: number, end: number): boolean {
  return matchesLower(bytes, cursor, end, CHUNKED);
}

/** Adds the codings of one Transfer-Encoding line to `flags`. Returns the new flags of the record. */
export function noteCodings(bytes: Uint8Array, cursor: number, end: number, flags: number): number {
  while (true) {
    while (cursor < end && (isOws(bytes[cursor] as number) || bytes[cursor] === COMMA)) cursor++;
    if (cursor === end) return flags;
    const coding = cursor;
    cursor = skip(bytes, TCHAR, cursor, end);
    const chunked = isChunked(bytes, coding, cursor);
    const parameters = skipOws(bytes, cursor, end);
    const next = skipParameters(bytes, parameters, end);
    // No coding may follow chunked, so the flag also covers the lines before this one.
    if (cursor === coding || next === 0 || flags & FLAG_CHUNKED || (chunked && next !== parameters))
      return flags | FLAG_TRANSFER_ENCODING_BAD;
    flags |= chunked ? FLAG_CHUNKED : FLAG_CODING_OTHER;
    cursor = next;
  }
}

/** Returns the position of the comma after the parameters, or the end; 0 when the parameters are malformed. */
function skipParameters(bytes: Uint8Array, cursor: number, end: number): number {
  while (cursor < end && bytes[cursor] !== COMMA) {
    if (bytes[cursor] !== SEMICOLON) return 0;
    const name = skipOws(bytes, cursor + 1, end);
    cursor = skip(bytes, TCHAR, name, end);
    if (cursor === name) return 0;
    cursor = skipOws(bytes, cursor, end);
    if (cursor === end || bytes[cursor] !== EQUALS) return 0;
    const value = skipOws(bytes, cursor + 1, end);
    const quoted = value < end && bytes[value] === QUOTE;
    cursor = quoted ? skipQuoted(bytes, value + 1, end) : skip(bytes, TCHAR, value, end);
    if (cursor === value || cursor === 0) return 0;
    cursor = skipOws(bytes, cursor, end);
  }
  return cursor;
}

/** Returns the position after the closing quote of a quoted-string (RFC 9110 5.6.4), or 0 when it is malformed. */
function skipQuoted(bytes: Uint8Array, cursor: number, end: number): number {
  while (cursor < end) {
    const byte = bytes[cursor++];
    if (byte === QUOTE) return cursor;
    if (byte === BACKSLASH) cursor++;
  }
  return 0;
}

function skipOws(bytes: Uint8Array, cursor: number, end: number): number {
  while (cursor < end && isOws(bytes[cursor] as number)) cursor++;
  return cursor;
}
