// The validators of a fixed response, by which a conditional request may get a 304 (RFC 9110 8.8, 13.1, 15.4.5).

import { tagsMatch } from './js/conditions.ts';
import { noteTags } from './js/entity-tags.ts';
import { parseHttpDate } from './js/http-date.ts';
import { latin1Bytes } from './latin1.ts';

export interface Validators {
  /** The opaque-tag of the ETag, with its quotes, in Latin-1; empty when there is none. */
  tag: string;
  /** Last-Modified in seconds since 1970; NaN when there is none. */
  modified: number;
}

/** Representation metadata (RFC 9110 8, RFC 9530) that a 304 leaves out, since the client has it already. */
const METADATA = new Set([
  'content-digest',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'repr-digest',
]);
const OPAQUE_TAG = /^(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/;

/** Finds the validators in field lines, each with its CRLF. A field that is malformed, or occurs twice, is ignored. */
export function validatorsOf(fields: string): Validators {
  return {
    tag: OPAQUE_TAG.exec(onlyValue(fields, 'etag'))?.[1] ?? '',
    modified: dateOf(onlyValue(fields, 'last-modified'), Date.now() / 1000),
  };
}

/** Makes the field lines of the 304 for a response with these fields. Last-Modified is left out when there is an ETag. */
export function unmodifiedFields(fields: string): string {
  const lines = linesOf(fields);
  const hasTag = validatorsOf(fields).tag !== '';
  return lines
    .filter(([name]) => !METADATA.has(name) && !(hasTag && name === 'last-modified'))
    .map(([, , line]) => `${line}\r\n`)
    .join('');
}

/**
 * Whether a conditional GET or HEAD gets a 304.
 * @param noneMatch the lines of If-None-Match, Latin-1
 * @param modifiedSince the lines of If-Modified-Since, Latin-1
 */
export function isUnmodified(
  { tag, modified }: Validators,
  noneMatch: readonly string[],
  modifiedSince: readonly string[],
): boolean {
  if (noneMatch.length === 0)
    return modifiedSince.length === 1 && modified <= dateOf(modifiedSince[0] as string, Date.now() / 1000);
  const known = latin1Bytes(tag);
  let tags = 0;
  for (const line of noneMatch)
    tags = noteTags(latin1Bytes(line), 0, line.length, known, 0, known.length, tags);
  return tagsMatch(tags);
}

function dateOf(value: string, now: number): number {
  return parseHttpDate(latin1Bytes(value), 0, value.length, now);
}

/** The value of a field; empty when the field is missing or occurs more than once. */
function onlyValue(fields: string, name: string): string {
  const [first, second] = linesOf(fields).filter((line) => line[0] === name);
  return first === undefined || second !== undefined ? '' : first[1];
}

function linesOf(fields: string): [name: string, value: string, line: string][] {
  return fields
    .split('\r\n')
    .slice(0, -1)
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim(), line];
    });
}
