// Reads the field lines that the server itself must obey; twin of assembly/fields.ts.

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
} from '../../memory/codes.ts';
import { RECORD_CONTENT_LENGTH, RECORD_HOST_BYTES, RECORD_HOST_OFFSET } from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { COMMA, isOws } from './chars.ts';
import { isChunked, noteCodings } from './coding.ts';
import { parseDecimal } from './number.ts';
import { ascii, matchesLower } from './scanner.ts';

const HOST = ascii('host');
const EXPECT = ascii('expect');
const CONTINUE = ascii('100-continue');
const CONNECTION = ascii('connection');
const CONTENT_LENGTH = ascii('content-length');
const TRANSFER_ENCODING = ascii('transfer-encoding');
export const IF_NONE_MATCH = ascii('if-none-match');
export const IF_MODIFIED_SINCE = ascii('if-modified-since');
const CLOSE = ascii('close');
const KEEP_ALIVE = ascii('keep-alive');

/** Adds what a field line says to the record. Returns the new flags of the record. */
export function noteField(
  views: Views,
  record: number,
  start: number,
  name: number,
  colon: number,
  value: number,
  valueEnd: number,
  flags: number,
): number {
  const { bytes } = views;
  switch (colon - name) {
    case 4:
      if (matchesLower(bytes, name, colon, HOST))
        return noteHost(views, record, start, value, valueEnd, flags);
      break;
    case 6:
      if (matchesLower(bytes, name, colon, EXPECT)) return flags | expectations(bytes, value, valueEnd);
      break;
    case 10:
      if (matchesLower(bytes, name, colon, CONNECTION))
        return flags | connectionOptions(bytes, value, valueEnd);
      break;
    case 13:
      if (matchesLower(bytes, name, colon, IF_NONE_MATCH)) return flags | FLAG_IF_NONE_MATCH;
      break;
    case 14:
      if (matchesLower(bytes, name, colon, CONTENT_LENGTH))
        return noteContentLength(views, record, value, valueEnd, flags);
      break;
    case 17:
      if (matchesLower(bytes, name, colon, TRANSFER_ENCODING))
        return noteTransferEncoding(bytes, value, valueEnd, flags);
      if (matchesLower(bytes, name, colon, IF_MODIFIED_SINCE)) return flags | FLAG_IF_MODIFIED_SINCE;
  }
  return flags;
}

function noteHost(
  { halves }: Views,
  record: number,
  start: number,
  value: number,
  valueEnd: number,
  flags: number,
): number {
  if (flags & FLAG_HOST) return flags | FLAG_HOST_AGAIN;
  halves[(record + RECORD_HOST_OFFSET) >> 1] = value - start;
  halves[(record + RECORD_HOST_BYTES) >> 1] = valueEnd - value;
  return flags | FLAG_HOST;
}

/** Returns the flags for Connection = #connection-option (RFC 9110 7.6.1); only close and keep-alive matter here. */
function connectionOptions(bytes: Uint8Array, cursor: number, end: number): number {
  let options = 0;
  while (cursor < end) {
    const option = cursor;
    while (cursor < end && bytes[cursor] !== COMMA) cursor++;
    options |= connectionOption(bytes, option, cursor);
    cursor++;
  }
  return options;
}

function connectionOption(bytes: Uint8Array, cursor: number, end: number): number {
  while (cursor < end && isOws(bytes[cursor] as number)) cursor++;
  while (end > cursor && isOws(bytes[end - 1] as number)) end--;
  if (matchesLower(bytes, cursor, end, CLOSE)) return FLAG_CLOSE;
  if (matchesLower(bytes, cursor, end, KEEP_ALIVE)) return FLAG_KEEP_ALIVE;
  return 0;
}

/** Parses one line of digits (RFC 9110 8.6). Rejects a second line, even an equal one: only request smuggling uses it. */
function noteContentLength(
  { bytes, doubles }: Views,
  record: number,
  value: number,
  valueEnd: number,
  flags: number,
): number {
  const length = parseDecimal(bytes, value, valueEnd);
  if (flags & FLAG_CONTENT_LENGTH || length < 0) flags |= FLAG_CONTENT_LENGTH_BAD;
  doubles[(record + RECORD_CONTENT_LENGTH) >> 3] = length;
  return flags | FLAG_CONTENT_LENGTH;
}

/** Adds the flags of Transfer-Encoding. The common case, a single line with chunked alone, is tested first. */
function noteTransferEncoding(bytes: Uint8Array, value: number, valueEnd: number, flags: number): number {
  const usual = !(flags & FLAG_TRANSFER_ENCODING) && isChunked(bytes, value, valueEnd);
  flags = usual ? flags | FLAG_CHUNKED : noteCodings(bytes, value, valueEnd, flags);
  return flags | FLAG_TRANSFER_ENCODING;
}

/** Returns the flags for Expect = #expectation (RFC 9110 10.1.1); 100-continue is the only known expectation. */
function expectations(bytes: Uint8Array, cursor: number, end: number): number {
  let flags = 0;
  while (cursor < end) {
    const expectation = cursor;
    while (cursor < end && bytes[cursor] !== COMMA) cursor++;
    flags |= expectationFlag(bytes, expectation, cursor);
    cursor++;
  }
  return flags;
}

function expectationFlag(bytes: Uint8Array, cursor: number, end: number): number {
  while (cursor < end && isOws(bytes[cursor] as number)) cursor++;
  while (end > cursor && isOws(bytes[end - 1] as number)) end--;
  if (cursor === end) return 0;
  return matchesLower(bytes, cursor, end, CONTINUE) ? FLAG_EXPECT_CONTINUE : FLAG_EXPECT_OTHER;
}
