// One head and what it shall lead to. The same tables are run against every engine.

import type { RequestRecord } from '../support/record.ts';

export interface HeadCase {
  name: string;
  /** Section of RFC 9112 unless it says otherwise. */
  section: string;
  /** Latin-1. */
  input: string;
  /** One of ERROR_*, or 0 when bytes are missing, or what the record shall say. */
  expected: number | Partial<RequestRecord>;
}

/** A good request whose field section is `fields`, Host before it. */
export function withFields(fields: string): string {
  return `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** A good request with another request line. */
export function withRequestLine(line: string): string {
  return `${line}\r\nHost: a\r\n\r\n`;
}
