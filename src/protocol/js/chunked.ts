// Decodes the chunked coding (RFC 9112 7.1), piece by piece; twin of assembly/chunked.ts.

import {
  ERROR_CHUNK,
  ERROR_CHUNK_EXTENSION,
  ERROR_CONTENT_SIZE,
  STATE_CHUNK_DATA,
  STATE_CHUNK_DATA_CR,
  STATE_CHUNK_DATA_LF,
  STATE_CHUNK_SIZE,
  STATE_CHUNK_SIZE_LF,
  STATE_CHUNK_SIZE_MORE,
  STATE_EXTENSION,
  STATE_EXTENSION_VALUE_END,
  STATE_TRAILER,
} from '../../memory/codes.ts';
import {
  CHUNK_SIZE_DIGITS_MAX,
  EXTENSION_BYTES_MAX,
  HEADER_CONTENT_BYTES_MAX,
  RECORD_CHUNK_SIZE_DIGITS,
  RECORD_CONTENT_BYTES,
  RECORD_CONTENT_REMAINING,
  RECORD_EXTENSION_BYTES,
  RECORD_PIECE_BYTES,
  RECORD_STATE,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { CR, isHex, LF } from './chars.ts';
import { afterExtensionByte, behindExtension, MALFORMED } from './extension.ts';

/**
 * Consumes chunks from `cursor` to the end of the next piece of content. Stops earlier when the input ends or when
 * the trailer section begins; the record's state shows which. Returns the position reached, or an error.
 */
export function consumeChunks(views: Views, record: number, cursor: number, end: number): number {
  const { bytes, words, doubles } = views;
  const remaining = (record + RECORD_CONTENT_REMAINING) >> 3;
  let state = words[(record + RECORD_STATE) >> 2] as number;
  while (cursor < end && state !== STATE_TRAILER) {
    if (state === STATE_CHUNK_DATA) {
      cursor = takeContent(views, record, cursor, end);
      if (doubles[remaining] === 0) state = STATE_CHUNK_DATA_CR;
      break;
    }
    const byte = bytes[cursor++] as number;
    if (state >= STATE_EXTENSION && state <= STATE_EXTENSION_VALUE_END) {
      state = afterExtensionByte(state, byte);
      if (state === MALFORMED) return ERROR_CHUNK;
      if (state === STATE_CHUNK_SIZE_LF) continue;
      const size = (words[(record + RECORD_EXTENSION_BYTES) >> 2] as number) + 1;
      if (size > EXTENSION_BYTES_MAX) return ERROR_CHUNK_EXTENSION;
      words[(record + RECORD_EXTENSION_BYTES) >> 2] = size;
      continue;
    }
    switch (state) {
      case STATE_CHUNK_SIZE:
        if (!isHex(byte)) return ERROR_CHUNK;
        doubles[remaining] = hexValue(byte);
        words[(record + RECORD_CHUNK_SIZE_DIGITS) >> 2] = 1;
        state = STATE_CHUNK_SIZE_MORE;
        break;
      case STATE_CHUNK_SIZE_MORE:
        if (isHex(byte)) {
          const size = (doubles[remaining] as number) * 16 + hexValue(byte);
          const digits = (words[(record + RECORD_CHUNK_SIZE_DIGITS) >> 2] as number) + 1;
          if (size > Number.MAX_SAFE_INTEGER || digits > CHUNK_SIZE_DIGITS_MAX) return ERROR_CHUNK;
          doubles[remaining] = size;
          words[(record + RECORD_CHUNK_SIZE_DIGITS) >> 2] = digits;
        } else {
          state = behindExtension(byte);
          if (state === MALFORMED) return ERROR_CHUNK;
        }
        break;
      case STATE_CHUNK_SIZE_LF: {
        if (byte !== LF) return ERROR_CHUNK;
        const total = (record + RECORD_CONTENT_BYTES) >> 3;
        const size = doubles[remaining] as number;
        const sum = (doubles[total] as number) + size;
        if (sum > (doubles[HEADER_CONTENT_BYTES_MAX >> 3] as number)) return ERROR_CONTENT_SIZE;
        doubles[total] = sum;
        state = size === 0 ? STATE_TRAILER : STATE_CHUNK_DATA;
        break;
      }
      case STATE_CHUNK_DATA_CR:
        if (byte !== CR) return ERROR_CHUNK;
        state = STATE_CHUNK_DATA_LF;
        break;
      default:
        if (byte !== LF) return ERROR_CHUNK;
        state = STATE_CHUNK_SIZE;
    }
  }
  words[(record + RECORD_STATE) >> 2] = state;
  return cursor;
}

/** Consumes the received bytes of the content or of the current chunk as one piece. Returns the position after it. */
export function takeContent({ words, doubles }: Views, record: number, cursor: number, end: number): number {
  const place = (record + RECORD_CONTENT_REMAINING) >> 3;
  const remaining = doubles[place] as number;
  const taken = Math.min(remaining, end - cursor);
  doubles[place] = remaining - taken;
  words[(record + RECORD_PIECE_BYTES) >> 2] = taken;
  return cursor + taken;
}

function hexValue(byte: number): number {
  return byte < 0x40 ? byte - 0x30 : (byte | 0x20) - 0x57;
}
