// What is known of a body besides its bytes: that fetch() has decoded it, so that Content-Encoding and
// Content-Length tell of bytes that are no more; how long a Blob is.

import { versions } from 'node:process';
import { ByteStream } from './byte-stream.ts';
import type { FieldLines } from './fields.ts';

/** Bodies of fetched responses that went on under another Response. */
const passedOn = new WeakSet<ReadableStream>();
/** Bodies whose pieces don't change any more. */
const lasting = new WeakSet<ReadableStream>();
const lengths = new WeakMap<ReadableStream, number>();

const [undiciMajor = 0, undiciMinor = 0] = (versions.undici ?? '').split('.').map(Number);
const DECODES_ZSTD = undiciMajor > 7 || (undiciMajor === 7 && undiciMinor >= 11);
/** What fetch() decodes; content with any other coding it leaves as it came. */
const DECODED = new Set(['gzip', 'x-gzip', 'deflate', 'br', ...(DECODES_ZSTD ? ['zstd'] : [])]);
const CODING_LINE = /^content-encoding: (.*)\r\n/gm;

/** Remembers where the body of a new Response came from. */
export function noteOrigin(
  body: ReadableStream,
  from: { readonly url?: unknown; readonly body?: unknown },
): void {
  if (typeof from.url === 'string' && from.url !== '' && from.body === body) passedOn.add(body);
}

/** Remembers that fetch() has decoded a body, whatever Response it goes on under. */
export function noteDecoded(body: ReadableStream, codings: string): void {
  if (codings.split(',').every(isDecoded)) passedOn.add(body);
}

export function noteLength(body: ReadableStream, length: number): void {
  lengths.set(body, length);
}

/** Remembers that the pieces of a body stay as they are until they have been sent. */
export function noteLasting(body: ReadableStream): void {
  lasting.add(body);
}

/** Whether the pieces of a body stay as they are: its source said so, or has given them away. */
export function isLasting(body: ReadableStream): boolean {
  return body instanceof ByteStream || lasting.has(body) || passedOn.has(body);
}

/** The fields to be sent with a body, and its length when that is known. */
export function fieldsWith(fields: FieldLines, body: ReadableStream, url: string): FieldLines {
  const length = lengths.get(body);
  if (length !== undefined) return { ...fields, length };
  if (url === '' && !passedOn.has(body)) return fields;
  const codings = [...fields.lines.matchAll(CODING_LINE)].flatMap(([, value = '']) => value.split(','));
  if (codings.length === 0 || !codings.every(isDecoded)) return fields;
  return { ...fields, lines: fields.lines.replace(CODING_LINE, ''), length: undefined };
}

function isDecoded(coding: string): boolean {
  return DECODED.has(coding.trim().toLowerCase());
}
