// Responses whose parts are known before any request comes. Both engines copy them out of the slot.

import { PREPARED_DEFAULT } from './codes.ts';
import { ERROR_RESPONSES, reasonPhrase } from './errors.ts';

export interface Prepared {
  /** Place in the slot's table. */
  index: number;
  /** Status line and fixed field lines, each with its CRLF, Latin-1. */
  head: string;
  content: string;
  /** Index of the counter whose next number follows the content, or -1. */
  counter: number;
}

/** The built-in app and the answer to every error. */
export function preparedResponses(counter: number): Prepared[] {
  return [
    { index: PREPARED_DEFAULT, head: plainTextHead(200), content: 'Hello', counter },
    ...ERROR_RESPONSES.map(({ error, statusCode, text }) => ({
      index: -error,
      head: plainTextHead(statusCode),
      content: `${statusCode} ${reasonPhrase(statusCode)}: ${text}\n`,
      counter: -1,
    })),
  ];
}

/** `Date` with its CRLF, 37 bytes (RFC 9110 6.6.1; toUTCString() is the IMF-fixdate of 5.6.7). */
export function dateLine(epochMs: number): string {
  return `Date: ${new Date(epochMs).toUTCString()}\r\n`;
}

function plainTextHead(statusCode: number): string {
  return `HTTP/1.1 ${statusCode} ${reasonPhrase(statusCode)}\r\nContent-Type: text/plain\r\n`;
}
