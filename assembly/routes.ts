// Finds the prepared response to a GET or HEAD by the exact path of the request. JavaScript handles all other requests.
// Paths in the table are in normal form and are compared byte by byte. JavaScript handles other spellings of a path.
//
// The table is a hash table: each bucket holds the index of the first response of a chain, and 0 ends a chain.

import {
  ERROR_MISDIRECTED,
  FLAG_CONDITIONAL,
  METHOD_GET,
  METHOD_HEAD,
  PREPARED_NONE,
} from '../src/memory/codes';
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
  ROUTE_BUCKET_COUNT,
  ROUTES,
} from '../src/memory/layout';
import { SLASH } from './chars';
import { isUnmodified } from './conditions';
import { skipPath } from './scanner';

const S: u8 = 0x73;

/** Returns the index of the prepared response to the request whose head begins at `start`, or PREPARED_NONE. */
export function findPrepared(slot: usize, start: usize): i32 {
  const fallback = load<i32>(slot, CONTROL_FALLBACK);
  const record = slot + RECORD;
  const path = start + load<u16>(record, RECORD_TARGET_OFFSET);
  if (load<u8>(path) != SLASH) return isHttps(path) ? load<i32>(slot, CONTROL_HTTPS) : fallback;
  if (load<i32>(slot, CONTROL_ROUTE_COUNT) == 0) return fallback;
  const method = load<i32>(record, RECORD_METHOD);
  if (method != METHOD_GET && method != METHOD_HEAD) return fallback;
  const bytes = <i32>(skipPath(path, path + load<u16>(record, RECORD_TARGET_BYTES)) - path);

  let index = load<i32>(slot + ROUTES + bucketOf(path, bytes) * 4);
  while (index != 0) {
    const prepared = slot + PREPARED + index * PREPARED_ENTRY_BYTES;
    if (
      load<i32>(prepared, PREPARED_PATH_BYTES) == bytes &&
      isEqual(path, load<u32>(prepared, PREPARED_PATH), bytes)
    ) {
      if ((load<i32>(record, RECORD_FLAGS) & FLAG_CONDITIONAL) == 0) return index;
      if (load<i32>(prepared, PREPARED_CONDITIONAL) == 0 || !isUnmodified(slot, start, prepared))
        return index;
      return index + PREPARED_COUNT_MAX;
    }
    index = load<i32>(prepared, PREPARED_NEXT);
  }
  return fallback;
}

/**
 * Returns the same for a request on a connection whose requests are redirected. A target with the scheme https is already
 * where the redirect leads, so redirecting it again would never end.
 */
export function findRedirect(slot: usize, start: usize): i32 {
  const redirect = load<i32>(slot, CONTROL_REDIRECT);
  const target = start + load<u16>(slot + RECORD, RECORD_TARGET_OFFSET);
  const https = load<u8>(target) != SLASH && isHttps(target);
  return https && redirect != PREPARED_NONE ? -ERROR_MISDIRECTED : redirect;
}

/** Returns whether a target that is not a path has the scheme https. If not, its scheme is http, or the target is "*". */
function isHttps(target: usize): bool {
  return (load<u8>(target, 4) | 0x20) == S;
}

/** Returns the bucket of a path. The hash uses the end and the middle, where paths differ most. */
function bucketOf(path: usize, bytes: i32): i32 {
  const middle = <i32>load<u8>(path + (bytes >> 1));
  const last = <i32>load<u8>(path + bytes - 1);
  return (middle * 31 + last * 7 + bytes) & (ROUTE_BUCKET_COUNT - 1);
}

/** Returns whether two paths are equal. Compares 16 bytes at a time and ignores the bytes after the end. */
function isEqual(one: usize, other: usize, bytes: i32): bool {
  for (; bytes >= 16; bytes -= 16, one += 16, other += 16)
    if (i8x16.bitmask(i8x16.eq(v128.load(one), v128.load(other))) != 0xffff) return false;
  const rest = (1 << bytes) - 1;
  return (i8x16.bitmask(i8x16.eq(v128.load(one), v128.load(other))) & rest) == rest;
}
