// The response to each error of codes.ts: its status code and its text. One table, in the order of the codes.

import {
  ERROR_CHUNK,
  ERROR_CHUNK_EXTENSION,
  ERROR_CONNECT,
  ERROR_CONTENT_LENGTH,
  ERROR_CONTENT_SIZE,
  ERROR_EXPECTATION,
  ERROR_FIELD_COUNT,
  ERROR_FIELD_NAME,
  ERROR_FIELD_VALUE,
  ERROR_FRAMING,
  ERROR_HANDLER_TIMEOUT,
  ERROR_HEAD_SIZE,
  ERROR_HOST,
  ERROR_INCOMPLETE,
  ERROR_LEASE_EXHAUSTED,
  ERROR_METHOD,
  ERROR_METHOD_SIZE,
  ERROR_MISDIRECTED,
  ERROR_NO_PLACE,
  ERROR_OVERLOADED,
  ERROR_PLAINTEXT,
  ERROR_TARGET,
  ERROR_TARGET_SIZE,
  ERROR_TIMEOUT,
  ERROR_TLS,
  ERROR_TRANSFER_CODING,
  ERROR_TRANSFER_ENCODING,
  ERROR_VERSION,
  ERROR_VERSION_MAJOR,
} from '../memory/codes.ts';

interface ErrorResponse {
  /** An error code, ERROR_*. */
  error: number;
  statusCode: number;
  /** One line for the person who reads the response. */
  text: string;
  /** The error is temporary, so the response asks the client to try again (RFC 9110 10.2.3). */
  retryAfter?: boolean;
}

export const ERROR_RESPONSES: readonly ErrorResponse[] = [
  { error: ERROR_METHOD, statusCode: 400, text: 'malformed request line: method' },
  { error: ERROR_METHOD_SIZE, statusCode: 501, text: 'method not implemented' },
  { error: ERROR_TARGET, statusCode: 400, text: 'malformed request target' },
  { error: ERROR_TARGET_SIZE, statusCode: 414, text: 'request target too long' },
  { error: ERROR_VERSION, statusCode: 400, text: 'malformed HTTP version' },
  { error: ERROR_VERSION_MAJOR, statusCode: 505, text: 'only HTTP/1.1 and HTTP/1.0 are spoken here' },
  { error: ERROR_FIELD_NAME, statusCode: 400, text: 'malformed field name' },
  { error: ERROR_FIELD_VALUE, statusCode: 400, text: 'malformed field value' },
  { error: ERROR_FIELD_COUNT, statusCode: 431, text: 'too many fields' },
  { error: ERROR_HEAD_SIZE, statusCode: 431, text: 'head too large' },
  { error: ERROR_HOST, statusCode: 400, text: 'one valid Host field is required' },
  { error: ERROR_CONTENT_LENGTH, statusCode: 400, text: 'invalid Content-Length' },
  { error: ERROR_TRANSFER_CODING, statusCode: 501, text: 'transfer coding not implemented' },
  {
    error: ERROR_FRAMING,
    statusCode: 400,
    text: 'Transfer-Encoding with Content-Length or in HTTP/1.0',
  },
  { error: ERROR_CONTENT_SIZE, statusCode: 413, text: 'content too large' },
  { error: ERROR_CONNECT, statusCode: 501, text: 'CONNECT is not implemented' },
  { error: ERROR_INCOMPLETE, statusCode: 400, text: 'incomplete request' },
  { error: ERROR_EXPECTATION, statusCode: 417, text: 'only 100-continue is expected here' },
  { error: ERROR_CHUNK, statusCode: 400, text: 'malformed chunk' },
  { error: ERROR_CHUNK_EXTENSION, statusCode: 413, text: 'chunk extensions too long' },
  { error: ERROR_TIMEOUT, statusCode: 408, text: 'the request did not arrive in time' },
  { error: ERROR_OVERLOADED, statusCode: 503, text: 'too many connections' },
  { error: ERROR_HANDLER_TIMEOUT, statusCode: 503, text: 'the application did not answer in time' },
  {
    error: ERROR_LEASE_EXHAUSTED,
    statusCode: 503,
    text: 'no number can be handed out at the moment',
    retryAfter: true,
  },
  {
    error: ERROR_TRANSFER_ENCODING,
    statusCode: 400,
    text: 'the last transfer coding must be chunked, once and without parameters',
  },
  { error: ERROR_TLS, statusCode: 400, text: 'this is TLS, and this port speaks plain HTTP: use http://' },
  {
    error: ERROR_MISDIRECTED,
    statusCode: 421,
    text: 'this server does not answer for the scheme or the host of the request',
  },
  {
    error: ERROR_PLAINTEXT,
    statusCode: 400,
    text: 'this is plain HTTP, and this port speaks HTTPS: use https://',
  },
  {
    error: ERROR_NO_PLACE,
    statusCode: 400,
    text: 'this port redirects to https, and the request names no host or no path',
  },
];

/** The status code of the response to an error. */
export function statusCodeOf(error: number): number {
  return ERROR_RESPONSES.find((response) => response.error === error)?.statusCode ?? 500;
}

/** The text of the response to an error. */
export function refusalText(error: number): string {
  return ERROR_RESPONSES.find((response) => response.error === error)?.text ?? `error ${error}`;
}

/** The text of the error that a prepared response answers; undefined if it answers requests. @param index of the response */
export function refusalOf(index: number): string | undefined {
  return ERROR_RESPONSES.find(({ error }) => error === -index)?.text;
}
