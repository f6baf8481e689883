// The head of a response that an application gives: checked, and built in the output region at hand.

import { statusLine } from '../protocol/status.ts';
import { type KeptBytes, keepLatin1, type Slot } from '../wasm/slot.ts';
import { areHeadParts, FIELDS_BYTES_MAX, FIELDS_TOO_LARGE, type HeadParts } from './exchange.ts';
import type { Plane } from './plane.ts';

/** Longer fields are not kept. */
const KEPT_FIELDS_MAX = 512;

/** A status line with field lines, as it was sent last. */
interface KeptStart {
  statusCode: number;
  fields: string;
  /** The bytes of both, made when the same status and fields are sent a second time. */
  bytes: KeptBytes | undefined;
}

/** By the size of the fields, so that different responses of a program seldom replace one another. */
const kept: readonly KeptStart[] = Array.from({ length: KEPT_FIELDS_MAX + 1 }, () => ({
  statusCode: 0,
  fields: '',
  bytes: undefined,
}));

/** @returns the size of status line and fields @throws RangeError if that is too large, or a part is not valid */
export function checkHead(fields: string, parts: HeadParts | undefined): number {
  if (parts !== undefined && !areHeadParts(parts))
    throw new RangeError('not a reason phrase (RFC 9112 4), or not an IMF-fixdate');
  const bytes = fields.length + (parts?.reasonPhrase?.length ?? 0);
  if (bytes > FIELDS_BYTES_MAX) throw new RangeError(FIELDS_TOO_LARGE);
  return bytes;
}

/** Checks an informational response. @throws RangeError for another status, or fields that are too large */
export function checkInformation(statusCode: number, fields: string): void {
  if (!(statusCode >= 100 && statusCode < 200) || statusCode === 101)
    throw new RangeError('an informational response has a status from 100 to 199, but not 101');
  if (fields.length > FIELDS_BYTES_MAX) throw new RangeError(FIELDS_TOO_LARGE);
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
  const at =
    parts === undefined
      ? writeUsual(slot, statusCode, fields, start)
      : slot.writeLatin1(statusLine(statusCode, parts.reasonPhrase) + fields, start);
  outputs.position = codec.finishHead(at, length, close, sayPersistent);
  // The engine puts its Date first, and all dates have the same length.
  if (parts?.date !== undefined) slot.writeLatin1(`Date: ${parts.date}\r\n`, at);
  return outputs.position - start;
}

/** Writes the status line and the fields. A program sends few different ones, so their bytes are kept. */
function writeUsual(slot: Slot, statusCode: number, fields: string, at: number): number {
  const start = kept[fields.length];
  if (start !== undefined) {
    if (start.statusCode === statusCode && start.fields === fields) {
      start.bytes ??= keepLatin1(statusLine(statusCode) + fields);
      return slot.writeKept(start.bytes, at);
    }
    start.statusCode = statusCode;
    start.fields = fields;
    start.bytes = undefined;
  }
  return slot.writeLatin1(statusLine(statusCode) + fields, at);
}
