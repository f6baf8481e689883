// Host = uri-host [ ":" port ] (RFC 9110 7.2, RFC 3986 3.2.2); twin of assembly/host.ts.

import { COLON, isDigit, isHex, REG_NAME } from './chars.ts';
import { skip } from './scanner.ts';

const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const DOT = 0x2e;

/** Whether [cursor, end) is a host with an optional port. It may be empty, as for a target without authority. */
export function isHost(bytes: Uint8Array, cursor: number, end: number): boolean {
  if (cursor === end) return true;
  if (bytes[cursor] === BRACKET) {
    cursor = skipAddress(bytes, cursor + 1, end);
    if (cursor === 0) return false;
  } else {
    cursor = skip(bytes, REG_NAME, cursor, end);
  }
  if (cursor === end) return true;
  if (bytes[cursor] !== COLON) return false;
  for (cursor++; cursor < end; cursor++) if (!isDigit(bytes[cursor] as number)) return false;
  return true;
}

/** The position after the bracket that ends an IPv6 address, or 0. Only its alphabet is judged. */
function skipAddress(bytes: Uint8Array, cursor: number, end: number): number {
  const first = cursor;
  for (; cursor < end; cursor++) {
    const byte = bytes[cursor] as number;
    if (byte === BRACKET_END) return cursor - first < 2 ? 0 : cursor + 1;
    if (!isHex(byte) && byte !== COLON && byte !== DOT) return 0;
  }
  return 0;
}
