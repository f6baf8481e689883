// The record of a slot: the one request that the engine parses, or behind whose head it has stopped. The data plane
// asks it about that request, and keeps it for a connection whose request is not complete.

import {
  FLAG_CONTENT_LENGTH,
  FLAG_EXPECT_CONTINUE,
  FLAG_PERSISTENT,
  METHOD_HEAD,
  PREPARED_NONE,
  STATE_CONTENT,
  STATE_METHOD,
  STATE_START,
  STATE_TRAILER,
} from '../memory/codes.ts';
import {
  FIELD_BYTES,
  RECORD_CONTENT_LENGTH,
  RECORD_CURSOR,
  RECORD_FIELD_COUNT,
  RECORD_FIELDS,
  RECORD_FLAGS,
  RECORD_METHOD,
  RECORD_METHOD_OFFSET,
  RECORD_PIECE_BYTES,
  RECORD_PREPARED,
  RECORD_STATE,
  RECORD_TRAILER_BYTES,
  RECORD_VERSION_MINOR,
} from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';
import { RecordHead } from './head.ts';

export class RequestRecord {
  private readonly words: Int32Array;
  private readonly stateWord: number;
  private readonly flagsWord: number;

  /**
   * Clears whatever request the last owner of the slot left in its record.
   * @param buffer the whole memory
   * @param pointer of the record
   */
  constructor(
    private readonly views: Views,
    private readonly buffer: Buffer,
    private readonly pointer: number,
  ) {
    this.words = views.words;
    this.stateWord = (pointer + RECORD_STATE) >> 2;
    this.flagsWord = (pointer + RECORD_FLAGS) >> 2;
    this.drop();
  }

  /** Whether the connection goes on after this request (RFC 9112 9.3). */
  get persistent(): boolean {
    return (this.flags & FLAG_PERSISTENT) !== 0;
  }

  /** One of METHOD_*. */
  get method(): number {
    return this.word(RECORD_METHOD);
  }

  /** Whether the method is HEAD. */
  get headOnly(): boolean {
    return this.method === METHOD_HEAD;
  }

  /** The minor version of HTTP/1: 0 or 1. */
  get versionMinor(): number {
    return this.word(RECORD_VERSION_MINOR);
  }

  /** Whether the client sends the content only after `100 Continue` (RFC 9110 10.1.1; HTTP/1.0 has no expectations). */
  get expectsContinue(): boolean {
    return (this.flags & FLAG_EXPECT_CONTINUE) !== 0 && this.versionMinor > 0;
  }

  /** The value of Content-Length; undefined when the content is chunked. */
  get contentLength(): number | undefined {
    if ((this.flags & FLAG_CONTENT_LENGTH) === 0) return undefined;
    return this.views.doubles[(this.pointer + RECORD_CONTENT_LENGTH) >> 3] as number;
  }

  /** Size of the piece of content that was consumed last. */
  get pieceBytes(): number {
    return this.word(RECORD_PIECE_BYTES);
  }

  /** Whether the message is not complete: the record must then be kept until the connection's next turn. */
  get unfinished(): boolean {
    return this.state !== STATE_START;
  }

  /** Whether the head is complete and content or trailers are missing. */
  get inContent(): boolean {
    return this.state >= STATE_CONTENT;
  }

  /** Whether content is missing of a request that the caller of serve() answers, or has answered. */
  get handedOver(): boolean {
    return this.inContent && this.word(RECORD_PREPARED) === PREPARED_NONE;
  }

  /** Index of the prepared response that answers the request, or PREPARED_NONE. */
  get prepared(): number {
    return this.word(RECORD_PREPARED);
  }

  get fieldCount(): number {
    return this.word(RECORD_FIELD_COUNT);
  }

  /** Forgets the last field line of the head. */
  dropLastField(): void {
    this.words[(this.pointer + RECORD_FIELD_COUNT) >> 2] = this.fieldCount - 1;
  }

  /** Whether no byte of the request has been parsed: at most the empty line before it (RFC 9112 2.2). */
  get beforeRequest(): boolean {
    const { state } = this;
    if (state === STATE_START) return true;
    return state === STATE_METHOD && this.word(RECORD_CURSOR) === this.half(RECORD_METHOD_OFFSET);
  }

  /** The head that begins at `start`. */
  headAt(start: number): RecordHead {
    return new RecordHead(this.buffer, this.pointer, start);
  }

  /** The field lines of the trailer section that was parsed last and that ends at `end`. */
  trailers(end: number): [name: string, value: string][] {
    const head = this.headAt(end - this.word(RECORD_TRAILER_BYTES));
    return Array.from({ length: head.fieldCount }, (_, i) => [head.fieldName(i), head.fieldValue(i)]);
  }

  /**
   * Copies an unfinished record out of the slot and clears it there. When restore() has put the copy back, the engine
   * goes on where it stood. Within content the copy has no fields: the head has been dealt with, and the fields of
   * trailers are counted from 0.
   * @param reused the result of an earlier call, overwritten if it has the right size
   * @returns undefined when no message is unfinished
   */
  take(reused?: Uint8Array): Uint8Array | undefined {
    const { state, pointer } = this;
    if (state === STATE_START) return undefined;
    const inSection = state < STATE_CONTENT || state === STATE_TRAILER;
    const fieldCount = inSection ? this.word(RECORD_FIELD_COUNT) : 0;
    const size = RECORD_FIELDS + fieldCount * FIELD_BYTES;
    const copy = reused?.length === size ? reused : new Uint8Array(size);
    this.buffer.copy(copy, 0, pointer, pointer + size);
    this.drop();
    return copy;
  }

  /** Clears the record: the next byte is the first one of a request. */
  drop(): void {
    this.words[this.stateWord] = STATE_START;
  }

  /** Puts back a record that take() has copied out. */
  restore(record: Uint8Array): void {
    this.views.bytes.set(record, this.pointer);
  }

  private get state(): number {
    return this.words[this.stateWord] as number;
  }

  private get flags(): number {
    return this.words[this.flagsWord] as number;
  }

  private half(offset: number): number {
    return this.views.halves[(this.pointer + offset) >> 1] as number;
  }

  private word(offset: number): number {
    return this.words[(this.pointer + offset) >> 2] as number;
  }
}
