// Evaluates conditional requests (RFC 9110 13): whether the client already has the content of a prepared response.

import { FLAG_IF_NONE_MATCH, TAGS_ANY, TAGS_MALFORMED, TAGS_MATCH } from '../src/memory/codes';
import {
  DATE,
  DATE_LINE_BYTES,
  DATE_NAME_BYTES,
  FIELD_BYTES,
  FIELD_NAME_BYTES,
  FIELD_NAME_OFFSET,
  FIELD_VALUE_BYTES,
  FIELD_VALUE_OFFSET,
  PREPARED_MODIFIED,
  PREPARED_TAG,
  PREPARED_TAG_BYTES,
  RECORD,
  RECORD_FIELD_COUNT,
  RECORD_FIELDS,
  RECORD_FLAGS,
} from '../src/memory/layout';
import { noteTags } from './entity-tags';
import { isIfModifiedSince, isIfNoneMatch } from './fields';
import { parseHttpDate } from './http-date';

/**
 * Returns whether the server answers 304 instead of sending the prepared response at `prepared`. The request is a GET
 * or HEAD whose head begins at `start`. If-None-Match takes precedence over If-Modified-Since (RFC 9110 13.2.2).
 */
export function isUnmodified(slot: usize, start: usize, prepared: usize): bool {
  const record = slot + RECORD;
  return (load<i32>(record, RECORD_FLAGS) & FLAG_IF_NONE_MATCH) != 0
    ? hasTag(record, start, prepared)
    : isUnmodifiedSince(slot, start, prepared);
}

function hasTag(record: usize, start: usize, prepared: usize): bool {
  const tag = load<u32>(prepared, PREPARED_TAG);
  const tagBytes = load<u32>(prepared, PREPARED_TAG_BYTES);
  let tags = 0;
  for (let i = 0; i < load<i32>(record, RECORD_FIELD_COUNT); i++) {
    const field = record + RECORD_FIELDS + i * FIELD_BYTES;
    const nameBytes = <i32>load<u16>(field, FIELD_NAME_BYTES);
    if (!isIfNoneMatch(start + load<u16>(field, FIELD_NAME_OFFSET), nameBytes)) continue;
    const value = start + load<u16>(field, FIELD_VALUE_OFFSET);
    tags = noteTags(value, value + load<u16>(field, FIELD_VALUE_BYTES), tag, tagBytes, tags);
  }
  return (tags & TAGS_MALFORMED) == 0 && (tags & (TAGS_MATCH | TAGS_ANY)) != 0;
}

/** Evaluates If-Modified-Since. Ignores the field when it has more than one line (RFC 9110 13.1.3). */
function isUnmodifiedSince(slot: usize, start: usize, prepared: usize): bool {
  const record = slot + RECORD;
  let value: usize = 0;
  let valueEnd: usize = 0;
  for (let i = 0; i < load<i32>(record, RECORD_FIELD_COUNT); i++) {
    const field = record + RECORD_FIELDS + i * FIELD_BYTES;
    const nameBytes = <i32>load<u16>(field, FIELD_NAME_BYTES);
    if (!isIfModifiedSince(start + load<u16>(field, FIELD_NAME_OFFSET), nameBytes)) continue;
    if (value != 0) return false;
    value = start + load<u16>(field, FIELD_VALUE_OFFSET);
    valueEnd = value + load<u16>(field, FIELD_VALUE_BYTES);
  }
  const date = slot + DATE + DATE_NAME_BYTES;
  const now = parseHttpDate(date, slot + DATE + DATE_LINE_BYTES - 2, NaN);
  return load<f64>(prepared, PREPARED_MODIFIED) <= parseHttpDate(value, valueEnd, now);
}
