// Parses If-None-Match (RFC 9110 13.1.2); twin of assembly/entity-tags.ts, which has the grammar.

import { TAGS_ANY, TAGS_MALFORMED, TAGS_MATCH, TAGS_SOME } from '../../memory/codes.ts';
import { COMMA, isOws, QUOTE, SLASH } from './chars.ts';

const ASTERISK = 0x2a;
const W = 0x57;

/**
 * Compares the line [cursor, end) with the entity tag of `tagBytes` bytes at `tag` in `known`, quotes included, and
 * returns `tags` with the flags of the line added, or TAGS_MALFORMED.
 */
export function noteTags(
  bytes: Uint8Array,
  cursor: number,
  end: number,
  known: Uint8Array,
  tag: number,
  tagBytes: number,
  tags: number,
): number {
  while (true) {
    while (cursor < end && (isOws(bytes[cursor] as number) || bytes[cursor] === COMMA)) cursor++;
    if (cursor === end) return tags;
    if (bytes[cursor] === ASTERISK) {
      tags |= tags === 0 ? TAGS_ANY : TAGS_MALFORMED;
      cursor++;
    } else {
      // The weak comparison ignores the prefix W/ (RFC 9110 8.8.3.2).
      if (bytes[cursor] === W && bytes[cursor + 1] === SLASH && cursor + 2 < end) cursor += 2;
      const opaque = cursor;
      if (bytes[cursor] !== QUOTE) return TAGS_MALFORMED;
      cursor++;
      while (cursor < end && isTagByte(bytes[cursor] as number)) cursor++;
      if (cursor === end || bytes[cursor] !== QUOTE) return TAGS_MALFORMED;
      cursor++;
      tags |= (tags & TAGS_ANY) !== 0 ? TAGS_MALFORMED : TAGS_SOME;
      if (isEqual(bytes, opaque, cursor - opaque, known, tag, tagBytes)) tags |= TAGS_MATCH;
    }
    while (cursor < end && isOws(bytes[cursor] as number)) cursor++;
    if (cursor < end && bytes[cursor] !== COMMA) return TAGS_MALFORMED;
  }
}

function isTagByte(byte: number): boolean {
  return byte > 0x20 && byte !== QUOTE && byte !== 0x7f;
}

function isEqual(
  bytes: Uint8Array,
  one: number,
  size: number,
  known: Uint8Array,
  other: number,
  otherSize: number,
): boolean {
  if (size !== otherSize) return false;
  for (let i = 0; i < size; i++) if (bytes[one + i] !== known[other + i]) return false;
  return true;
}
