// HTTP-date (RFC 9110 5.6.7) as a response sends it: IMF-fixdate. The two obsolete forms are accepted.

import { parseHttpDate } from '../protocol/js/http-date.ts';

/** "Wednesday, 06-Nov-94 08:49:37 GMT" is the longest. */
const LENGTH_MAX = 33;

/**
 * Converts an HTTP-date to IMF-fixdate, 29 characters; undefined when the value is not an HTTP-date.
 * @param value Latin-1
 */
export function imfFixdate(value: string): string | undefined {
  if (value.length > LENGTH_MAX) return undefined;
  const seconds = parseHttpDate(Buffer.from(value, 'latin1'), 0, value.length, Date.now() / 1000);
  return Number.isNaN(seconds) ? undefined : new Date(seconds * 1000).toUTCString();
}
