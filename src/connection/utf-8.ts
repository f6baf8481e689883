// Decodes UTF-8 in shared memory, which TextDecoder refuses to read.

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Buffer's own method, without the checks of toString(). */
interface Utf8 {
  utf8Slice(start: number, end: number): string;
}

/** Decodes [start, end) as TextDecoder does: malformed bytes become U+FFFD, and a byte order mark is removed. */
export function textOf(bytes: Buffer, start: number, end: number): string {
  const marked = bytes[start] === BYTE_ORDER_MARK[0] && isMarked(bytes, start, end);
  return (bytes as unknown as Utf8).utf8Slice(marked ? start + BYTE_ORDER_MARK.length : start, end);
}

function isMarked(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start >= BYTE_ORDER_MARK.length && BYTE_ORDER_MARK.every((byte, i) => bytes[start + i] === byte)
  );
}
