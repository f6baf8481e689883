// The stream of a body. By the standard it is a byte stream. The platform's byte streams take several times as long as
// ordinary streams, since they transfer each piece. So this class is an ordinary stream, and becomes a byte stream only
// for a BYOB reader, which few programs ask for.

export interface ByteSource {
  /** Resolves to the next piece, which is not empty and which the source never touches again; undefined at the end. */
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
      // Nothing is read from the source before the program reads.
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
        // A BYOB read that is waiting ends only by this.
        controller.byobRequest?.respond(0);
      },
      cancel: (reason) => reader.cancel(reason),
    });
    return bytes.getReader({ mode: 'byob' });
  }
}
