// Consumes the content after a head (RFC 9112 6), either piece by piece for the caller or skipped as a whole.

import { MORE, STATE_CONTENT, STATE_START, STATE_TRAILER } from '../src/memory/codes';
import {
  RECORD_CONTENT_REMAINING,
  RECORD_CURSOR,
  RECORD_PIECE_BYTES,
  RECORD_STATE,
  RECORD_TRAILER_BYTES,
} from '../src/memory/layout';
import { consumeChunks, takeContent } from './chunked';
import { parseSection } from './section';

/**
 * Consumes content from `start` to the end of its next piece and stores the size of the piece in the record. Returns the
 * position reached, or an error. The record's state is STATE_START when the message ends there.
 */
export function consumeContent(record: usize, start: usize, end: usize): i32 {
  let state = load<i32>(record, RECORD_STATE);
  store<i32>(record, 0, RECORD_PIECE_BYTES);
  if (state == STATE_CONTENT) {
    const cursor = takeContent(record, start, end);
    if (load<f64>(record, RECORD_CONTENT_REMAINING) == 0) store<i32>(record, STATE_START, RECORD_STATE);
    return <i32>cursor;
  }
  let cursor = start;
  if (state != STATE_TRAILER) {
    const result = consumeChunks(record, start, end);
    if (result < 0) return result;
    cursor = result;
    if (load<i32>(record, RECORD_STATE) != STATE_TRAILER) return result;
    // The trailer section is parsed like the fields of a head: from its first byte, carried until it is complete.
    state = STATE_START;
    start = cursor;
  } else cursor = start + load<u32>(record, RECORD_CURSOR);
  const result = parseSection(record, start, start, cursor, end, state, STATE_TRAILER);
  if (result == MORE) return <i32>start;
  // The code that rejects the message must still find the record inside that message.
  if (result < 0) store<i32>(record, STATE_TRAILER, RECORD_STATE);
  else store<i32>(record, result - <i32>start, RECORD_TRAILER_BYTES);
  return result;
}

/** Consumes all pieces up to the end of the message or of the input. Returns the position reached, or an error. */
export function skipContent(record: usize, start: usize, end: usize): i32 {
  while (true) {
    const result = consumeContent(record, start, end);
    if (result < 0 || <usize>result == end) return result;
    // An empty piece means that the input has ended or that a trailer section begins.
    if (load<i32>(record, RECORD_PIECE_BYTES) == 0 || load<i32>(record, RECORD_STATE) == STATE_START)
      return result;
    start = result;
  }
}
