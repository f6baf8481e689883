// Parts of the grammar a second time, written down from the RFCs as they stand there, so that the fuzzer knows which
// side of a disagreement is right.

import { CHUNK_SIZE_DIGITS_MAX } from '../../src/wasm/layout.ts';

/** RFC 9110 5.6.2 and 5.6.4. */
const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const QUOTED_STRING = '"(?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
/** RFC 9112 7.1.1. */
const CHUNK_EXTENSION = `[\\t ]*;[\\t ]*${TOKEN}(?:[\\t ]*=[\\t ]*(?:${TOKEN}|${QUOTED_STRING}))?`;
const CHUNK_LINE = new RegExp(`([\\da-f]{1,${CHUNK_SIZE_DIGITS_MAX}})(?:${CHUNK_EXTENSION})*\\r\\n`, 'iy');

/** Whether each line with a size, up to the last chunk or to where the text ends, has the form that RFC 9112 7.1 gives it. */
export function hasChunkLines(text: string): boolean {
  for (let at = 0; at < text.length; ) {
    CHUNK_LINE.lastIndex = at;
    const [line, digits] = CHUNK_LINE.exec(text) ?? [];
    // A line that has no end yet is judged when it has.
    if (line === undefined) return !text.includes('\r\n', at);
    const size = Number.parseInt(digits as string, 16);
    if (size === 0) break;
    at += line.length + size + 2;
  }
  return true;
}
