// The content of a request on its way to the application: pieces wait here until they are read. Beyond the window the
// connection reads no more from its peer.

import { copyBytes } from '../wasm/copy.ts';
import type { Content } from './exchange.ts';

/** Most bytes that wait before the server stops reading from the peer. */
const WINDOW_BYTES = 65536;
/** Most memory that is allocated at first: a client may announce a length that it never sends. */
const WHOLE_BYTES_FIRST = 1_048_576;
/** Most bytes of one read. */
const ROOM_BYTES_MAX = 65_536;
/** Memory larger than this is not filled with zeros first. */
const ZEROED_BYTES_MAX = 4096;
/** Bytes that a piece counts in addition to its own, so that single bytes fill the window, too. */
const PIECE_BYTES = 128;

type Trailer = readonly [name: string, value: string];

/** The source of the content. */
export interface ContentSource {
  /** The application waits for content, has taken some, or discards the rest. */
  contentWanted(): void;
}

export class ReceivedContent implements Content {
  trailers: readonly Trailer[] = [];
  /** The content, with its trailers, has not been received to its end. */
  unfinished = true;
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private receivedBytes = 0;
  /** The memory in which the next bytes land. */
  private piece: Uint8Array | undefined = undefined;
  private begun = false;
  private cancelled = false;
  private failure: Error | undefined;
  private tellBroken: ((reason: Error) => void) | undefined;
  private whole: Whole | undefined;
  private resolve: ((piece: Uint8Array | undefined) => void) | undefined;
  private reject: ((reason: Error) => void) | undefined;

  /** @param expectsContinue the client waits for 100 Continue (RFC 9110 10.1.1), which has not been sent */
  constructor(
    private readonly source: ContentSource,
    readonly length: number | undefined,
    public expectsContinue: boolean,
  ) {}

  takeWhole(): Uint8Array | undefined {
    if (this.begun || this.unfinished || this.failure !== undefined) return undefined;
    this.begun = true;
    if (this.waiting.length > 1) return this.gather().bytes;
    this.waitingBytes = 0;
    return this.waiting.pop() ?? new Uint8Array(0);
  }

  read(): Promise<Uint8Array | undefined> {
    this.begun = true;
    const piece = this.waiting.shift();
    if (piece !== undefined) {
      this.waitingBytes -= piece.length;
      this.source.contentWanted();
      return Promise.resolve(piece);
    }
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (!this.unfinished || this.cancelled) return Promise.resolve(undefined);
    return this.next();
  }

  async readWhole(): Promise<Uint8Array> {
    this.begun = true;
    const whole = this.gather();
    if (this.failure !== undefined) throw this.failure;
    if (this.unfinished && !this.cancelled) {
      this.whole = whole;
      await this.next();
      this.whole = undefined;
    }
    return whole.bytes;
  }

  cancel(): void {
    this.begun = true;
    this.cancelled = true;
    this.waiting.length = 0;
    this.waitingBytes = 0;
    this.settle(undefined);
    // 100 Continue that has not been sent is not sent any more.
    if (!this.expectsContinue) this.source.contentWanted();
  }

  /** More content may be read from the peer. */
  get hungry(): boolean {
    return this.waitingBytes + this.waiting.length * PIECE_BYTES < WINDOW_BYTES;
  }

  /** Takes a received piece: [start, end) of `bytes`, which will soon be overwritten. */
  push(bytes: Uint8Array, start: number, end: number): void {
    this.expectsContinue = false;
    this.receivedBytes += end - start;
    if (this.cancelled) return;
    if (this.whole !== undefined) {
      this.whole.add(bytes, start, end);
      return;
    }
    this.pass(copyOf(bytes, start, end));
  }

  /** Returns memory for the next bytes, if they are known to be content and the application reads it. */
  room(): Uint8Array | undefined {
    if (this.length === undefined || !this.begun || this.cancelled || !this.unfinished) return undefined;
    const bytes = Math.min(this.length - this.receivedBytes, ROOM_BYTES_MAX);
    if (this.whole !== undefined) return this.whole.roomFor(bytes);
    this.piece = allocate(bytes);
    return this.piece;
  }

  /** Takes bytes that lie in the memory that room() returned. */
  landed(bytes: number): void {
    const { piece } = this;
    this.piece = undefined;
    this.expectsContinue = false;
    this.receivedBytes += bytes;
    if (this.cancelled) return;
    if (piece === undefined) this.whole?.landed(bytes);
    else if (this.whole !== undefined) this.whole.add(piece, 0, bytes);
    // The rest of that memory has never been written: it still holds old bytes of the process.
    else this.pass(bytes < piece.length ? copyOf(piece, 0, bytes) : piece);
  }

  private pass(piece: Uint8Array): void {
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

  /** Breaks the content off. Pieces that wait may still be read. */
  fail(reason: Error): void {
    if (!this.unfinished || this.failure !== undefined) return;
    this.failure = reason;
    const { reject } = this;
    this.resolve = undefined;
    this.reject = undefined;
    reject?.(reason);
    this.tellBroken?.(reason);
  }

  whenBroken(tell: (reason: Error) => void): void {
    if (this.failure === undefined) this.tellBroken = tell;
    else tell(this.failure);
  }

  /** Waits for the next piece, or for the end. */
  private next(): Promise<Uint8Array | undefined> {
    this.source.contentWanted();
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Joins the pieces that wait; more can be added. */
  private gather(): Whole {
    const whole = new Whole(this.length);
    for (const piece of this.waiting) whole.add(piece, 0, piece.length);
    this.waiting.length = 0;
    this.waitingBytes = 0;
    return whole;
  }

  private settle(piece: Uint8Array | undefined): void {
    const { resolve } = this;
    this.resolve = undefined;
    this.reject = undefined;
    resolve?.(piece);
  }
}

/** Content in one piece, which grows as it is received. */
class Whole {
  private room: Uint8Array;
  private size = 0;

  constructor(private readonly length: number | undefined) {
    this.room = allocate(Math.min(length ?? WINDOW_BYTES, WHOLE_BYTES_FIRST));
  }

  get bytes(): Uint8Array {
    return this.size === this.room.length ? this.room : copyOf(this.room, 0, this.size);
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    copyBytes(bytes.subarray(start, end), this.roomFor(end - start), 0);
    this.size += end - start;
  }

  landed(bytes: number): void {
    this.size += bytes;
  }

  /** Returns the memory behind the content for so many bytes. */
  roomFor(bytes: number): Uint8Array {
    const size = this.size + bytes;
    if (size > this.room.length) {
      const grown = allocate(
        Math.max(size, Math.min(this.room.length * 2, this.length ?? Number.POSITIVE_INFINITY)),
      );
      grown.set(this.room.subarray(0, this.size));
      this.room = grown;
    }
    return this.room.subarray(this.size, size);
  }
}

/** Copies bytes into memory that holds nothing else. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = allocate(end - start);
  copyBytes(bytes.subarray(start, end), copy, 0);
  return copy;
}

/** Allocates memory that may hold old bytes of the process. The application must never see a byte of it that was not written. */
function allocate(size: number): Uint8Array {
  return size <= ZEROED_BYTES_MAX
    ? new Uint8Array(size)
    : new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}
