// A session of HTTP/2: all requests of one connection. node:http2 speaks the protocol; the engine reads each head, and
// answers what it can, as it does for HTTP/1.1.

import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { UNCOUNTED } from '../connection/addresses.ts';
import { type Endpoint, peerOf } from '../connection/endpoint.ts';
import type { Member } from '../connection/member.ts';
import type { Plane, ServeHttp2, TurnHolder } from '../connection/plane.ts';
import { ReceivedContent } from '../connection/received-content.ts';
import { requestLogOf } from '../connection/request-logs.ts';
import { detachRequest, releaseRequest } from '../connection/request-memory.ts';
import { type SocketOwner, watchSocket } from '../connection/socket-events.ts';
import { ERROR_FIELD_VALUE, ERROR_HEAD_SIZE, VERDICT_REQUEST } from '../memory/codes.ts';
import { halfClosedError } from '../protocol/request-errors.ts';
import { type TlsConnection, tlsConnectionOf } from '../tls/tls-connection.ts';
import { CONTROL_FRAMES, RESETS, Tally } from './bounds.ts';
import { readAnswer } from './engine-answer.ts';
import { Http2Exchange } from './exchange.ts';
import { RequestHead } from './request-head.ts';
import { SessionDeadline } from './session-deadline.ts';
import { type ExchangeOwner, Shared } from './shared.ts';

const { NGHTTP2_ENHANCE_YOUR_CALM: ENHANCE_YOUR_CALM } = constants;

/** The turn of a request: the slot is in use. Nothing of it stays in the region at hand. */
const TURN: TurnHolder = { flush: () => true };

/** Makes the function that begins a session on a socket whose client has chosen HTTP/2. */
export function speakHttp2(plane: Plane): ServeHttp2 {
  const shared = new Shared(plane);
  return (socket, endpoint, closed) => new Session(shared, socket, endpoint, closed);
}

class Session implements Member, ExchangeOwner, SocketOwner {
  addressEntry = UNCOUNTED;
  readonly peer: string;
  readonly deadline: SessionDeadline;
  private readonly exchanges = new Set<Http2Exchange>();
  private readonly node: ServerHttp2Session;
  private readonly resets: Tally;
  private readonly controlFrames: Tally;
  private requestsLeft: number;
  private readBytes = 0;
  private writtenBytes = 0;
  private address: string | undefined = undefined;
  /** The client does too much: the session is about to end. */
  private tooMuch = false;

  constructor(
    readonly shared: Shared,
    private readonly socket: TLSSocket,
    readonly endpoint: Endpoint,
    private readonly memberClosed: (member: Member) => void,
  ) {
    const { clock, limits, log } = shared.plane;
    this.peer = log.connections ? peerOf(socket, endpoint) : '';
    this.deadline = new SessionDeadline(shared.plane, this.exchanges);
    this.requestsLeft = limits.requestsMax;
    this.resets = new Tally(RESETS, clock.readMs());
    this.controlFrames = new Tally(CONTROL_FRAMES, clock.readMs());
    watchSocket(socket, this);
    const node = performServerHandshake(socket, shared.options);
    this.node = node;
    node.on('error', ignore);
    node.on('stream', (stream, _fields, _flags, section?: readonly string[]) => this.open(stream, section));
    node.on('ping', () => this.control());
    node.on('remoteSettings', () => this.control());
    node.on('goaway', () => setImmediate(() => this.settle()));
    this.deadline.awaitRequest();
  }

  get idle(): boolean {
    return this.exchanges.size === 0;
  }

  get underWay(): readonly Http2Exchange[] {
    return [...this.exchanges].filter(({ over }) => !over);
  }

  get remoteAddress(): string {
    return (this.address ??= this.socket.remoteAddress ?? 'unknown');
  }

  get tls(): TlsConnection {
    return tlsConnectionOf(this.socket);
  }

  /** As for a connection of HTTP/1.1, a client has some time for its first request. */
  makesRoom(nowMs: number): boolean {
    if (!this.idle || this.socket.destroyed) return false;
    return this.requestsLeft < this.shared.plane.limits.requestsMax || this.deadline.headGraceOver(nowMs);
  }

  drain(): void {
    if (!this.ending) this.node.close();
    this.settle();
  }

  expire(): void {
    const { nowMs } = this.shared.plane.clock;
    for (const exchange of this.exchanges) if (exchange.deadline.passed(nowMs)) exchange.expire();
    if (!this.deadline.ownPassed(nowMs)) return;
    if (this.ending) this.destroy();
    else this.drain();
  }

  destroy(): void {
    this.socket.destroy();
  }

  closed(): void {
    this.countBytes();
    this.memberClosed(this);
  }

  /** The client has closed its side of the connection: it can't acknowledge anything, but responses may still leave. */
  peerEnded(): void {
    for (const exchange of this.exchanges) exchange.abort(halfClosedError());
    setImmediate(() => {
      if (!this.ending) this.node.close();
      this.deadline.linger();
    });
  }

  streamClosed(exchange: Http2Exchange, takenBack: boolean): void {
    this.exchanges.delete(exchange);
    if (takenBack && !this.resets.take(this.shared.plane.clock.readMs())) this.cut();
    this.settle();
  }

