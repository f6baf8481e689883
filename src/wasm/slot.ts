// A worker's own part of the shared memory, with a name for everything the data plane does to it. The
// only writer of a slot besides the engine.

import { bucketOf } from '../memory/bucket.ts';
import {
  ERROR_MISDIRECTED,
  FLAG_CONTENT_LENGTH,
  FLAG_EXPECT_CONTINUE,
  FLAG_PERSISTENT,
  METHOD_HEAD,
  PREPARED_DEFAULT,
  PREPARED_NONE,
  STATE_CONTENT,
  STATE_METHOD,
  STATE_START,
  STATE_TRAILER,
} from '../memory/codes.ts';
import {
  CARRY,
  CONTROL_DRAINING,
  CONTROL_ERROR,
  CONTROL_EVENTS,
  CONTROL_FALLBACK,
  CONTROL_HEAD,
  CONTROL_HTTPS,
  CONTROL_REQUESTS_LEFT,
  CONTROL_ROUTE_COUNT,
  CONTROL_STATISTICS,
  CONTROL_VERDICT,
  CONTROL_WRITTEN,
  DATE,
  DATE_LINE_BYTES,
  FIELD_BYTES,
  HEADER_ROOM_WANTED,
  OUTPUT,
  OUTPUT_BYTES,
  OUTPUT_COUNT,
  OUTPUT_STRIDE,
  PREPARED,
  PREPARED_BARE,
  PREPARED_CONDITIONAL,
  PREPARED_CONTENT,
  PREPARED_CONTENT_BYTES,
  PREPARED_COUNT_MAX,
  PREPARED_COUNTER,
  PREPARED_ENTRY_BYTES,
  PREPARED_HEAD,
  PREPARED_HEAD_BYTES,
  PREPARED_MODIFIED,
  PREPARED_NEXT,
  PREPARED_PATH,
  PREPARED_PATH_BYTES,
  PREPARED_RESPONSE_BYTES_MAX,
  PREPARED_TAG,
  PREPARED_TAG_BYTES,
  PREPARED_TEXT,
  PREPARED_TEXT_BYTES,
  READ,
  READ_END,
  RECORD,
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
  ROUTE_BUCKET_COUNT,
  ROUTES,
  SLOT_BYTES,
  SLOTS,
  STATISTICS_ACCEPTED,
  STATISTICS_OPEN,
  STATISTICS_REFUSED,
} from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';
import type { Prepared } from '../protocol/prepared.ts';
import { RecordHead } from './head.ts';
import { checkVersion } from './header.ts';
import { rowPointer } from './state/rows.ts';
import { countOpen, statisticsPointer } from './statistics.ts';

/** Stores of 16 bytes may read past a prepared text, so each begins on its own 16. */
const TEXT_ALIGNMENT = 16;

/** As many requests on one connection as serve() can count down. */
export const REQUESTS_MAX = 2 ** 31 - 1;

/** Buffer's own, without the checks of write(). */
interface Latin1AndUtf8 extends Buffer {
  latin1Write(text: string, at: number, bytes: number): number;
  utf8Write(text: string, at: number, bytes: number): number;
}

export class Slot {
  readonly pointer: number;
  /** The whole memory, for what only a Buffer does. */
  readonly buffer: Buffer;
  /** Where a read lands, and how much of it there may be. */
  readonly read: Uint8Array;
  readonly readStart: number;
  readonly readEnd: number;
  /** Pointers of the output regions. */
  readonly outputs: readonly number[];
  /** Size of each. */
  readonly outputBytes = OUTPUT_BYTES;
  private readonly verdictWord: number;
  private readonly writtenWord: number;
  private readonly stateWord: number;
  private readonly requestsLeftWord: number;
  private readonly flagsWord: number;
  private readonly headWord: number;
  private readonly recordPointer: number;
  private readonly openDouble: number;
  private readonly acceptedDouble: number;
  private readonly refusedDouble: number;
  private textEnd: number;
  /** Where the texts of the responses that have no path end. */
  private fixedTextEnd: number;
  /** Where paths lead to begins behind all else; PREPARED_DEFAULT ends a chain of them. */
  private nextIndex = PREPARED_DEFAULT + 1;

