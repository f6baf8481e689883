// Host = uri-host [ ":" port ] (RFC 9110 7.2), as RFC 3986 3.2.2 has it: a registered name, which an IPv4 address
// is, too, or an IP literal in brackets.

import { COLON, DIGIT_0, DOT, isDigit, isHex, PERCENT } from './chars';
import { skipRegName } from './scanner';

const BRACKET: u8 = 0x5b;
const BRACKET_END: u8 = 0x5d;
const V: u8 = 0x76;
const GROUPS = 8;
const GROUP_DIGITS_MAX: usize = 4;
const OCTETS = 4;
const OCTET_DIGITS_MAX: usize = 3;
const OCTET_MAX = 255;

/** Whether [cursor, end) is a host with an optional port. It may be empty, as for a target without authority. */
export function isHost(cursor: usize, end: usize): bool {
  if (cursor == end) return true;
  cursor = load<u8>(cursor) == BRACKET ? skipLiteral(cursor + 1, end) : skipName(cursor, end);
  if (cursor == 0) return false;
  if (cursor == end) return true;
  if (load<u8>(cursor) != COLON) return false;
  for (cursor++; cursor < end; cursor++) if (!isDigit(load<u8>(cursor))) return false;
  return true;
}

/** The position after a registered name, or 0 when a percent sign in it encodes nothing. */
function skipName(cursor: usize, end: usize): usize {
  cursor = skipRegName(cursor, end);
  while (cursor < end && load<u8>(cursor) == PERCENT) {
    if (cursor + 3 > end || !isHex(load<u8>(cursor, 1)) || !isHex(load<u8>(cursor, 2))) return 0;
    cursor = skipRegName(cursor + 3, end);
  }
  return cursor;
}

/** The position after the bracket that ends an IP literal, or 0 when it is none. */
function skipLiteral(cursor: usize, end: usize): usize {
  if (cursor == end) return 0;
  cursor = (load<u8>(cursor) | 0x20) == V ? skipFuture(cursor + 1, end) : skipIpv6(cursor, end);
  return cursor != 0 && cursor < end && load<u8>(cursor) == BRACKET_END ? cursor + 1 : 0;
}

/** IPvFuture behind its v: a version, a dot, and an address, neither of them empty. */
function skipFuture(cursor: usize, end: usize): usize {
  const version = cursor;
  while (cursor < end && isHex(load<u8>(cursor))) cursor++;
  if (cursor == version || cursor == end || load<u8>(cursor) != DOT) return 0;
  const address = ++cursor;
  cursor = skipRegName(cursor, end);
  while (cursor < end && load<u8>(cursor) == COLON) cursor = skipRegName(cursor + 1, end);
  return cursor == address ? 0 : cursor;
}

/** IPv6address: eight groups, or fewer around one "::". An IPv4 address may stand for the last two. */
function skipIpv6(cursor: usize, end: usize): usize {
  let groups = 0;
  let elided = false;
  while (true) {
    // At the start, or behind a colon.
    if (cursor + 1 < end && load<u8>(cursor) == COLON && (groups != 0 || load<u8>(cursor, 1) == COLON)) {
      if (elided) return 0;
      elided = true;
      cursor += groups != 0 ? 1 : 2;
      if (cursor < end && load<u8>(cursor) == BRACKET_END) break;
    }
    const group = cursor;
    while (cursor < end && isHex(load<u8>(cursor))) cursor++;
    if (cursor < end && load<u8>(cursor) == DOT) {
      cursor = skipIpv4(group, end);
      if (cursor == 0) return 0;
      groups += 2;
      break;
    }
    if (cursor == group || cursor - group > GROUP_DIGITS_MAX) return 0;
    groups++;
    if (cursor == end || load<u8>(cursor) != COLON) break;
    cursor++;
  }
  return (elided ? groups < GROUPS : groups == GROUPS) ? cursor : 0;
}

/** IPv4address: four numbers to 255, without leading zeros. */
function skipIpv4(cursor: usize, end: usize): usize {
  for (let octet = 0; octet < OCTETS; octet++) {
    if (octet != 0) {
      if (cursor == end || load<u8>(cursor) != DOT) return 0;
      cursor++;
    }
    const first = cursor;
    let value = 0;
    for (; cursor < end && cursor - first < OCTET_DIGITS_MAX && isDigit(load<u8>(cursor)); cursor++)
      value = value * 10 + load<u8>(cursor) - DIGIT_0;
    const digits = cursor - first;
    if (digits == 0 || value > OCTET_MAX || (digits > 1 && load<u8>(first) == DIGIT_0)) return 0;
  }
  return cursor;
}
