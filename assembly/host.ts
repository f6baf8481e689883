// Validates Host = uri-host [ ":" port ] (RFC 9110 7.2). RFC 3986 3.2.2 defines the host: a registered name, which
// includes every IPv4 address, or an IP literal in brackets.

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

/** Returns whether [cursor, end) is a host with an optional port. An empty host is valid: a target may lack one. */
export function isHost(cursor: usize, end: usize): bool {
  if (cursor == end) return true;
  cursor = load<u8>(cursor) == BRACKET ? skipLiteral(cursor + 1, end) : skipName(cursor, end);
  if (cursor == 0) return false;
  if (cursor == end) return true;
  if (load<u8>(cursor) != COLON) return false;
  for (cursor++; cursor < end; cursor++) if (!isDigit(load<u8>(cursor))) return false;
  return true;
}

/** Returns the position after a registered name, or 0 when a percent sign in it is not followed by two hex digits. */
function skipName(cursor: usize, end: usize): usize {
  cursor = skipRegName(cursor, end);
  while (cursor < end && load<u8>(cursor) == PERCENT) {
    if (cursor + 3 > end || !isHex(load<u8>(cursor, 1)) || !isHex(load<u8>(cursor, 2))) return 0;
    cursor = skipRegName(cursor + 3, end);
  }
  return cursor;
}

/** Returns the position after the closing bracket of an IP literal, or 0 when the literal is malformed. */
function skipLiteral(cursor: usize, end: usize): usize {
  if (cursor == end) return 0;
  cursor = (load<u8>(cursor) | 0x20) == V ? skipFuture(cursor + 1, end) : skipIpv6(cursor, end);
  return cursor != 0 && cursor < end && load<u8>(cursor) == BRACKET_END ? cursor + 1 : 0;
}

/** Parses IPvFuture after its v: a version, a dot and an address, where neither version nor address is empty. */
function skipFuture(cursor: usize, end: usize): usize {
  const version = cursor;
  while (cursor < end && isHex(load<u8>(cursor))) cursor++;
  if (cursor == version || cursor == end || load<u8>(cursor) != DOT) return 0;
  const address = ++cursor;
  cursor = skipRegName(cursor, end);
  while (cursor < end && load<u8>(cursor) == COLON) cursor = skipRegName(cursor + 1, end);
  return cursor == address ? 0 : cursor;
}

/** Parses IPv6address: eight groups, or fewer groups and one "::". An IPv4 address may replace the last two groups. */
function skipIpv6(cursor: usize, end: usize): usize {
  let groups = 0;
  let elided = false;
  while (true) {
    // The cursor is at the start or after a colon.
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

/** Parses IPv4address: four numbers from 0 to 255, without leading zeros. */
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
