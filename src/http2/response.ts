// The response to a request of HTTP/2. The states are those of an open exchange of HTTP/1.1:
//
//   WAITING   the application has not begun to answer
//   HELD      the head is known, perhaps with a first piece of content. They are held back for a moment, since content
//             that ends at once is sent whole, with its length
//   BEGUN     the head has been sent
//   SENDING   the whole response is known, but the client has not taken all of it
//   OVER      the whole response has been passed on to be sent
//   GONE      the response is not complete, and nothing more can be sent
//   CUT       the response can't be completed: the stream has been reset

import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { FIELDS_BYTES_MAX, FIELDS_TOO_LARGE, type HeadParts } from '../connection/exchange.ts';
import { type Taken, tellLater } from '../connection/outflow.ts';
import type { ReceivedContent } from '../connection/received-content.ts';
import type { RequestLog } from '../connection/request-log.ts';
import { checkHead, checkInformation } from '../connection/response-head.ts';
import { Signals } from '../connection/signals.ts';
import { isBare } from '../protocol/status.ts';
import { SLICE_BYTES } from './bounds.ts';
import { buildAnswer, buildRefusal, type EngineAnswer } from './engine-answer.ts';
import { Outgoing, type OutgoingHost } from './outgoing.ts';
import { readLines } from './response-fields.ts';
import type { ExchangeOwner } from './shared.ts';
import { Streamed } from './streamed.ts';

const WAITING = 0;
const HELD = 1;
const BEGUN = 2;
const SENDING = 3;
const OVER = 4;
const GONE = 5;
const CUT = 6;

/** RFC 9110 15.3.6: a 205 has no content; node:http2 sends none. */
const RESET_CONTENT = 205;

/** The error code of RFC 9113 7. */
const INTERNAL_ERROR = 2;

export abstract class ResponseOfStream extends Signals implements OutgoingHost {
  content: ReceivedContent | undefined = undefined;
  headParts: HeadParts | undefined = undefined;
  protected readonly outgoing: Outgoing;
  private state = WAITING;
  private statusCode = 0;
  private fields = '';
  private streamed: Streamed | undefined = undefined;
  private holding: NodeJS.Immediate | undefined = undefined;

  constructor(
    protected readonly owner: ExchangeOwner,
    protected readonly stream: ServerHttp2Stream,
    private readonly headOnly: boolean,
    private readonly requestLog: RequestLog | undefined,
  ) {
    super();
    this.outgoing = new Outgoing(stream, this);
  }

  get over(): boolean {
    return this.state === OVER || this.state === GONE;
  }

  /** The application has not begun to answer. */
  protected get unanswered(): boolean {
    return this.state === WAITING;
  }

  /** The application does nothing more for the response. */
  protected get answered(): boolean {
    return this.state >= SENDING;
  }

  /** A part of the response may have left. */
  protected get begun(): boolean {
    return this.state >= BEGUN;
  }

  /** Starts the time of what the request waits for. */
  abstract awaitNext(): void;
  /** Starts the time of the client, which has to read. */
  protected abstract awaitPeer(): void;
  /** The client has read everything so far. */
  protected abstract peerHasRead(): void;
  /** Notes that the client seems to be gone, or has waited too long. */
  abstract abort(reason: Error): void;
  /** The whole response has been passed on. */
  protected abstract responded(): void;

  /** Answers with the response to an error, one of ERROR_*. */
  refuse(error: number): void {
    this.send(buildRefusal(this.owner.shared, error, this, this.requestLog));
  }

  answer(index: number): void {
    if (this.state !== WAITING) return;
    this.send(buildAnswer(this.owner.shared, index, this.headOnly, this, this.requestLog));
  }

  /** Sends a response that the engine has built. */
  send({ fields, content }: EngineAnswer): void {
    this.counts(fields[':status'] as unknown as number);
    const ends = this.headOnly || content.length === 0;
    this.outgoing.sendHead(fields, ends);
    if (!ends) this.outgoing.sendWhole(content);
    this.finish();
  }

  respond(statusCode: number, fields: string, content: string | Uint8Array, close: boolean): void {
    if (this.aborted !== undefined && this.over) return;
    if (this.state !== WAITING) throw new Error('a request is answered once');
    this.checkHead(fields);
    const isText = typeof content === 'string';
    const bytes = isText ? Buffer.byteLength(content) : content.length;
    const bare = this.isBare(statusCode);
    const ends = this.headOnly || bare || bytes === 0;
    this.sendFields(statusCode, fields, bare ? undefined : bytes, ends);
    this.requestLog?.hasContent(content, ends ? 0 : bytes);
    if (close) this.owner.drain();
    if (ends) this.finish();
    else if (bytes <= SLICE_BYTES) {
      this.outgoing.sendWhole(content);
      this.finish();
    } else {
      this.state = SENDING;
      this.handlerEnds();
      this.push(isText ? Buffer.from(content) : content);
      this.outgoing.end();
    }
  }

  begin(statusCode: number, fields: string, length: number | undefined, close: boolean): boolean {
    if (this.aborted !== undefined && this.over) return true;
    if (this.state !== WAITING) throw new Error('a request is answered once');
    this.checkHead(fields);
    if (close) this.owner.drain();
    const bare = this.isBare(statusCode);
    this.streamed = new Streamed(bare ? undefined : length, bare || this.headOnly);
    this.statusCode = statusCode;
    this.fields = fields;
    this.state = HELD;
    if (this.headOnly || bare) return false;
    this.holding = setImmediate(() => this.release());
    return true;
  }

