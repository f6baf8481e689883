// The errors that a handler can get from its request. Their names and codes are stable between versions; messages may
// change. docs/applications.md lists them.

import { ERROR_CHUNK_EXTENSION, ERROR_CONTENT_SIZE, ERROR_TIMEOUT } from '../memory/codes.ts';
import { refusalText, statusCodeOf } from './errors.ts';

export type AbortCode =
  | 'ERR_CLIENT_GONE'
  | 'ERR_HANDLER_TIMEOUT'
  | 'ERR_SERVER_STOPPED'
  | 'ERR_WRITE_TIMEOUT';

/**
 * Makes the reason of an abort. The request's signal has this reason, and every read of the body rejects with it. It is a
 * platform's AbortError, so that code written for those handles it.
 */
export function abortError(code: AbortCode, message: string): Error {
  // By the standard, the code of a DOMException is a number, which says nothing beyond the name.
  return Object.defineProperty(new DOMException(message, 'AbortError'), 'code', {
    value: code,
    enumerable: true,
  });
}

/** Makes the reason when the client has closed its side of the connection. It may still read responses. */
export function halfClosedError(): Error {
  return abortError('ERR_CLIENT_GONE', 'the client closed its side of the connection');
}

export type BodyErrorCode = 'ERR_BODY_TOO_LARGE' | 'ERR_BODY_TIMEOUT' | 'ERR_BODY_MALFORMED';

/** The body of a request can't be read to its end, because of the client. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly code: BodyErrorCode;
  /** The status code that the client gets if the handler has not begun its response. */
  readonly status: number;

  /** @param error one of ERROR_* */
  constructor(error: number) {
    super(refusalText(error));
    this.code = codeOf(error);
    this.status = statusCodeOf(error);
  }
}

function codeOf(error: number): BodyErrorCode {
  if (error === ERROR_TIMEOUT) return 'ERR_BODY_TIMEOUT';
  if (error === ERROR_CONTENT_SIZE || error === ERROR_CHUNK_EXTENSION) return 'ERR_BODY_TOO_LARGE';
  return 'ERR_BODY_MALFORMED';
}

/** Makes the error for a handler that asks for a part of a request that has been answered, so that the part is gone. */
export function answeredError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_REQUEST_ANSWERED' });
}

/** Makes the error for content that is read after the response, but was not read before. */
export function unreadError(): Error {
  return answeredError('the request has been answered before its content was read');
}