  /** Takes slot `index` over, whatever its last owner left in it. */
  constructor(
    readonly views: Views,
    index: number,
  ) {
    checkVersion(views);
    const pointer = slotPointer(index);
    const statistics = statisticsPointer(index);
    this.pointer = pointer;
    this.buffer = Buffer.from(views.bytes.buffer);
    this.readStart = pointer + READ;
    this.readEnd = pointer + READ_END;
    this.read = views.bytes.subarray(this.readStart, this.readEnd);
    this.outputs = Array.from({ length: OUTPUT_COUNT }, (_, i) => pointer + OUTPUT + i * OUTPUT_STRIDE);
    this.verdictWord = (pointer + CONTROL_VERDICT) >> 2;
    this.writtenWord = (pointer + CONTROL_WRITTEN) >> 2;
    this.stateWord = (pointer + RECORD + RECORD_STATE) >> 2;
    this.requestsLeftWord = (pointer + CONTROL_REQUESTS_LEFT) >> 2;
    this.flagsWord = (pointer + RECORD + RECORD_FLAGS) >> 2;
    this.headWord = (pointer + CONTROL_HEAD) >> 2;
    this.recordPointer = pointer + RECORD;
    this.openDouble = (statistics + STATISTICS_OPEN) >> 3;
    this.refusedDouble = (statistics + STATISTICS_REFUSED) >> 3;
    this.acceptedDouble = (statistics + STATISTICS_ACCEPTED) >> 3;
    this.textEnd = pointer + PREPARED_TEXT;
    this.fixedTextEnd = this.textEnd;
    this.setWord(CONTROL_STATISTICS, statistics);
    this.setWord(CONTROL_DRAINING, 0);
    this.setWord(CONTROL_EVENTS, 0);
    this.requestsLeft = REQUESTS_MAX;
    this.forgetRoutes();
    this.fallback = PREPARED_DEFAULT;
    this.refusesHttps = true;
    this.setWord(RECORD + RECORD_STATE, 0);
  }

  /** One of VERDICT_*: how the last serve() ended. */
  get verdict(): number {
    return this.views.words[this.verdictWord] as number;
  }

  /** Bytes that the last serve() or refuse() built. */
  get written(): number {
    return this.views.words[this.writtenWord] as number;
  }

  /** How many requests the connection at hand may still have answered; the last one closes it. */
  get requestsLeft(): number {
    return this.views.words[this.requestsLeftWord] as number;
  }

  set requestsLeft(requests: number) {
    this.views.words[this.requestsLeftWord] = requests;
  }

  /** The error of the last refusal. */
  get error(): number {
    return this.word(CONTROL_ERROR);
  }

  /** Pointer of the head that the last serve() parsed to its end last, or 0. */
  get head(): number {
    return this.views.words[this.headWord] as number;
  }

  /** The head that serve() stopped behind. */
  takeHead(): RecordHead {
    return new RecordHead(this.buffer, this.recordPointer, this.head);
  }

  /** The request in the record lets its connection go on (RFC 9112 9.3). */
  get persistent(): boolean {
    return ((this.views.words[this.flagsWord] as number) & FLAG_PERSISTENT) !== 0;
  }

  /** The request in the record was HEAD. */
  get headOnly(): boolean {
    return this.word(RECORD + RECORD_METHOD) === METHOD_HEAD;
  }

  /** 0 or 1, of the request in the record. */
  get versionMinor(): number {
    return this.word(RECORD + RECORD_VERSION_MINOR);
  }

  /** The client waits to be asked for its content (RFC 9110 10.1.1; HTTP/1.0 knows no expectations). */
  get expectsContinue(): boolean {
    return (
      ((this.views.words[this.flagsWord] as number) & FLAG_EXPECT_CONTINUE) !== 0 && this.versionMinor > 0
    );
  }

