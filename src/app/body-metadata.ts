// Facts about a response body that the stream does not tell: fetch() has decoded it, so that its Content-Encoding and
// Content-Length are no longer true; its pieces never change; its length, when it comes from a Blob.

import { versions } from 'node:process';
import { ByteStream } from './byte-stream.ts';
import type { FieldLines } from './response-fields.ts';

/** Bodies of fetched responses that a program has passed to another Response. */
const passedOn = new WeakSet<ReadableStream>();
/** Bodies whose pieces never change. */
const lasting = new WeakSet<ReadableStream>();
const lengths = new WeakMap<ReadableStream, number>();

const [undiciMajor = 0, undiciMinor = 0] = (versions.undici ?? '').split('.').map(Number);
const DECODES_ZSTD = undiciMajor > 7 || (undiciMajor === 7 && undiciMinor >= 11);
/** The codings that fetch() decodes. Content with any other coding stays encoded. */
const DECODED = new Set(['gzip', 'x-gzip', 'deflate', 'br', ...(DECODES_ZSTD ? ['zstd'] : [])]);
const CODING_LINE = /^content-encoding: (.*)\r\n/gm;

/** Remembers that the body of a new Response is that of a fetched one. */
export function noteOrigin(
  body: ReadableStream,
  from: { readonly url?: unknown; readonly body?: unknown },
): void {
  if (typeof from.url === 'string' && from.url !== '' && from.body === body) passedOn.add(body);
}

/** Remembers that fetch() has decoded a body, whichever Response a program passes it to. */
export function noteDecoded(body: ReadableStream, codings: string): void {
  if (codings.split(',').every(isDecoded)) passedOn.add(body);
}

/** Remembers the length of a body in bytes. */
export function noteLength(body: ReadableStream, length: number): void {
  lengths.set(body, length);
}

/** Remembers that the pieces of a body do not change before they have been sent. */
export function noteLasting(body: ReadableStream): void {
  lasting.add(body);
}

/** Whether the pieces of a body never change: its source promises so, or has transferred them. */
export function isLasting(body: ReadableStream): boolean {
  return body instanceof ByteStream || lasting.has(body) || passedOn.has(body);
}

/** Makes the fields to send with a body: without a coding that fetch() has removed, and with the length if known. */
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
