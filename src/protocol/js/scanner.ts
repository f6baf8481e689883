// Scans input; twin of assembly/scanner.ts. Each function that skips takes a position and returns the first position, at
// most `end`, whose byte is outside the class.

import { FIELD_VALUE, QUESTION } from './chars.ts';

/** Skips the bytes of a class from chars.ts. */
export function skip(bytes: Uint8Array, members: Uint8Array, cursor: number, end: number): number {
  while (cursor < end && members[bytes[cursor] as number] === 1) cursor++;
  return cursor;
}

/** Skips the path of a target, up to its query (RFC 9112 3.2.1). */
export function skipPath(bytes: Uint8Array, cursor: number, end: number): number {
  while (cursor < end && bytes[cursor] !== QUESTION) cursor++;
  return cursor;
}

/** Skips field-vchar, SP and HTAB (RFC 9110 5.5), four bytes at a time while none of them can be a control byte. */
export function skipFieldValue(bytes: Uint8Array, data: DataView, cursor: number, end: number): number {
  while (cursor < end) {
    while (cursor + 4 <= end && !hasControl(data.getInt32(cursor, true))) cursor += 4;
    for (const next = Math.min(cursor + 4, end); cursor < next; cursor++)
      if (FIELD_VALUE[bytes[cursor] as number] !== 1) return cursor;
  }
  return cursor;
}

/** Returns whether one of a word's four bytes may be 0x7f or below 0x20, HTAB included. */
function hasControl(word: number): boolean {
  const del = word ^ 0x7f7f7f7f;
  return ((((word - 0x20202020) & ~word) | ((del - 0x01010101) & ~del)) & 0x80808080) !== 0;
}

/** Returns whether the bytes at `cursor` equal `word`, ignoring case; `word` must be in lower case. */
export function matchesLower(bytes: Uint8Array, cursor: number, end: number, word: Uint8Array): boolean {
  if (end - cursor !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    const expected = word[i] as number;
    const byte = bytes[cursor + i] as number;
    if (byte !== expected && !(isLowerLetter(expected) && (byte | 0x20) === expected)) return false;
  }
  return true;
}

/** Returns whether the bytes at `cursor` equal `word`. */
export function matches(bytes: Uint8Array, cursor: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[cursor + i] !== word[i]) return false;
  return true;
}

/** Returns the bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function isLowerLetter(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a;
}
