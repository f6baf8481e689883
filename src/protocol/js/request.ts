// Parses a head into the request record of the slot (RFC 9112 2 to 5); twin of assembly/request.ts, which explains how
// parsing resumes and to which byte an error belongs.

import {
  ERROR_CONNECT,
  ERROR_METHOD,
  ERROR_METHOD_SIZE,
  ERROR_TARGET,
  ERROR_TARGET_SIZE,
  ERROR_TLS,
  ERROR_VERSION,
  ERROR_VERSION_MAJOR,
  METHOD_BYTES_MAX,
  METHOD_CONNECT,
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER,
  METHOD_PATCH,
  METHOD_POST,
  METHOD_PUT,
  METHOD_TRACE,
  MORE,
  STATE_FIELD,
  STATE_METHOD,
  STATE_START,
  STATE_TARGET,
  STATE_VERSION,
} from '../../memory/codes.ts';
import {
  HEADER_TARGET_BYTES_MAX,
  RECORD_CURSOR,
  RECORD_FLAGS,
  RECORD_HEAD_BYTES,
  RECORD_METHOD,
  RECORD_METHOD_BYTES,
  RECORD_METHOD_OFFSET,
  RECORD_STATE,
  RECORD_TARGET_BYTES,
  RECORD_TARGET_OFFSET,
  RECORD_VERSION_MINOR,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { CR, isDigit, LF, SLASH, SP, TARGET, TCHAR } from './chars.ts';
import { judgeHead } from './framing.ts';
import { ascii, matches, skip } from './scanner.ts';
import { fail, parseSection, suspend } from './section.ts';
import { judgeTarget } from './target.ts';

interface Method {
  name: Uint8Array;
  number: number;
}

const METHODS: readonly Method[] = [
  { name: ascii('GET'), number: METHOD_GET },
  { name: ascii('POST'), number: METHOD_POST },
  { name: ascii('HEAD'), number: METHOD_HEAD },
  { name: ascii('PUT'), number: METHOD_PUT },
  { name: ascii('DELETE'), number: METHOD_DELETE },
  { name: ascii('OPTIONS'), number: METHOD_OPTIONS },
  { name: ascii('PATCH'), number: METHOD_PATCH },
  { name: ascii('CONNECT'), number: METHOD_CONNECT },
  { name: ascii('TRACE'), number: METHOD_TRACE },
];
// Little-endian words of the request line.
const GET_SP = 0x20544547;
const HTTP = 0x50545448;
const SLASH_1_1 = 0x312e312f;
const SLASH_1_0 = 0x302e312f;
const CRLF = 0x0a0d;
// The first two bytes of a TLS record with a handshake message (RFC 8446 5.1): its type, its major version.
const TLS_HANDSHAKE = 22;
const TLS_VERSION = 3;
const VERSION_LINE = ascii('HTTP/1.1\r\n');

/**
 * Parses the head that begins at `start`, or resumes it: the record's state shows which. The input ends at `end`.
 * Returns the position after the head, or MORE, or an error.
 */
export function parseHead(views: Views, record: number, start: number, end: number): number {
  const { bytes, data, halves, words } = views;
  let state = words[(record + RECORD_STATE) >> 2] as number;
  let cursor = start;

  if (state === STATE_START) {
    cursor = beginHead(views, record, start, end);
    if (cursor <= 0) return cursor;
    state = STATE_METHOD;
  } else cursor += words[(record + RECORD_CURSOR) >> 2] as number;

  const head = start + (halves[(record + RECORD_METHOD_OFFSET) >> 1] as number);

  if (state === STATE_METHOD) {
    if (head + 4 <= end && data.getInt32(head, true) === GET_SP) {
      cursor = head + 3;
      words[(record + RECORD_METHOD) >> 2] = METHOD_GET;
      halves[(record + RECORD_METHOD_BYTES) >> 1] = 3;
    } else {
      cursor = parseMethod(views, record, start, head, cursor, end);
      if (cursor <= 0) return cursor;
    }
    cursor++;
    halves[(record + RECORD_TARGET_OFFSET) >> 1] = cursor - start;
    state = STATE_TARGET;
  }

  if (state === STATE_TARGET) {
    const target = start + (halves[(record + RECORD_TARGET_OFFSET) >> 1] as number);
    cursor = skip(bytes, TARGET, cursor, end);
    const size = cursor - target;
    const sizeMax = words[HEADER_TARGET_BYTES_MAX >> 2] as number;
    if (size > sizeMax) return fail(views, record, ERROR_TARGET_SIZE, head, target + sizeMax + 1);
    if (cursor === end) return suspend(views, record, start, head, cursor, end, STATE_TARGET, 0, 0);
    if (bytes[cursor] !== SP || size === 0) return fail(views, record, ERROR_TARGET, head, cursor + 1);
    halves[(record + RECORD_TARGET_BYTES) >> 1] = size;
    if (bytes[target] !== SLASH) {
      const method = words[(record + RECORD_METHOD) >> 2] as number;
      const error = judgeTarget(bytes, method, target, cursor);
      if (error !== 0) return fail(views, record, error, head, cursor + 1);
    }
    cursor++;
    state = STATE_VERSION;
  }

  if (state === STATE_VERSION) {
    const next = cursor + VERSION_LINE.length;
    const minor = next <= end ? knownMinor(data, cursor) : -1;
    if (minor >= 0) {
      words[(record + RECORD_VERSION_MINOR) >> 2] = minor;
    } else {
      const result = judgeVersion(views, record, start, head, cursor, end);
      if (result <= 0) return result;
    }
    cursor = next;
  }

  const result = parseSection(views, record, start, head, cursor, end, state, STATE_FIELD);
  if (result <= 0) return result;
  words[(record + RECORD_HEAD_BYTES) >> 2] = result - start;
  const error = judgeHead(views, record, start);
  return error !== 0 ? error : result;
}

/** Prepares the record for a new head. Returns the position of the method, or MORE, or an error. */
function beginHead(views: Views, record: number, start: number, end: number): number {
  const { bytes, halves, words } = views;
  let cursor = start;
  words[(record + RECORD_METHOD) >> 2] = METHOD_OTHER;
  words[(record + RECORD_FLAGS) >> 2] = 0;
  // The parser ignores one empty line before the request line (RFC 9112 2.2).
  if (bytes[cursor] === CR) {
    if (cursor + 1 === end) return MORE;
    if (bytes[cursor + 1] !== LF) return fail(views, record, ERROR_METHOD, start, cursor + 2);
    cursor += 2;
  }
  halves[(record + RECORD_METHOD_OFFSET) >> 1] = cursor - start;
  return cursor;
}

/** Parses a method other than GET (RFC 9112 3.1). Returns the position of the space after it, or MORE, or an error. */
function parseMethod(
  views: Views,
  record: number,
  start: number,
  head: number,
  cursor: number,
  end: number,
): number {
  const { bytes, halves, words } = views;
  if (bytes[start] === TLS_HANDSHAKE) return judgeTls(views, record, start, end);
  cursor = skip(bytes, TCHAR, cursor, end);
  const size = cursor - head;
  if (size > METHOD_BYTES_MAX)
    return fail(views, record, ERROR_METHOD_SIZE, head, head + METHOD_BYTES_MAX + 1);
  if (cursor === end) return suspend(views, record, start, head, cursor, end, STATE_METHOD, 0, 0);
  if (bytes[cursor] !== SP || size === 0) return fail(views, record, ERROR_METHOD, head, cursor + 1);
  const method = methodNumber(bytes, head, size);
  // CONNECT is for proxies; an origin server rejects it with any target (RFC 9110 9.3.6).
  if (method === METHOD_CONNECT) return fail(views, record, ERROR_CONNECT, head, cursor + 1);
  words[(record + RECORD_METHOD) >> 2] = method;
  halves[(record + RECORD_METHOD_BYTES) >> 1] = size;
  return cursor;
}

/** Judges a version that is incomplete, or is neither 1.0 nor 1.1. Returns 1 when it is valid, or MORE, or an error. */
function judgeVersion(
  views: Views,
  record: number,
  start: number,
  head: number,
  cursor: number,
  end: number,
): number {
  const { bytes, words } = views;
  const decided = versionDecided(bytes, cursor, end);
  if (decided === 0) return suspend(views, record, start, head, cursor, end, STATE_VERSION, 0, 0);
  if (decided > 0) return fail(views, record, ERROR_VERSION, head, cursor + decided);
  if (bytes[cursor + 5] !== 0x31)
    return fail(views, record, ERROR_VERSION_MAJOR, head, cursor + VERSION_LINE.length);
  // An unknown minor version counts as the highest known one (RFC 9110 2.5).
  words[(record + RECORD_VERSION_MINOR) >> 2] = 1;
  return 1;
}

/** Clears the method: between messages the record still holds the last one, maybe of another connection. */
export function forgetMethod({ words }: Views, record: number): void {
  if (words[(record + RECORD_STATE) >> 2] === STATE_START)
    words[(record + RECORD_METHOD) >> 2] = METHOD_OTHER;
}

/** Returns the minor version of `HTTP/1.1` or `HTTP/1.0` with CRLF, or -1 for other bytes. */
function knownMinor(data: DataView, cursor: number): number {
  if (data.getInt32(cursor, true) !== HTTP || data.getUint16(cursor + 8, true) !== CRLF) return -1;
  const version = data.getInt32(cursor + 4, true);
  return version === SLASH_1_1 ? 1 : version === SLASH_1_0 ? 0 : -1;
}

/** Returns the TLS error when a client speaks TLS to this plain port. The second byte decides. */
function judgeTls(views: Views, record: number, start: number, end: number): number {
  if (start + 1 === end) return suspend(views, record, start, start, start + 1, end, STATE_METHOD, 0, 0);
  const error = views.bytes[start + 1] === TLS_VERSION ? ERROR_TLS : ERROR_METHOD;
  return fail(views, record, error, start, start + 2);
}

/** Returns one of METHOD_*. Methods are case-sensitive (RFC 9110 9.1). */
function methodNumber(bytes: Uint8Array, method: number, size: number): number {
  for (let i = 0; i < METHODS.length; i++) {
    const { name, number } = METHODS[i] as Method;
    if (name.length === size && matches(bytes, method, name)) return number;
  }
  return METHOD_OTHER;
}

/**
 * Judges `HTTP/d.d` and CRLF byte by byte (RFC 9112 2.3). Returns a negative number when the version is valid, 0 when it
 * is valid so far but incomplete. When it is invalid, returns the number of bytes that decided so.
 */
function versionDecided(bytes: Uint8Array, cursor: number, end: number): number {
  for (let i = 0; i < VERSION_LINE.length; i++) {
    if (cursor + i === end) return 0;
    const byte = bytes[cursor + i] as number;
    const digit = i === 5 || i === 7;
    if (digit ? !isDigit(byte) : byte !== VERSION_LINE[i]) return i + 1;
  }
  return -1;
}
