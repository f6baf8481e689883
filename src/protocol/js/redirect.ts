// The place of a request on HTTPS; twin of assembly/redirect.ts.

import { FLAG_HOST } from '../../memory/codes.ts';
import {
  CONTROL_HEAD,
  CONTROL_REDIRECT_PORT,
  RECORD,
  RECORD_FLAGS,
  RECORD_HOST_BYTES,
  RECORD_HOST_OFFSET,
  RECORD_TARGET_BYTES,
  RECORD_TARGET_OFFSET,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { COLON, QUESTION, SLASH } from './chars.ts';
import { copy, write } from './copy.ts';
import { countDigits, writeDecimal } from './number.ts';
import { ascii } from './scanner.ts';

const ASTERISK = 0x2a;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
/** The size of "http://". */
const SCHEME_BYTES = 7;
const HTTPS_PORT = 443;
const LOCATION = ascii('Location: https://');
const CRLF = ascii('\r\n');

/** Returns whether the request in the record names a host and a path. The target "*" has no path (RFC 9112 3.3). */
export function namesPlace({ bytes, halves, words }: Views, slot: number): boolean {
  const record = slot + RECORD;
  const head = words[(slot + CONTROL_HEAD) >> 2] as number;
  const first = bytes[head + (halves[(record + RECORD_TARGET_OFFSET) >> 1] as number)];
  // The authority of a target in absolute-form is never empty.
  if (first !== SLASH) return first !== ASTERISK;
  return (
    ((words[(record + RECORD_FLAGS) >> 2] as number) & FLAG_HOST) !== 0 &&
    halves[(record + RECORD_HOST_BYTES) >> 1] !== 0 &&
    bytes[head + (halves[(record + RECORD_HOST_OFFSET) >> 1] as number)] !== COLON
  );
}

/** Writes Location and CRLF for a request that names a place, by path or with the scheme http. */
export function writeLocation({ bytes, halves, words }: Views, slot: number, output: number): number {
  const record = slot + RECORD;
  const head = words[(slot + CONTROL_HEAD) >> 2] as number;
  let target = head + (halves[(record + RECORD_TARGET_OFFSET) >> 1] as number);
  const end = target + (halves[(record + RECORD_TARGET_BYTES) >> 1] as number);
  let host = head + (halves[(record + RECORD_HOST_OFFSET) >> 1] as number);
  let hostEnd = host + (halves[(record + RECORD_HOST_BYTES) >> 1] as number);
  if (bytes[target] !== SLASH) {
    host = target + SCHEME_BYTES;
    hostEnd = host;
    while (hostEnd < end && bytes[hostEnd] !== SLASH && bytes[hostEnd] !== QUESTION) hostEnd++;
    target = hostEnd;
  }

  output = write(bytes, output, LOCATION);
  output = copy(bytes, output, host, skipName(bytes, host, hostEnd) - host);
  const port = words[(slot + CONTROL_REDIRECT_PORT) >> 2] as number;
  if (port !== HTTPS_PORT) {
    bytes[output++] = COLON;
    output += countDigits(port);
    writeDecimal(bytes, output, port);
  }
  // Behind the target is a space.
  if (bytes[target] !== SLASH) bytes[output++] = SLASH;
  output = copy(bytes, output, target, end - target);
  return write(bytes, output, CRLF);
}

/** Returns the position after the host in [cursor, end), which is followed by a port or nothing. */
function skipName(bytes: Uint8Array, cursor: number, end: number): number {
  const last = bytes[cursor] === BRACKET ? BRACKET_END : COLON;
  while (cursor < end && bytes[cursor] !== last) cursor++;
  return last === BRACKET_END ? cursor + 1 : cursor;
}
