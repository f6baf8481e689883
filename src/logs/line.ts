// A line that is being built in a ring. Texts from outside are written byte by byte, so that they are escaped on the way, and
// are cut at a limit. All that is written is ASCII.

import type { KeptBytes } from '../wasm/slot.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DELETE = 0x7f;
const DIGIT_0 = 0x30;
const DOT = 0x2e;
const LOWER_U = 0x75;
const LOWER_X = 0x78;
const LF = 0x0a;
const HEX_LOWER = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const HEX_UPPER = Uint8Array.from('0123456789ABCDEF', (digit) => digit.charCodeAt(0));

/** 1: the byte stands for itself. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < DELETE && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** How a format writes bytes that are not plain: quotes, backslashes, control bytes, and bytes beyond ASCII. */
export type Escape = 'json' | 'hex';

/** The longest escape: \u00e4. */
const ESCAPE_BYTES_MAX = 6;

export class Line {
  at = 0;
  private readonly json: boolean;

  constructor(
    readonly bytes: Uint8Array,
    private readonly data: DataView,
    escaping: Escape,
  ) {
    this.json = escaping === 'json';
  }

  /** Writes kept bytes. Storing words is several times as fast as storing bytes. */
  kept({ words, size }: KeptBytes): void {
    const { at, data } = this;
    for (let i = 0; i < words.length; i++) data.setInt32(at + 4 * i, words[i] as number, true);
    this.at = at + size;
  }

  end(): void {
    this.bytes[this.at++] = LF;
  }

  /** Writes [start, end) of `source`, escaped. @param bytesMax no more bytes are written; the text is cut */
  span(source: Uint8Array, start: number, end: number, bytesMax: number): void {
    const { bytes } = this;
    const atMax = this.at + bytesMax - ESCAPE_BYTES_MAX;
    let { at } = this;
    for (let i = start; i < end && at <= atMax; i++) {
      const byte = source[i] as number;
      if (PLAIN[byte] === 1) bytes[at++] = byte;
      else at = this.escape(byte, at);
    }
    this.at = at;
  }

  /** Writes a text, escaped. @param text Latin-1 @param bytesMax as for span() */
  text(text: string, bytesMax: number): void {
    const { bytes } = this;
    const atMax = this.at + bytesMax - ESCAPE_BYTES_MAX;
    let { at } = this;
    for (let i = 0; i < text.length && at <= atMax; i++) {
      const byte = text.charCodeAt(i) & 0xff;
      if (PLAIN[byte] === 1) bytes[at++] = byte;
      else at = this.escape(byte, at);
    }
    this.at = at;
  }

  /** Writes a whole number from 0 to 2 ** 53. */
  decimal(n: number): void {
    const { bytes } = this;
    let digits = 1;
    for (let bound = 10; bound <= n; bound *= 10) digits++;
    const end = this.at + digits;
    let rest = n;
    for (let at = end - 1; at >= this.at; at--) {
      const next = Math.floor(rest / 10);
      bytes[at] = DIGIT_0 + (rest - next * 10);
      rest = next;
    }
    this.at = end;
  }

  /** Writes a whole number with so many digits. */
  digits(n: number, count: number): void {
    let rest = n;
    for (let at = this.at + count - 1; at >= this.at; at--) {
      const next = Math.floor(rest / 10);
      this.bytes[at] = DIGIT_0 + (rest - next * 10);
      rest = next;
    }
    this.at += count;
  }

  /** Writes a time in milliseconds: three decimals, and none for a whole number. */
  milliseconds(ms: number): void {
    const us = Math.max(0, Math.round(ms * 1000));
    const whole = Math.floor(us / 1000);
    this.decimal(whole);
    if (us === whole * 1000) return;
    this.bytes[this.at++] = DOT;
    this.digits(us - whole * 1000, 3);
  }

  private escape(byte: number, at: number): number {
    const { bytes } = this;
    let end = at;
    bytes[end++] = BACKSLASH;
    if (!this.json) {
      bytes[end++] = LOWER_X;
      bytes[end++] = HEX_UPPER[byte >> 4] as number;
      bytes[end++] = HEX_UPPER[byte & 15] as number;
    } else if (byte === QUOTE || byte === BACKSLASH) bytes[end++] = byte;
    else {
      bytes[end++] = LOWER_U;
      bytes[end++] = DIGIT_0;
      bytes[end++] = DIGIT_0;
      bytes[end++] = HEX_LOWER[byte >> 4] as number;
      bytes[end++] = HEX_LOWER[byte & 15] as number;
    }
    return end;
  }
}
