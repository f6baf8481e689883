// A worker's part of the shared memory, with a name for each thing that the data plane does to it. Beside the engine
// only this class, and its three parts, write to a slot: the record of the request, the table of prepared responses, and
// the row of statistics.

import { EVENTS_NONE, EVENTS_SINGLY, EVENTS_TABLE } from '../memory/codes.ts';
import {
  CARRY,
  CONTROL_DRAINING,
  CONTROL_ERROR,
  CONTROL_EVENTS,
  CONTROL_HEAD,
  CONTROL_REDIRECT_PORT,
  CONTROL_REQUESTS_LEFT,
  CONTROL_STATISTICS,
  CONTROL_VERDICT,
  CONTROL_WRITTEN,
  DATE,
  DATE_LINE_BYTES,
  DATE_NAME_BYTES,
  HEADER_ROOM_WANTED,
  OUTPUT,
  OUTPUT_BYTES,
  OUTPUT_COUNT,
  OUTPUT_STRIDE,
  READ,
  READ_END,
  RECORD,
} from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';
import { Figures } from './figures.ts';
import type { RecordHead } from './head.ts';
import { checkVersion } from './header.ts';
import { PreparedTable } from './prepared-table.ts';
import { RequestRecord } from './request-record.ts';
import { StatisticsRow, slotPointer } from './statistics-row.ts';
import type { UncheckedBuffer } from './unchecked-buffer.ts';

/** The largest number of requests on one connection that serve() can count down from. */
export const REQUESTS_MAX = 2 ** 31 - 1;

const CRLF_BYTES = 2;

/** Bytes as words, the last one filled up with zeros. */
export interface KeptBytes {
  readonly words: Int32Array;
  readonly size: number;
}

/** Keeps the bytes of a Latin-1 text, for a text that is written again and again. */
export function keepLatin1(text: string): KeptBytes {
  const words = new Int32Array((text.length + 3) >> 2);
  Buffer.from(words.buffer).write(text, 'latin1');
  return { words, size: text.length };
}

/** Where the status code begins in a status line. */
const STATUS_OFFSET = 9;

export class Slot {
  readonly pointer: number;
  /** The whole memory, for what only a Buffer does. */
  readonly buffer: Buffer;
  /** The region that a read lands in. */
  readonly read: Uint8Array;
  readonly readStart: number;
  readonly readEnd: number;
  /** Pointers of the output regions. */
  readonly outputs: readonly number[];
  /** Size of each output region. */
  readonly outputBytes = OUTPUT_BYTES;
  readonly record: RequestRecord;
  readonly prepared: PreparedTable;
  readonly statistics: StatisticsRow;
  readonly figures: Figures;
  private readonly verdictWord: number;
  private readonly writtenWord: number;
  private readonly requestsLeftWord: number;
  private readonly headWord: number;
  private readonly redirectPortWord: number;

  /** Takes over slot `index` and clears what its last owner left in it. */
  constructor(
    readonly views: Views,
    index: number,
  ) {
    checkVersion(views);
    const pointer = slotPointer(index);
    this.pointer = pointer;
    this.buffer = Buffer.from(views.bytes.buffer);
    this.readStart = pointer + READ;
    this.readEnd = pointer + READ_END;
    this.read = views.bytes.subarray(this.readStart, this.readEnd);
    this.outputs = Array.from({ length: OUTPUT_COUNT }, (_, i) => pointer + OUTPUT + i * OUTPUT_STRIDE);
    this.verdictWord = (pointer + CONTROL_VERDICT) >> 2;
    this.writtenWord = (pointer + CONTROL_WRITTEN) >> 2;
    this.requestsLeftWord = (pointer + CONTROL_REQUESTS_LEFT) >> 2;
    this.headWord = (pointer + CONTROL_HEAD) >> 2;
    this.redirectPortWord = (pointer + CONTROL_REDIRECT_PORT) >> 2;
    this.record = new RequestRecord(views, this.buffer, pointer + RECORD);
    this.figures = new Figures(views, pointer);
    this.prepared = new PreparedTable(views, this.buffer, pointer, this.figures);
    this.statistics = new StatisticsRow(views, index);
    this.setWord(CONTROL_STATISTICS, this.statistics.pointer);
    this.setWord(CONTROL_DRAINING, 0);
    this.setWord(CONTROL_EVENTS, 0);
    this.requestsLeft = REQUESTS_MAX;
    this.redirectPort = 0;
  }

  /** One of VERDICT_*: how the last serve() ended. */
  get verdict(): number {
    return this.views.words[this.verdictWord] as number;
  }

  /** How many bytes the last serve() or refuse() built. */
  get written(): number {
    return this.views.words[this.writtenWord] as number;
  }

  /** How many more requests of the connection at hand may be answered. The last response closes it. */
  get requestsLeft(): number {
    return this.views.words[this.requestsLeftWord] as number;
  }

  set requestsLeft(requests: number) {
    this.views.words[this.requestsLeftWord] = requests;
  }

