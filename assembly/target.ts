// Validates the forms of a request target other than origin-form (RFC 9112 3.2).

import { ERROR_TARGET, METHOD_OPTIONS } from '../src/memory/codes';
import { COLON, LOWER_4, QUESTION, SLASH, THREE_BYTES } from './chars';
import { isHost } from './host';

const ASTERISK: u8 = 0x2a;
// "http" in lower case and "://", as little-endian words.
const HTTP: u32 = 0x70747468;
const SCHEME_END: u32 = 0x2f2f3a;

/**
 * Judges a target that does not begin with a slash. Returns 0 when the target is valid for its method, else the error.
 * Only CONNECT uses authority-form, and the parser rejects CONNECT earlier.
 */
export function judgeTarget(method: i32, target: usize, bytes: i32): i32 {
  if (bytes == 1 && load<u8>(target) == ASTERISK) return method == METHOD_OPTIONS ? 0 : ERROR_TARGET;
  return isAbsolute(target, bytes) ? 0 : ERROR_TARGET;
}

/** Returns whether a target is absolute-form: http or https and a host, without user information (RFC 9110 4.2). */
function isAbsolute(target: usize, bytes: i32): bool {
  if (bytes < 8 || (load<u32>(target) | LOWER_4) != HTTP) return false;
  let authority = target + 4;
  if ((load<u8>(authority) | 0x20) == 0x73) authority++;
  if ((load<u32>(authority) & THREE_BYTES) != SCHEME_END) return false;
  authority += 3;
  const end = target + bytes;
  let cursor = authority;
  while (cursor < end && load<u8>(cursor) != SLASH && load<u8>(cursor) != QUESTION) cursor++;
  return cursor > authority && load<u8>(authority) != COLON && isHost(authority, cursor);
}
