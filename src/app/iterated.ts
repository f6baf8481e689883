// Bodies that are iterated over: async generators, Node's Readable, and the streams of other libraries.

import { ByteStream } from './byte-stream.ts';
import { Pieces } from './pieces.ts';

interface OtherStream {
  getReader(): ReadableStreamDefaultReader<unknown>;
}

export type Iterated = AsyncIterable<unknown> | OtherStream;

export function isIterated(value: unknown): value is Iterated {
  if (typeof value !== 'object' || value === null) return false;
  const { getReader, [Symbol.asyncIterator]: iterate } = value as Partial<
    OtherStream & AsyncIterable<unknown>
  >;
  return typeof getReader === 'function' || typeof iterate === 'function';
}

/** A stream of the pieces as bytes; nothing is iterated over before it is read. */
export function streamOfIterated(body: Iterated): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = new Pieces();
  let iterator: AsyncIterator<unknown> | undefined;
  return new ByteStream({
    async read() {
      iterator ??= iteratorOf(body);
      for (;;) {
        const { done, value } = await iterator.next();
        const bytes = done ? pieces.end() : pieces.bytesOf(value);
        // A copy: the source of the pieces may use the same memory again.
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

function iteratorOf(body: Iterated): AsyncIterator<unknown> {
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
