// Finds the prepared response to a GET or HEAD by its exact path; twin of assembly/routes.ts.

import { bucketOf } from '../../memory/bucket.ts';
import {
  ERROR_MISDIRECTED,
  FLAG_CONDITIONAL,
  METHOD_GET,
  METHOD_HEAD,
  PREPARED_NONE,
} from '../../memory/codes.ts';
import {
  CONTROL_FALLBACK,
  CONTROL_HTTPS,
  CONTROL_REDIRECT,
  CONTROL_ROUTE_COUNT,
  PREPARED,
  PREPARED_CONDITIONAL,
  PREPARED_COUNT_MAX,
  PREPARED_ENTRY_BYTES,
  PREPARED_NEXT,
  PREPARED_PATH,
  PREPARED_PATH_BYTES,
  RECORD,
  RECORD_FLAGS,
  RECORD_METHOD,
  RECORD_TARGET_BYTES,
  RECORD_TARGET_OFFSET,
  ROUTES,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { SLASH } from './chars.ts';
import { isUnmodified } from './conditions.ts';
import { skipPath } from './scanner.ts';

const S = 0x73;

/** Returns the index of the prepared response to the request whose head begins at `start`, or PREPARED_NONE. */
export function findPrepared(views: Views, slot: number, start: number): number {
  const { bytes, halves, words } = views;
  const fallback = words[(slot + CONTROL_FALLBACK) >> 2] as number;
  const record = slot + RECORD;
  const path = start + (halves[(record + RECORD_TARGET_OFFSET) >> 1] as number);
  if (bytes[path] !== SLASH)
    return isHttps(bytes, path) ? (words[(slot + CONTROL_HTTPS) >> 2] as number) : fallback;
  if (words[(slot + CONTROL_ROUTE_COUNT) >> 2] === 0) return fallback;
  const method = words[(record + RECORD_METHOD) >> 2];
  if (method !== METHOD_GET && method !== METHOD_HEAD) return fallback;
  const size = skipPath(bytes, path, path + (halves[(record + RECORD_TARGET_BYTES) >> 1] as number)) - path;

  let index = words[(slot + ROUTES + bucketOf(bytes, path, size) * 4) >> 2] as number;
  while (index !== 0) {
    const prepared = (slot + PREPARED + index * PREPARED_ENTRY_BYTES) >> 2;
    const known = words[prepared + (PREPARED_PATH >> 2)] as number;
    if (words[prepared + (PREPARED_PATH_BYTES >> 2)] === size && isEqual(bytes, path, known, size)) {
      if (((words[(record + RECORD_FLAGS) >> 2] as number) & FLAG_CONDITIONAL) === 0) return index;
      const conditional = words[prepared + (PREPARED_CONDITIONAL >> 2)] !== 0;
      if (!conditional || !isUnmodified(views, slot, start, prepared << 2)) return index;
      return index + PREPARED_COUNT_MAX;
    }
    index = words[prepared + (PREPARED_NEXT >> 2)] as number;
  }
  return fallback;
}

/**
 * Returns the same for a request on a connection whose requests are redirected. A target with the scheme https is already
 * where the redirect leads, so redirecting it again would never end.
 */
export function findRedirect({ bytes, halves, words }: Views, slot: number, start: number): number {
  const redirect = words[(slot + CONTROL_REDIRECT) >> 2] as number;
  const target = start + (halves[(slot + RECORD + RECORD_TARGET_OFFSET) >> 1] as number);
  const https = bytes[target] !== SLASH && isHttps(bytes, target);
  return https && redirect !== PREPARED_NONE ? -ERROR_MISDIRECTED : redirect;
}

/** Returns whether a target that is not a path has the scheme https. If not, its scheme is http, or the target is "*". */
function isHttps(bytes: Uint8Array, target: number): boolean {
  return ((bytes[target + 4] as number) | 0x20) === S;
}

function isEqual(bytes: Uint8Array, one: number, other: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (bytes[one + i] !== bytes[other + i]) return false;
  return true;
}
