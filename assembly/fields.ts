// Reads the field lines that the server itself must obey: Host, Connection, Content-Length, Transfer-Encoding, Expect,
// If-None-Match, If-Modified-Since. Each line sets flags in the record. framing.ts decides what the flags mean together.

import {
  FLAG_CHUNKED,
  FLAG_CLOSE,
  FLAG_CONTENT_LENGTH,
  FLAG_CONTENT_LENGTH_BAD,
  FLAG_EXPECT_CONTINUE,
  FLAG_EXPECT_OTHER,
  FLAG_HOST,
  FLAG_HOST_AGAIN,
  FLAG_IF_MODIFIED_SINCE,
  FLAG_IF_NONE_MATCH,
  FLAG_KEEP_ALIVE,
  FLAG_TRANSFER_ENCODING,
} from '../src/memory/codes';
import { RECORD_CONTENT_LENGTH, RECORD_HOST_BYTES, RECORD_HOST_OFFSET } from '../src/memory/layout';
import { COMMA, isOws, LOWER_2, LOWER_4, LOWER_8 } from './chars';
import { isChunked, noteCodings } from './coding';
import { parseDecimal } from './number';

// Field names and options in lower case, as little-endian words.
const HOST: u32 = 0x74736f68;
const CONNECTI: u64 = 0x697463656e6e6f63;
const ON: u16 = 0x6e6f;
const CONTENT_: u64 = 0x2d746e65746e6f63;
const T_LENGTH: u64 = 0x6874676e656c2d74;
const TRANSFER: u64 = 0x726566736e617274;
const _ENCODIN: u64 = 0x6e69646f636e652d;
const G: u8 = 0x67;
const EXPE: u32 = 0x65707865;
const CT: u16 = 0x7463;
const CLOS: u32 = 0x736f6c63;
const E: u8 = 0x65;
const KEEP_ALI: u64 = 0x696c612d7065656b;
const VE: u16 = 0x6576;
const _100_CONT: u64 = 0x746e6f632d303031;
const INUE: u32 = 0x65756e69;
const IF_NONE_: u64 = 0x2d656e6f6e2d6669;
const NE_MATCH: u64 = 0x686374616d2d656e;
const IF_MODIF: u64 = 0x6669646f6d2d6669;
const IED_SINC: u64 = 0x636e69732d646569;

/** The first letters of these field names, c, e, h, i and t, as bits by their position in the alphabet. */
const FIRST_LETTERS: u32 = (1 << 3) | (1 << 5) | (1 << 8) | (1 << 9) | (1 << 20);

/** Returns false when a field name can't be one of these. The test is fast, because most names are none of them. */
export function bindsServer(name: usize, nameBytes: i32): bool {
  return ((FIRST_LETTERS >> (load<u8>(name) & 31)) & 1) != 0 && nameBytes < 18;
}

/**
 * Adds what a field line says to the record. Returns the new flags of the record. The name is a token, so no other byte
 * can turn into a letter or a hyphen when an OR makes the name lower case.
 */
export function noteField(
  record: usize,
  start: usize,
  name: usize,
  nameBytes: i32,
  value: usize,
  valueEnd: usize,
  flags: i32,
): i32 {
  switch (nameBytes) {
    case 4:
      if ((load<u32>(name) | LOWER_4) == HOST) return noteHost(record, start, value, valueEnd, flags);
      break;
    case 6:
      if ((load<u32>(name) | LOWER_4) == EXPE && (load<u16>(name, 4) | LOWER_2) == CT)
        return flags | expectations(value, valueEnd);
      break;
    case 10:
      if ((load<u64>(name) | LOWER_8) == CONNECTI && (load<u16>(name, 8) | LOWER_2) == ON)
        return flags | connectionOptions(value, valueEnd);
      break;
    case 13:
      if (isIfNoneMatch(name, nameBytes)) return flags | FLAG_IF_NONE_MATCH;
      break;
    case 14:
      if ((load<u64>(name) | LOWER_8) == CONTENT_ && (load<u64>(name, 6) | LOWER_8) == T_LENGTH)
        return noteContentLength(record, value, valueEnd, flags);
      break;
    case 17:
      if (
        (load<u64>(name) | LOWER_8) == TRANSFER &&
        (load<u64>(name, 8) | LOWER_8) == _ENCODIN &&
        (load<u8>(name, 16) | 0x20) == G
      )
        return noteTransferEncoding(value, valueEnd, flags);
      if (isIfModifiedSince(name, nameBytes)) return flags | FLAG_IF_MODIFIED_SINCE;
  }
  return flags;
}

