// Decodes UTF-8 in shared memory, which TextDecoder refuses to read.

import type { UncheckedBuffer } from '../wasm/unchecked-buffer.ts';

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Decodes [start, end) as TextDecoder does: malformed bytes become U+FFFD, and a byte order mark is removed. */
export function textOf(bytes: Buffer, start: number, end: number): string {
  const marked = bytes[start] === BYTE_ORDER_MARK[0] && isMarked(bytes, start, end);
  return (bytes as UncheckedBuffer).utf8Slice(marked ? start + BYTE_ORDER_MARK.length : start, end);
}

function isMarked(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start >= BYTE_ORDER_MARK.length && BYTE_ORDER_MARK.every((byte, i) => bytes[start + i] === byte)
  );
}
