// Byte classes and the bytes of the grammar (RFC 9110 5.6, RFC 3986 2). Constants only.

export const CR: u8 = 0x0d;
export const LF: u8 = 0x0a;
export const SP: u8 = 0x20;
export const HTAB: u8 = 0x09;
export const COLON: u8 = 0x3a;
export const COMMA: u8 = 0x2c;
export const SLASH: u8 = 0x2f;
export const QUESTION: u8 = 0x3f;
export const DOT: u8 = 0x2e;
export const PERCENT: u8 = 0x25;
export const DIGIT_0: u8 = 0x30;
export const SEMICOLON: u8 = 0x3b;
export const EQUALS: u8 = 0x3d;
export const QUOTE: u8 = 0x22;
export const BACKSLASH: u8 = 0x5c;

/** CR LF as one little-endian word. */
export const CRLF: u16 = 0x0a0d;
/** An OR with this mask makes ASCII letters lower case. The caller must know that no other byte turns into a letter. */
export const LOWER_8: u64 = 0x2020202020202020;
export const LOWER_4: u32 = 0x20202020;
export const LOWER_2: u16 = 0x2020;
/** An AND with one of these masks keeps the first bytes of a little-endian word. */
export const SEVEN_BYTES: u64 = 0x00ffffffffffffff;
export const THREE_BYTES: u32 = 0x00ffffff;

/*
 * A byte class is two tables, indexed by nibble. All classes lie in 0x20..0x7f, which is six rows of sixteen bytes.
 * ROWS maps the high nibble of a byte to the bit of its row. The table of the class maps the low nibble to the bits
 * of all rows that contain the byte. A byte is in the class when the two entries share a bit. The tables are in
 * memory because V8 rebuilds a vector constant, instruction by instruction, at each use.
 */
export const ROWS = memory.data<u8>([0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0]);

/** tchar: letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 5.6.2). */
export const TCHAR = memory.data<u8>([
  0x3a, 0x3f, 0x3e, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3e, 0x3e, 0x3d, 0x15, 0x34, 0x15, 0x3d, 0x1c,
]);

/**
 * The bytes allowed in a request target: visible ASCII without "#<>\ . RFC 3986 allows fewer. Browsers send
 * the others, []{}|^` and a bare %, without encoding (WHATWG URL, query state).
 */
export const TARGET = memory.data<u8>([
  0x3e, 0x3f, 0x3e, 0x3e, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x35, 0x3f, 0x3d, 0x1f,
]);

/** unreserved and sub-delims: reg-name without its percent-encoded bytes (RFC 3986 3.2.2). */
export const REG_NAME = memory.data<u8>([
  0x2a, 0x3f, 0x3e, 0x3e, 0x3f, 0x3e, 0x3f, 0x3f, 0x3f, 0x3f, 0x3d, 0x17, 0x15, 0x17, 0x35, 0x1c,
]);

/** The same byte sixteen times. */
export const LOW_NIBBLES = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15]);
export const ONES = memory.data<u8>([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
/** One above the first byte that is not a control byte, sixteen times. */
export const PRINTABLE = memory.data<u8>([
  0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21,
]);

export function isTchar(byte: u8): bool {
  return (load<u8>(TCHAR + (byte & 15)) & load<u8>(ROWS + (byte >> 4))) != 0;
}

/** field-vchar, SP and HTAB (RFC 9110 5.5). */
export function isFieldByte(byte: u8): bool {
  return (byte >= SP || byte == HTAB) && byte != 0x7f;
}

export function isOws(byte: u8): bool {
  return byte == SP || byte == HTAB;
}

export function isDigit(byte: u8): bool {
  return u8(byte - 0x30) < 10;
}

export function isHex(byte: u8): bool {
  return isDigit(byte) || u8((byte | 0x20) - 0x61) < 6;
}
