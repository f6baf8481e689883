// What the fields of a whole head mean together; twin of assembly/framing.ts.

import {
  RECORD_CONTENT_LENGTH,
  RECORD_FLAGS,
  RECORD_HOST_BYTES,
  RECORD_HOST_OFFSET,
  RECORD_VERSION_MINOR,
} from '../../wasm/layout.ts';
import {
  ERROR_CONTENT,
  ERROR_CONTENT_LENGTH,
  ERROR_FRAMING,
  ERROR_HOST,
  ERROR_TRANSFER_CODING,
  FLAG_CHUNKED,
  FLAG_CLOSE,
  FLAG_CONTENT_LENGTH,
  FLAG_CONTENT_LENGTH_BAD,
  FLAG_HOST,
  FLAG_HOST_AGAIN,
  FLAG_KEEP_ALIVE,
  FLAG_PERSISTENT,
  FLAG_TRANSFER_ENCODING,
} from '../codes.ts';
import { isHost } from './host.ts';
import type { Views } from './views.ts';

/** 0 when the head is fit to be answered, else the error. Adds persistence to the record's flags. */
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

  if (flags & (FLAG_TRANSFER_ENCODING | FLAG_CONTENT_LENGTH)) {
    const error = judgeFraming(views, record, flags, minor);
    if (error !== 0) return error;
  }

  const persistent = minor !== 0 || (flags & FLAG_KEEP_ALIVE) !== 0;
  if (persistent && !(flags & FLAG_CLOSE)) words[(record + RECORD_FLAGS) >> 2] = flags | FLAG_PERSISTENT;
  return 0;
}

function judgeFraming(views: Views, record: number, flags: number, minor: number): number {
  if (flags & FLAG_TRANSFER_ENCODING) {
    // The two ways to smuggle a request past a proxy (RFC 9112 6.1).
    if (flags & FLAG_CONTENT_LENGTH || minor === 0) return ERROR_FRAMING;
    if (!(flags & FLAG_CHUNKED)) return ERROR_TRANSFER_CODING;
    return ERROR_CONTENT;
  }
  if (flags & FLAG_CONTENT_LENGTH_BAD) return ERROR_CONTENT_LENGTH;
  return views.doubles[(record + RECORD_CONTENT_LENGTH) >> 3] === 0 ? 0 : ERROR_CONTENT;
}
