// Decides what the fields of a complete head mean together: whether Host is valid (RFC 9112 3.2), where the content ends
// (6.3) and whether the connection persists (9.3).

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
} from '../src/memory/codes';
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
} from '../src/memory/layout';
import { isHost } from './host';

/**
 * Returns 0 when the head is valid, else the error. Adds persistence to the record's flags. Sets the record's state to
 * the beginning of the content if the message has content.
 */
export function judgeHead(record: usize, start: usize): i32 {
  const flags = load<i32>(record, RECORD_FLAGS);
  const minor = load<i32>(record, RECORD_VERSION_MINOR);

  if (flags & FLAG_HOST) {
    if (flags & FLAG_HOST_AGAIN) return ERROR_HOST;
    const host = start + load<u16>(record, RECORD_HOST_OFFSET);
    if (!isHost(host, host + load<u16>(record, RECORD_HOST_BYTES))) return ERROR_HOST;
  } else if (minor != 0) return ERROR_HOST;

  // A server ignores the expectations of HTTP/1.0 clients (RFC 9110 10.1.1).
  if (flags & FLAG_EXPECT_OTHER && minor != 0) return ERROR_EXPECTATION;
  if (flags & (FLAG_TRANSFER_ENCODING | FLAG_CONTENT_LENGTH)) {
    const error = judgeFraming(record, flags, minor);
    if (error != 0) return error;
  }

  const persistent = minor != 0 || (flags & FLAG_KEEP_ALIVE) != 0;
  if (persistent && !(flags & FLAG_CLOSE)) store<i32>(record, flags | FLAG_PERSISTENT, RECORD_FLAGS);
  return 0;
}

/** Returns 0 when the framing is valid, else the error. Applies the rules in the order of RFC 9112 6.3. */
function judgeFraming(record: usize, flags: i32, minor: i32): i32 {
  if (flags & FLAG_TRANSFER_ENCODING) {
    // Both are ways to smuggle a request past a proxy (RFC 9112 6.1).
    if (flags & FLAG_CONTENT_LENGTH || minor == 0) return ERROR_FRAMING;
    if (flags & FLAG_TRANSFER_ENCODING_BAD || !(flags & FLAG_CHUNKED)) return ERROR_TRANSFER_ENCODING;
    if (flags & FLAG_CODING_OTHER) return ERROR_TRANSFER_CODING;
    store<f64>(record, 0, RECORD_CONTENT_BYTES);
    store<i32>(record, 0, RECORD_EXTENSION_BYTES);
    store<i32>(record, STATE_CHUNK_SIZE, RECORD_STATE);
    return 0;
  }
  if (flags & FLAG_CONTENT_LENGTH_BAD) return ERROR_CONTENT_LENGTH;
  const length = load<f64>(record, RECORD_CONTENT_LENGTH);
  if (length > load<f64>(HEADER_CONTENT_BYTES_MAX)) return ERROR_CONTENT_SIZE;
  if (length != 0) {
    store<f64>(record, length, RECORD_CONTENT_REMAINING);
    store<i32>(record, STATE_CONTENT, RECORD_STATE);
  }
  return 0;
}