  /** Counts the bytes that have been read and written since the last call. */
  private countBytes(): void {
    const { bytesRead, bytesWritten } = this.socket;
    const { figures } = this.shared.plane.slot;
    figures.received(bytesRead - this.readBytes);
    figures.sent(bytesWritten - this.writtenBytes);
    this.readBytes = bytesRead;
    this.writtenBytes = bytesWritten;
  }

  /** No more requests are taken. */
  private get ending(): boolean {
    return this.node.closed || this.node.destroyed;
  }

  /** Starts the time of what the session waits for, if it has no request. */
  private settle(): void {
    if (!this.idle) return;
    if (this.ending) {
      this.deadline.linger();
      return;
    }
    this.deadline.peerHasRead();
    this.deadline.awaitRequest();
  }

  /** Counts a frame that has to be acknowledged. */
  private control(): void {
    if (!this.controlFrames.take(this.shared.plane.clock.readMs())) this.cut();
  }

  /** Ends the session of a client that does too much. */
  private cut(): void {
    if (this.tooMuch) return;
    this.tooMuch = true;
    // nghttp2 may be in the middle of a piece, in which node:http2 20 does not expect the end.
    setImmediate(() => {
      this.node.destroy(new Error('the client does too much'), ENHANCE_YOUR_CALM);
      this.deadline.linger();
    });
  }

  /** Takes a request. @param section names and values of its fields in turn */
  private open(stream: ServerHttp2Stream, section: readonly string[] = []): void {
    stream.on('error', ignore);
    if (stream.destroyed || stream.closed) return;
    if (this.tooMuch) {
      stream.close(ENHANCE_YOUR_CALM);
      return;
    }
    const { deadline, endpoint, peer } = this;
    const { plane } = this.shared;
    const { outputs, slot } = plane;
    const asked = new RequestHead(section, stream.endAfterHeaders);
    const requestLog = requestLogOf(plane, this, endpoint, peer, '2');
    const end = asked.error === 0 ? slot.layText(asked.text) : 0;
    deadline.never();
    if (end === 0) {
      const exchange = new Http2Exchange(
        this,
        stream,
        slot.requestHead(),
        asked.method === 'HEAD',
        requestLog,
      );
      this.exchanges.add(exchange);
      exchange.head.release();
      exchange.refuse(asked.error || ERROR_HEAD_SIZE);
      return;
    }
    const begunMs = plane.turnBegins(TURN, this.requestsLeft, endpoint.redirectPort);
    requestLog?.turnBegins();
    const at = outputs.position;
    const cursor = plane.codec.serve(slot.readStart, end, at);
    requestLog?.served();
    this.requestsLeft = slot.requestsLeft;
    const exchange = new Http2Exchange(this, stream, slot.requestHead(), asked.method === 'HEAD', requestLog);
    this.exchanges.add(exchange);
    try {
      this.answer(exchange, asked, at, cursor === end);
    } finally {
      plane.turnEnds(TURN, begunMs);
      requestLog?.turnEnds();
    }
    this.countBytes();
    // A session that has begun during a drain has not been told.
    if (this.requestsLeft === 0 || slot.draining) this.drain();
  }

  /** Acts on what the engine made of a head. @param whole it has read the head to its end */
  private answer(exchange: Http2Exchange, asked: RequestHead, at: number, whole: boolean): void {
    const { record, error, verdict, written } = this.shared.plane.slot;
    if (error !== 0) {
      record.drop();
      exchange.head.release();
      exchange.send(readAnswer(this.shared, at, at + written));
    } else if (!whole || record.fieldCount !== asked.fieldCount) {
      // A line break within a field would have made two of it. nghttp2 rejects such fields before.
      record.drop();
      exchange.head.release();
      exchange.refuse(ERROR_FIELD_VALUE);
    } else if (verdict === VERDICT_REQUEST) this.handOver(exchange, asked);
    else {
      exchange.head.release();
      if (!record.inContent) exchange.send(readAnswer(this.shared, at, at + written));
      else {
        this.shared.plane.slot.statistics.answered();
        this.requestsLeft--;
        const content = this.contentOf(exchange);
        if (written > 0) exchange.inform(100, '');
        exchange.answerBehind(content, record.prepared);
        record.drop();
      }
    }
  }

  /** Gives the application the request whose head is in the slot. */
  private handOver(exchange: Http2Exchange, asked: RequestHead): void {
    const { application, log, slot } = this.shared.plane;
    const { record } = slot;
    exchange.handedOver();
    if (asked.chunked) record.dropLastField();
    if (record.inContent) exchange.receive(this.contentOf(exchange));
    else if (!asked.ends) exchange.discardContent();
    record.drop();
    exchange.deadline.handedOver();
    try {
      application(exchange);
    } catch (error) {
      log.failed('The application failed', error);
      exchange.breakOff();
    }
    exchange.returned();
    if (exchange.over) releaseRequest(exchange);
    else {
      detachRequest(exchange);
      exchange.awaitNext();
    }
  }

  private contentOf(exchange: Http2Exchange): ReceivedContent {
    const { record } = this.shared.plane.slot;
    return new ReceivedContent(exchange, record.contentLength, record.expectsContinue);
  }
}

function ignore(): void {}
