// Converts the pieces of a body to bytes. The standard allows only streams of Uint8Array; many programs write strings
// and other buffers into their streams.

import { types } from 'node:util';
import { kindOf } from './kind.ts';

const NOTHING = new Uint8Array(0);

/** Any buffer source. */
export type Bytes = ArrayBufferView | ArrayBufferLike;

export function isBytes(value: unknown): value is Bytes {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

/** The bytes of a buffer source, not copied. */
export function bytesOf(source: Bytes): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  return new Uint8Array(source);
}

/**
 * Converts the pieces of one body, in order. A string becomes UTF-8; a surrogate pair may be split over two strings.
 */
export class PieceEncoder {
  /** The first half of a surrogate pair, whose second half may begin the next string. */
  private half = '';

  /**
   * Converts a piece to bytes.
   * @throws TypeError that names the kind of the piece, when it is neither a string nor bytes
   */
  bytesOf(piece: unknown): Uint8Array {
    if (typeof piece === 'string') return this.encode(piece);
    if (!isBytes(piece))
      throw new TypeError(`a piece of a body must be bytes or a string, not ${kindOf(piece)}`);
    const bytes = bytesOf(piece);
    return this.half === '' || bytes.length === 0 ? bytes : Buffer.concat([this.end(), bytes]);
  }

  /** Returns the bytes that are left at the end of the body. */
  end(): Uint8Array {
    if (this.half === '') return NOTHING;
    const { half } = this;
    this.half = '';
    return Buffer.from(half);
  }

  private encode(piece: string): Uint8Array {
    if (piece === '') return NOTHING;
    let text = this.half + piece;
    this.half = '';
    if (isFirstHalf(text.charCodeAt(text.length - 1))) {
      this.half = text.slice(-1);
      text = text.slice(0, -1);
    }
    return Buffer.from(text);
  }
}

function isFirstHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
