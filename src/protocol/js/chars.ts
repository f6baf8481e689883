// Byte classes (RFC 9110 5.6, RFC 3986 2). Each class is a table of 256 entries; 1 marks a member.

import { TOKEN_MARKS } from '../token.ts';

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const QUESTION = 0x3f;
export const DOT = 0x2e;
export const PERCENT = 0x25;
export const DIGIT_0 = 0x30;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;

const ALPHA = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGIT = '0123456789';

/** tchar: letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 5.6.2). */
export const TCHAR = classOf(TOKEN_MARKS + DIGIT + ALPHA);

/** The bytes allowed in a request target: visible ASCII without "#<>\ . assembly/chars.ts gives the reason. */
export const TARGET = classOf(`!$%&'()*+,-./:;=?@[]^_\`{|}~${DIGIT}${ALPHA}`);

/** unreserved and sub-delims: reg-name without its percent-encoded bytes (RFC 3986 3.2.2). */
export const REG_NAME = classOf(`-._~!$&'()*+,;=${DIGIT}${ALPHA}`);

/** field-vchar, SP and HTAB (RFC 9110 5.5). */
export const FIELD_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => (isFieldByte(byte) ? 1 : 0));

/** Returns whether a byte is field-vchar, SP or HTAB (RFC 9110 5.5). */
export function isFieldByte(byte: number): boolean {
  return (byte >= SP || byte === HTAB) && byte !== 0x7f;
}

export function isOws(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

export function isHex(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function classOf(members: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const member of members) table[member.charCodeAt(0)] = 1;
  return table;
}
