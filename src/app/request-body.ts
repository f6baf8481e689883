// The content of a request as the Body of the Fetch standard: read once, whole or as a stream. Content that has been
// received whole is passed on without a stream.

import { Readable } from 'node:stream';
import type { Content } from '../connection/exchange.ts';
import { ByteStream } from './byte-stream.ts';
import { NativeHeaders } from './native.ts';

const UTF_8 = new TextDecoder();

/** Makes the error for a body that is read a second time. */
export function bodyUsedError(): TypeError {
  return Object.assign(new TypeError('Body is unusable: Body has already been read'), {
    code: 'ERR_BODY_USED',
  });
}

export class RequestBody {
  private readonly content: Content;
  /** The body that knows the trailers: this one, or the one that it was cloned from. */
  private readonly source: RequestBody;
  private opened: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  /** The content has been read without a stream. */
  private taken = false;
  private ended = false;
  private failure: unknown = undefined;
  private trailersRead: Promise<globalThis.Headers> | undefined = undefined;
  private settleTrailers: (() => void) | undefined = undefined;

  constructor(content: Content, source?: RequestBody, stream?: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.content = content;
    this.source = source ?? this;
    this.opened = stream;
  }

  get stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.opened ??= this.taken ? spentStream() : this.open();
    return this.opened;
  }

  get used(): boolean {
    if (this.opened === undefined) return this.taken;
    return Readable.isDisturbed(this.opened as unknown as NodeJS.ReadableStream);
  }

  /** Whether reading it now is an error. */
  get unusable(): boolean {
    return this.used || this.opened?.locked === true;
  }

  /** Reads the whole content as UTF-8; otherwise as consume(). */
  text(): Promise<string> {
    const text = this.takeText();
    return text === undefined ? this.consume(decode) : Promise.resolve(text);
  }

  /** Reads the whole content as JSON; otherwise as consume(). */
  json(): Promise<unknown> {
    const text = this.takeText();
    if (text === undefined) return this.consume(parse);
    try {
      return Promise.resolve(JSON.parse(text));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Decodes the content where it was received, if all of it has arrived. */
  private takeText(): string | undefined {
    if (this.taken || this.opened !== undefined) return undefined;
    const text = this.content.takeText();
    if (text === undefined) return undefined;
    this.taken = true;
    this.end(undefined);
    return text;
  }

  /**
   * Reads the whole content, and converts it.
   * @throws TypeError, as a rejection, when the body has been read before
   */
  async consume<T>(convert: (bytes: Uint8Array) => T | Promise<T>): Promise<T> {
    if (this.unusable) throw bodyUsedError();
    if (this.opened !== undefined) return convert(await readStream(this.opened));
    this.taken = true;
    const whole = this.content.takeWhole();
    if (whole === undefined) return convert(await this.readWhole());
    this.end(undefined);
    return convert(whole);
  }

  /** Makes a second body of the same content. Each can be read once. */
  tee(): RequestBody {
    const [mine, other] = this.stream.tee();
    this.opened = mine;
    return new RequestBody(this.content, this.source, other);
  }

  /** Resolves when the content has been read to its end, which this does not do; rejects when the content breaks off. */
  get trailers(): Promise<globalThis.Headers> {
    return this.source.ownTrailers();
  }

  private ownTrailers(): Promise<globalThis.Headers> {
    if (this.trailersRead === undefined) {
      this.trailersRead = new Promise((resolve, reject) => {
        this.settleTrailers = () => {
          if (this.failure !== undefined) reject(this.failure);
          else resolve(new NativeHeaders(this.content.trailers as [string, string][]));
        };
        if (this.ended) this.settleTrailers();
        // Unread content never ends by itself.
        else this.content.whenBroken((reason) => this.end(reason));
      });
      // The reader of the content gets the failure, so a program that ignores this promise need not handle it.
      this.trailersRead.catch(() => {});
    }
    return this.trailersRead;
  }

  private end(failure: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
    this.settleTrailers?.();
  }

  private async read(): Promise<Uint8Array | undefined> {
    try {
      const piece = await this.content.read();
      if (piece === undefined) this.end(undefined);
      return piece;
    } catch (error) {
      this.end(error ?? new Error('the content broke off'));
      throw error;
    }
  }

  private async readWhole(): Promise<Uint8Array> {
    try {
      const whole = await this.content.readWhole();
      this.end(undefined);
      return whole;
    } catch (error) {
      this.end(error ?? new Error('the content broke off'));
      throw error;
    }
  }

  private open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.content.keep();
    return new ByteStream({
      read: async () => {
        let piece = await this.read();
        while (piece?.length === 0) piece = await this.read();
        return piece as Uint8Array<ArrayBuffer> | undefined;
      },
      cancel: () => {
        this.end(
          Object.assign(new TypeError('the content was cancelled before its end'), {
            code: 'ERR_BODY_CANCELLED',
          }),
        );
        this.content.cancel();
      },
    });
  }
}

/** Decodes UTF-8. Malformed bytes become U+FFFD, and a byte order mark is removed. */
function decode(bytes: Uint8Array): string {
  return UTF_8.decode(bytes);
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(UTF_8.decode(bytes));
}

/** The bytes as an ArrayBuffer that holds nothing else; copied when their buffer is larger. */
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

/** Makes the stream of content that has been read without one: at its end, and locked. */
function spentStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (controller) => controller.close() });
  void stream.getReader().read();
  return stream;
}
