// The content of a request on its way from node:http2 to the application. The stream pauses when the application has fallen a
// window behind; then the client's own window bounds what is still received.

import type { ServerHttp2Stream } from 'node:http2';
import type { ReceivedContent } from '../connection/received-content.ts';
import { ERROR_CONTENT_SIZE, ERROR_FIELD_COUNT, ERROR_HEAD_SIZE } from '../memory/codes.ts';
import type { MessageLimits } from '../wasm/header.ts';

export interface IncomingHost {
  /** So many bytes of content have been received. */
  received(bytes: number): void;
  /** The content has been received to its end. */
  complete(): void;
  /** The content is not allowed. @param error one of ERROR_* */
  broke(error: number): void;
}

const NO_TRAILERS: readonly string[] = [];
/** A field line takes so much more than its name and value: a colon, a space and a line end. */
const FIELD_LINE_BYTES = 4;

export class Incoming {
  private bytes = 0;
  private trailers = NO_TRAILERS;
  private over = false;

  /** Begins to receive. */
  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly content: ReceivedContent,
    private readonly limits: MessageLimits,
    private readonly host: IncomingHost,
  ) {
    stream.on('data', (piece: Uint8Array) => this.take(piece));
    stream.on('trailers', (_fields, _flags, section?: readonly string[]) => {
      this.trailers = section ?? NO_TRAILERS;
    });
    stream.on('end', () => this.end());
    stream.on('aborted', () => this.stop());
  }

  /** Reads on if the application keeps up. */
  resume(): void {
    if (this.content.hungry && this.stream.isPaused()) this.stream.resume();
  }

  /** Drops what still comes. A stream that stays paused would never close. */
  stop(): void {
    this.over = true;
    this.stream.resume();
  }

  private take(piece: Uint8Array): void {
    if (this.over) return;
    this.bytes += piece.length;
    if (this.bytes > this.limits.contentBytesMax) {
      this.fail(ERROR_CONTENT_SIZE);
      return;
    }
    if (piece.length === 0) return;
    this.content.push(piece, 0, piece.length);
    if (!this.content.hungry) this.stream.pause();
    this.host.received(piece.length);
  }

  private end(): void {
    const { stream } = this;
    // A stream that was reset ends, too, but its content is not complete.
    if (this.over || stream.aborted || stream.closed || stream.destroyed) return;
    const { trailers } = this;
    const pairs: [name: string, value: string][] = [];
    let size = 0;
    for (let i = 0; i + 1 < trailers.length; i += 2) {
      const name = trailers[i] as string;
      const value = trailers[i + 1] as string;
      pairs.push([name, value]);
      size += name.length + value.length + FIELD_LINE_BYTES;
    }
    if (pairs.length > this.limits.fieldCountMax) this.fail(ERROR_FIELD_COUNT);
    else if (size > this.limits.headBytesMax) this.fail(ERROR_HEAD_SIZE);
    else {
      this.over = true;
      this.content.finish(pairs);
      this.host.complete();
    }
  }

  private fail(error: number): void {
    this.stop();
    this.host.broke(error);
  }
}
