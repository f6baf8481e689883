// An exchange that is open: its request has been handed to the application, its response is not complete.
//
//   WAITING   nothing of the response is known
//   HELD      its head is, perhaps a first piece of content: they wait a moment for what comes, since content
//             that ends at once goes out as a whole, with its length
//   BEGUN     its head has been built
//   SENDING   all of it has been built, and is more than the kernel takes at once
//   OVER      all of it has been built
//   GONE      nothing can be sent any more, and the response is not complete
//   CUT       it can't be completed: the connection is about to close

import { ERROR_HANDLER_TIMEOUT, LENGTH_UNTOLD } from '../memory/codes.ts';
import { refusalText } from '../protocol/errors.ts';
import { abortError, answeredError } from '../protocol/request-errors.ts';
import { isBare, statusLine } from '../protocol/status.ts';
import type { RecordHead } from '../wasm/head.ts';
import {
  areHeadParts,
  type Exchange,
  FIELDS_BYTES_MAX,
  FIELDS_TOO_LARGE,
  type HeadParts,
} from './exchange.ts';
import { type ExchangeEvents, ExchangeListeners } from './exchange-events.ts';
import type { ExchangeHost } from './exchange-host.ts';
import { LINGER_BYTES_MAX } from './inflow.ts';
import { COPIED_BYTES_MAX, type Taken, tellLater } from './outflow.ts';
import { type ContentSource, ReceivedContent } from './received-content.ts';
import { summaryOf } from './request-summary.ts';
import { StreamedContent } from './streamed-content.ts';

const WAITING = 0;
const HELD = 1;
const BEGUN = 2;
const SENDING = 3;
const OVER = 4;
const GONE = 5;
const CUT = 6;

export class OpenExchange implements Exchange, ContentSource {
  readonly head: RecordHead;
  readonly content: ReceivedContent | undefined;
  aborted: Error | undefined = undefined;
  onAbort: ((reason: Error) => void) | undefined = undefined;
  onGone: (() => void) | undefined = undefined;
  onDrain: (() => void) | undefined = undefined;
  headParts: HeadParts | undefined = undefined;
  /** After the response the connection closes. */
  close: boolean;
  private readonly headOnly: boolean;
  private readonly versionMinor: number;
  private state = WAITING;
  private statusCode = 0;
  private fields = '';
  /** Content that comes piece by piece. */
  private stream: StreamedContent | undefined = undefined;
  private holding: NodeJS.Immediate | undefined = undefined;
  private listeners: ExchangeListeners | undefined = undefined;

  /** For the request whose head the engine stopped behind: its record is in the slot. */
  constructor(private readonly host: ExchangeHost) {
    const { slot } = host.plane;
    this.head = slot.takeHead();
    this.content = slot.record.inContent
      ? new ReceivedContent(this, slot.record.contentLength, slot.record.expectsContinue)
      : undefined;
    this.headOnly = slot.record.headOnly;
    this.versionMinor = slot.record.versionMinor;
    this.close = !slot.record.persistent || slot.requestsLeft === 0;
  }

  get remoteAddress(): string {
    return this.host.remoteAddress;
  }

  /** Names the request in the log; undefined when its head is no longer there. */
  get summary(): string | undefined {
    return summaryOf(this.head);
  }

  /** Closes the connection in the middle of the response. */
  destroy(): void {
    this.host.destroy();
  }

  get over(): boolean {
    return this.state === OVER || this.state === GONE;
  }

  /** More of the request's content is awaited from the client. */
  get awaitsContent(): boolean {
    const { content } = this;
    return content?.unfinished === true && content.hungry && !content.expectsContinue;
  }

  /** The application has begun to answer. */
  get answering(): boolean {
    return this.state !== WAITING;
  }

  /** Something of the response may have gone out. */
  get begun(): boolean {
    return this.state >= BEGUN;
  }

  respond(statusCode: number, fields: string, content: string | Uint8Array, close: boolean): void {
    if (this.aborted !== undefined && this.over) return;
    if (this.state !== WAITING) throw new Error('a request is answered once');
    const headBytes = this.checkHead(fields);
    const { outflow, plane } = this.host;
    const isText = typeof content === 'string';
    const bytes = isText ? Buffer.byteLength(content) : content.length;
    const bare = isBare(statusCode);
    outflow.takeRegion();
    outflow.reserve(headBytes + (bytes <= COPIED_BYTES_MAX ? bytes : 0));
    if (close) this.close = true;
    this.buildHead(statusCode, fields, bare ? LENGTH_UNTOLD : bytes);
    this.logAnswer(statusCode, content);

    if (this.headOnly || bare || bytes === 0) {
      this.finish();
    } else if (bytes <= plane.outputs.room) {
      outflow.writeWhole(content, bytes);
      this.finish();
    } else {
      this.state = SENDING;
      if (outflow.send(isText ? Buffer.from(content) : content)) this.finish();
    }
  }

