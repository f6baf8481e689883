// Decides what the fields of a complete head mean together; twin of assembly/framing.ts.

import {
  ERROR_CONTENT_LENGTH,
  ERROR_CONTENT_SIZE,
  ERROR_EXPECTATION,
  ERROR_FRAMING,
  ERROR_HOST,
  ERROR_TRANSFER_CODING,
  ERROR_TRANSFER_ENCODING,
  FLAG_CHUNKED,
  FLAG_CLOSE,
  FLAG_CODING_OTHER,
  FLAG_CONTENT_LENGTH,
  FLAG_CONTENT_LENGTH_BAD,
  FLAG_EXPECT_OTHER,
  FLAG_HOST,
  FLAG_HOST_AGAIN,
  FLAG_KEEP_ALIVE,
  FLAG_PERSISTENT,
  FLAG_TRANSFER_ENCODING,
  FLAG_TRANSFER_ENCODING_BAD,
  STATE_CHUNK_SIZE,
  STATE_CONTENT,
} from '../../memory/codes.ts';
import {
  HEADER_CONTENT_BYTES_MAX,
  RECORD_CONTENT_BYTES,
  RECORD_CONTENT_LENGTH,
  RECORD_CONTENT_REMAINING,
  RECORD_EXTENSION_BYTES,
  RECORD_FLAGS,
  RECORD_HOST_BYTES,
  RECORD_HOST_OFFSET,
  RECORD_STATE,
  RECORD_VERSION_MINOR,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { isHost } from './host.ts';

/**
 * Returns 0 when the head is valid, else the error. Adds persistence to the record's flags. Sets the record's state to
 * the beginning of the content if the message has content.
 */
export function judgeHead(views: Views, record: number, start: number): number {
  const { bytes, halves, words } = views;
  const flags = words[(record + RECORD_FLAGS) >> 2] as number;
  const minor = words[(record + RECORD_VERSION_MINOR) >> 2] as number;

  if (flags & FLAG_HOST) {
    if (flags & FLAG_HOST_AGAIN) return ERROR_HOST;
    const host = start + (halves[(record + RECORD_HOST_OFFSET) >> 1] as number);
    const hostBytes = halves[(record + RECORD_HOST_BYTES) >> 1] as number;
    if (!isHost(bytes, host, host + hostBytes)) return ERROR_HOST;
  } else if (minor !== 0) return ERROR_HOST;

  // A server ignores the expectations of HTTP/1.0 clients (RFC 9110 10.1.1).
  if (flags & FLAG_EXPECT_OTHER && minor !== 0) return ERROR_EXPECTATION;
  if (flags & (FLAG_TRANSFER_ENCODING | FLAG_CONTENT_LENGTH)) {
    const error = judgeFraming(views, record, flags, minor);
    if (error !== 0) return error;
  }

  const persistent = minor !== 0 || (flags & FLAG_KEEP_ALIVE) !== 0;
  if (persistent && !(flags & FLAG_CLOSE)) words[(record + RECORD_FLAGS) >> 2] = flags | FLAG_PERSISTENT;
  return 0;
}

/** Returns 0 when the framing is valid, else the error. Applies the rules in the order of RFC 9112 6.3. */
function judgeFraming({ words, doubles }: Views, record: number, flags: number, minor: number): number {
  if (flags & FLAG_TRANSFER_ENCODING) {
    // Both are ways to smuggle a request past a proxy (RFC 9112 6.1).
    if (flags & FLAG_CONTENT_LENGTH || minor === 0) return ERROR_FRAMING;
    if (flags & FLAG_TRANSFER_ENCODING_BAD || !(flags & FLAG_CHUNKED)) return ERROR_TRANSFER_ENCODING;
    if (flags & FLAG_CODING_OTHER) return ERROR_TRANSFER_CODING;
    doubles[(record + RECORD_CONTENT_BYTES) >> 3] = 0;
    words[(record + RECORD_EXTENSION_BYTES) >> 2] = 0;
    words[(record + RECORD_STATE) >> 2] = STATE_CHUNK_SIZE;
    return 0;
  }
  if (flags & FLAG_CONTENT_LENGTH_BAD) return ERROR_CONTENT_LENGTH;
  const length = doubles[(record + RECORD_CONTENT_LENGTH) >> 3] as number;
  if (length > (doubles[HEADER_CONTENT_BYTES_MAX >> 3] as number)) return ERROR_CONTENT_SIZE;
  if (length !== 0) {
    doubles[(record + RECORD_CONTENT_REMAINING) >> 3] = length;
    words[(record + RECORD_STATE) >> 2] = STATE_CONTENT;
  }
  return 0;
}