  /** As Content-Length tells it; undefined when the content is chunked. */
  get contentLength(): number | undefined {
    if (((this.views.words[this.flagsWord] as number) & FLAG_CONTENT_LENGTH) === 0) return undefined;
    return this.views.doubles[(this.recordPointer + RECORD_CONTENT_LENGTH) >> 3] as number;
  }

  /** Size of the piece of content that was consumed last. */
  get pieceBytes(): number {
    return this.word(RECORD + RECORD_PIECE_BYTES);
  }

  /** The field lines of the trailer section just parsed, which ends at `end`. */
  trailers(end: number): [name: string, value: string][] {
    const start = end - this.word(RECORD + RECORD_TRAILER_BYTES);
    const head = new RecordHead(this.buffer, this.recordPointer, start);
    return Array.from({ length: head.fieldCount }, (_, i) => [head.fieldName(i), head.fieldValue(i)]);
  }

  /** The record stands within a message: what belongs to it must be carried to the next turn. */
  get unfinished(): boolean {
    return this.views.words[this.stateWord] !== STATE_START;
  }

  /** The record stands behind a head, within its content. */
  get inContent(): boolean {
    return (this.views.words[this.stateWord] as number) >= STATE_CONTENT;
  }

  /** The record stands within the content of a request that the caller of serve() answers, or has answered. */
  get handedOver(): boolean {
    return this.inContent && this.word(RECORD + RECORD_PREPARED) === PREPARED_NONE;
  }

  /** No byte of a request's own has been parsed: at most an empty line before it. */
  get beforeRequest(): boolean {
    const state = this.views.words[this.stateWord] as number;
    if (state === STATE_START) return true;
    return state === STATE_METHOD && this.word(RECORD + RECORD_CURSOR) === this.half(RECORD_METHOD_OFFSET);
  }

  get draining(): boolean {
    return this.word(CONTROL_DRAINING) !== 0;
  }

  /** The server stops: the response to the last request received says that the connection closes. */
  set draining(draining: boolean) {
    this.setWord(CONTROL_DRAINING, draining ? 1 : 0);
  }

  get recordsEvents(): boolean {
    return this.word(CONTROL_EVENTS) !== 0;
  }

  /** Makes serve() record an event for each message; readEvents() reads them. */
  set recordsEvents(records: boolean) {
    this.setWord(CONTROL_EVENTS, records ? 1 : 0);
  }

  /** @param line as dateLine() makes it */
  setDate(line: string): void {
    if (line.length !== DATE_LINE_BYTES) throw new RangeError(`not a Date line: ${line}`);
    this.writeText(this.pointer + DATE, line);
  }

  /**
   * Puts a response into the table that no path leads to, and takes those out that have one.
   * @throws RangeError when it is too large, or the table or its text region is full; then nothing is changed
   */
  prepare(prepared: Prepared): void {
    this.checkRoom(prepared, '', this.fixedTextEnd);
    this.forgetRoutes();
    this.place(prepared);
    this.fixedTextEnd = this.textEnd;
    this.nextIndex = Math.max(this.nextIndex, prepared.index + 1);
  }

  /**
   * Has GET and HEAD of exactly `path` answered by a response.
   * @param path as it stands in a request target, without a query
   * @returns its place in the table
   * @throws RangeError when it is too large, or the table or its text region is full; then nothing is changed
   */
  addRoute(path: string, prepared: Omit<Prepared, 'index'>): number {
    const index = this.nextIndex + this.word(CONTROL_ROUTE_COUNT);
    const placed = { ...prepared, index };
    this.checkRoom(placed, path, this.textEnd);
    this.place(placed);
    const text = this.addText(path);
    const bucket = ROUTES + bucketOf(this.views.bytes, text, path.length) * 4;
    const entry = PREPARED + index * PREPARED_ENTRY_BYTES;
    this.setWord(entry + PREPARED_PATH, text);
    this.setWord(entry + PREPARED_PATH_BYTES, path.length);
    this.setWord(entry + PREPARED_NEXT, this.word(bucket));
    this.setWord(bucket, index);
    this.setWord(CONTROL_ROUTE_COUNT, this.word(CONTROL_ROUTE_COUNT) + 1);
    return index;
  }