  /** Begins the turn of a connection: how many more of its requests may be answered, and where they are redirected to. */
  turnBegins(requestsLeft: number, redirectPort: number): void {
    this.requestsLeft = requestsLeft;
    this.redirectPort = redirectPort;
  }

  /** The port of HTTPS that the requests of the connection at hand are redirected to; 0: they are answered. */
  set redirectPort(port: number) {
    this.views.words[this.redirectPortWord] = port;
  }

  /** One of ERROR_*: why the last serve() or refuse() refused a request; 0 when it refused none. */
  get error(): number {
    return this.word(CONTROL_ERROR);
  }

  /** Pointer of the last head that the last serve() parsed to its end, or 0. */
  get head(): number {
    return this.views.words[this.headWord] as number;
  }

  /** The head that serve() stopped behind. */
  requestHead(): RecordHead {
    return this.record.headAt(this.head);
  }

  get draining(): boolean {
    return this.word(CONTROL_DRAINING) !== 0;
  }

  /** The server stops: the response to the last request received says that the connection closes. */
  set draining(draining: boolean) {
    this.setWord(CONTROL_DRAINING, draining ? 1 : 0);
  }

  get recordsEvents(): boolean {
    return this.word(CONTROL_EVENTS) !== EVENTS_NONE;
  }

  /** Makes serve() record an event for each message; events.ts reads them. */
  set recordsEvents(records: boolean) {
    this.setWord(CONTROL_EVENTS, records ? EVENTS_TABLE : EVENTS_NONE);
  }

  /** Makes serve() stop behind each message, so that the record is still that of the event. */
  recordSingly(): void {
    this.setWord(CONTROL_EVENTS, EVENTS_SINGLY);
  }

  /** @param line as dateLine() makes it */
  setDate(line: string): void {
    if (line.length !== DATE_LINE_BYTES) throw new RangeError(`not a Date line: ${line}`);
    this.writeLatin1(line, this.pointer + DATE);
  }

  /** The value of Date, an IMF-fixdate. */
  get date(): string {
    const at = this.pointer + DATE;
    const { buffer } = this;
    return (buffer as UncheckedBuffer).latin1Slice(at + DATE_NAME_BYTES, at + DATE_LINE_BYTES - CRLF_BYTES);
  }

  /** How often a thread of this server has asked the others to make room. It rises, and may wrap. */
  get roomWanted(): number {
    return Atomics.load(this.views.words, HEADER_ROOM_WANTED >> 2);
  }

  /** Asks the other threads to make room for one connection. */
  wantRoom(): void {
    Atomics.add(this.views.words, HEADER_ROOM_WANTED >> 2, 1);
  }

  /** The status code of the response that begins at `at`, a position in an output region. */
  statusCodeAt(at: number): number {
    return Number((this.buffer as UncheckedBuffer).latin1Slice(at + STATUS_OFFSET, at + STATUS_OFFSET + 3));
  }

  /** Copies [start, end) into memory of its own. slice() of shared memory takes ten times as long. */
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

  /**
   * Copies a connection's tail into the input: right before the `readBytes` bytes that a read has just brought, or, when
   * nothing was read, to the end of the input. Then it may fill the carry region and the read region; else the carry region.
   * @returns where it starts
   */
  layBefore(tail: Uint8Array, readBytes: number): number {
    const end = readBytes > 0 ? this.readStart : this.readEnd;
    const start = end - tail.length;
    if (start < this.pointer + CARRY) throw new RangeError(`no room for a tail of ${tail.length} bytes`);
    this.views.bytes.set(tail, start);
    return start;
  }

  /**
   * Puts Latin-1 where a read would have put it.
   * @returns the position after it; 0 if there is no room for all of it
   */
  layText(text: string): number {
    if (text.length > this.read.length) return 0;
    return this.writeLatin1(text, this.readStart);
  }

  /** Writes Latin-1 at `at`, a position in an output region. Returns the position after it. */
  writeLatin1(text: string, at: number): number {
    return at + (this.buffer as UncheckedBuffer).latin1Write(text, at, text.length);
  }

  /** Writes UTF-8 at `at`, a position in an output region. `bytes` is its size. Returns the position after it. */
  writeUtf8(text: string, at: number, bytes: number): number {
    return at + (this.buffer as UncheckedBuffer).utf8Write(text, at, bytes);
  }

  /**
   * Writes kept bytes at `at`, a position in an output region that has room for 3 bytes more. Returns the position after them.
   * Storing words takes 15 ns for a usual head, where a call of writeLatin1() takes 60 to 100 ns.
   */
  writeKept({ words, size }: KeptBytes, at: number): number {
    const { data } = this.views;
    for (let i = 0; i < words.length; i++) data.setInt32(at + 4 * i, words[i] as number, true);
    return at + size;
  }

  private word(offset: number): number {
    return this.views.words[(this.pointer + offset) >> 2] as number;
  }

  private setWord(offset: number, value: number): void {
    this.views.words[(this.pointer + offset) >> 2] = value;
  }
}
