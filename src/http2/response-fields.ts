// The fields of responses as node:http2 takes them: an object made of field lines, and kept, since a program sends few
// different ones. node:http2 copies it and doesn't change it.

import type { OutgoingHttpHeaders } from 'node:http2';

/** They are about a connection of HTTP/1.1 (RFC 9113 8.2.2). TE may not be in a response. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Longer fields are not kept. */
const KEPT_FIELDS_MAX = 512;
/** How many heads of the engine are kept: each has a Date, so they change every second. */
const KEPT_HEADS_MAX = 64;

type Fields = Record<string, string | number | string[]>;

interface Kept {
  statusCode: number;
  lines: string;
  date: string;
  length: number | undefined;
  fields: OutgoingHttpHeaders;
}

/** Reads field lines, each with its CRLF, into `fields`. Names become lower case; fields about the connection are left out. */
export function readLines(lines: string, fields: Fields): Fields {
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(':', at);
    const end = lines.indexOf('\r\n', colon);
    const name = lines.slice(at, colon).toLowerCase();
    const value = lines.slice(colon + 1, end).trim();
    at = end + 2;
    if (CONNECTION_FIELDS.has(name)) continue;
    const before = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (before === undefined) fields[name] = value;
    // Set-Cookie alone can't be joined (RFC 9110 5.3).
    else if (name !== 'set-cookie') fields[name] = `${before}, ${value}`;
    else if (Array.isArray(before)) before.push(value);
    else fields[name] = [String(before), value];
  }
  return fields;
}

export class ResponseFields {
  /** By the size of the lines. */
  private readonly kept: (Kept | undefined)[] = new Array(KEPT_FIELDS_MAX + 1).fill(undefined);
  private readonly heads = new Map<string, OutgoingHttpHeaders>();

  /**
   * Makes the fields of a response that an application gives.
   * @param lines field lines, each with its CRLF
   * @param length of the content; undefined if no length is sent
   */
  of(statusCode: number, lines: string, date: string, length: number | undefined): OutgoingHttpHeaders {
    const kept = this.kept[lines.length];
    if (
      kept !== undefined &&
      kept.date === date &&
      kept.length === length &&
      kept.statusCode === statusCode &&
      kept.lines === lines
    )
      return kept.fields;
    const fields: Fields = readLines(lines, { ':status': statusCode });
    fields.date = date;
    if (length !== undefined) fields['content-length'] = length;
    if (lines.length <= KEPT_FIELDS_MAX)
      this.kept[lines.length] = { statusCode, lines, date, length, fields };
    return fields;
  }

  /** Makes the fields of a response that the engine has built. @param head status line and field lines, without the empty line */
  ofHead(head: string): OutgoingHttpHeaders {
    let fields = this.heads.get(head);
    if (fields === undefined) {
      const lines = head.indexOf('\r\n') + 2;
      fields = readLines(head.slice(lines), { ':status': Number(head.slice(9, 12)) });
      if (this.heads.size >= KEPT_HEADS_MAX) this.heads.clear();
      this.heads.set(head, fields);
    }
    return fields;
  }
}