  /** Takes all paths out of the table, and the responses that they led to. */
  forgetRoutes(): void {
    const routes = (this.pointer + ROUTES) >> 2;
    this.views.words.fill(0, routes, routes + ROUTE_BUCKET_COUNT);
    this.setWord(CONTROL_ROUTE_COUNT, 0);
    this.textEnd = this.fixedTextEnd;
  }

  /**
   * A target with the scheme https is answered with 421 (RFC 9110 7.4), since nothing here has come by https; else it is
   * handed over.
   */
  set refusesHttps(refuses: boolean) {
    this.setWord(CONTROL_HTTPS, refuses ? -ERROR_MISDIRECTED : PREPARED_NONE);
  }

  /** What answers a request that no path leads to: a prepared response, or the caller of serve(). */
  set fallback(index: number) {
    this.setWord(CONTROL_FALLBACK, index);
  }

  /** @param textEnd where its texts would begin */
  private checkRoom(prepared: Prepared, path: string, textEnd: number): void {
    const { index, head, content, counter, conditional } = prepared;
    if (index >= PREPARED_COUNT_MAX) throw new RangeError(`no room for prepared response ${index}`);
    const bytes = Math.max(head.length + content.length, conditional?.head.length ?? 0);
    if (bytes > PREPARED_RESPONSE_BYTES_MAX)
      throw new RangeError(`a prepared response has at most ${PREPARED_RESPONSE_BYTES_MAX} bytes`);
    if (counter >= 0) rowPointer(counter);
    let end = textEnd + aligned(head) + aligned(content) + aligned(path);
    if (conditional !== undefined) end += aligned(conditional.head) + aligned(conditional.tag);
    if (end > this.pointer + PREPARED_TEXT + PREPARED_TEXT_BYTES)
      throw new RangeError('too many prepared responses');
  }

  private place({ index, head, content, counter, bare, conditional }: Prepared): void {
    const entry = PREPARED + index * PREPARED_ENTRY_BYTES;
    this.setWord(entry + PREPARED_HEAD, this.addText(head));
    this.setWord(entry + PREPARED_HEAD_BYTES, head.length);
    this.setWord(entry + PREPARED_CONTENT, this.addText(content));
    this.setWord(entry + PREPARED_CONTENT_BYTES, content.length);
    this.setWord(entry + PREPARED_COUNTER, counter < 0 ? 0 : rowPointer(counter));
    this.setWord(entry + PREPARED_BARE, bare ? 1 : 0);
    this.setWord(entry + PREPARED_CONDITIONAL, conditional === undefined ? 0 : 1);
    if (conditional === undefined) return;
    this.setWord(entry + PREPARED_TAG, this.addText(conditional.tag));
    this.setWord(entry + PREPARED_TAG_BYTES, conditional.tag.length);
    this.views.doubles[(this.pointer + entry + PREPARED_MODIFIED) >> 3] = conditional.modified;
    const unmodified = { head: conditional.head, content: '', counter: -1, bare: true };
    this.place({ ...unmodified, index: unmodifiedIndex(index) });
  }

  /** How many connections all workers have open. */
  get openEverywhere(): number {
    return countOpen(this.views);
  }

  /** How often a thread has turned a connection away for want of one that could make room. Rises, and may wrap. */
  get roomWanted(): number {
    return Atomics.load(this.views.words, HEADER_ROOM_WANTED >> 2);
  }

  /** Asks the other threads to make room for one connection. */
  wantRoom(): void {
    Atomics.add(this.views.words, HEADER_ROOM_WANTED >> 2, 1);
  }

  /** A copy of [start, end), in memory of its own. slice() of shared memory takes ten times as long. */
  copy(start: number, end: number): Uint8Array {
    const copy = new Uint8Array(end - start);
    this.buffer.copy(copy, 0, start, end);
    return copy;
  }

