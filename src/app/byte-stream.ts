// The stream of a body. The standard has it a byte stream; the platform's take several times as long as others, since
// each piece is transferred on its way. This one is an ordinary stream until somebody wants to read into a buffer of
// their own, which few ever do.

export interface ByteSource {
  /** The next piece, of bytes that nobody else has, none of them empty; undefined at the end. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  cancel(reason: unknown): void | Promise<void>;
}

export class ByteStream extends ReadableStream<Uint8Array<ArrayBuffer>> {
  constructor(source: ByteSource) {
    super(
      {
        async pull(controller) {
          const piece = await source.read();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
        cancel: (reason) => source.cancel(reason),
      },
      // Nothing is read before somebody reads it.
      { highWaterMark: 0 },
    );
  }

  override getReader(options: { mode: 'byob' }): ReadableStreamBYOBReader;
  override getReader(): ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  override getReader(options?: ReadableStreamGetReaderOptions): ReadableStreamReader<Uint8Array<ArrayBuffer>>;
  override getReader(
    options?: ReadableStreamGetReaderOptions,
  ): ReadableStreamReader<Uint8Array<ArrayBuffer>> {
    if (options?.mode !== 'byob') return super.getReader(options as undefined);
    const reader = super.getReader();
    const bytes = new ReadableStream({
      type: 'bytes',
      pull: async (controller: ReadableByteStreamController) => {
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(value);
          return;
        }
        controller.close();
        // A reader that waits with its own buffer is told, too.
        controller.byobRequest?.respond(0);
      },
      cancel: (reason) => reader.cancel(reason),
    });
    return bytes.getReader({ mode: 'byob' });
  }
}
