// The content behind a head (RFC 9112 6): piece by piece for whoever wants it, or skipped.

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
 * Consumes content from `start` on up to behind its next piece, whose size is then in the record. The position it
 * came to, or an error; the record's state is STATE_START when the message has ended there.
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
    // The trailer section is parsed like a head's: from its own start, carried until it is whole.
    state = STATE_START;
    start = cursor;
  } else cursor = start + load<u32>(record, RECORD_CURSOR);
  const result = parseSection(record, start, start, cursor, end, state, STATE_TRAILER);
  if (result == MORE) return <i32>start;
  // Whoever refuses the message must still find the record in it.
  if (result < 0) store<i32>(record, STATE_TRAILER, RECORD_STATE);
  else store<i32>(record, result - <i32>start, RECORD_TRAILER_BYTES);
  return result;
}

/** The same up to the end of the message or of what is there, whatever the pieces are. */
export function skipContent(record: usize, start: usize, end: usize): i32 {
  while (true) {
    const result = consumeContent(record, start, end);
    if (result < 0 || <usize>result == end) return result;
    // Nothing behind a piece: its end, or the beginning of a trailer section.
    if (load<i32>(record, RECORD_PIECE_BYTES) == 0 || load<i32>(record, RECORD_STATE) == STATE_START)
      return result;
    start = result;
  }
}
