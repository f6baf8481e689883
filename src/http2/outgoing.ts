// A response on its way to the client. Its methods do nothing when the stream is closed.
//
// Pieces of content wait here, and go to node:http2 in slices, one after the other. So a client with a small window makes the
// session keep no more than a slice of each response, and a slice that the client does not take within the write
// timeout shows that it does not read.

import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type Taken, tellLater } from '../connection/outflow.ts';
import { abortError } from '../protocol/request-errors.ts';
import { SLICE_BYTES } from './bounds.ts';

/** An error code of RFC 9113 7: the client needs to send nothing more. */
const NO_ERROR = 0;

export interface OutgoingHost {
  /** The client has taken a slice. @param empty nothing waits any more */
  taken(empty: boolean): void;
}

interface Piece {
  bytes: Uint8Array;
  written: Taken | undefined;
}

export class Outgoing {
  /** Bytes of content that the client has not taken. */
  waitingBytes = 0;
  /** This server has reset the stream. */
  cut = false;
  private readonly pieces: Piece[] = [];
  /** How much of the first piece has gone to node:http2. */
  private at = 0;
  /** node:http2 has a slice that the client has not taken. */
  private flying = false;
  private ends = false;

  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly host: OutgoingHost,
  ) {}

  get open(): boolean {
    return !this.stream.closed && !this.stream.destroyed;
  }

  /** No piece waits. */
  get empty(): boolean {
    return this.pieces.length === 0;
  }

  inform(fields: OutgoingHttpHeaders): void {
    if (this.open) this.stream.additionalHeaders(fields);
  }

  /**
   * Sends the head.
   * @param endStream there is no content
   * @param trailers called when the content has been sent, for the fields behind it
   */
  sendHead(fields: OutgoingHttpHeaders, endStream: boolean, trailers?: () => OutgoingHttpHeaders): void {
    const { stream } = this;
    if (!this.open) return;
    stream.respond(fields, { endStream, waitForTrailers: trailers !== undefined });
    if (trailers === undefined) return;
    stream.once('wantTrailers', () => {
      if (this.open) stream.sendTrailers(trailers());
    });
  }

  /** Sends the whole content, which is no larger than a slice. */
  sendWhole(content: string | Uint8Array): void {
    if (this.open) this.stream.end(content);
  }

  /** Sends bytes, which must not change. @param written called back when they have been sent */
  push(bytes: Uint8Array, written?: Taken): void {
    this.waitingBytes += bytes.length;
    this.pieces.push({ bytes, written });
    this.next();
  }

  /** Calls back when everything so far has been sent. */
  whenTaken(written: Taken): void {
    if (this.empty) tellLater(written);
    else this.push(new Uint8Array(0), written);
  }

  /** Sends the end of the content behind all bytes so far. */
  end(): void {
    this.ends = true;
    this.next();
  }

  /** Ends the stream with an error code of RFC 9113 7. */
  reset(code: number): void {
    this.cut = true;
    if (this.open) this.stream.close(code);
  }

  /** Tells the client, when it has the response, that the rest of its content is not wanted (RFC 9113 8.1). */
  stopReceiving(): void {
    if (this.open) this.stream.close(NO_ERROR);
  }

  /** Calls back once: when the response has left, or with an error if it never will. */
  whenLeft(told: Taken): void {
    const { stream } = this;
    let called = false;
    const tell = (error?: Error): void => {
      if (called) return;
      called = true;
      told(error);
    };
    if (stream.writableFinished) tellLater(tell);
    stream.once('finish', () => tell());
    stream.once('close', () => tell(abortError('ERR_CLIENT_GONE', 'the client closed the connection')));
  }

  /** Drops everything that waits. */
  drop(reason: Error): void {
    this.waitingBytes = 0;
    for (const { written } of this.pieces.splice(0)) if (written !== undefined) tellLater(written, reason);
  }

  private next(): void {
    const { pieces, stream } = this;
    if (this.flying || !this.open) return;
    const [piece] = pieces;
    if (piece === undefined) {
      if (this.ends && !stream.writableEnded) stream.end();
      return;
    }
    const { bytes } = piece;
    const start = this.at;
    const end = Math.min(start + SLICE_BYTES, bytes.length);
    if (end === start) {
      this.sent(0);
      return;
    }
    this.at = end;
    this.flying = true;
    const slice = end - start === bytes.length ? bytes : bytes.subarray(start, end);
    stream.write(slice, (error) => {
      this.flying = false;
      if (!error && this.pieces.length > 0) this.sent(end - start);
    });
    // The end leaves with the last bytes.
    if (this.ends && pieces.length === 1 && end === bytes.length) stream.end();
  }

  private sent(bytes: number): void {
    this.waitingBytes -= bytes;
    const [piece] = this.pieces;
    if (piece !== undefined && this.at === piece.bytes.length) {
      this.pieces.shift();
      this.at = 0;
      if (piece.written !== undefined) tellLater(piece.written);
    }
    this.next();
    if (bytes > 0) this.host.taken(this.waitingBytes === 0);
  }
}
