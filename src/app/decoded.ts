// Bodies that the platform's fetch() has decoded already: their Content-Encoding and Content-Length tell of
// bytes that are no more, and must not be sent along with them.

import type { FieldLines } from './fields.ts';

/** Those of fetched responses that went on under another Response. */
const passedOn = new WeakSet<ReadableStream>();

/** What fetch() decodes; content of any other coding it leaves as it came. */
const CODINGS = /^(?:(?:x-)?gzip|deflate|br|zstd)(?:[\t ]*,[\t ]*(?:(?:x-)?gzip|deflate|br|zstd))*$/i;
const CODING_LINE = /^content-encoding: (.*)\r\n/gm;

/** Remembers where the body of a new Response came from. */
export function passOn(
  body: ReadableStream,
  from: { readonly url?: unknown; readonly body?: unknown },
): void {
  if (typeof from.url === 'string' && from.url !== '' && from.body === body) passedOn.add(body);
}

/** The fields to be sent with a body. */
export function fieldsWith(fields: FieldLines, body: ReadableStream, url: string): FieldLines {
  if (url === '' && !passedOn.has(body)) return fields;
  const codings = [...fields.lines.matchAll(CODING_LINE)].map(([, value]) => value).join(',');
  if (!CODINGS.test(codings)) return fields;
  return { ...fields, lines: fields.lines.replace(CODING_LINE, ''), length: undefined };
}
