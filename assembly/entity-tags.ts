// Parses If-None-Match (RFC 9110 13.1.2, 8.8.3). Several lines form one list (5.3), so a set of TAGS_* flags collects the
// results of all lines.
//
//   If-None-Match = "*" / #entity-tag
//   entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE      etagc = %x21 / %x23-7E / obs-text

import { TAGS_ANY, TAGS_MALFORMED, TAGS_MATCH, TAGS_SOME } from '../src/memory/codes';
import { COMMA, isOws, QUOTE } from './chars';

const ASTERISK: u8 = 0x2a;
const WEAK: u16 = 0x2f57;

/**
 * Compares the line [cursor, end) with the entity tag at `tag`, quotes included, and returns `tags` with the flags of
 * the line added, or TAGS_MALFORMED.
 */
export function noteTags(cursor: usize, end: usize, tag: usize, tagBytes: usize, tags: i32): i32 {
  while (true) {
    while (cursor < end && (isOws(load<u8>(cursor)) || load<u8>(cursor) == COMMA)) cursor++;
    if (cursor == end) return tags;
    if (load<u8>(cursor) == ASTERISK) {
      tags |= tags == 0 ? TAGS_ANY : TAGS_MALFORMED;
      cursor++;
    } else {
      // The weak comparison ignores the prefix W/ (RFC 9110 8.8.3.2).
      if (load<u16>(cursor) == WEAK && cursor + 2 < end) cursor += 2;
      const opaque = cursor;
      if (load<u8>(cursor) != QUOTE) return TAGS_MALFORMED;
      cursor++;
      while (cursor < end && isTagByte(load<u8>(cursor))) cursor++;
      if (cursor == end || load<u8>(cursor) != QUOTE) return TAGS_MALFORMED;
      cursor++;
      tags |= (tags & TAGS_ANY) != 0 ? TAGS_MALFORMED : TAGS_SOME;
      if (isEqual(opaque, cursor - opaque, tag, tagBytes)) tags |= TAGS_MATCH;
    }
    while (cursor < end && isOws(load<u8>(cursor))) cursor++;
    if (cursor < end && load<u8>(cursor) != COMMA) return TAGS_MALFORMED;
  }
}

function isTagByte(byte: u8): bool {
  return byte > 0x20 && byte != QUOTE && byte != 0x7f;
}

function isEqual(one: usize, bytes: usize, other: usize, otherBytes: usize): bool {
  if (bytes != otherBytes) return false;
  for (let i: usize = 0; i < bytes; i++) if (load<u8>(one + i) != load<u8>(other + i)) return false;
  return true;
}
