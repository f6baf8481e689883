// The errors of a request that its handler can meet. Name and code stay the same from version to version, messages may
// change. docs/applications.md lists them.

import { ERROR_CHUNK_EXTENSION, ERROR_CONTENT_SIZE, ERROR_TIMEOUT } from '../memory/codes.ts';
import { refusalText, statusCodeOf } from './errors.ts';

export type AbortCode =
  | 'ERR_CLIENT_GONE'
  | 'ERR_HANDLER_TIMEOUT'
  | 'ERR_SERVER_STOPPED'
  | 'ERR_WRITE_TIMEOUT';

/**
 * The reason of an abort: the request's signal has it, and every read of its body rejects with it. It is the platform's
 * AbortError, so that code that handles those handles it.
 */
export function abortError(code: AbortCode, message: string): Error {
  // The standard's own code of a DOMException is a number that repeats the name.
  return Object.defineProperty(new DOMException(message, 'AbortError'), 'code', {
    value: code,
    enumerable: true,
  });
}

export type BodyErrorCode = 'ERR_BODY_TOO_LARGE' | 'ERR_BODY_TIMEOUT' | 'ERR_BODY_MALFORMED';

/** The body of a request can't be read to its end, by the client's fault. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly code: BodyErrorCode;
  /** The status code that the client gets, unless the handler has begun its response. */
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

/** Thrown when a handler asks for something that is gone, since the request has been answered. */
export function answeredError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_REQUEST_ANSWERED' });
}
