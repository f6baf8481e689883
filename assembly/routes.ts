// Which prepared response answers a request: by its exact path, for GET and HEAD. Whatever else there is to
// decide is decided in JavaScript. A path is compared byte by byte, since those of the table are in normal form; another
// spelling of it is JavaScript's.
//
// A response with a path hangs in the bucket of that path; the buckets and the chains hold indexes, 0 ends one.

import { FLAG_CONDITIONAL, METHOD_GET, METHOD_HEAD } from '../src/memory/codes';
import {
  CONTROL_FALLBACK,
  CONTROL_HTTPS,
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

/** Index of the prepared response to the request whose head began at `start`, or PREPARED_NONE. */
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

/** Whether a target that is no path has the scheme https. Else it has the scheme http, or is "*" before the version. */
function isHttps(target: usize): bool {
  return (load<u8>(target, 4) | 0x20) == S;
}

/** Paths differ most in their ends and middles. */
function bucketOf(path: usize, bytes: i32): i32 {
  const middle = <i32>load<u8>(path + (bytes >> 1));
  const last = <i32>load<u8>(path + bytes - 1);
  return (middle * 31 + last * 7 + bytes) & (ROUTE_BUCKET_COUNT - 1);
}

/** Sixteen bytes at a time; what lies behind either is not compared. */
function isEqual(one: usize, other: usize, bytes: i32): bool {
  for (; bytes >= 16; bytes -= 16, one += 16, other += 16)
    if (i8x16.bitmask(i8x16.eq(v128.load(one), v128.load(other))) != 0xffff) return false;
  const rest = (1 << bytes) - 1;
  return (i8x16.bitmask(i8x16.eq(v128.load(one), v128.load(other))) & rest) == rest;
}
