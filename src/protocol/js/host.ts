// Validates Host = uri-host [ ":" port ] (RFC 9110 7.2, RFC 3986 3.2.2); twin of assembly/host.ts.

import { COLON, DIGIT_0, DOT, isDigit, isHex, PERCENT, REG_NAME } from './chars.ts';
import { skip } from './scanner.ts';

const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const V = 0x76;
const GROUPS = 8;
const GROUP_DIGITS_MAX = 4;
const OCTETS = 4;
const OCTET_DIGITS_MAX = 3;
const OCTET_MAX = 255;

/** Returns whether [cursor, end) is a host with an optional port. An empty host is valid: a target may lack one. */
export function isHost(bytes: Uint8Array, cursor: number, end: number): boolean {
  if (cursor === end) return true;
  cursor = bytes[cursor] === BRACKET ? skipLiteral(bytes, cursor + 1, end) : skipName(bytes, cursor, end);
  if (cursor === 0) return false;
  if (cursor === end) return true;
  if (bytes[cursor] !== COLON) return false;
  for (cursor++; cursor < end; cursor++) if (!isDigit(bytes[cursor] as number)) return false;
  return true;
}

/** Returns the position after a registered name, or 0 when a percent sign in it is not followed by two hex digits. */
function skipName(bytes: Uint8Array, cursor: number, end: number): number {
  cursor = skip(bytes, REG_NAME, cursor, end);
  while (cursor < end && bytes[cursor] === PERCENT) {
    if (cursor + 3 > end || !isHex(bytes[cursor + 1] as number) || !isHex(bytes[cursor + 2] as number))
      return 0;
    cursor = skip(bytes, REG_NAME, cursor + 3, end);
  }
  return cursor;
}

/** Returns the position after the closing bracket of an IP literal, or 0 when the literal is malformed. */
function skipLiteral(bytes: Uint8Array, cursor: number, end: number): number {
  if (cursor === end) return 0;
  const future = ((bytes[cursor] as number) | 0x20) === V;
  cursor = future ? skipFuture(bytes, cursor + 1, end) : skipIpv6(bytes, cursor, end);
  return cursor !== 0 && cursor < end && bytes[cursor] === BRACKET_END ? cursor + 1 : 0;
}

/** Parses IPvFuture after its v: a version, a dot and an address, where neither version nor address is empty. */
function skipFuture(bytes: Uint8Array, cursor: number, end: number): number {
  const version = cursor;
  while (cursor < end && isHex(bytes[cursor] as number)) cursor++;
  if (cursor === version || cursor === end || bytes[cursor] !== DOT) return 0;
  const address = ++cursor;
  cursor = skip(bytes, REG_NAME, cursor, end);
  while (cursor < end && bytes[cursor] === COLON) cursor = skip(bytes, REG_NAME, cursor + 1, end);
  return cursor === address ? 0 : cursor;
}

/** Parses IPv6address: eight groups, or fewer groups and one "::". An IPv4 address may replace the last two groups. */
function skipIpv6(bytes: Uint8Array, cursor: number, end: number): number {
  let groups = 0;
  let elided = false;
  while (true) {
    // The cursor is at the start or after a colon.
    if (cursor + 1 < end && bytes[cursor] === COLON && (groups !== 0 || bytes[cursor + 1] === COLON)) {
      if (elided) return 0;
      elided = true;
      cursor += groups !== 0 ? 1 : 2;
      if (cursor < end && bytes[cursor] === BRACKET_END) break;
    }
    const group = cursor;
    while (cursor < end && isHex(bytes[cursor] as number)) cursor++;
    if (cursor < end && bytes[cursor] === DOT) {
      cursor = skipIpv4(bytes, group, end);
      if (cursor === 0) return 0;
      groups += 2;
      break;
    }
    if (cursor === group || cursor - group > GROUP_DIGITS_MAX) return 0;
    groups++;
    if (cursor === end || bytes[cursor] !== COLON) break;
    cursor++;
  }
  return (elided ? groups < GROUPS : groups === GROUPS) ? cursor : 0;
}

/** Parses IPv4address: four numbers from 0 to 255, without leading zeros. */
function skipIpv4(bytes: Uint8Array, cursor: number, end: number): number {
  for (let octet = 0; octet < OCTETS; octet++) {
    if (octet !== 0) {
      if (cursor === end || bytes[cursor] !== DOT) return 0;
      cursor++;
    }
    const first = cursor;
    let value = 0;
    for (; cursor < end && cursor - first < OCTET_DIGITS_MAX && isDigit(bytes[cursor] as number); cursor++)
      value = value * 10 + (bytes[cursor] as number) - DIGIT_0;
    const digits = cursor - first;
    if (digits === 0 || value > OCTET_MAX || (digits > 1 && bytes[first] === DIGIT_0)) return 0;
  }
  return cursor;
}
