// Parses a head, from the request line to the empty line, into the request record of the slot (RFC 9112 2 to 5).
//
// parseHead() may stop at any byte and resume there later. Meanwhile the record holds the current part of the grammar
// (STATE_*) and the position up to which the bytes are scanned, so no byte is scanned twice. parseHead() returns the
// position after the head, or MORE, or an error.
//
// Every error belongs to the byte that decides it. If that byte is beyond the size limit of a head, the parser reports
// the limit's error instead. So the outcome does not depend on how the bytes were split over reads.

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
} from '../src/memory/codes';
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
} from '../src/memory/layout';
import { CR, CRLF, isDigit, LF, SEVEN_BYTES, SLASH, SP, THREE_BYTES } from './chars';
import { judgeHead } from './framing';
import { skipTarget, skipToken } from './scanner';
import { fail, parseSection, suspend } from './section';
import { judgeTarget } from './target';

// Little-endian words of the request line.
const GET_SP: u32 = 0x20544547;
const GET: u32 = 0x544547;
const PUT: u32 = 0x545550;
const HEAD: u32 = 0x44414548;
const POST: u32 = 0x54534f50;
const PATC: u32 = 0x43544150;
const TRAC: u32 = 0x43415254;
const H: u8 = 0x48;
const E: u8 = 0x45;
const DELE: u32 = 0x454c4544;
const TE: u16 = 0x4554;
const CONNECT: u64 = 0x0054_4345_4e4e_4f43;
const OPTIONS: u64 = 0x0053_4e4f_4954_504f;
const HTTP_1_1: u64 = 0x312e312f50545448;
const HTTP_1_0: u64 = 0x302e312f50545448;
const HTTP_SLASH: u64 = 0x2f50545448;
const VERSION_BYTES = 8;
// The first two bytes of a TLS record with a handshake message (RFC 8446 5.1): its type, its major version.
const TLS_HANDSHAKE: u8 = 22;
const TLS_VERSION: u8 = 3;

/**
 * Parses the head that begins at `start`, or resumes it: the record's state shows which. The input ends at `end`; loads
 * may reach further, but the parser ignores those bytes. Returns the position after the head, or MORE, or an error.
 */
export function parseHead(record: usize, start: usize, end: usize): i32 {
  let state = load<i32>(record, RECORD_STATE);
  let cursor = start;

  if (state == STATE_START) {
    const method = beginHead(record, start, end);
    if (method <= 0) return method;
    cursor = method;
    state = STATE_METHOD;
  } else cursor += load<u32>(record, RECORD_CURSOR);

  const head = start + load<u16>(record, RECORD_METHOD_OFFSET);

  if (state == STATE_METHOD) {
    if (load<u32>(head) == GET_SP && head + 4 <= end) {
      cursor = head + 3;
      store<i32>(record, METHOD_GET, RECORD_METHOD);
      store<u16>(record, 3, RECORD_METHOD_BYTES);
    } else {
      const methodEnd = parseMethod(record, start, head, cursor, end);
      if (methodEnd <= 0) return methodEnd;
      cursor = methodEnd;
    }
    cursor++;
    store<u16>(record, <u16>(cursor - start), RECORD_TARGET_OFFSET);
    state = STATE_TARGET;
  }

  if (state == STATE_TARGET) {
    const target = start + load<u16>(record, RECORD_TARGET_OFFSET);
    cursor = skipTarget(cursor, end);
    const bytes = <i32>(cursor - target);
    const bytesMax = load<i32>(HEADER_TARGET_BYTES_MAX);
    if (bytes > bytesMax) return fail(record, ERROR_TARGET_SIZE, head, target + bytesMax + 1);
    if (cursor == end) return suspend(record, start, head, cursor, end, STATE_TARGET, 0, 0);
    if (load<u8>(cursor) != SP || bytes == 0) return fail(record, ERROR_TARGET, head, cursor + 1);
    store<u16>(record, <u16>bytes, RECORD_TARGET_BYTES);
    cursor++;
    if (load<u8>(target) != SLASH) {
      const error = judgeTarget(load<i32>(record, RECORD_METHOD), target, bytes);
      if (error != 0) return fail(record, error, head, cursor);
    }
    state = STATE_VERSION;
  }

  if (state == STATE_VERSION) {
    const word = load<u64>(cursor);
    const known = word == HTTP_1_1 || word == HTTP_1_0;
    if (known && load<u16>(cursor, VERSION_BYTES) == CRLF && cursor + VERSION_BYTES + 2 <= end) {
      store<i32>(record, word == HTTP_1_1 ? 1 : 0, RECORD_VERSION_MINOR);
    } else {
      const result = judgeVersion(record, start, head, cursor, end);
      if (result <= 0) return result;
    }
    cursor += VERSION_BYTES + 2;
  }

  const result = parseSection(record, start, head, cursor, end, state, STATE_FIELD);
  if (result <= 0) return result;
  store<i32>(record, result - <i32>start, RECORD_HEAD_BYTES);
  const error = judgeHead(record, start);
  return error != 0 ? error : result;
}