export function isIfNoneMatch(name: usize, nameBytes: i32): bool {
  return (
    nameBytes == 13 && (load<u64>(name) | LOWER_8) == IF_NONE_ && (load<u64>(name, 5) | LOWER_8) == NE_MATCH
  );
}

export function isIfModifiedSince(name: usize, nameBytes: i32): bool {
  return (
    nameBytes == 17 &&
    (load<u64>(name) | LOWER_8) == IF_MODIF &&
    (load<u64>(name, 8) | LOWER_8) == IED_SINC &&
    (load<u8>(name, 16) | 0x20) == E
  );
}

function noteHost(record: usize, start: usize, value: usize, valueEnd: usize, flags: i32): i32 {
  if (flags & FLAG_HOST) return flags | FLAG_HOST_AGAIN;
  store<u16>(record, <u16>(value - start), RECORD_HOST_OFFSET);
  store<u16>(record, <u16>(valueEnd - value), RECORD_HOST_BYTES);
  return flags | FLAG_HOST;
}

/** Returns the flags for Connection = #connection-option (RFC 9110 7.6.1); only close and keep-alive matter here. */
function connectionOptions(cursor: usize, end: usize): i32 {
  let options = connectionOption(cursor, end);
  if (options != 0) return options;
  while (cursor < end) {
    const option = cursor;
    while (cursor < end && load<u8>(cursor) != COMMA) cursor++;
    options |= connectionOption(option, cursor);
    cursor++;
  }
  return options;
}

function connectionOption(cursor: usize, end: usize): i32 {
  while (cursor < end && isOws(load<u8>(cursor))) cursor++;
  while (end > cursor && isOws(load<u8>(end - 1))) end--;
  const bytes = end - cursor;
  if (bytes == 5 && (load<u32>(cursor) | LOWER_4) == CLOS && (load<u8>(cursor, 4) | 0x20) == E)
    return FLAG_CLOSE;
  if (bytes == 10 && (load<u64>(cursor) | LOWER_8) == KEEP_ALI && (load<u16>(cursor, 8) | LOWER_2) == VE)
    return FLAG_KEEP_ALIVE;
  return 0;
}

/** Parses one line of digits (RFC 9110 8.6). Rejects a second line, even an equal one: only request smuggling uses it. */
function noteContentLength(record: usize, value: usize, valueEnd: usize, flags: i32): i32 {
  const length = parseDecimal(value, valueEnd);
  if (flags & FLAG_CONTENT_LENGTH || length < 0) flags |= FLAG_CONTENT_LENGTH_BAD;
  store<f64>(record, length, RECORD_CONTENT_LENGTH);
  return flags | FLAG_CONTENT_LENGTH;
}

/** Adds the flags of Transfer-Encoding. The common case, a single line with chunked alone, is tested first. */
function noteTransferEncoding(value: usize, valueEnd: usize, flags: i32): i32 {
  const usual = !(flags & FLAG_TRANSFER_ENCODING) && isChunked(value, valueEnd);
  flags = usual ? flags | FLAG_CHUNKED : noteCodings(value, valueEnd, flags);
  return flags | FLAG_TRANSFER_ENCODING;
}

/** Returns the flags for Expect = #expectation (RFC 9110 10.1.1); 100-continue is the only known expectation. */
function expectations(cursor: usize, end: usize): i32 {
  let flags = 0;
  while (cursor < end) {
    const expectation = cursor;
    while (cursor < end && load<u8>(cursor) != COMMA) cursor++;
    flags |= expectationFlag(expectation, cursor);
    cursor++;
  }
  return flags;
}

function expectationFlag(cursor: usize, end: usize): i32 {
  while (cursor < end && isOws(load<u8>(cursor))) cursor++;
  while (end > cursor && isOws(load<u8>(end - 1))) end--;
  if (cursor == end) return 0;
  const known =
    end - cursor == 12 &&
    (load<u64>(cursor) | LOWER_8) == _100_CONT &&
    (load<u32>(cursor, 8) | LOWER_4) == INUE;
  return known ? FLAG_EXPECT_CONTINUE : FLAG_EXPECT_OTHER;
}
