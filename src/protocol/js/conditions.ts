// Evaluates conditional requests (RFC 9110 13); twin of assembly/conditions.ts.

import { FLAG_IF_NONE_MATCH, TAGS_ANY, TAGS_MALFORMED, TAGS_MATCH } from '../../memory/codes.ts';
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
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { noteTags } from './entity-tags.ts';
import { IF_MODIFIED_SINCE, IF_NONE_MATCH } from './fields.ts';
import { parseHttpDate } from './http-date.ts';
import { matchesLower } from './scanner.ts';

/**
 * Returns whether the server answers 304 instead of sending the prepared response at `prepared`. The request is a GET
 * or HEAD whose head begins at `start`.
 */
export function isUnmodified(views: Views, slot: number, start: number, prepared: number): boolean {
  return ((views.words[(slot + RECORD + RECORD_FLAGS) >> 2] as number) & FLAG_IF_NONE_MATCH) !== 0
    ? hasTag(views, slot, start, prepared)
    : isUnmodifiedSince(views, slot, start, prepared);
}

/** Returns whether If-None-Match holds the entity tag that noteTags() compared with its lines. */
export function tagsMatch(tags: number): boolean {
  return (tags & TAGS_MALFORMED) === 0 && (tags & (TAGS_MATCH | TAGS_ANY)) !== 0;
}

function hasTag(views: Views, slot: number, start: number, prepared: number): boolean {
  const { bytes, words, halves } = views;
  const tag = words[(prepared + PREPARED_TAG) >> 2] as number;
  const tagBytes = words[(prepared + PREPARED_TAG_BYTES) >> 2] as number;
  const count = words[(slot + RECORD + RECORD_FIELD_COUNT) >> 2] as number;
  let tags = 0;
  for (let i = 0; i < count; i++) {
    const field = slot + RECORD + RECORD_FIELDS + i * FIELD_BYTES;
    if (!hasName(views, start, field, IF_NONE_MATCH)) continue;
    const value = start + (halves[(field + FIELD_VALUE_OFFSET) >> 1] as number);
    const valueEnd = value + (halves[(field + FIELD_VALUE_BYTES) >> 1] as number);
    tags = noteTags(bytes, value, valueEnd, bytes, tag, tagBytes, tags);
  }
  return tagsMatch(tags);
}

/** Evaluates If-Modified-Since. Ignores the field when it has more than one line (RFC 9110 13.1.3). */
function isUnmodifiedSince(views: Views, slot: number, start: number, prepared: number): boolean {
  const { bytes, words, halves, doubles } = views;
  const count = words[(slot + RECORD + RECORD_FIELD_COUNT) >> 2] as number;
  let value = 0;
  let valueEnd = 0;
  for (let i = 0; i < count; i++) {
    const field = slot + RECORD + RECORD_FIELDS + i * FIELD_BYTES;
    if (!hasName(views, start, field, IF_MODIFIED_SINCE)) continue;
    if (value !== 0) return false;
    value = start + (halves[(field + FIELD_VALUE_OFFSET) >> 1] as number);
    valueEnd = value + (halves[(field + FIELD_VALUE_BYTES) >> 1] as number);
  }
  const date = slot + DATE + DATE_NAME_BYTES;
  const now = parseHttpDate(bytes, date, slot + DATE + DATE_LINE_BYTES - 2, Number.NaN);
  const modified = doubles[(prepared + PREPARED_MODIFIED) >> 3] as number;
  return modified <= parseHttpDate(bytes, value, valueEnd, now);
}

function hasName({ bytes, halves }: Views, start: number, field: number, name: Uint8Array): boolean {
  const at = start + (halves[(field + FIELD_NAME_OFFSET) >> 1] as number);
  return matchesLower(bytes, at, at + (halves[(field + FIELD_NAME_BYTES) >> 1] as number), name);
}
