// Parses a section of field lines up to its empty line: the fields of a head (RFC 9112 5) or the trailers of chunked
// content (7.1.2). The parser records trailer fields, but the server does not obey them (RFC 9110 6.5.1).

import {
  ERROR_FIELD_COUNT,
  ERROR_FIELD_NAME,
  ERROR_FIELD_VALUE,
  ERROR_HEAD_SIZE,
  MORE,
  STATE_FIELD,
  STATE_START,
} from '../src/memory/codes';
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
} from '../src/memory/layout';
import { COLON, CR, CRLF, isOws, SP } from './chars';
import { bindsServer, noteField } from './fields';
import { skipFieldValue, skipToken } from './scanner';

/**
 * Parses the field lines that begin at `cursor`. Resumes inside a section when `state`, the record's state, is
 * `resumeState`. The size limit of a head counts from `head`. Returns the position after the empty line, or MORE, or
 * an error.
 */
export function parseSection(
  record: usize,
  start: usize,
  head: usize,
  cursor: usize,
  end: usize,
  state: i32,
  resumeState: i32,
): i32 {
  let name = cursor;
  let colon = cursor;
  let fieldCount = 0;
  let flags = load<i32>(record, RECORD_FLAGS);
  if (state == resumeState) {
    name = start + load<u16>(record, RECORD_NAME_OFFSET);
    colon = start + load<u16>(record, RECORD_COLON_OFFSET);
    fieldCount = load<i32>(record, RECORD_FIELD_COUNT);
  }
  // A field line begins at `name`. The name is scanned from `colon` on, the whole line from `cursor` on. The two scans
  // are independent, so the CPU can search for the end of the line before it has found the end of the name.
  while (true) {
    colon = skipToken(colon, end);
    cursor = skipFieldValue(cursor, end);
    const ended = load<u16>(cursor) == CRLF && cursor + 2 <= end;
    // The parser rejects white space before the colon, folded lines and empty names (RFC 9112 5.1, 5.2).
    if (!ended || load<u8>(colon) != COLON || colon == name) {
      if (ended && load<u8>(name) == CR) break;
      return stopInLine(record, start, head, name, colon, cursor, end, resumeState, fieldCount, flags);
    }
    if (fieldCount == load<i32>(HEADER_FIELD_COUNT_MAX))
      return fail(record, ERROR_FIELD_COUNT, head, cursor + 2);

    let value = colon + 1;
    let valueEnd = cursor;
    if (load<u8>(value) == SP) value++;
    if (isOws(load<u8>(value)) || isOws(load<u8>(valueEnd - 1))) {
      while (value < valueEnd && isOws(load<u8>(value))) value++;
      while (valueEnd > value && isOws(load<u8>(valueEnd - 1))) valueEnd--;
    }
    const nameBytes = <i32>(colon - name);
    store<u64>(
      record + fieldCount * FIELD_BYTES,
      <u64>(name - start) |
        ((<u64>nameBytes) << 16) |
        ((<u64>(value - start)) << 32) |
        ((<u64>(valueEnd - value)) << 48),
      RECORD_FIELDS,
    );
    fieldCount++;
    if (resumeState == STATE_FIELD && bindsServer(name, nameBytes))
      flags = noteField(record, start, name, nameBytes, value, valueEnd, flags);
    cursor += 2;
    name = cursor;
    colon = cursor;
  }

  cursor += 2;
  store<i32>(record, STATE_START, RECORD_STATE);
  store<i32>(record, fieldCount, RECORD_FIELD_COUNT);
  store<i32>(record, flags, RECORD_FLAGS);
  return <i32>(cursor - head) > load<i32>(HEADER_HEAD_BYTES_MAX) ? ERROR_HEAD_SIZE : <i32>cursor;
}

/** Judges an incomplete or invalid line that begins at `name`. Returns MORE, or an error. */
function stopInLine(
  record: usize,
  start: usize,
  head: usize,
  name: usize,
  colon: usize,
  cursor: usize,
  end: usize,
  resumeState: i32,
  fieldCount: i32,
  flags: i32,
): i32 {
  if (name < end && load<u8>(name) == CR) {
    if (name + 1 < end) return fail(record, ERROR_FIELD_NAME, head, name + 2);
  } else if (colon < end) {
    if (load<u8>(colon) != COLON || colon == name) return fail(record, ERROR_FIELD_NAME, head, colon + 1);
    if (cursor < end && load<u8>(cursor) != CR) return fail(record, ERROR_FIELD_VALUE, head, cursor + 1);
    if (cursor + 1 < end) return fail(record, ERROR_FIELD_VALUE, head, cursor + 2);
  }
  store<u16>(record, <u16>(name - start), RECORD_NAME_OFFSET);
  store<u16>(record, <u16>(colon - start), RECORD_COLON_OFFSET);
  return suspend(record, start, head, cursor, end, resumeState, fieldCount, flags);
}

/** Returns an error that the bytes before `decided` decide, or the limit's error when they exceed the limit of a head. */
export function fail(record: usize, error: i32, head: usize, decided: usize): i32 {
  store<i32>(record, STATE_START, RECORD_STATE);
  return <i32>(decided - head) > load<i32>(HEADER_HEAD_BYTES_MAX) ? ERROR_HEAD_SIZE : error;
}

/** Stores where to resume and returns MORE, or the limit's error when the head has reached its limit without an end. */
export function suspend(
  record: usize,
  start: usize,
  head: usize,
  cursor: usize,
  end: usize,
  state: i32,
  fieldCount: i32,
  flags: i32,
): i32 {
  if (<i32>(end - head) >= load<i32>(HEADER_HEAD_BYTES_MAX)) {
    store<i32>(record, STATE_START, RECORD_STATE);
    return ERROR_HEAD_SIZE;
  }
  store<i32>(record, state, RECORD_STATE);
  store<i32>(record, <i32>(cursor - start), RECORD_CURSOR);
  store<i32>(record, fieldCount, RECORD_FIELD_COUNT);
  store<i32>(record, flags, RECORD_FLAGS);
  return MORE;
}
