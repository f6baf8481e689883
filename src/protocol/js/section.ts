// Parses a section of field lines up to its empty line; twin of assembly/section.ts.

import {
  ERROR_FIELD_COUNT,
  ERROR_FIELD_NAME,
  ERROR_FIELD_VALUE,
  ERROR_HEAD_SIZE,
  MORE,
  STATE_FIELD,
  STATE_START,
} from '../../memory/codes.ts';
import {
  FIELD_BYTES,
  HEADER_FIELD_COUNT_MAX,
  HEADER_HEAD_BYTES_MAX,
  RECORD_COLON_OFFSET,
  RECORD_CURSOR,
  RECORD_FIELD_COUNT,
  RECORD_FIELDS,
  RECORD_FLAGS,
  RECORD_NAME_OFFSET,
  RECORD_STATE,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { COLON, CR, isOws, LF, TCHAR } from './chars.ts';
import { noteField } from './fields.ts';
import { skip, skipFieldValue } from './scanner.ts';

/**
 * Parses the field lines that begin at `cursor`. Resumes inside a section when `state`, the record's state, is
 * `resumeState`. The size limit of a head counts from `head`. Returns the position after the empty line, or MORE, or
 * an error.
 */
export function parseSection(
  views: Views,
  record: number,
  start: number,
  head: number,
  cursor: number,
  end: number,
  state: number,
  resumeState: number,
): number {
  const { bytes, data, halves, words } = views;
  let name = cursor;
  let colon = cursor;
  let fieldCount = 0;
  let flags = words[(record + RECORD_FLAGS) >> 2] as number;
  if (state === resumeState) {
    name = start + (halves[(record + RECORD_NAME_OFFSET) >> 1] as number);
    colon = start + (halves[(record + RECORD_COLON_OFFSET) >> 1] as number);
    fieldCount = words[(record + RECORD_FIELD_COUNT) >> 2] as number;
  }
  // A field line begins at `name`; its name is scanned from `colon` on, its value from `cursor` on.
  while (true) {
    colon = skip(bytes, TCHAR, colon, end);
    if (cursor < colon) cursor = colon;
    cursor = skipFieldValue(bytes, data, cursor, end);
    const ended = cursor + 2 <= end && bytes[cursor] === CR && bytes[cursor + 1] === LF;
    // The parser rejects white space before the colon, folded lines and empty names (RFC 9112 5.1, 5.2).
    if (!ended || bytes[colon] !== COLON || colon === name) {
      if (ended && bytes[name] === CR) break;
      return stopInLine(views, record, start, head, name, colon, cursor, end, resumeState, fieldCount, flags);
    }
    if (fieldCount === words[HEADER_FIELD_COUNT_MAX >> 2])
      return fail(views, record, ERROR_FIELD_COUNT, head, cursor + 2);

    let value = colon + 1;
    let valueEnd = cursor;
    while (value < valueEnd && isOws(bytes[value] as number)) value++;
    while (valueEnd > value && isOws(bytes[valueEnd - 1] as number)) valueEnd--;
    const field = (record + RECORD_FIELDS + fieldCount * FIELD_BYTES) >> 1;
    halves[field] = name - start;
    halves[field + 1] = colon - name;
    halves[field + 2] = value - start;
    halves[field + 3] = valueEnd - value;
    fieldCount++;
    if (resumeState === STATE_FIELD)
      flags = noteField(views, record, start, name, colon, value, valueEnd, flags);
    cursor += 2;
    name = cursor;
    colon = cursor;
  }

  cursor += 2;
  words[(record + RECORD_STATE) >> 2] = STATE_START;
  words[(record + RECORD_FIELD_COUNT) >> 2] = fieldCount;
  words[(record + RECORD_FLAGS) >> 2] = flags;
  return cursor - head > (words[HEADER_HEAD_BYTES_MAX >> 2] as number) ? ERROR_HEAD_SIZE : cursor;
}

/** Judges an incomplete or invalid line that begins at `name`. Returns MORE, or an error. */
function stopInLine(
  views: Views,
  record: number,
  start: number,
  head: number,
  name: number,
  colon: number,
  cursor: number,
  end: number,
  resumeState: number,
  fieldCount: number,
  flags: number,
): number {
  const { bytes, halves } = views;
  if (name < end && bytes[name] === CR) {
    if (name + 1 < end) return fail(views, record, ERROR_FIELD_NAME, head, name + 2);
  } else if (colon < end) {
    if (bytes[colon] !== COLON || colon === name)
      return fail(views, record, ERROR_FIELD_NAME, head, colon + 1);
    if (cursor < end && bytes[cursor] !== CR) return fail(views, record, ERROR_FIELD_VALUE, head, cursor + 1);
    if (cursor + 1 < end) return fail(views, record, ERROR_FIELD_VALUE, head, cursor + 2);
  }
  halves[(record + RECORD_NAME_OFFSET) >> 1] = name - start;
  halves[(record + RECORD_COLON_OFFSET) >> 1] = colon - start;
  return suspend(views, record, start, head, cursor, end, resumeState, fieldCount, flags);
}

/** Returns an error that the bytes before `decided` decide, or the limit's error when they exceed the limit of a head. */
export function fail({ words }: Views, record: number, error: number, head: number, decided: number): number {
  words[(record + RECORD_STATE) >> 2] = STATE_START;
  return decided - head > (words[HEADER_HEAD_BYTES_MAX >> 2] as number) ? ERROR_HEAD_SIZE : error;
}

/** Stores where to resume and returns MORE, or the limit's error when the head has reached its limit without an end. */
export function suspend(
  { words }: Views,
  record: number,
  start: number,
  head: number,
  cursor: number,
  end: number,
  state: number,
  fieldCount: number,
  flags: number,
): number {
  if (end - head >= (words[HEADER_HEAD_BYTES_MAX >> 2] as number)) {
    words[(record + RECORD_STATE) >> 2] = STATE_START;
    return ERROR_HEAD_SIZE;
  }
  words[(record + RECORD_STATE) >> 2] = state;
  words[(record + RECORD_CURSOR) >> 2] = cursor - start;
  words[(record + RECORD_FIELD_COUNT) >> 2] = fieldCount;
  words[(record + RECORD_FLAGS) >> 2] = flags;
  return MORE;
}
