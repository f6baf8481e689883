// Parses chunk extensions (RFC 9112 7.1.1) byte by byte, so the input may be split at any byte. Their white space is BWS:
//
//   *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
//
// The server ignores extensions, but it must parse them. A recipient that skips them without parsing may find a
// different end of the line than a recipient that respects quotes, and then different messages (CVE-2026-33870).

import {
  STATE_CHUNK_SIZE_LF,
  STATE_EXTENSION,
  STATE_EXTENSION_NAME,
  STATE_EXTENSION_NAME_END,
  STATE_EXTENSION_NAME_START,
  STATE_EXTENSION_QUOTED,
  STATE_EXTENSION_QUOTED_PAIR,
  STATE_EXTENSION_VALUE,
  STATE_EXTENSION_VALUE_END,
  STATE_EXTENSION_VALUE_START,
} from '../src/memory/codes';
import { BACKSLASH, CR, EQUALS, isFieldByte, isOws, isTchar, QUOTE, SEMICOLON } from './chars';

/** Returned instead of a state when the byte is not allowed. */
export const MALFORMED = -1;

/**
 * Returns the state after `byte`, given the state before it, one of STATE_EXTENSION*. STATE_CHUNK_SIZE_LF means that the
 * extensions have ended, MALFORMED that the byte is not allowed here.
 */
export function afterExtensionByte(state: i32, byte: u8): i32 {
  switch (state) {
    case STATE_EXTENSION:
      if (byte == SEMICOLON) return STATE_EXTENSION_NAME_START;
      return isOws(byte) ? state : MALFORMED;
    case STATE_EXTENSION_NAME_START:
      if (isTchar(byte)) return STATE_EXTENSION_NAME;
      return isOws(byte) ? state : MALFORMED;
    case STATE_EXTENSION_NAME:
      if (isTchar(byte)) return state;
      if (byte == EQUALS) return STATE_EXTENSION_VALUE_START;
      if (isOws(byte)) return STATE_EXTENSION_NAME_END;
      return behindExtension(byte);
    case STATE_EXTENSION_NAME_END:
      if (byte == EQUALS) return STATE_EXTENSION_VALUE_START;
      if (byte == SEMICOLON) return STATE_EXTENSION_NAME_START;
      return isOws(byte) ? state : MALFORMED;
    case STATE_EXTENSION_VALUE_START:
      if (isTchar(byte)) return STATE_EXTENSION_VALUE;
      if (byte == QUOTE) return STATE_EXTENSION_QUOTED;
      return isOws(byte) ? state : MALFORMED;
    case STATE_EXTENSION_VALUE:
      return isTchar(byte) ? state : behindExtension(byte);
    case STATE_EXTENSION_QUOTED:
      if (byte == QUOTE) return STATE_EXTENSION_VALUE_END;
      if (byte == BACKSLASH) return STATE_EXTENSION_QUOTED_PAIR;
      return isFieldByte(byte) ? state : MALFORMED;
    case STATE_EXTENSION_QUOTED_PAIR:
      return isFieldByte(byte) ? STATE_EXTENSION_QUOTED : MALFORMED;
    default:
      return behindExtension(byte);
  }
}

/** Returns the state after the byte that follows a chunk size, a name or a value. White space requires an extension. */
export function behindExtension(byte: u8): i32 {
  if (byte == CR) return STATE_CHUNK_SIZE_LF;
  if (byte == SEMICOLON) return STATE_EXTENSION_NAME_START;
  return isOws(byte) ? STATE_EXTENSION : MALFORMED;
}