/** Prepares the record for a new head. Returns the position of the method, or MORE, or an error. */
function beginHead(record: usize, start: usize, end: usize): i32 {
  let cursor = start;
  store<i32>(record, METHOD_OTHER, RECORD_METHOD);
  store<i32>(record, 0, RECORD_FLAGS);
  // The parser ignores one empty line before the request line (RFC 9112 2.2).
  if (load<u8>(cursor) == CR) {
    if (cursor + 1 == end) return MORE;
    if (load<u8>(cursor + 1) != LF) return fail(record, ERROR_METHOD, start, cursor + 2);
    cursor += 2;
  }
  store<u16>(record, <u16>(cursor - start), RECORD_METHOD_OFFSET);
  return <i32>cursor;
}

/** Parses a method other than GET (RFC 9112 3.1). Returns the position of the space after it, or MORE, or an error. */
function parseMethod(record: usize, start: usize, head: usize, cursor: usize, end: usize): i32 {
  if (load<u8>(start) == TLS_HANDSHAKE) return judgeTls(record, start, end);
  cursor = skipToken(cursor, end);
  const bytes = <i32>(cursor - head);
  if (bytes > METHOD_BYTES_MAX) return fail(record, ERROR_METHOD_SIZE, head, head + METHOD_BYTES_MAX + 1);
  if (cursor == end) return suspend(record, start, head, cursor, end, STATE_METHOD, 0, 0);
  if (load<u8>(cursor) != SP || bytes == 0) return fail(record, ERROR_METHOD, head, cursor + 1);
  const method = methodNumber(head, bytes);
  // CONNECT is for proxies; an origin server rejects it with any target (RFC 9110 9.3.6).
  if (method == METHOD_CONNECT) return fail(record, ERROR_CONNECT, head, cursor + 1);
  store<i32>(record, method, RECORD_METHOD);
  store<u16>(record, <u16>bytes, RECORD_METHOD_BYTES);
  return <i32>cursor;
}

/** Judges a version that is incomplete, or is neither 1.0 nor 1.1. Returns 1 when it is valid, or MORE, or an error. */
function judgeVersion(record: usize, start: usize, head: usize, cursor: usize, end: usize): i32 {
  const decided = versionDecided(cursor, end);
  if (decided == 0) return suspend(record, start, head, cursor, end, STATE_VERSION, 0, 0);
  if (decided > 0) return fail(record, ERROR_VERSION, head, cursor + decided);
  if (load<u8>(cursor, 5) != 0x31) return fail(record, ERROR_VERSION_MAJOR, head, cursor + VERSION_BYTES + 2);
  // An unknown minor version counts as the highest known one (RFC 9110 2.5).
  store<i32>(record, 1, RECORD_VERSION_MINOR);
  return 1;
}

/** Clears the method: between messages the record still holds the last one, maybe of another connection. */
export function forgetMethod(record: usize): void {
  if (load<i32>(record, RECORD_STATE) == STATE_START) store<i32>(record, METHOD_OTHER, RECORD_METHOD);
}

/** Returns the TLS error when a client speaks TLS to this plain port. The second byte decides. */
function judgeTls(record: usize, start: usize, end: usize): i32 {
  if (start + 1 == end) return suspend(record, start, start, start + 1, end, STATE_METHOD, 0, 0);
  return fail(record, load<u8>(start, 1) == TLS_VERSION ? ERROR_TLS : ERROR_METHOD, start, start + 2);
}

/** Returns one of METHOD_*. Methods are case-sensitive (RFC 9110 9.1). May load bytes after the name. */
function methodNumber(method: usize, bytes: i32): i32 {
  const word = load<u32>(method);
  switch (bytes) {
    case 3:
      if ((word & THREE_BYTES) == GET) return METHOD_GET;
      if ((word & THREE_BYTES) == PUT) return METHOD_PUT;
      break;
    case 4:
      if (word == HEAD) return METHOD_HEAD;
      if (word == POST) return METHOD_POST;
      break;
    case 5:
      if (word == PATC && load<u8>(method, 4) == H) return METHOD_PATCH;
      if (word == TRAC && load<u8>(method, 4) == E) return METHOD_TRACE;
      break;
    case 6:
      if (word == DELE && load<u16>(method, 4) == TE) return METHOD_DELETE;
      break;
    case 7:
      if ((load<u64>(method) & SEVEN_BYTES) == CONNECT) return METHOD_CONNECT;
      if ((load<u64>(method) & SEVEN_BYTES) == OPTIONS) return METHOD_OPTIONS;
  }
  return METHOD_OTHER;
}

/**
 * Judges `HTTP/d.d` and CRLF byte by byte (RFC 9112 2.3). Returns a negative number when the version is valid, 0 when it
 * is valid so far but incomplete. When it is invalid, returns the number of bytes that decided so.
 */
function versionDecided(cursor: usize, end: usize): i32 {
  for (let i = 0; i < VERSION_BYTES + 2; i++) {
    if (cursor + i == end) return 0;
    const byte = load<u8>(cursor + i);
    let good: bool;
    if (i < 5) good = byte == <u8>(HTTP_SLASH >> (i * 8));
    else if (i == 6) good = byte == 0x2e;
    else if (i < VERSION_BYTES) good = isDigit(byte);
    else good = byte == (i == VERSION_BYTES ? CR : LF);
    if (!good) return i + 1;
  }
  return -1;
}