  write(bytes: Uint8Array, lasting = false, written?: Taken): boolean {
    if (this.state >= OVER) {
      if (written !== undefined) tellLater(written, this.unwritten);
      return true;
    }
    const streamed = this.begunContent('write() comes between begin() and end()');
    streamed.count(bytes.length);
    if (bytes.length > 0) {
      const own = lasting ? bytes : Buffer.from(bytes);
      if (this.state === HELD && streamed.hold(own, written)) return true;
      this.release();
      this.push(own, written);
    } else if (written !== undefined) {
      this.release();
      this.outgoing.whenTaken(written);
    }
    return this.outgoing.waitingBytes < SLICE_BYTES;
  }

  end(trailers: string): void {
    if (this.state >= OVER) return;
    const streamed = this.begunContent('end() comes after begin()');
    if (trailers.length > FIELDS_BYTES_MAX) throw new RangeError(FIELDS_TOO_LARGE);
    if (this.state === HELD && trailers === '') streamed.endHeld();
    if (streamed.short) {
      this.cut();
      return;
    }
    streamed.trailers = trailers;
    this.release();
    this.outgoing.end();
    this.finish();
  }

  withdraw(): boolean {
    if (this.state !== HELD) return false;
    clearImmediate(this.holding);
    this.streamed?.dropHeld(this.unwritten);
    this.streamed = undefined;
    this.headParts = undefined;
    this.onGone = undefined;
    this.onDrain = undefined;
    this.state = WAITING;
    return true;
  }

  inform(statusCode: number, fields: string): boolean {
    checkInformation(statusCode, fields);
    if (this.state >= BEGUN || !this.outgoing.open) return false;
    if (statusCode === 100 && this.content !== undefined) this.content.expectsContinue = false;
    this.outgoing.inform(readLines(fields, { ':status': statusCode }));
    if (this.state === WAITING) this.awaitNext();
    return true;
  }

  breakOff(): void {
    if (this.state >= OVER) return;
    if (this.begun) this.cut();
    else {
      // Nothing has left, so a 500 can still be sent.
      this.withdraw();
      this.respond(500, '', '', false);
    }
  }

  taken(empty: boolean): void {
    if (!empty) {
      this.awaitPeer();
      return;
    }
    if (this.state >= OVER) return;
    this.peerHasRead();
    if (this.state === SENDING) {
      this.finish();
      return;
    }
    this.awaitNext();
    this.tellDrained();
  }

  /** Ends the exchange without a complete response: nothing more can be sent. */
  protected gone(reason: Error): void {
    if (this.over) return;
    this.took();
    this.requestLog?.ended(this, false, this.streamed?.sentBytes);
    clearImmediate(this.holding);
    this.streamed?.dropHeld(this.aborted ?? reason);
    this.abort(reason);
    this.state = GONE;
    this.tellGone();
  }

  private cut(): void {
    this.state = CUT;
    this.requestLog?.ended(this, false, this.streamed?.sentBytes);
    this.reset(INTERNAL_ERROR);
  }

  /** Resets the stream. The client has to take that, too. */
  protected reset(code: number): void {
    this.outgoing.reset(code);
    this.awaitPeer();
  }

  private finish(): void {
    this.state = OVER;
    this.took();
    this.requestLog?.ended(this, true, this.streamed?.sentBytes);
    clearImmediate(this.holding);
    this.awaitPeer();
    const { left } = this;
    if (left !== undefined) this.outgoing.whenLeft(left);
    this.responded();
  }

  private begunContent(otherwise: string): Streamed {
    const { streamed } = this;
    if (streamed === undefined) throw new Error(otherwise);
    return streamed;
  }

  /** The reason that bytes will not be sent. */
  private get unwritten(): Error {
    return this.aborted ?? new Error('the response does not go on');
  }

  private isBare(statusCode: number): boolean {
    return isBare(statusCode) || statusCode === RESET_CONTENT;
  }

  /** Sends the head that was held back, and the piece of content with it. */
  private release(): void {
    const { streamed } = this;
    if (this.state !== HELD || streamed === undefined) return;
    const { contentless, length } = streamed;
    this.state = BEGUN;
    this.handlerEnds();
    const { held, heldWritten } = streamed.takeHeld();
    if (contentless || length === 0) this.sendFields(this.statusCode, this.fields, length, true);
    else if (length !== undefined) this.sendFields(this.statusCode, this.fields, length, false);
    // Only content of unknown length has trailers.
    else this.sendFields(this.statusCode, this.fields, length, false, () => readLines(streamed.trailers, {}));
    if (held !== undefined) this.push(held, heldWritten);
  }

  private push(bytes: Uint8Array, written?: Taken): void {
    if (this.streamed !== undefined) this.streamed.sentBytes += bytes.length;
    if (this.outgoing.waitingBytes === 0) this.awaitPeer();
    this.outgoing.push(bytes, written);
  }

  private sendFields(
    statusCode: number,
    lines: string,
    length: number | undefined,
    ends: boolean,
    trailers?: () => OutgoingHttpHeaders,
  ): void {
    const { shared } = this.owner;
    const date = this.headParts?.date ?? shared.plane.slot.date;
    this.counts(statusCode);
    this.outgoing.sendHead(shared.fields.of(statusCode, lines, date, length), ends, trailers);
    this.requestLog?.began(statusCode, lines.length);
  }

  /** @throws RangeError as checkHead() does */
  private checkHead(fields: string): void {
    try {
      checkHead(fields, this.headParts);
    } catch (error) {
      // The parts are not for the response that is sent instead.
      this.headParts = undefined;
      throw error;
    }
  }
}
