// Bodies that can be iterated over: async generators, Node's Readable, and the streams of other libraries.

import { ByteStream } from './byte-stream.ts';
import { PieceEncoder } from './piece-encoder.ts';

interface OtherStream {
  getReader(): ReadableStreamDefaultReader<unknown>;
}

export type IterableBody = AsyncIterable<unknown> | OtherStream;

export function isIterableBody(value: unknown): value is IterableBody {
  if (typeof value !== 'object' || value === null) return false;
  const { getReader, [Symbol.asyncIterator]: iterate } = value as Partial<
    OtherStream & AsyncIterable<unknown>
  >;
  return typeof getReader === 'function' || typeof iterate === 'function';
}

/** Makes a stream of bytes from the pieces. The iteration begins with the first read. */
export function streamOfIterable(body: IterableBody): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = new PieceEncoder();
  let iterator: AsyncIterator<unknown> | undefined;
  return new ByteStream({
    async read() {
      iterator ??= iteratorOf(body);
      for (;;) {
        const { done, value } = await iterator.next();
        const bytes = done ? pieces.end() : pieces.bytesOf(value);
        // Copied, since the source may reuse the memory of a piece.
        if (bytes.length > 0) return new Uint8Array(bytes);
        if (done) return undefined;
      }
    },
    async cancel(reason) {
      iterator ??= iteratorOf(body);
      await iterator.return?.(reason);
    },
  });
}

function iteratorOf(body: IterableBody): AsyncIterator<unknown> {
  if (!('getReader' in body)) return body[Symbol.asyncIterator]();
  const reader = body.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    return: async (reason) => {
      await reader.cancel(reason);
      return { done: true, value: undefined };
    },
  };
}
