// The place of a request on HTTPS: the same host, the port of HTTPS, the same path and query (RFC 9110 15.4.9). A target in
// absolute-form has precedence over Host (RFC 9112 3.2.2). The parser has checked both, so neither can add a line, a second
// host or user information; their bytes stay as they were sent.

import { FLAG_HOST } from '../src/memory/codes';
import {
  CONTROL_HEAD,
  CONTROL_REDIRECT_PORT,
  RECORD,
  RECORD_FLAGS,
  RECORD_HOST_BYTES,
  RECORD_HOST_OFFSET,
  RECORD_TARGET_BYTES,
  RECORD_TARGET_OFFSET,
} from '../src/memory/layout';
import { COLON, CRLF, QUESTION, SLASH } from './chars';
import { copy } from './copy';
import { countDigits, writeDecimal } from './number';

const ASTERISK: u8 = 0x2a;
const BRACKET: u8 = 0x5b;
const BRACKET_END: u8 = 0x5d;
/** "//", as a little-endian word. */
const SLASHES: u16 = 0x2f2f;
/** The size of "http://". */
const SCHEME_BYTES = 7;
const HTTPS_PORT = 443;

/** Returns whether the request in the record names a host and a path. The target "*" has no path (RFC 9112 3.3). */
export function namesPlace(slot: usize): bool {
  const record = slot + RECORD;
  const head = <usize>load<u32>(slot, CONTROL_HEAD);
  const first = load<u8>(head + load<u16>(record, RECORD_TARGET_OFFSET));
  // The authority of a target in absolute-form is never empty.
  if (first != SLASH) return first != ASTERISK;
  return (
    (load<i32>(record, RECORD_FLAGS) & FLAG_HOST) != 0 &&
    load<u16>(record, RECORD_HOST_BYTES) != 0 &&
    load<u8>(head + load<u16>(record, RECORD_HOST_OFFSET)) != COLON
  );
}

/** Writes Location and CRLF for a request that names a place, by path or with the scheme http. */
export function writeLocation(slot: usize, output: usize): usize {
  const record = slot + RECORD;
  const head = <usize>load<u32>(slot, CONTROL_HEAD);
  let target = head + load<u16>(record, RECORD_TARGET_OFFSET);
  const end = target + load<u16>(record, RECORD_TARGET_BYTES);
  let host = head + load<u16>(record, RECORD_HOST_OFFSET);
  let hostEnd = host + load<u16>(record, RECORD_HOST_BYTES);
  if (load<u8>(target) != SLASH) {
    host = target + SCHEME_BYTES;
    hostEnd = host;
    while (hostEnd < end && load<u8>(hostEnd) != SLASH && load<u8>(hostEnd) != QUESTION) hostEnd++;
    target = hostEnd;
  }
  const name = skipName(host, hostEnd);

  // "Location: https:"
  v128.store(output, i64x2(0x6e6f697461636f4c, 0x3a7370747468203a));
  store<u16>(output, SLASHES, 16);
  output = copy(output + 18, host, name - host);
  const port = load<i32>(slot, CONTROL_REDIRECT_PORT);
  if (port != HTTPS_PORT) {
    store<u8>(output, COLON);
    output += 1 + countDigits(<u64>port);
    writeDecimal(output, <u64>port);
  }
  // Behind the target is a space.
  if (load<u8>(target) != SLASH) store<u8>(output++, SLASH);
  output = copy(output, target, end - target);
  store<u16>(output, CRLF);
  return output + 2;
}

/** Returns the position after the host in [cursor, end), which is followed by a port or nothing. */
function skipName(cursor: usize, end: usize): usize {
  const last = load<u8>(cursor) == BRACKET ? BRACKET_END : COLON;
  while (cursor < end && load<u8>(cursor) != last) cursor++;
  return last == BRACKET_END ? cursor + 1 : cursor;
}