  /** Moves [start, end) down to `to`. Returns the position after it. */
  move(start: number, end: number, to: number): number {
    this.views.bytes.copyWithin(to, start, end);
    return to + end - start;
  }

  /** A request was refused that the engine had taken. */
  refused(): void {
    const { doubles } = this.views;
    doubles[this.refusedDouble] = (doubles[this.refusedDouble] as number) + 1;
  }

  connectionAccepted(): void {
    const { doubles } = this.views;
    doubles[this.acceptedDouble] = (doubles[this.acceptedDouble] as number) + 1;
  }

  connectionOpened(): void {
    const { doubles } = this.views;
    doubles[this.openDouble] = (doubles[this.openDouble] as number) + 1;
  }

  connectionClosed(): void {
    const { doubles } = this.views;
    doubles[this.openDouble] = (doubles[this.openDouble] as number) - 1;
  }

  /**
   * Copies the unfinished record out and leaves the record fresh. The engine goes on with it when it
   * has been put back by restoreRecord(). Within content the fields stay behind: the head has been dealt
   * with, and trailers begin anew.
   * @param reused a record taken before, which nobody needs any more
   */
  takeRecord(reused?: Uint8Array): Uint8Array | undefined {
    const state = this.views.words[this.stateWord] as number;
    if (state === STATE_START) return undefined;
    const record = this.pointer + RECORD;
    const inSection = state < STATE_CONTENT || state === STATE_TRAILER;
    const fieldCount = inSection ? this.word(RECORD + RECORD_FIELD_COUNT) : 0;
    const size = RECORD_FIELDS + fieldCount * FIELD_BYTES;
    const copy = reused?.length === size ? reused : new Uint8Array(size);
    this.buffer.copy(copy, 0, record, record + size);
    this.setWord(RECORD + RECORD_STATE, STATE_START);
    return copy;
  }

  restoreRecord(record: Uint8Array): void {
    this.views.bytes.set(record, this.pointer + RECORD);
  }

  /**
   * Lays a connection's tail into the input: right before what a read of `readBytes` has just brought,
   * or at the end of the input when nothing was read. At most the carry region before a read, carry and
   * read region without one. Returns where it starts.
   */
  layBefore(tail: Uint8Array, readBytes: number): number {
    const end = readBytes > 0 ? this.readStart : this.readEnd;
    const start = end - tail.length;
    if (start < this.pointer + CARRY) throw new RangeError(`tail of ${tail.length} bytes`);
    this.views.bytes.set(tail, start);
    return start;
  }

  private half(offset: number): number {
    return this.views.halves[(this.pointer + RECORD + offset) >> 1] as number;
  }

  /** Writes Latin-1 at `at`, a position in an output region. Returns the position after it. */
  writeLatin1(text: string, at: number): number {
    return at + (this.buffer as Latin1AndUtf8).latin1Write(text, at, text.length);
  }

  /** The same in UTF-8, of which it is `bytes`. */
  writeUtf8(text: string, at: number, bytes: number): number {
    return at + (this.buffer as Latin1AndUtf8).utf8Write(text, at, bytes);
  }

  private addText(text: string): number {
    const at = this.textEnd;
    this.writeText(at, text);
    this.textEnd = at + aligned(text);
    return at;
  }

  private writeText(at: number, text: string): void {
    for (let i = 0; i < text.length; i++) this.views.bytes[at + i] = text.charCodeAt(i);
  }

  private word(offset: number): number {
    return this.views.words[(this.pointer + offset) >> 2] as number;
  }

  private setWord(offset: number, value: number): void {
    this.views.words[(this.pointer + offset) >> 2] = value;
  }
}

/** The place of the 304 that stands for response `index` when a request's conditions say so. */
export function unmodifiedIndex(index: number): number {
  return index + PREPARED_COUNT_MAX;
}

/** What a text takes up. */
function aligned(text: string): number {
  return Math.ceil(text.length / TEXT_ALIGNMENT) * TEXT_ALIGNMENT;
}

/** Pointer of a slot. */
export function slotPointer(index: number): number {
  return SLOTS + index * SLOT_BYTES;
}
