// One connection, from open to close. It knows its socket, the turn's slot through the plane, and nothing
// of what a request means.
//
//   reading   HEAD: bytes go to the engine.  DISCARDING: an answer said that the connection closes; what
//             still comes is thrown away, since closing at once would make the peer lose that answer
//             (RFC 9112 9.6).  ENDED: the peer has sent its last byte.
//   exchange  the request that the application has, until its response is complete. The next one is not
//             begun before; what is pipelined behind it waits in the carry.
//   writing   IDLE: the kernel has all.  PENDING: it hasn't; nothing is begun until it has.
//             ENDED: our half is closed.  BROKEN: our half ends in a reset, a moment after its last byte.
//   closing   the response under way is the last.

import type { Socket } from 'node:net';
import {
  ERROR_HANDLER_TIMEOUT,
  ERROR_INCOMPLETE,
  ERROR_TIMEOUT,
  VERDICT_AGAIN,
  VERDICT_CLOSE,
  VERDICT_REQUEST,
} from '../memory/codes.ts';
import { refusalText } from '../protocol/errors.ts';
import { abortError, BodyError } from '../protocol/request-errors.ts';
import { readEvents } from '../wasm/events.ts';
import { UNCOUNTED } from './addresses.ts';
import { Carry } from './carry.ts';
import { contentDeadline, Deadline } from './deadlines.ts';
import { type Endpoint, peerOf } from './endpoint.ts';
import { OpenExchange } from './open-exchange.ts';
import type { OutputRegion } from './outputs.ts';
import type { Plane } from './plane.ts';
import { openSocket, type Receiver } from './reader.ts';
import { ReceivedContent } from './received-content.ts';
import { Writer } from './writer.ts';

const READING_HEAD = 0;
const READING_DISCARDING = 1;
const READING_ENDED = 2;

const WRITING_IDLE = 0;
const WRITING_PENDING = 1;
const WRITING_ENDED = 2;
const WRITING_BROKEN = 3;

/** What a connection that reads waits for. */
const WAITING_REQUEST = 0;
const WAITING_HEAD = 1;
const WAITING_CONTENT = 2;
const WAITING_APPLICATION = 3;

/** How long, and how much, a closing connection is listened to for the peer's sake. */
const LINGER_MS = 2000;
export const LINGER_BYTES_MAX = 1024 * 1024;
/** How long the last bytes of a response that broke off have to reach the peer: a reset discards what is on its way. */
const RESET_DELAY_MS = 200;
/** What may be pipelined behind a request that the application has, before no more is read. */
const PIPELINED_BYTES_MAX = 16_384;
/** What a peer has to read within the write timeout of a response that is longer. */
const READ_BYTES_MIN = 65_536;
/** No answer to an error is longer. */
const REFUSAL_BYTES_MAX = 1024;
/** How long a head is waited for when connections have to make room. */
const HEAD_GRACE_MS = 1000;
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

export class Connection implements Receiver {
  /** The plane calls expire() after it. */
  readonly deadline = new Deadline();
  /** When it began to wait for its client, by the plane's count: for a request, or for the rest of a head. */
  waitsSince: number;
  private headSinceMs: number;
  /** Where its address is counted. */
  addressEntry = UNCOUNTED;
  readonly peer: string;
  private reading = READING_HEAD;
  private writing = WRITING_IDLE;
  private closing = false;
  /** The end of the connection is the end of the content under way (RFC 9112 6.3, HTTP/1.0). */
  private endsContent = false;
  private waiting = WAITING_REQUEST;
  private requestsLeft: number;
  private contentStartedMs = 0;
  private contentBytes = 0;
  private discardedBytes = 0;
  /** What the kernel had taken when the peer was last waited for. */
  private sentBytes = 0;
  private carry: Carry | undefined = undefined;
  private exchange: OpenExchange | undefined = undefined;
  /** There is input behind the request that is being served. */
  private pipelined = false;
  /** Nothing is read from the socket until somebody says so. */
  private paused = false;
  /** The output regions that are on loan here. */
  private lent: OutputRegion[] | undefined = undefined;
  private address: string | undefined = undefined;
  private readonly socket: Socket;
  private readonly writer: Writer;

