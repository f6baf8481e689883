// The content of a request on its way to the application: pieces wait here until they are read. What waits is
// bounded: beyond the window the connection reads no more from its peer.

import type { Content } from './exchange.ts';

/** What may wait before the peer is left waiting. */
const WINDOW_BYTES = 65536;
/** What a piece costs besides its bytes, so that single bytes don't come cheap. */
const PIECE_BYTES = 128;

type Trailer = readonly [name: string, value: string];

/** What the content needs of its connection. */
export interface ContentSource {
  /** The application waits for content, or has taken some. */
  contentWanted(content: ReceivedContent): void;
}

export class ReceivedContent implements Content {
  trailers: readonly Trailer[] = [];
  /** The message has not ended. */
  unfinished = true;
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private begun = false;
  private cancelled = false;
  private failure: Error | undefined;
  private resolve: ((piece: Uint8Array | undefined) => void) | undefined;
  private reject: ((reason: Error) => void) | undefined;

  /** @param expectsContinue the client waits to be asked for it (RFC 9110 10.1.1), and has not been */
  constructor(
    private readonly source: ContentSource,
    readonly length: number | undefined,
    public expectsContinue: boolean,
  ) {}

  takeWhole(): Uint8Array | undefined {
    if (this.begun || this.unfinished || this.failure !== undefined) return undefined;
    const { waiting } = this;
    this.begun = true;
    this.waitingBytes = 0;
    if (waiting.length > 1) return joined(waiting.splice(0));
    return waiting.pop() ?? new Uint8Array(0);
  }

  read(): Promise<Uint8Array | undefined> {
    this.begun = true;
    const piece = this.waiting.shift();
    if (piece !== undefined) {
      this.waitingBytes -= piece.length;
      this.source.contentWanted(this);
      return Promise.resolve(piece);
    }
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (!this.unfinished || this.cancelled) return Promise.resolve(undefined);
    this.source.contentWanted(this);
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  cancel(): void {
    this.begun = true;
    this.cancelled = true;
    this.waiting.length = 0;
    this.waitingBytes = 0;
    this.settle(undefined);
    // What has not been asked for need not be asked for.
    if (!this.expectsContinue) this.source.contentWanted(this);
  }

  /** More may be read from the peer. */
  get hungry(): boolean {
    return this.waitingBytes + this.waiting.length * PIECE_BYTES < WINDOW_BYTES;
  }

  /** @param piece bytes that nobody else has */
  push(piece: Uint8Array): void {
    this.expectsContinue = false;
    if (this.cancelled) return;
    if (this.resolve !== undefined) {
      this.settle(piece);
      return;
    }
    this.waiting.push(piece);
    this.waitingBytes += piece.length;
  }

  finish(trailers: readonly Trailer[]): void {
    this.unfinished = false;
    this.trailers = trailers;
    this.settle(undefined);
  }

  /** It breaks off. What waits may still be read. */
  fail(reason: Error): void {
    if (!this.unfinished || this.failure !== undefined) return;
    this.failure = reason;
    const { reject } = this;
    this.resolve = undefined;
    this.reject = undefined;
    reject?.(reason);
  }

  private settle(piece: Uint8Array | undefined): void {
    const { resolve } = this;
    this.resolve = undefined;
    this.reject = undefined;
    resolve?.(piece);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
