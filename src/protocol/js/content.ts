// The content behind a head (RFC 9112 6); twin of assembly/content.ts.

import { RECORD_CONTENT_REMAINING, RECORD_CURSOR, RECORD_STATE } from '../../wasm/layout.ts';
import { MORE, STATE_CONTENT, STATE_START, STATE_TRAILER } from '../codes.ts';
import { skipChunks, takeContent } from './chunked.ts';
import { parseSection } from './section.ts';
import type { Views } from './views.ts';

/** The position it came to, or an error; the record's state is STATE_START when the message has ended. */
export function skipContent(views: Views, record: number, start: number, end: number): number {
  const { words, doubles } = views;
  let state = words[(record + RECORD_STATE) >> 2] as number;
  if (state === STATE_CONTENT) {
    const cursor = takeContent(views, record, start, end);
    if (doubles[(record + RECORD_CONTENT_REMAINING) >> 3] === 0)
      words[(record + RECORD_STATE) >> 2] = STATE_START;
    return cursor;
  }
  let cursor = start;
  if (state !== STATE_TRAILER) {
    cursor = skipChunks(views, record, start, end);
    if (cursor < 0 || words[(record + RECORD_STATE) >> 2] !== STATE_TRAILER) return cursor;
    // The trailer section is parsed like a head's: from its own start, carried until it is whole.
    state = STATE_START;
    start = cursor;
  } else cursor = start + (words[(record + RECORD_CURSOR) >> 2] as number);
  const result = parseSection(views, record, start, start, cursor, end, state, STATE_TRAILER);
  return result === MORE ? start : result;
}
