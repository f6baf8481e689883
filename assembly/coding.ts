// Transfer-Encoding = #( token *( OWS ";" OWS token BWS "=" BWS ( token / quoted-string ) ) ) (RFC 9112 6.1, 7).
//
// chunked must be the last coding, once, and has no parameters (7.1): else no recipient can tell where the content ends. All
// lines of the field together are one list, whose elements may be empty (RFC 9110 5.6.1).

import { FLAG_CHUNKED, FLAG_CODING_OTHER, FLAG_TRANSFER_ENCODING_BAD } from '../src/memory/codes';
import { BACKSLASH, COMMA, EQUALS, isOws, LOWER_8, QUOTE, SEMICOLON, SEVEN_BYTES } from './chars';
import { skipToken } from './scanner';

const CHUNKED_7: u64 = 0x0064656b6e756863;

/** Whether a coding is chunked, in any case. */
export function isChunked(cursor: usize, end: usize): bool {
  return end - cursor == 7 && ((load<u64>(cursor) | LOWER_8) & SEVEN_BYTES) == CHUNKED_7;
}

/** Notes the codings in a line of the field. Returns the record's flags. */
export function noteCodings(cursor: usize, end: usize, flags: i32): i32 {
  while (true) {
    while (cursor < end && (isOws(load<u8>(cursor)) || load<u8>(cursor) == COMMA)) cursor++;
    if (cursor == end) return flags;
    const coding = cursor;
    cursor = skipToken(cursor, end);
    const chunked = isChunked(coding, cursor);
    const parameters = skipOws(cursor, end);
    const next = skipParameters(parameters, end);
    // Nothing may follow chunked, so what the line before said is asked, too.
    if (cursor == coding || next == 0 || flags & FLAG_CHUNKED || (chunked && next != parameters))
      return flags | FLAG_TRANSFER_ENCODING_BAD;
    flags |= chunked ? FLAG_CHUNKED : FLAG_CODING_OTHER;
    cursor = next;
  }
}

/** The comma behind parameters, or the end; 0 when they are malformed. */
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

/** The position after the quote that ends a quoted-string (RFC 9110 5.6.4), or 0. */
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
