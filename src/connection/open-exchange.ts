// An open exchange: the application has its request, and its response is not complete.
//
//   WAITING   the application has not begun to answer
//   HELD      the head is known, perhaps with a first piece of content. They are held back for a moment, since content
//             that ends at once is sent whole, with its length
//   BEGUN     the head has been built
//   SENDING   the whole response has been built, but the kernel has not taken all of it
//   OVER      the whole response has been built
//   GONE      the response is not complete, and nothing more can be sent
//   CUT       the response can't be completed: the connection is about to close

import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ERROR_HANDLER_TIMEOUT, LENGTH_UNTOLD } from '../memory/codes.ts';
import { refusalText, statusCodeOf } from '../protocol/errors.ts';
import { abortError, unreadError } from '../protocol/request-errors.ts';
import { isBare, statusLine } from '../protocol/status.ts';
import { type TlsConnection, tlsConnectionOf } from '../tls/tls-connection.ts';
import type { RecordHead } from '../wasm/head.ts';
import {
  type Exchange,
  FIELDS_BYTES_MAX,
  FIELDS_TOO_LARGE,
  type HeadParts,
  type HttpVersion,
} from './exchange.ts';
import type { ExchangeHost } from './exchange-host.ts';
import { LINGER_BYTES_MAX } from './inflow.ts';
import { COPIED_BYTES_MAX, type Taken, tellLater } from './outflow.ts';
import { type ContentSource, ReceivedContent } from './received-content.ts';
import { summaryOf } from './request-summary.ts';
import { buildHead, checkHead, checkInformation } from './response-head.ts';
import { Signals } from './signals.ts';
import { StreamedContent } from './streamed-content.ts';

const WAITING = 0;
const HELD = 1;
const BEGUN = 2;
const SENDING = 3;
const OVER = 4;
const GONE = 5;
const CUT = 6;

/** RFC 9110 15.2.2. */
const SWITCHING_PROTOCOLS = 101;

export class OpenExchange extends Signals implements Exchange, ContentSource {
  readonly head: RecordHead;
  readonly content: ReceivedContent | undefined;
  headParts: HeadParts | undefined = undefined;
  /** The connection closes after the response. */
  close: boolean;
  /** The client lets the connection stay open after the response. */
  readonly persistent: boolean;
  private readonly headOnly: boolean;
  private readonly versionMinor: number;
  private state = WAITING;
  private statusCode = 0;
  private fields = '';
  /** The content of a response that begin() has started. */
  private stream: StreamedContent | undefined = undefined;
  private holding: NodeJS.Immediate | undefined = undefined;

  /** Opens the exchange of the request at whose head the engine stopped: its record is in the slot. */
  constructor(private readonly host: ExchangeHost) {
    super();
    const { slot } = host.plane;
    this.measure(host.plane);
    this.head = slot.requestHead();
    this.content = slot.record.inContent
      ? new ReceivedContent(this, slot.record.contentLength, slot.record.expectsContinue)
      : undefined;
    this.headOnly = slot.record.headOnly;
    this.versionMinor = slot.record.versionMinor;
    this.persistent = slot.record.persistent;
    this.close = !this.persistent || slot.requestsLeft === 0;
  }

  get remoteAddress(): string {
    return this.host.remoteAddress;
  }

  get scheme(): 'http' | 'https' {
    return this.host.endpoint.scheme;
  }

  get httpVersion(): HttpVersion {
    return this.versionMinor === 0 ? '1.0' : '1.1';
  }

  get tls(): TlsConnection | undefined {
    const { endpoint, inflow } = this.host;
    return endpoint.scheme === 'https' ? tlsConnectionOf(inflow.socket as TLSSocket) : undefined;
  }

  destroy(): void {
    this.host.destroy();
  }

  get over(): boolean {
    return this.state === OVER || this.state === GONE;
  }

  /** More of the request's content is awaited from the client. */
  get awaitsContent(): boolean {
    return this.content?.awaited === true;
  }

  /** The application has begun to answer. */
  get answering(): boolean {
    return this.state !== WAITING;
  }

  /** A part of the response may have left. */
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
    this.host.requestLog?.hasContent(content, this.headOnly || bare ? 0 : bytes);

    if (this.headOnly || bare || bytes === 0) this.finish();
    else if (bytes <= plane.outputs.room) {
      outflow.writeWhole(content, bytes);
      this.finish();
    } else {
      this.state = SENDING;
      this.handlerEnds();
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
    const { stream } = this;
    if (stream === undefined) throw new Error('write() comes between begin() and end()');
    const size = bytes.length;
    stream.count(size);
    if (size > 0) {
      if (this.state === HELD && stream.hold(bytes, lasting, written)) return true;
      outflow.takeRegion();
      this.release(stream);
      stream.writePiece(outflow, bytes, lasting);
      outflow.flush();
    }
    if (written !== undefined) {
      // In the turn of another connection, the region at hand may hold its bytes.
      outflow.takeRegion();
      outflow.whenTaken(written);
    }
    return size === 0 || !outflow.pending;
  }

