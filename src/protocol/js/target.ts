// Validates the forms of a request target other than origin-form (RFC 9112 3.2); twin of assembly/target.ts.

import { ERROR_TARGET, METHOD_OPTIONS } from '../../memory/codes.ts';
import { COLON, SLASH } from './chars.ts';
import { isHost } from './host.ts';
import { ascii, matches, matchesLower } from './scanner.ts';

const ASTERISK = 0x2a;
const QUESTION = 0x3f;
const HTTP = ascii('http');
const SCHEME_END = ascii('://');

/**
 * Judges a target that does not begin with a slash. Returns 0 when the target is valid for its method, else the error.
 * Only CONNECT uses authority-form, and the parser rejects CONNECT earlier.
 */
export function judgeTarget(bytes: Uint8Array, method: number, target: number, end: number): number {
  if (end - target === 1 && bytes[target] === ASTERISK) return method === METHOD_OPTIONS ? 0 : ERROR_TARGET;
  return isAbsolute(bytes, target, end) ? 0 : ERROR_TARGET;
}

/** Returns whether a target is absolute-form: http or https and a host, without user information (RFC 9110 4.2). */
function isAbsolute(bytes: Uint8Array, target: number, end: number): boolean {
  if (end - target < 8 || !matchesLower(bytes, target, target + 4, HTTP)) return false;
  let authority = target + 4;
  if (((bytes[authority] as number) | 0x20) === 0x73) authority++;
  if (!matches(bytes, authority, SCHEME_END)) return false;
  authority += 3;
  let cursor = authority;
  while (cursor < end && bytes[cursor] !== SLASH && bytes[cursor] !== QUESTION) cursor++;
  return cursor > authority && bytes[authority] !== COLON && isHost(bytes, authority, cursor);
}
