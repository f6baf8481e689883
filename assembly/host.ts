// Host = uri-host [ ":" port ] (RFC 9110 7.2, RFC 3986 3.2.2).

import { COLON, isDigit, isHex } from './chars';
import { skipRegName } from './scanner';

const BRACKET: u8 = 0x5b;
const BRACKET_END: u8 = 0x5d;
const DOT: u8 = 0x2e;

/** Whether [cursor, end) is a host with an optional port. It may be empty, as for a target without authority. */
export function isHost(cursor: usize, end: usize): bool {
  if (cursor == end) return true;
  if (load<u8>(cursor) == BRACKET) {
    cursor = skipAddress(cursor + 1, end);
    if (cursor == 0) return false;
  } else {
    cursor = skipRegName(cursor, end);
  }
  if (cursor == end) return true;
  if (load<u8>(cursor) != COLON) return false;
  for (cursor++; cursor < end; cursor++) if (!isDigit(load<u8>(cursor))) return false;
  return true;
}

/** The position after the bracket that ends an IPv6 address, or 0. Only its alphabet is judged. */
function skipAddress(cursor: usize, end: usize): usize {
  const first = cursor;
  for (; cursor < end; cursor++) {
    const byte = load<u8>(cursor);
    if (byte == BRACKET_END) return cursor - first < 2 ? 0 : cursor + 1;
    if (!isHex(byte) && byte != COLON && byte != DOT) return 0;
  }
  return 0;
}
