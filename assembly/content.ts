// The content behind a head (RFC 9112 6), consumed as far as it has come.

import { MORE, STATE_CONTENT, STATE_START, STATE_TRAILER } from '../src/protocol/codes';
import { RECORD_CONTENT_REMAINING, RECORD_CURSOR, RECORD_STATE } from '../src/wasm/layout';
import { skipChunks, takeContent } from './chunked';
import { parseSection } from './section';

/**
 * Consumes content from `start` on. The position it came to, or an error; the record's state is
 * STATE_START when the message has ended there, else more bytes are missing.
 */
export function skipContent(record: usize, start: usize, end: usize): i32 {
  let state = load<i32>(record, RECORD_STATE);
  if (state == STATE_CONTENT) {
    const cursor = takeContent(record, start, end);
    if (load<f64>(record, RECORD_CONTENT_REMAINING) == 0) store<i32>(record, STATE_START, RECORD_STATE);
    return <i32>cursor;
  }
  let cursor = start;
  if (state != STATE_TRAILER) {
    const result = skipChunks(record, start, end);
    if (result < 0) return result;
    cursor = result;
    if (load<i32>(record, RECORD_STATE) != STATE_TRAILER) return result;
    // The trailer section is parsed like a head's: from its own start, carried until it is whole.
    state = STATE_START;
    start = cursor;
  } else cursor = start + load<u32>(record, RECORD_CURSOR);
  const result = parseSection(record, start, start, cursor, end, state, STATE_TRAILER);
  return result == MORE ? <i32>start : result;
}
