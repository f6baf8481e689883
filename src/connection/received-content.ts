// The content of a request on its way to the application: pieces wait here until they are read. Beyond the window the
// connection reads no more from its peer.
//
// Bytes that were received with the head stay in the slot while the application is called: they are copied when they are
// read, and those that have not been read are copied by detach() when the exchange goes on after the call.

import { unreadError } from '../protocol/request-errors.ts';
import type { Content } from './exchange.ts';
import { allocate, copyOf } from './own-bytes.ts';
import { textOf } from './utf-8.ts';
import { WholeContent } from './whole-content.ts';

/** Most bytes that wait before the server stops reading from the peer. */
const WINDOW_BYTES = 65_536;
/** Most bytes of one read. */
const ROOM_BYTES_MAX = 65_536;
/** Bytes that a piece counts in addition to its own, so that single bytes fill the window, too. */
const PIECE_BYTES = 128;
/** Detached bytes up to this size share memory with others, so the application gets a copy of them. */
const SHARED_BYTES_MAX = 1024;

type Trailer = readonly [name: string, value: string];

const NO_TRAILERS: readonly Trailer[] = [];

/** The source of the content. */
export interface ContentSource {
  /** The application waits for content, has taken some, or discards the rest. */
  contentWanted(): void;
}

export class ReceivedContent implements Content {
  trailers = NO_TRAILERS;
  /** The content, with its trailers, has not been received to its end. */
  unfinished = true;
  /** The memory of the bytes that came with the head: first the slot, then a copy. They come before those that wait. */
  private first: Buffer | undefined = undefined;
  private firstStart = 0;
  private firstEnd = 0;
  private waiting: Uint8Array[] | undefined = undefined;
  /** The bytes that have not been read, and PIECE_BYTES for each of their pieces. */
  private waitingBytes = 0;
  private receivedBytes = 0;
  /** The memory in which the next bytes land. */
  private piece: Uint8Array | undefined = undefined;
  private begun = false;
  private cancelled = false;
  /** The request has been answered, and its content was not read. */
  private unread = false;
  private failure: Error | undefined = undefined;
  private tellBroken: ((reason: Error) => void) | undefined = undefined;
  private whole: WholeContent | undefined = undefined;
  private resolve: ((piece: Uint8Array | undefined) => void) | undefined = undefined;
  private reject: ((reason: Error) => void) | undefined = undefined;

  /** @param expectsContinue the client waits for 100 Continue (RFC 9110 10.1.1), which has not been sent */
  constructor(
    private readonly source: ContentSource,
    readonly length: number | undefined,
    public expectsContinue: boolean,
  ) {}

  takeWhole(): Uint8Array | undefined {
    if (this.begun || this.unfinished || this.broken !== undefined) return undefined;
    this.begun = true;
    const { first, waiting } = this;
    if (waiting === undefined) return first === undefined ? new Uint8Array(0) : this.takeFirst(first);
    if (first !== undefined || waiting.length > 1) return this.gather().bytes;
    this.drop();
    return waiting[0];
  }

  takeText(): string | undefined {
    const { first } = this;
    if (first === undefined || this.unfinished || this.waiting !== undefined) return undefined;
    this.begun = true;
    this.drop();
    return textOf(first, this.firstStart, this.firstEnd);
  }

  read(): Promise<Uint8Array | undefined> {
    this.begun = true;
    const { first } = this;
    const piece = first === undefined ? this.waiting?.shift() : this.takeFirst(first);
    if (piece !== undefined) {
      this.waitingBytes -= piece.length + PIECE_BYTES;
      this.source.contentWanted();
      return Promise.resolve(piece);
    }
    const { broken } = this;
    if (broken !== undefined) return Promise.reject(broken);
    if (!this.unfinished || this.cancelled) return Promise.resolve(undefined);
    return this.next();
  }

  async readWhole(): Promise<Uint8Array> {
    this.begun = true;
    const whole = this.gather();
    const { broken } = this;
    if (broken !== undefined) throw broken;
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
    this.drop();
    this.settle(undefined);
    // 100 Continue that has not been sent is not sent any more.
    if (!this.expectsContinue) this.source.contentWanted();
  }