  begin(statusCode: number, fields: string, length: number | undefined, close: boolean): boolean {
    if (this.aborted !== undefined && this.over) return true;
    if (this.state !== WAITING) throw new Error('a request is answered once');
    this.checkHead(fields);
    const bare = isBare(statusCode);
    if (close) this.close = true;
    this.stream = new StreamedContent(length, bare, this.headOnly, this.versionMinor);
    if (this.stream.endsWithClose) this.close = true;
    this.statusCode = statusCode;
    this.fields = fields;
    this.state = HELD;
    if (this.headOnly || bare) return false;
    this.holding = setImmediate(() => {
      if (this.state !== HELD || this.stream === undefined) return;
      this.release(this.stream);
      this.host.outflow.flush();
    });
    return true;
  }

  write(bytes: Uint8Array, lasting = false, written?: Taken): boolean {
    const { outflow } = this.host;
    if (this.state >= OVER) {
      if (written !== undefined) tellLater(written, this.unwritten);
      return true;
    }
    const stream = this.begunContent('write() comes between begin() and end()');
    const size = bytes.length;
    stream.count(size);
    if (size > 0) {
      if (this.state === HELD && stream.hold(bytes, lasting, written)) return true;
      outflow.takeRegion();
      this.release(stream);
      stream.writePiece(outflow, bytes, lasting);
      outflow.flush();
    }
    if (written !== undefined) outflow.whenTaken(written);
    return size === 0 || !outflow.pending;
  }

  end(trailers: string): void {
    if (this.state >= OVER) return;
    const stream = this.begunContent('end() comes after begin()');
    if (trailers.length > FIELDS_BYTES_MAX) throw new RangeError(FIELDS_TOO_LARGE);
    if (this.state === HELD && stream.chunked && trailers === '') stream.endHeld();
    if (stream.short) {
      this.cut();
      return;
    }
    this.host.outflow.takeRegion();
    this.release(stream);
    stream.writeEnd(this.host.outflow, trailers);
    this.finish();
  }

  private begunContent(otherwise: string): StreamedContent {
    const { stream } = this;
    if (stream === undefined) throw new Error(otherwise);
    return stream;
  }

  withdraw(): boolean {
    if (this.state !== HELD) return false;
    clearImmediate(this.holding);
    this.stream?.dropHeld(this.unwritten);
    this.stream = undefined;
    this.headParts = undefined;
    this.onGone = undefined;
    this.onDrain = undefined;
    this.state = WAITING;
    return true;
  }

  /** Why bytes will not be sent. */
  private get unwritten(): Error {
    return this.aborted ?? new Error('the response does not go on');
  }

  inform(statusCode: number, fields: string): boolean {
    if (!(statusCode >= 100 && statusCode < 200) || statusCode === 101)
      throw new RangeError('an informational response has a status from 100 to 199, but not 101');
    if (fields.length > FIELDS_BYTES_MAX) throw new RangeError(FIELDS_TOO_LARGE);
    // HTTP/1.0 knows none (RFC 9110 15.2).
    if (this.versionMinor === 0 || this.begun) return false;
    const { outflow } = this.host;
    if (statusCode === 100 && this.content !== undefined) this.content.expectsContinue = false;
    outflow.takeRegion();
    outflow.reserve(fields.length);
    outflow.writeText(`${statusLine(statusCode)}${fields}\r\n`);
    outflow.flush();
    return true;
  }

  on<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void {
    (this.listeners ??= new ExchangeListeners()).add(event, listener);
  }

  off<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void {
    this.listeners?.remove(event, listener);
  }

  breakOff(): void {
    if (this.state >= OVER) return;
    if (this.state >= BEGUN) {
      this.cut();
      return;
    }
    // Nothing has gone out: that it failed can still be said.
    this.withdraw();
    this.respond(500, '', '', true);
  }

  /** Answers with what is prepared for an error of the application's, and closes. */
  private refuse(error: number): void {
    this.close = true;
    this.buildPrepared(-error, false);
    this.finish();
  }

  /** Answers with prepared response `index`, as the engine would have. */
  answer(index: number): void {
    if (this.state !== WAITING) return;
    this.close = this.closesAfter();
    this.buildPrepared(index, this.versionMinor === 0);
    this.finish();
  }

  /** The peer has got everything so far. */
  drained(): void {
    if (this.state === SENDING) this.finish();
    else {
      this.onDrain?.();
      this.listeners?.drain();
    }
  }

  /** The peer seems to be gone, or has waited too long. What it is sent all the same goes out. */
  abort(reason: Error): void {
    if (this.aborted !== undefined) return;
    this.aborted = reason;
    this.content?.fail(reason);
    this.onAbort?.(reason);
    this.listeners?.abort(reason);
  }