  constructor(
    private readonly plane: Plane,
    accepted: Socket,
    private readonly endpoint: Endpoint,
  ) {
    this.deadline.set(plane.deadlines.headTimeoutMs);
    this.waitsSince = plane.waits++;
    this.headSinceMs = plane.clock.nowMs;
    this.requestsLeft = plane.limits.requestsMax;
    this.peer = plane.log.connections ? peerOf(accepted, endpoint) : '';
    this.socket = openSocket(endpoint.io.read, accepted, plane.slot, this);
    this.writer = new Writer(endpoint.io.write, this.socket, (error) => this.flushed(error));
    this.socket.on('end', () => this.peerEnded());
    this.socket.on('error', ignore);
    this.socket.on('close', () => this.closed());
  }

  /** Nothing received that waits for an answer, nothing answered that waits to go. */
  get idle(): boolean {
    return (
      this.reading === READING_HEAD &&
      this.writing === WRITING_IDLE &&
      this.exchange === undefined &&
      !this.carry?.begun
    );
  }

  /**
   * It may make room for another one: nothing is under way. A client that has connected, or has begun a request, has some time
   * for the rest of the head first, but not as long as the head timeout, or slow clients could take all the room.
   */
  makesRoom(nowMs: number): boolean {
    if (this.reading !== READING_HEAD || this.writing !== WRITING_IDLE || this.exchange !== undefined)
      return false;
    if (this.socket.destroyed || this.carry?.inContent) return false;
    const betweenRequests = !this.carry?.begun && this.requestsLeft < this.plane.limits.requestsMax;
    return betweenRequests || nowMs - this.headSinceMs >= HEAD_GRACE_MS;
  }

  /** The request that the application has. */
  get openExchange(): OpenExchange | undefined {
    return this.exchange;
  }

  /** The peer's, or nothing when it was gone before anybody asked. */
  get remoteAddress(): string {
    return (this.address ??= this.socket.remoteAddress ?? '');
  }