  keep(): void {
    const { first } = this;
    if (first !== undefined) (this.waiting ??= []).unshift(this.takeFirst(first));
  }

  /** The client owes content, and the application takes more. */
  get awaited(): boolean {
    return this.unfinished && this.hungry && !this.expectsContinue;
  }

  /** More content may be read from the peer. */
  get hungry(): boolean {
    return this.waitingBytes < WINDOW_BYTES;
  }

  /** Takes the bytes that were received with the head: [start, end) of the slot. Call it before push() and landed(). */
  begin(slot: Buffer, start: number, end: number): void {
    this.first = slot;
    this.firstStart = start;
    this.firstEnd = end;
    this.arrived(end - start);
    this.waitingBytes = end - start + PIECE_BYTES;
  }

  /** Copies the bytes that were received with the head and not read, so that they can be read after this turn. */
  detach(): void {
    const { first, firstStart, firstEnd } = this;
    if (first === undefined) return;
    const bytes = firstEnd - firstStart;
    if (bytes > SHARED_BYTES_MAX) {
      this.keep();
      return;
    }
    const copy = Buffer.allocUnsafe(bytes);
    first.copy(copy, 0, firstStart, firstEnd);
    this.first = copy;
    this.firstStart = 0;
    this.firstEnd = bytes;
  }

  /** Ends the use of the slot, whose bytes will soon be those of another request. The request has been answered. */
  release(): void {
    if (this.first === undefined) return;
    this.drop();
    this.unread = true;
    if (this.tellBroken !== undefined) this.tellBroken(this.broken as Error);
  }

  /** Takes a received piece: [start, end) of `bytes`, which will soon be overwritten. */
  push(bytes: Uint8Array, start: number, end: number): void {
    this.arrived(end - start);
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
    this.arrived(bytes);
    if (this.cancelled) return;
    if (piece === undefined) this.whole?.landed(bytes);
    else if (this.whole !== undefined) this.whole.add(piece, 0, bytes);
    // The rest of that memory has never been written: it still holds old bytes of the process.
    else this.pass(bytes < piece.length ? copyOf(piece, 0, bytes) : piece);
  }

  private arrived(bytes: number): void {
    this.expectsContinue = false;
    this.receivedBytes += bytes;
  }

  private pass(piece: Uint8Array): void {
    if (this.resolve !== undefined) {
      this.settle(piece);
      return;
    }
    (this.waiting ??= []).push(piece);
    this.waitingBytes += piece.length + PIECE_BYTES;
  }

  finish(trailers = NO_TRAILERS): void {
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
    const { broken } = this;
    if (broken === undefined) this.tellBroken = tell;
    else tell(broken);
  }

  /** The reason that the content can't be read to its end. An error is made only when it is asked for. */
  private get broken(): Error | undefined {
    if (this.unread) this.failure ??= unreadError();
    return this.failure;
  }

  /** Waits for the next piece, or for the end. */
  private next(): Promise<Uint8Array | undefined> {
    this.source.contentWanted();
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  private takeFirst(first: Buffer): Uint8Array {
    this.first = undefined;
    return copyOf(first, this.firstStart, this.firstEnd);
  }

  /** Joins the pieces that wait; more can be added. */
  private gather(): WholeContent {
    const whole = new WholeContent(this.length);
    if (this.first !== undefined) whole.add(this.first, this.firstStart, this.firstEnd);
    for (const piece of this.waiting ?? []) whole.add(piece, 0, piece.length);
    this.drop();
    return whole;
  }

  /** Drops what waits. */
  private drop(): void {
    this.first = undefined;
    this.waiting = undefined;
    this.waitingBytes = 0;
  }

  private settle(piece: Uint8Array | undefined): void {
    const { resolve } = this;
    this.resolve = undefined;
    this.reject = undefined;
    resolve?.(piece);
  }
}
