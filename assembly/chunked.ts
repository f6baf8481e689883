// Decodes the chunked coding (RFC 9112 7.1), piece by piece. The record holds the state, so input may stop at any byte.

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
} from '../src/memory/codes';
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
} from '../src/memory/layout';
import { CR, isHex, LF } from './chars';
import { afterExtensionByte, behindExtension, MALFORMED } from './extension';
import { INTEGER_MAX } from './number';

/**
 * Consumes chunks from `cursor` to the end of the next piece of content. Stops earlier when the input ends or when
 * the trailer section begins; the record's state shows which. Returns the position reached, or an error.
 */
export function consumeChunks(record: usize, cursor: usize, end: usize): i32 {
  let state = load<i32>(record, RECORD_STATE);
  while (cursor < end && state != STATE_TRAILER) {
    if (state == STATE_CHUNK_DATA) {
      cursor = takeContent(record, cursor, end);
      if (load<f64>(record, RECORD_CONTENT_REMAINING) == 0) state = STATE_CHUNK_DATA_CR;
      break;
    }
    const byte = load<u8>(cursor++);
    if (state >= STATE_EXTENSION && state <= STATE_EXTENSION_VALUE_END) {
      state = afterExtensionByte(state, byte);
      if (state == MALFORMED) return ERROR_CHUNK;
      if (state == STATE_CHUNK_SIZE_LF) continue;
      const bytes = load<i32>(record, RECORD_EXTENSION_BYTES) + 1;
      if (bytes > EXTENSION_BYTES_MAX) return ERROR_CHUNK_EXTENSION;
      store<i32>(record, bytes, RECORD_EXTENSION_BYTES);
      continue;
    }
    switch (state) {
      case STATE_CHUNK_SIZE:
        if (!isHex(byte)) return ERROR_CHUNK;
        store<f64>(record, hexValue(byte), RECORD_CONTENT_REMAINING);
        store<i32>(record, 1, RECORD_CHUNK_SIZE_DIGITS);
        state = STATE_CHUNK_SIZE_MORE;
        break;
      case STATE_CHUNK_SIZE_MORE:
        if (isHex(byte)) {
          const size = load<f64>(record, RECORD_CONTENT_REMAINING) * 16 + hexValue(byte);
          const digits = load<i32>(record, RECORD_CHUNK_SIZE_DIGITS) + 1;
          if (size > INTEGER_MAX || digits > CHUNK_SIZE_DIGITS_MAX) return ERROR_CHUNK;
          store<f64>(record, size, RECORD_CONTENT_REMAINING);
          store<i32>(record, digits, RECORD_CHUNK_SIZE_DIGITS);
        } else {
          state = behindExtension(byte);
          if (state == MALFORMED) return ERROR_CHUNK;
        }
        break;
      case STATE_CHUNK_SIZE_LF: {
        if (byte != LF) return ERROR_CHUNK;
        const size = load<f64>(record, RECORD_CONTENT_REMAINING);
        const total = load<f64>(record, RECORD_CONTENT_BYTES) + size;
        if (total > load<f64>(HEADER_CONTENT_BYTES_MAX)) return ERROR_CONTENT_SIZE;
        store<f64>(record, total, RECORD_CONTENT_BYTES);
        state = size == 0 ? STATE_TRAILER : STATE_CHUNK_DATA;
        break;
      }
      case STATE_CHUNK_DATA_CR:
        if (byte != CR) return ERROR_CHUNK;
        state = STATE_CHUNK_DATA_LF;
        break;
      default:
        if (byte != LF) return ERROR_CHUNK;
        state = STATE_CHUNK_SIZE;
    }
  }
  store<i32>(record, state, RECORD_STATE);
  return <i32>cursor;
}

/** Consumes the received bytes of the content or of the current chunk as one piece. Returns the position after it. */
export function takeContent(record: usize, cursor: usize, end: usize): usize {
  const remaining = load<f64>(record, RECORD_CONTENT_REMAINING);
  const taken = min(remaining, <f64>(end - cursor));
  store<f64>(record, remaining - taken, RECORD_CONTENT_REMAINING);
  store<i32>(record, <i32>taken, RECORD_PIECE_BYTES);
  return cursor + <usize>taken;
}

function hexValue(byte: u8): f64 {
  return <f64>(byte < 0x40 ? byte - 0x30 : (byte | 0x20) - 0x57);
}