  /**
   * Closes at once, whatever is under way. Where the close would end the content of a response, the connection is
   * reset instead, so that the peer doesn't take the content for whole; a unix socket has no reset.
   */
  destroy(): void {
    if (this.endsContent && this.writing !== WRITING_ENDED && !this.endpoint.unix)
      this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  /** From here on the close ends the content, so anything but its proper end must be a reset. */
  closeEndsContent(): void {
    this.endsContent = true;
  }

  /** The response under way can't be completed. Its peer gets the bytes so far, and a close that is no end of the content. */
  breakOff(): void {
    if (!this.endsContent || this.writing === WRITING_ENDED) {
      this.destroy();
      return;
    }
    const pending = this.writing === WRITING_PENDING;
    if (this.reading === READING_HEAD) this.reading = READING_DISCARDING;
    this.writing = WRITING_BROKEN;
    this.closing = true;
    if (!pending) this.resetSoon();
  }

  private resetSoon(): void {
    this.deadline.set(RESET_DELAY_MS);
  }

  /** The deadline has passed: what it was for, the state tells. */
  expire(): void {
    if (this.writing === WRITING_PENDING && this.peerReads()) return;
    if (this.writing !== WRITING_IDLE) {
      this.exchange?.abort(abortError('ERR_WRITE_TIMEOUT', 'the client did not read the response in time'));
      this.destroy();
    } else if (this.exchange !== undefined) this.expireExchange(this.exchange);
    else if (this.reading !== READING_HEAD) this.destroy();
    else this.giveUp(ERROR_TIMEOUT);
  }

  /** Its requests are being served, and what they are answered with leaves at the end of it. */
  private get serving(): boolean {
    return this.plane.turn === this;
  }

  /** Answers what is not a request, or not a whole one, with an error, and closes. */
  refuse(error: number): void {
    const { codec, slot, outputs, log } = this.plane;
    this.carry?.restore(0);
    this.carry = undefined;
    if (outputs.room < REFUSAL_BYTES_MAX) this.flush();
    codec.refuse(error, outputs.position);
    outputs.position += slot.written;
    log.refused(refusalText(error), this.peer);
    this.logSent(slot.written);
    this.flush();
    this.close();
  }

  /** What lands elsewhere is content whose length was told: it is counted as if it lay in the slot. */
  received(bytes: number, landed: boolean): boolean {
    if (this.reading !== READING_HEAD) return this.discard(bytes);
    const { readStart } = this.plane.slot;
    const end = readStart + bytes;
    if (this.exchange === undefined) {
      const start = this.carry === undefined ? readStart : this.carry.restore(bytes);
      this.serve(start, end, readStart);
    } else this.receiveMeanwhile(this.exchange, readStart, end, landed);
    this.paused = !this.wantsInput();
    return !this.paused;
  }

  room(): Uint8Array | undefined {
    return this.reading === READING_HEAD ? this.exchange?.content?.room() : undefined;
  }

  /** Answers what is in [start, end), where the carry ends at `fresh`. */
  private serve(start: number, end: number, fresh: number): void {
    const { codec, slot, outputs, log } = this.plane;
    let cursor = start;
    let verdict: number;
    slot.requestsLeft = this.requestsLeft;
    this.plane.turn = this;
    for (;;) {
      cursor = codec.serve(cursor, end, outputs.position);
      const { written } = slot;
      outputs.position += written;
      verdict = slot.verdict;
      if (log.requests) this.logEvents();

      if (verdict === VERDICT_REQUEST) {
        cursor = this.handOver(cursor, end);
        if (this.closing) verdict = VERDICT_CLOSE;
        else if (this.exchange === undefined && this.writing === WRITING_IDLE) continue;
        break;
      }
      if (verdict !== VERDICT_AGAIN) break;
      if (!this.flush()) break;
    }
    this.plane.turn = undefined;
    this.flush();
    if (verdict === VERDICT_CLOSE) {
      this.carry = undefined;
      // It stands in content that nobody wants any more.
      slot.record.drop();
      this.close();
      return;
    }
    this.requestsLeft = slot.requestsLeft;
    if (cursor === end && !slot.record.unfinished) this.carry = undefined;
    else if (this.carry === undefined || cursor !== start) this.carry = new Carry(slot, cursor, end);
    else this.carry.append(fresh, end);
    if (this.writing === WRITING_PENDING) return;
    this.setDeadline(end - fresh, cursor !== start);
    if (this.exchange !== undefined) return;
    if (this.reading === READING_ENDED) this.giveUp(ERROR_INCOMPLETE);
    else if (this.plane.closesIdle && this.idle) this.close();
  }

  /**
   * Gives the application the request whose head ends at `cursor`, and as much of its content as is in
   * [cursor, end). Returns the position behind that.
   */
  private handOver(cursor: number, end: number): number {
    const { application, slot } = this.plane;
    const head = slot.takeHead();
    const content = slot.record.inContent
      ? new ReceivedContent(this, slot.record.contentLength, slot.record.expectsContinue)
      : undefined;
    const last = !slot.record.persistent || slot.requestsLeft === 0;
    const exchange = new OpenExchange(
      this,
      this.plane,
      head,
      content,
      slot.record.headOnly,
      slot.record.versionMinor,
      last,
    );
    if (content !== undefined) {
      // Trailers will lie where the head's fields do.
      if (content.length === undefined) head.detach();
      cursor = this.feed(content, cursor, end, false);
      if (this.closing) return cursor;
      if (content.unfinished && this.reading === READING_ENDED) {
        this.contentBroke(content, ERROR_INCOMPLETE);
        return cursor;
      }
    }
    this.exchange = exchange;
    this.pipelined = cursor < end;
    this.waiting = WAITING_APPLICATION;
    if (this.reading === READING_ENDED) exchange.abort(clientEnded());
    try {
      application(exchange);
    } catch (error) {
      this.plane.log.failed('The application failed', error);
      exchange.breakOff();
    }
    if (exchange.over) {
      head.release();
      this.exchange = undefined;
      if (exchange.close) this.closing = true;
    } else if (content === undefined || content.length !== undefined) head.detach();
    return cursor;
  }

  /**
   * Hands on the content in [cursor, end), in one piece: chunks are moved together where they lie. Returns the
   * position behind it.
   * @param landed the bytes are where the content made room for them
   */
  private feed(content: ReceivedContent, cursor: number, end: number, landed: boolean): number {
    const { codec, slot } = this.plane;
    let start = cursor;
    let pieceEnd = cursor;
    let error = 0;
    while (slot.record.unfinished && cursor < end) {
      const next = codec.consume(cursor, end);
      if (next < 0) {
        error = next;
        break;
      }
      cursor = next;
      const { pieceBytes } = slot.record;
      if (pieceBytes > 0) {
        const from = next - pieceBytes;
        if (pieceEnd === start) {
          start = from;
          pieceEnd = next;
        } else pieceEnd = slot.move(from, next, pieceEnd);
      } else if (slot.record.unfinished) break;
    }
    if (landed) content.landed(cursor - start);
    else if (pieceEnd > start) content.push(slot.buffer, start, pieceEnd);
    if (error !== 0) this.contentBroke(content, error);
    else if (!slot.record.unfinished)
      content.finish(content.length === undefined ? slot.record.trailers(cursor) : []);
    return cursor;
  }

  /** What was to be the request's content is none, or not allowed, or not all there. Its record is in the slot. */
  private contentBroke(content: ReceivedContent, error: number, reason: Error = new BodyError(error)): void {
    const { exchange } = this;
    this.carry = undefined;
    content.fail(reason);
    if (exchange?.answering) {
      // Its response goes on, and is the last.
      exchange.close = true;
      if (this.reading === READING_HEAD) this.reading = READING_DISCARDING;
      return;
    }
    this.exchange = undefined;
    this.refuse(error);
    this.closing = true;
    exchange?.gone(reason);
  }

  /** The same between two reads. */
  private carriedContentBroke(content: ReceivedContent, error: number, reason?: Error): void {
    this.carry?.restore(0);
    this.contentBroke(content, error, reason);
    this.plane.slot.record.drop();
  }

  /** What comes while the application has a request: its content, and what is pipelined behind it. */
  private receiveMeanwhile(exchange: OpenExchange, fresh: number, end: number, landed: boolean): void {
    const { slot } = this.plane;
    const { content } = exchange;
    if (content?.unfinished) {
      const start = this.carry === undefined ? fresh : this.carry.restore(end - fresh);
      const cursor = this.feed(content, start, end, landed);
      if (this.reading !== READING_HEAD || this.exchange === undefined) {
        this.carry = undefined;
        slot.record.drop();
      } else if (cursor === end && !slot.record.unfinished) this.carry = undefined;
      else if (this.carry === undefined) this.carry = new Carry(slot, cursor, end);
      else if (cursor !== start) this.carry.renew(cursor, end);
      else this.carry.append(fresh, end);
      if (this.exchange !== undefined) this.setDeadline(end - fresh, false);
    } else if (this.carry === undefined) this.carry = new Carry(slot, fresh, end);
    else this.carry.append(fresh, end);
  }

  /** The application takes content, or wants no more of it. */
  contentWanted(content: ReceivedContent): void {
    if (this.exchange?.content !== content) return;
    if (content.expectsContinue && !this.exchange.begun) {
      content.expectsContinue = false;
      this.takeRegion();
      this.sendBytes(CONTINUE);
    }
    if (this.serving) return;
    if (this.waiting === WAITING_APPLICATION) this.setDeadline(0, true);
    this.resumeReading();
  }

  /** Whether the connection ends with the response that is being built. */
  closesAfter(exchange: OpenExchange): boolean {
    if (exchange.close || this.reading === READING_DISCARDING) return true;
    const { content } = exchange;
    if (content?.unfinished) {
      // It has not been asked for and may come or not, or is too much to be read for nothing.
      if (content.expectsContinue || (content.length ?? 0) > LINGER_BYTES_MAX) return true;
      return this.plane.slot.draining;
    }
    return this.plane.slot.draining && !(this.serving ? this.pipelined : this.carry?.begun);
  }

  /** The response of the exchange is complete. */
  exchangeOver(): void {
    if (this.serving) return;
    const { exchange } = this;
    this.exchange = undefined;
    if (exchange?.close || this.reading === READING_DISCARDING) {
      this.carry = undefined;
      this.flush();
      this.close();
    } else if (this.writing === WRITING_PENDING) this.flush();
    else if (this.plane.turn === undefined) this.resume();
    else {
      // The slot is another connection's until its turn ends.
      this.flush();
      setImmediate(() => this.resumeLater());
    }
    this.resumeReading();
  }

  private resumeLater(): void {
    if (this.exchange !== undefined || this.writing !== WRITING_IDLE || this.socket.destroyed) return;
    this.resume();
    this.resumeReading();
  }

  /** Nobody has answered in time, or no content has come. */
  private expireExchange(exchange: OpenExchange): void {
    const { content } = exchange;
    if (content !== undefined && this.waitsFor() === WAITING_CONTENT) {
      this.carriedContentBroke(content, ERROR_TIMEOUT);
      if (this.exchange !== undefined) this.setDeadline(0, true);
      return;
    }
    const reason = abortError('ERR_HANDLER_TIMEOUT', refusalText(ERROR_HANDLER_TIMEOUT));
    this.plane.log.handlerLate(exchange.summary, exchange.begun);
    if (exchange.begun) {
      exchange.abort(reason);
      this.breakOff();
      exchange.gone(reason);
      return;
    }
    this.plane.slot.statistics.refused();
    exchange.abort(reason);
    if (!exchange.answering) exchange.refuse(ERROR_HANDLER_TIMEOUT);
  }

  /**
   * Until when what comes next must have come; while a write is pending, its own deadline stays.
   * @param consumed something was: a head that waits is not the one that waited before
   */
  private setDeadline(readBytes: number, consumed: boolean): void {
    const { clock, deadlines } = this.plane;
    const { deadline } = this;
    const before = this.waiting;
    this.waiting = this.waitsFor();
    const counts = this.writing === WRITING_IDLE;
    if (this.waiting === WAITING_REQUEST) {
      if (!counts) return;
      deadline.set(deadlines.idleTimeoutMs);
      this.waitsSince = this.plane.waits++;
    } else if (this.waiting === WAITING_HEAD) {
      // From its first byte: more of them buy no time.
      if (!counts || (before === WAITING_HEAD && !consumed)) return;
      deadline.set(deadlines.headTimeoutMs);
      this.waitsSince = this.plane.waits++;
      this.headSinceMs = clock.nowMs;
    } else if (this.waiting === WAITING_APPLICATION) {
      // A peer that has closed its side is not waited for long, if it isn't gone anyway.
      const left = this.reading === READING_ENDED && this.exchange?.begun;
      if (counts) deadline.set(left ? LINGER_MS : deadlines.handlerTimeoutMs);
    } else {
      const nowMs = clock.readMs();
      if (before !== WAITING_CONTENT) {
        this.contentStartedMs = nowMs;
        this.contentBytes = 0;
      }
      this.contentBytes += readBytes;
      if (counts) deadline.setAt(contentDeadline(deadlines, nowMs, this.contentStartedMs, this.contentBytes));
    }
  }

  private waitsFor(): number {
    if (this.exchange !== undefined) {
      const { content } = this.exchange;
      const comes = content?.unfinished && content.hungry && !content.expectsContinue;
      return comes && this.reading === READING_HEAD ? WAITING_CONTENT : WAITING_APPLICATION;
    }
    if (!this.carry?.begun) return WAITING_REQUEST;
    return this.carry.inContent ? WAITING_CONTENT : WAITING_HEAD;
  }

  /** The region at hand is this connection's from here on: what another builds in its turn goes out before. */
  takeRegion(): void {
    const { turn } = this.plane;
    if (turn !== undefined && turn !== this) turn.flush();
  }

  /** Writes what the region at hand holds. False when the kernel has not taken everything. */
  flush(): boolean {
    const { outputs } = this.plane;
    if (outputs.position === outputs.pointer) return this.writing !== WRITING_PENDING;
    return this.writer.write(outputs.take()) ? this.wrote() : this.lendRegion();
  }

  /** Writes bytes from where they lie, behind what the region at hand holds; they must stay as they are. */
  sendBytes(bytes: Uint8Array): boolean {
    const { outputs } = this.plane;
    if (outputs.position === outputs.pointer)
      return this.writer.write(bytes) ? this.wrote() : this.writePending();
    // In one system call with what is before them: two of them keep the peer waiting in between.
    return this.writer.write(outputs.take(), bytes) ? this.wrote() : this.lendRegion();
  }

  /** The response moves on. */
  private wrote(): boolean {
    if (!this.serving && this.exchange !== undefined) this.setDeadline(0, true);
    return true;
  }

  private lendRegion(): boolean {
    const region = this.plane.outputs.lend();
    if (region !== undefined) (this.lent ??= []).push(region);
    return this.writePending();
  }

  private writePending(): boolean {
    // More to write buys no time.
    if (this.writing !== WRITING_PENDING) this.awaitPeer();
    this.writing = WRITING_PENDING;
    return false;
  }

  private awaitPeer(): void {
    this.sentBytes = this.writer.sentBytes;
    this.deadline.set(this.plane.deadlines.writeTimeoutMs);
  }

  /** Whether the peer has read enough, since it was last waited for, to be waited for again. */
  private peerReads(): boolean {
    if (this.writer.sentBytes - this.sentBytes < READ_BYTES_MIN) return false;
    this.awaitPeer();
    return true;
  }

  /** The kernel has what it did not take at once, or never will. */
  private flushed(error?: Error | null): void {
    this.returnRegions();
    if (error || this.socket.destroyed) return;
    if (this.writing === WRITING_BROKEN) {
      this.resetSoon();
      return;
    }
    this.writing = WRITING_IDLE;
    if (this.exchange !== undefined) {
      this.setDeadline(0, true);
      this.exchange.drained();
    } else if (this.closing) this.close();
    else this.resume();
    this.resumeReading();
  }

  private returnRegions(): void {
    if (this.lent === undefined) return;
    for (const region of this.lent) this.plane.outputs.giveBack(region);
    this.lent = undefined;
  }

  /** Goes on with what came in while nothing could be begun. */
  private resume(): void {
    const { slot } = this.plane;
    if (this.carry !== undefined) {
      this.serve(this.carry.restore(0), slot.readEnd, slot.readEnd);
      return;
    }
    if (!this.flush()) return;
    this.setDeadline(0, true);
    if (this.reading === READING_ENDED) this.giveUp(ERROR_INCOMPLETE);
    else if (this.plane.closesIdle && this.idle) this.close();
  }

  private wantsInput(): boolean {
    if (this.reading !== READING_HEAD) return true;
    if (this.exchange === undefined) return this.writing !== WRITING_PENDING;
    const { content } = this.exchange;
    if (content?.unfinished) return content.hungry;
    return this.carry === undefined || this.carry.size <= PIPELINED_BYTES_MAX;
  }

  private resumeReading(): void {
    if (!this.paused || !this.wantsInput()) return;
    this.paused = false;
    this.socket.resume();
  }

  /** The last response is built: half-close when it has gone, then discard (RFC 9112 9.6). */
  private close(): void {
    this.closing = true;
    if (this.reading === READING_HEAD) this.reading = READING_DISCARDING;
    if (this.writing !== WRITING_IDLE) return;
    this.writing = WRITING_ENDED;
    this.deadline.set(LINGER_MS);
    this.socket.end();
  }

  private discard(bytes: number): boolean {
    this.discardedBytes += bytes;
    if (this.discardedBytes > LINGER_BYTES_MAX) this.destroy();
    return true;
  }

  private peerEnded(): void {
    const { exchange } = this;
    const head = this.reading === READING_HEAD;
    this.reading = READING_ENDED;
    if (exchange === undefined) {
      // What waits to be written, or to be served behind it, comes first.
      if (this.closing || this.writing === WRITING_PENDING) return;
      if (head) this.giveUp(ERROR_INCOMPLETE);
      else this.close();
      return;
    }
    const reason = clientEnded();
    if (exchange.content?.unfinished && head)
      this.carriedContentBroke(exchange.content, ERROR_INCOMPLETE, reason);
    if (this.exchange === undefined) return;
    this.setDeadline(0, true);
    exchange.abort(reason);
  }

  /** Nothing more is waited for: a request of which a part is here, and no answer is out, is refused. */
  private giveUp(error: number): void {
    if (this.carry?.begun && !this.carry.handedOver) this.refuse(error);
    else this.close();
  }

  private closed(): void {
    this.returnRegions();
    this.carry = undefined;
    const { exchange } = this;
    this.exchange = undefined;
    this.plane.connectionClosed(this);
    exchange?.gone(abortError('ERR_CLIENT_GONE', 'the client closed the connection'));
  }

  /** @param content undefined when it is not known yet */
  logAnswer(statusCode: number, content: string | Uint8Array | undefined): void {
    this.plane.log.answered(statusCode, content, this.peer);
  }

  /** Logs what the engine did with each message. */
  private logEvents(): void {
    const { slot, log } = this.plane;
    for (const { request, error, response } of readEvents(slot.views, slot.pointer)) {
      if (request !== undefined)
        log.received(`${request.method} ${request.target} HTTP/1.${request.versionMinor}`, this.peer);
      if (error !== 0) log.refused(refusalText(error), this.peer);
      if (response !== undefined) log.sent(response, this.peer);
    }
  }

  /** `written` bytes of the region at hand are a response. */
  logSent(written: number): void {
    const { slot, log, outputs } = this.plane;
    if (log.requests)
      log.sent(slot.views.bytes.slice(outputs.position - written, outputs.position), this.peer);
  }
}

/** It may still read what it is sent. */
function clientEnded(): Error {
  return abortError('ERR_CLIENT_GONE', 'the client closed its side of the connection');
}

function ignore(): void {
  // A reset peer is no news; 'close' follows.
}