  /** Nothing can be sent any more. */
  gone(reason: Error): void {
    if (this.over) return;
    this.state = GONE;
    clearImmediate(this.holding);
    this.stream?.dropHeld(this.aborted ?? reason);
    this.abort(reason);
    const { listeners } = this;
    this.onGone?.();
    listeners?.gone();
    this.onDrain?.();
    listeners?.drain();
    if (listeners !== undefined) tellLater((error) => listeners.left(error), this.aborted);
  }

  /** The application has not answered in time, or its response has stood still for too long. */
  expire(): void {
    const { log, slot } = this.host.plane;
    const reason = abortError('ERR_HANDLER_TIMEOUT', refusalText(ERROR_HANDLER_TIMEOUT));
    log.handlerLate(this.summary, this.begun);
    if (this.begun) {
      this.abort(reason);
      this.host.breakOff();
      this.gone(reason);
      return;
    }
    slot.statistics.refused();
    this.abort(reason);
    if (!this.answering) this.refuse(ERROR_HANDLER_TIMEOUT);
  }

  /** The application takes content, or wants no more of it. */
  contentWanted(): void {
    const { content, host } = this;
    if (this.over) return;
    if (content?.expectsContinue) this.inform(100, '');
    host.contentWanted();
  }

  /** Whether the connection ends with the response that is being built. */
  private closesAfter(): boolean {
    const { content, host } = this;
    if (this.close || host.inflow.discards) return true;
    const { draining } = host.plane.slot;
    // Content that has not been asked for may come or not, and other content is too much to be read for nothing.
    if (content?.unfinished)
      return draining || content.expectsContinue || (content.length ?? 0) > LINGER_BYTES_MAX;
    return draining && !host.hasMore;
  }

  private cut(): void {
    this.host.outflow.takeRegion();
    // Earlier responses are whole.
    this.host.outflow.flush();
    this.state = CUT;
    this.host.breakOff();
  }

  private finish(): void {
    this.state = OVER;
    clearImmediate(this.holding);
    const { listeners } = this;
    if (listeners !== undefined) this.host.outflow.whenTaken((error) => listeners.left(error));
    if (this.content?.unfinished)
      this.content.fail(answeredError('the request has been answered before its content was read'));
    this.host.exchangeOver();
  }

  /** Builds the head that was held back. */
  private release(stream: StreamedContent): void {
    if (this.state !== HELD) return;
    const { outflow } = this.host;
    outflow.reserve(this.checkHead(this.fields));
    this.buildHead(this.statusCode, this.fields, stream.length);
    this.logAnswer(this.statusCode, undefined);
    this.state = BEGUN;
    if (stream.endsWithClose) outflow.closeEndsContent();
    stream.writeHeld(outflow);
  }

  private buildPrepared(index: number, sayPersistent: boolean): void {
    const { codec, outputs, log } = this.host.plane;
    this.host.outflow.takeRegion();
    this.host.outflow.reserve(COPIED_BYTES_MAX);
    const at = outputs.position;
    outputs.position = codec.answer(index, at, this.close, sayPersistent, this.headOnly);
    if (log.requests) this.host.plane.logSent(outputs.position - at, this.host.peer);
  }

  private buildHead(statusCode: number, fields: string, length: number): void {
    const { codec, outputs, slot } = this.host.plane;
    const { headParts } = this;
    const close = this.closesAfter();
    this.close = close;
    const line = statusLine(statusCode, headParts?.reasonPhrase);
    const at = slot.writeLatin1(line + fields, outputs.position);
    outputs.position = codec.finishHead(at, length, close, this.versionMinor === 0);
    // The engine's Date comes first, and all have the same length.
    if (headParts?.date !== undefined) slot.writeLatin1(`Date: ${headParts.date}\r\n`, at);
  }

  private logAnswer(statusCode: number, content: string | Uint8Array | undefined): void {
    const { peer, plane } = this.host;
    if (plane.log.requests) plane.log.answered(statusCode, content, peer);
  }

  /** @returns what status line and fields have together @throws RangeError when that is too much, or a part is not valid */
  private checkHead(fields: string): number {
    const { headParts } = this;
    const bytes = fields.length + (headParts?.reasonPhrase?.length ?? 0);
    const valid = headParts === undefined || areHeadParts(headParts);
    if (bytes <= FIELDS_BYTES_MAX && valid) return bytes;
    // They are not for the response that takes its place.
    this.headParts = undefined;
    throw new RangeError(
      valid ? FIELDS_TOO_LARGE : 'not a reason phrase (RFC 9112 4), or not an IMF-fixdate',
    );
  }
}
