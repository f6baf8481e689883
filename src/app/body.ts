// The content of a request as the Body of the Fetch standard: read once, whole or as a stream. What is here
// whole is handed over without a stream.

import { Readable } from 'node:stream';
import type { Content } from '../connection/exchange.ts';
import { ByteStream } from './byte-stream.ts';
import { NativeHeaders } from './native.ts';

/** A body is read once. */
export function bodyUsedError(): TypeError {
  return Object.assign(new TypeError('Body is unusable: Body has already been read'), {
    code: 'ERR_BODY_USED',
  });
}

export class Body {
  readonly #content: Content;
  /** Whose trailers are told: this one, or the one that it was cloned from. */
  readonly #source: Body;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  /** Read without a stream. */
  #taken = false;
  #ended = false;
  #failure: unknown = undefined;
  #trailers: Promise<globalThis.Headers> | undefined = undefined;
  #tellTrailers: (() => void) | undefined = undefined;

  constructor(content: Content, source?: Body, stream?: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#content = content;
    this.#source = source ?? this;
    this.#stream = stream;
  }

  get stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#stream ??= this.#taken ? spentStream() : this.#open();
    return this.#stream;
  }

  get used(): boolean {
    if (this.#stream === undefined) return this.#taken;
    return Readable.isDisturbed(this.#stream as unknown as NodeJS.ReadableStream);
  }

  /** Whether reading it now is an error. */
  get unusable(): boolean {
    return this.used || this.#stream?.locked === true;
  }

  /** @throws TypeError, as a rejection, when it has been read before */
  async consume<T>(convert: (bytes: Uint8Array) => T | Promise<T>): Promise<T> {
    if (this.unusable) throw bodyUsedError();
    if (this.#stream !== undefined) return convert(await readStream(this.#stream));
    this.#taken = true;
    const whole = this.#content.takeWhole();
    if (whole === undefined) return convert(await this.#readWhole());
    this.#end(undefined);
    return convert(whole);
  }

  /** Another one of the same content, to be read for itself. */
  tee(): Body {
    const [mine, other] = this.stream.tee();
    this.#stream = mine;
    return new Body(this.#content, this.#source, other);
  }

  /**
   * Known when the content has been read to its end, which it is not by this; rejects when that never comes.
   */
  get trailers(): Promise<globalThis.Headers> {
    return this.#source.#ownTrailers();
  }

  #ownTrailers(): Promise<globalThis.Headers> {
    if (this.#trailers === undefined) {
      this.#trailers = new Promise((resolve, reject) => {
        this.#tellTrailers = () => {
          if (this.#failure !== undefined) reject(this.#failure);
          else resolve(new NativeHeaders(this.#content.trailers as [string, string][]));
        };
        if (this.#ended) this.#tellTrailers();
        // Content that nobody reads never ends by itself.
        else this.#content.whenBroken((reason) => this.#end(reason));
      });
      // Whoever reads the content learns of its failure there.
      this.#trailers.catch(() => {});
    }
    return this.#trailers;
  }

  #end(failure: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#tellTrailers?.();
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      const piece = await this.#content.read();
      if (piece === undefined) this.#end(undefined);
      return piece;
    } catch (error) {
      this.#end(error ?? new Error('the content broke off'));
      throw error;
    }
  }

  async #readWhole(): Promise<Uint8Array> {
    try {
      const whole = await this.#content.readWhole();
      this.#end(undefined);
      return whole;
    } catch (error) {
      this.#end(error ?? new Error('the content broke off'));
      throw error;
    }
  }

  #open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ByteStream({
      read: async () => {
        let piece = await this.#read();
        while (piece?.length === 0) piece = await this.#read();
        return piece as Uint8Array<ArrayBuffer> | undefined;
      },
      cancel: () => {
        this.#end(
          Object.assign(new TypeError('the content was cancelled before its end'), {
            code: 'ERR_BODY_CANCELLED',
          }),
        );
        this.#content.cancel();
      },
    });
  }
}

/** The bytes as an ArrayBuffer that holds nothing else. */
export function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) return buffer;
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return own.buffer;
}

async function readStream(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = stream.getReader();
  const pieces: Uint8Array[] = [];
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    if (!(read.value instanceof Uint8Array))
      throw new TypeError('the body has a piece that is no Uint8Array');
    pieces.push(read.value);
  }
  return joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let cursor = 0;
  for (const piece of pieces) {
    whole.set(piece, cursor);
    cursor += piece.length;
  }
  return whole;
}

/** What is left of content that has been read without a stream: at its end, and in somebody's hand. */
function spentStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (controller) => controller.close() });
  void stream.getReader().read();
  return stream;
}
