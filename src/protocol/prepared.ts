// Prepared responses: all their parts are known before any request arrives. Both engines copy them from the slot.

import { PREPARED_DEFAULT, PREPARED_REDIRECT } from '../memory/codes.ts';
import { ERROR_RESPONSES } from './errors.ts';
import { isLatin1 } from './latin1.ts';
import { SERVER_FIELDS } from './server-fields.ts';
import { isBare, reasonPhrase, statusLine } from './status.ts';
import { isToken } from './token.ts';
import type { Validators } from './validators.ts';

export interface Prepared {
  /** Index in the slot's table. */
  index: number;
  /** Status line and fixed field lines, each with its CRLF, Latin-1. */
  head: string;
  /** Latin-1. */
  content: string;
  /** Index of the counter whose next number follows the content, or -1. */
  counter: number;
  /** Its status allows no content, so no length is sent either (RFC 9110 6.4.1, 8.6). */
  bare: boolean;
  /** Undefined when conditional requests get the full response. */
  conditional?: Conditional;
}

/** The validators of a response, and its 304 for conditional requests (RFC 9110 13). */
export interface Conditional extends Validators {
  /** Status line and field lines of the 304. */
  head: string;
}

/** The parts of a prepared response. Exported for tests. */
export interface PreparedParts {
  /** From 200 to 599. */
  statusCode: number;
  fields: readonly (readonly [name: string, value: string])[];
  content: string;
  counter?: number;
}

const RETRY_AFTER = ['Retry-After', '1'] as const;
const FIELD_VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/**
 * Prepares a response for entry `index` of the table. Exported for tests.
 * @throws RangeError for a status code that is not final, or for content with a status that has none
 * @throws TypeError for a field that is malformed (RFC 9110 5.1, 5.5) or set by the server, or content that is not Latin-1
 */
export function prepare(
  index: number,
  { statusCode, fields, content, counter = -1 }: PreparedParts,
): Prepared {
  if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599)
    throw new RangeError(`status code ${statusCode} is not from 200 to 599`);
  const bare = isBare(statusCode);
  if ((bare || statusCode === 205) && (content !== '' || counter >= 0))
    throw new RangeError(`a response with status code ${statusCode} has no content`);
  if (!isLatin1(content)) throw new TypeError('prepared content must be Latin-1');
  return { index, head: statusLine(statusCode) + fields.map(fieldLine).join(''), content, counter, bare };
}

/** Makes the built-in response, the redirect to HTTPS, and the response to every error. */
export function preparedResponses(counter: number): Prepared[] {
  const fields = [['Content-Type', 'text/plain']] as const;
  return [
    prepare(PREPARED_DEFAULT, { statusCode: 200, fields, content: 'Hello', counter }),
    prepare(PREPARED_REDIRECT, { statusCode: 308, fields, content: '308 Permanent Redirect: use https\n' }),
    ...ERROR_RESPONSES.map(({ error, statusCode, text, retryAfter }) =>
      prepare(-error, {
        statusCode,
        fields: retryAfter ? [...fields, RETRY_AFTER] : fields,
        content: `${statusCode} ${reasonPhrase(statusCode)}: ${text}\n`,
      }),
    ),
  ];
}

/** Makes the line of Date with its CRLF, 37 bytes (RFC 9110 6.6.1; toUTCString() is the IMF-fixdate of 5.6.7). */
export function dateLine(epochMs: number): string {
  return `Date: ${new Date(epochMs).toUTCString()}\r\n`;
}

function fieldLine([name, value]: readonly [string, string]): string {
  if (!isToken(name)) throw new TypeError(`invalid field name ${JSON.stringify(name)}`);
  if (SERVER_FIELDS.has(name.toLowerCase())) throw new TypeError(`${name} is set by the server`);
  if (!FIELD_VALUE.test(value))
    throw new TypeError(`invalid value of field ${name}: ${JSON.stringify(value)}`);
  return `${name}: ${value}\r\n`;
}