  end(trailers: string): void {
    if (this.state >= OVER) return;
    const { stream } = this;
    if (stream === undefined) throw new Error('end() comes after begin()');
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

  upgrade(take: (socket: Duplex) => void): void {
    if (this.over) return;
    if (this.state !== WAITING) throw new Error('a request that is being answered cannot be upgraded');
    if (this.content?.unfinished) throw new Error('a request is upgraded when its content has been read');
    if (this.aborted !== undefined) this.destroy();
    else {
      this.state = OVER;
      this.close = false;
      this.counts(SWITCHING_PROTOCOLS);
      this.took();
      this.host.requestLog?.upgraded(this);
      this.host.upgrade(take);
    }
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

  /** The reason that bytes will not be sent. */
  private get unwritten(): Error {
    return this.aborted ?? new Error('the response does not go on');
  }

  inform(statusCode: number, fields: string): boolean {
    checkInformation(statusCode, fields);
    // HTTP/1.0 has no informational responses (RFC 9110 15.2).
    if (this.versionMinor === 0 || this.begun) return false;
    const { outflow } = this.host;
    if (statusCode === 100 && this.content !== undefined) this.content.expectsContinue = false;
    outflow.takeRegion();
    outflow.reserve(fields.length);
    outflow.writeText(`${statusLine(statusCode)}${fields}\r\n`);
    outflow.flush();
    return true;
  }

  breakOff(): void {
    if (this.state >= OVER) return;
    if (this.state >= BEGUN) this.cut();
    else {
      // Nothing has left, so a 500 can still be sent.
      this.withdraw();
      this.respond(500, '', '', true);
    }
  }

  /** Its content was refused, and the connection has answered. */
  refused(error: number): void {
    this.counts(statusCodeOf(error));
  }

  /** Answers with prepared response `index`, as the engine would have. */
  answer(index: number): void {
    if (this.state !== WAITING) return;
    this.close = this.closesAfter();
    this.buildPrepared(index, this.versionMinor === 0);
    this.finish();
  }

  /** The kernel has taken everything so far. */
  drained(): void {
    if (this.state === SENDING) this.finish();
    else this.tellDrained();
  }

  /** Notes that the client seems to be gone, or has waited too long. A response is still sent if possible. */
  abort(reason: Error): void {
    if (this.aborted !== undefined) return;
    this.aborted = reason;
    this.content?.fail(reason);
    this.tellAborted(reason);
  }

  /** Ends the exchange without a complete response: nothing more can be sent. */
  gone(reason: Error): void {
    if (this.over) return;
    this.state = GONE;
    this.took();
    this.host.requestLog?.ended(this, false, this.stream?.sentBytes);
    clearImmediate(this.holding);
    this.stream?.dropHeld(this.aborted ?? reason);
    this.abort(reason);
    this.tellGone();
  }

  /** Ends a request that the application has not answered in time, or a response that has made no progress for too long. */
  expire(): void {
    const { log, slot } = this.host.plane;
    const reason = abortError('ERR_HANDLER_TIMEOUT', refusalText(ERROR_HANDLER_TIMEOUT));
    log.handlerLate(summaryOf(this.head), this.begun);
    if (this.begun) {
      this.abort(reason);
      this.host.breakOff();
      this.gone(reason);
      return;
    }
    slot.statistics.refused();
    slot.figures.refused(ERROR_HANDLER_TIMEOUT);
    this.abort(reason);
    if (this.answering) return;
    this.close = true;
    this.buildPrepared(-ERROR_HANDLER_TIMEOUT, false);
    this.finish();
  }

  contentWanted(): void {
    const { content, host } = this;
    if (this.over) return;
    if (content?.expectsContinue) this.inform(100, '');
    host.contentWanted();
  }

  /** Decides whether the connection closes after the response that is being built. */
  private closesAfter(): boolean {
    const { content, host } = this;
    if (this.close || host.inflow.discards) return true;
    const { draining } = host.plane.slot;
    // The client may or may not send content that was not asked for; a longer content is not worth reading to discard it.
    if (content?.unfinished)
      return draining || content.expectsContinue || (content.length ?? 0) > LINGER_BYTES_MAX;
    return draining && !host.hasMore;
  }

  private cut(): void {
    this.host.outflow.takeRegion();
    // Earlier responses are complete.
    this.host.outflow.flush();
    this.state = CUT;
    this.host.requestLog?.ended(this, false, this.stream?.sentBytes);
    this.host.breakOff();
  }

  private finish(): void {
    this.state = OVER;
    this.took();
    this.host.requestLog?.ended(this, true, this.stream?.sentBytes);
    clearImmediate(this.holding);
    const { left } = this;
    if (left !== undefined) this.host.outflow.whenTaken(left);
    if (this.content?.unfinished) this.content.fail(unreadError());
    this.host.exchangeOver();
  }

  /** Builds the head that was held back. */
  private release(stream: StreamedContent): void {
    if (this.state !== HELD) return;
    const { outflow } = this.host;
    outflow.reserve(this.checkHead(this.fields));
    this.buildHead(this.statusCode, this.fields, stream.length);
    this.state = BEGUN;
    this.handlerEnds();
    if (stream.endsWithClose) outflow.closeEndsContent();
    stream.writeHeld(outflow);
  }

  private buildPrepared(index: number, sayPersistent: boolean): void {
    const { codec, outputs, slot } = this.host.plane;
    this.host.outflow.takeRegion();
    this.host.outflow.reserve(slot.prepared.bytesMax(index));
    const at = outputs.position;
    outputs.position = codec.answer(index, at, this.close, sayPersistent, this.headOnly);
    this.counts(slot.statusCodeAt(at));
    this.host.requestLog?.built(index, outputs.position - at, this);
  }

  private buildHead(statusCode: number, fields: string, length: number): void {
    const { plane, requestLog } = this.host;
    this.close = this.closesAfter();
    const { close, headParts, versionMinor } = this;
    const bytes = buildHead(plane, statusCode, fields, headParts, length, close, versionMinor === 0);
    this.counts(statusCode);
    requestLog?.began(statusCode, bytes);
  }

  /** @returns the size of status line and fields @throws RangeError as checkHead() does */
  private checkHead(fields: string): number {
    try {
      return checkHead(fields, this.headParts);
    } catch (error) {
      // The parts are not for the response that is sent instead.
      this.headParts = undefined;
      throw error;
    }
  }
}
