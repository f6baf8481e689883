// Consumes the content after a head (RFC 9112 6); twin of assembly/content.ts.

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

/**
 * Consumes content from `start` to the end of its next piece and stores the size of the piece in the record. Returns the
 * position reached, or an error. The record's state is STATE_START when the message ends there.
 */
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
    // The trailer section is parsed like the fields of a head: from its first byte, carried until it is complete.
    state = STATE_START;
    start = cursor;
  } else cursor = start + (words[(record + RECORD_CURSOR) >> 2] as number);
  const result = parseSection(views, record, start, start, cursor, end, state, STATE_TRAILER);
  if (result === MORE) return start;
  // The code that rejects the message must still find the record inside that message.
  if (result < 0) words[(record + RECORD_STATE) >> 2] = STATE_TRAILER;
  else words[(record + RECORD_TRAILER_BYTES) >> 2] = result - start;
  return result;
}

/** Consumes all pieces up to the end of the message or of the input. Returns the position reached, or an error. */
export function skipContent(views: Views, record: number, start: number, end: number): number {
  const { words } = views;
  for (;;) {
    const result = consumeContent(views, record, start, end);
    if (result < 0 || result === end) return result;
    // An empty piece means that the input has ended or that a trailer section begins.
    if (words[(record + RECORD_PIECE_BYTES) >> 2] === 0) return result;
    if (words[(record + RECORD_STATE) >> 2] === STATE_START) return result;
    start = result;
  }
}
