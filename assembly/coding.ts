// Parses Transfer-Encoding (RFC 9112 6.1, 7):
//
//   Transfer-Encoding = #( token *( OWS ";" OWS token BWS "=" BWS ( token / quoted-string ) ) )
//
// chunked must be the last coding, appear once and have no parameters (7.1). Otherwise no recipient can find the end of
// the content. All lines of the field form one list, whose elements may be empty (RFC 9110 5.6.1).

import { FLAG_CHUNKED, FLAG_CODING_OTHER, FLAG_TRANSFER_ENCODING_BAD } from '../src/memory/codes';
import { BACKSLASH, COMMA, EQUALS, isOws, LOWER_8, QUOTE, SEMICOLON, SEVEN_BYTES } from './chars';
import { skipToken } from './scanner';

const CHUNKED_7: u64 = 0x0064656b6e756863;

/** Returns whether a coding is chunked, in upper or lower case. */
export function isChunked(cursor: usize, end: usize): bool {
  return end - cursor == 7 && ((load<u64>(cursor) | LOWER_8) & SEVEN_BYTES) == CHUNKED_7;
}

/** Adds the codings of one Transfer-Encoding line to `flags`. Returns the new flags of the record. */
export function noteCodings(cursor: usize, end: usize, flags: i32): i32 {
  while (true) {
    while (cursor < end && (isOws(load<u8>(cursor)) || load<u8>(cursor) == COMMA)) cursor++;
    if (cursor == end) return flags;
    const coding = cursor;
    cursor = skipToken(cursor, end);
    const chunked = isChunked(coding, cursor);
    const parameters = skipOws(cursor, end);
    const next = skipParameters(parameters, end);
    // No coding may follow chunked, so the flag also covers the lines before this one.
    if (cursor == coding || next == 0 || flags & FLAG_CHUNKED || (chunked && next != parameters))
      return flags | FLAG_TRANSFER_ENCODING_BAD;
    flags |= chunked ? FLAG_CHUNKED : FLAG_CODING_OTHER;
    cursor = next;
  }
}

/** Returns the position of the comma after the parameters, or the end; 0 when the parameters are malformed. */
function skipParameters(cursor: usize, end: usize): usize {
  while (cursor < end && load<u8>(cursor) != COMMA) {
    if (load<u8>(cursor) != SEMICOLON) return 0;
    const name = skipOws(cursor + 1, end);
    cursor = skipToken(name, end);
    if (cursor == name) return 0;
    cursor = skipOws(cursor, end);
    if (cursor == end || load<u8>(cursor) != EQUALS) return 0;
    const value = skipOws(cursor + 1, end);
    cursor = value < end && load<u8>(value) == QUOTE ? skipQuoted(value + 1, end) : skipToken(value, end);
    if (cursor == value || cursor == 0) return 0;
    cursor = skipOws(cursor, end);
  }
  return cursor;
}

/** Returns the position after the closing quote of a quoted-string (RFC 9110 5.6.4), or 0 when it is malformed. */
function skipQuoted(cursor: usize, end: usize): usize {
  while (cursor < end) {
    const byte = load<u8>(cursor++);
    if (byte == QUOTE) return cursor;
    if (byte == BACKSLASH) cursor++;
  }
  return 0;
}

function skipOws(cursor: usize, end: usize): usize {
  while (cursor < end && isOws(load<u8>(cursor))) cursor++;
  return cursor;
}
