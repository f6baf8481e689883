// The head of a response that an application gives: checked, and built in the output region at hand.

import { statusLine } from '../protocol/status.ts';
import { areHeadParts, FIELDS_BYTES_MAX, FIELDS_TOO_LARGE, type HeadParts } from './exchange.ts';
import type { Plane } from './plane.ts';

/** @returns the size of status line and fields @throws RangeError if that is too large, or a part is not valid */
export function checkHead(fields: string, parts: HeadParts | undefined): number {
  if (parts !== undefined && !areHeadParts(parts))
    throw new RangeError('not a reason phrase (RFC 9112 4), or not an IMF-fixdate');
  const bytes = fields.length + (parts?.reasonPhrase?.length ?? 0);
  if (bytes > FIELDS_BYTES_MAX) throw new RangeError(FIELDS_TOO_LARGE);
  return bytes;
}

/**
 * Builds a head that has been checked, in the region at hand, which has room for it.
 * @param length of the content in bytes, or LENGTH_UNTOLD or LENGTH_CHUNKED
 * @param close the head says that the connection closes
 * @param sayPersistent the head says that it does not, for HTTP/1.0
 * @returns the size of the head
 */
export function buildHead(
  { codec, outputs, slot }: Plane,
  statusCode: number,
  fields: string,
  parts: HeadParts | undefined,
  length: number,
  close: boolean,
  sayPersistent: boolean,
): number {
  const start = outputs.position;
  const at = slot.writeLatin1(statusLine(statusCode, parts?.reasonPhrase) + fields, start);
  outputs.position = codec.finishHead(at, length, close, sayPersistent);
  // The engine puts its Date first, and all dates have the same length.
  if (parts?.date !== undefined) slot.writeLatin1(`Date: ${parts.date}\r\n`, at);
  return outputs.position - start;
}
