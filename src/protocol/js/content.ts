// The content behind a head (RFC 9112 6); twin of assembly/content.ts.

import { MORE, STATE_CONTENT, STATE_START, STATE_TRAILER } from '../../memory/codes.ts';
import {
  RECORD_CONTENT_REMAINING,
  RECORD_CURSOR,
  RECORD_PIECE_BYTES,
  RECORD_STATE,
  RECORD_TRAILER_BYTES,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { consumeChunks, takeContent } from './chunked.ts';
import { parseSection } from './section.ts';

/** Up to behind the next piece, whose size is then in the record. The position it came to, or an error. */
export function consumeContent(views: Views, record: number, start: number, end: number): number {
  const { words, doubles } = views;
  let state = words[(record + RECORD_STATE) >> 2] as number;
  words[(record + RECORD_PIECE_BYTES) >> 2] = 0;
  if (state === STATE_CONTENT) {
    const cursor = takeContent(views, record, start, end);
    if (doubles[(record + RECORD_CONTENT_REMAINING) >> 3] === 0)
      words[(record + RECORD_STATE) >> 2] = STATE_START;
    return cursor;
  }
  let cursor = start;
  if (state !== STATE_TRAILER) {
    cursor = consumeChunks(views, record, start, end);
    if (cursor < 0 || words[(record + RECORD_STATE) >> 2] !== STATE_TRAILER) return cursor;
    // The trailer section is parsed like a head's: from its own start, carried until it is whole.
    state = STATE_START;
    start = cursor;
  } else cursor = start + (words[(record + RECORD_CURSOR) >> 2] as number);
  const result = parseSection(views, record, start, start, cursor, end, state, STATE_TRAILER);
  if (result === MORE) return start;
  // Whoever refuses the message must still find the record in it.
  if (result < 0) words[(record + RECORD_STATE) >> 2] = STATE_TRAILER;
  else words[(record + RECORD_TRAILER_BYTES) >> 2] = result - start;
  return result;
}

/** Up to the end of the message or of what is there. The position it came to, or an error. */
export function skipContent(views: Views, record: number, start: number, end: number): number {
  const { words } = views;
  for (;;) {
    const result = consumeContent(views, record, start, end);
    if (result < 0 || result === end) return result;
    // Nothing behind a piece: its end, or the beginning of a trailer section.
    if (words[(record + RECORD_PIECE_BYTES) >> 2] === 0) return result;
    if (words[(record + RECORD_STATE) >> 2] === STATE_START) return result;
    start = result;
  }
}
