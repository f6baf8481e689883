// One connection, from open to close: the engine or the application answers its requests, one after the other. Three parts
// each move their own state: the inflow (received bytes), the outflow (responses that leave), and the deadline (what the
// connection waits for, and until when). A connection knows nothing of the meaning of a request.
//
//   exchange  the request that the application answers, until its response is complete. The next request is not begun
//             before; pipelined bytes wait in the inflow.
//   closing   the response under way is the last one.

import type { Duplex } from 'node:stream';
import {
  ERROR_INCOMPLETE,
  ERROR_TIMEOUT,
  VERDICT_AGAIN,
  VERDICT_CLOSE,
  VERDICT_REQUEST,
} from '../memory/codes.ts';
import { abortError, BodyError, halfClosedError } from '../protocol/request-errors.ts';
import { UNCOUNTED } from './addresses.ts';
import { Deadline } from './deadlines.ts';
import { type Endpoint, peerOf } from './endpoint.ts';
import type { ExchangeHost } from './exchange-host.ts';
import type { Accepted } from './handle.ts';
import { BEHIND_HEAD, Inflow, type InflowHost } from './inflow.ts';
import type { Member } from './member.ts';
import { OpenExchange } from './open-exchange.ts';
import { Outflow, type OutflowHost } from './outflow.ts';
import type { Plane } from './plane.ts';
import type { ReceivedContent } from './received-content.ts';
import { requestLogOf } from './request-logs.ts';
import { detachRequest, releaseRequest } from './request-memory.ts';
import { type SocketOwner, watchSocket } from './socket-events.ts';

/** The prepared response to an error is never longer. */
const REFUSAL_BYTES_MAX = 1024;

/** The set that a connection belongs to. */
export interface ConnectionOwner {
  connectionClosed(connection: Connection): void;
}

export class Connection implements InflowHost, OutflowHost, ExchangeHost, SocketOwner, Member {
  readonly inflow: Inflow;
  readonly deadline: Deadline;
  readonly outflow: Outflow;
  /** The entry that counts the peer's address. */
  addressEntry = UNCOUNTED;
  readonly peer: string;
  readonly requestLog: ExchangeHost['requestLog'];
  private closing = false;
  private requestsLeft: number;
  private exchange: OpenExchange | undefined = undefined;
  /** The input goes on behind the request that is being served. */
  private pipelined = false;
  private address: string | undefined = undefined;

  constructor(
    private readonly owner: ConnectionOwner,
    readonly plane: Plane,
    accepted: Accepted,
    readonly endpoint: Endpoint,
  ) {
    this.requestsLeft = plane.limits.requestsMax;
    this.inflow = new Inflow(accepted, this);
    this.peer = plane.log.connections ? peerOf(this.inflow.socket, endpoint) : '';
    this.requestLog = requestLogOf(plane, this, endpoint, this.peer);
    this.deadline = new Deadline(plane);
    this.outflow = new Outflow(this.inflow.socket, this);
    watchSocket(this.inflow.socket, this);
  }

  /** No request has been received in part or waits for its response, and no response waits to leave. */
  get idle(): boolean {
    return this.calm && !this.inflow.begun;
  }

  /**
   * Returns true if the connection may be closed to make room for another one: no response is under way. A client has some
   * time for its head first, but less than the head timeout, or slow clients could take all the room.
   */
  makesRoom(nowMs: number): boolean {
    const { inflow } = this;
    if (!this.calm || inflow.socket.destroyed || inflow.inContent) return false;
    const betweenRequests = !inflow.begun && this.requestsLeft < this.plane.limits.requestsMax;
    return betweenRequests || this.deadline.headGraceOver(nowMs);
  }

  /** No response is being made or leaves. A part of a request may have been received. */
  private get calm(): boolean {
    return this.inflow.takesRequests && this.outflow.idle && this.exchange === undefined;
  }

  /** The request that the application answers. */
  get underWay(): OpenExchange[] {
    return this.exchange === undefined ? [] : [this.exchange];
  }

  /** The address of the peer; empty on a unix socket; `unknown` if the peer was gone when it was first read. */
  get remoteAddress(): string {
    return (this.address ??= this.endpoint.unix ? '' : (this.inflow.socket.remoteAddress ?? 'unknown'));
  }

  /** Closes the connection at once. */
  destroy(): void {
    this.outflow.destroy();
  }

  breakOff(): void {
    if (!this.outflow.breakOff()) return;
    this.closing = true;
    this.inflow.discardRest();
  }

  /** Acts on a deadline that has passed, depending on the state of the deadline. */
  expire(): void {
    const { exchange, inflow, outflow } = this;
    if (outflow.peerReads()) return;
    if (!outflow.idle) {
      exchange?.abort(abortError('ERR_WRITE_TIMEOUT', 'the client did not read the response in time'));
      this.destroy();
    } else if (exchange?.content !== undefined && exchange.awaitsContent && inflow.takesRequests) {
      inflow.giveBack();
      this.contentBroke(exchange.content, ERROR_TIMEOUT);
      if (this.exchange !== undefined) this.awaitNext();
    } else if (exchange !== undefined) exchange.expire();
    else if (!inflow.takesRequests) this.destroy();
    else this.giveUp(ERROR_TIMEOUT);
  }

  /** This connection has the turn: its responses leave at the end of the turn. */
  private get serving(): boolean {
    return this.plane.turn === this.outflow;
  }

  /** Answers bytes that are not a request, or not a whole one, such as content of `request`, with an error, and closes. */
  refuse(error: number, request?: OpenExchange): void {
    this.inflow.giveBack();
    if (this.plane.outputs.room < REFUSAL_BYTES_MAX) this.outflow.flush();
    this.plane.refuse(error);
    this.requestLog?.refused(error, this.plane.slot.written, request);
    this.outflow.flush();
    this.close();
  }

  received(fresh: number, end: number, landed: boolean): void {
    if (this.exchange === undefined) this.serve(this.inflow.layBefore(fresh, end), end, fresh);
    else this.receiveMeanwhile(this.exchange, fresh, end, landed);
  }

  room(): Uint8Array | undefined {
    return this.exchange?.content?.room();
  }

  /** Serves the requests in [start, end). @param fresh where the bytes begin that have just been received */
  private serve(start: number, end: number, fresh: number): void {
    const { inflow, outflow, plane, requestLog } = this;
    const { codec, slot, outputs } = plane;
    let cursor = start;
    let verdict: number;
    requestLog?.turnBegins();
    const begunMs = plane.turnBegins(outflow, this.requestsLeft, this.endpoint.redirectPort);
    for (;;) {
      cursor = codec.serve(cursor, end, outputs.position);
      outputs.position += slot.written;
      verdict = slot.verdict;
      requestLog?.served();
      if (verdict === VERDICT_REQUEST) {
        cursor = this.handOver(cursor, end);
        if (this.closing) verdict = VERDICT_CLOSE;
        else if (this.exchange === undefined && outflow.idle && !inflow.released) continue;
        break;
      }
      // If nothing has been built, the region at hand is full.
      if (verdict !== VERDICT_AGAIN || (slot.written === 0 && !outflow.flush())) break;
    }
    plane.turnEnds(outflow, begunMs);
    requestLog?.turnEnds();
    if (verdict === VERDICT_CLOSE) {
      const { record } = slot;
      const last = cursor === end && !record.persistent && !record.unfinished;
      inflow.drop();
      // The record may stand in content that is not read any more.
      record.drop();
      this.close(last);
      return;
    }
    this.requestsLeft = slot.requestsLeft;
    inflow.keep(start, cursor, end, fresh);
    if (outflow.pending || inflow.released) return;
    this.awaitNext(end - fresh, cursor !== start);
    if (this.exchange !== undefined) return;
    if (inflow.ended) this.giveUp(ERROR_INCOMPLETE);
    else if (plane.closesIdle && this.idle) this.close();
  }

  /** Gives the application the request whose head ends at `cursor`. @returns the position behind its content */
  private handOver(cursor: number, end: number): number {
    const application = this.endpoint.redirectPort > 0 ? this.plane.redirector : this.plane.application;
    const exchange = new OpenExchange(this);
    const { head, content } = exchange;
    this.exchange = exchange;
    if (content !== undefined) {
      // Trailers overwrite the fields of the head.
      if (content.length === undefined) head.detach();
      const contentEnd = this.inflow.feed(content, cursor, end, BEHIND_HEAD);
      if (contentEnd < 0) {
        this.contentBroke(content, contentEnd);
        return cursor;
      }
      cursor = contentEnd;
    }
    this.pipelined = cursor < end;
    this.deadline.handedOver();
    if (this.inflow.ended) exchange.abort(halfClosedError());
    try {
      application(exchange);
    } catch (error) {
      this.plane.log.failed('The application failed', error);
      exchange.breakOff();
    }
    exchange.returned();
    if (exchange.over) {
      if (this.inflow.released) detachRequest(exchange);
      else releaseRequest(exchange);
      this.exchange = undefined;
      if (exchange.close) this.closing = true;
    } else detachRequest(exchange);
    return cursor;
  }

  /** Ends a request whose content is malformed, not allowed, or incomplete. Its record is in the slot. */
  private contentBroke(content: ReceivedContent, error: number, reason: Error = new BodyError(error)): void {
    const { exchange } = this;
    this.inflow.drop();
    content.fail(reason);
    if (exchange?.answering) {
      // The response goes on, and is the last one.
      exchange.close = true;
      this.inflow.discardRest();
    } else {
      this.exchange = undefined;
      this.refuse(error, exchange);
      this.closing = true;
      exchange?.refused(error);
      exchange?.gone(reason);
    }
    this.plane.slot.record.drop();
  }

  /** Takes bytes that arrive while the application answers a request: content of the request, or pipelined requests. */
  private receiveMeanwhile(exchange: OpenExchange, fresh: number, end: number, landed: boolean): void {
    const { inflow } = this;
    const { content } = exchange;
    if (!content?.unfinished) {
      inflow.keepPipelined(fresh, end);
      return;
    }
    const error = inflow.receiveContent(content, fresh, end, landed);
    if (error !== 0) this.contentBroke(content, error);
    if (this.exchange !== undefined) this.awaitNext(end - fresh, false);
  }

  contentWanted(): void {
    if (this.serving) return;
    if (this.deadline.awaitsApplication) this.awaitNext();
    this.inflow.resume();
  }

  get hasMore(): boolean {
    return this.serving ? this.pipelined : this.inflow.begun;
  }

  exchangeOver(): void {
    if (this.serving) return;
    const { exchange } = this;
    this.exchange = undefined;
    if (exchange?.close || this.inflow.discards) {
      // Content that is missing would wait in the inflow.
      const last = exchange?.persistent === false && !this.inflow.waits;
      this.inflow.drop();
      this.outflow.flush();
      this.close(last);
    } else if (this.outflow.pending) this.outflow.flush();
    else if (this.plane.turn === undefined) this.resume();
    else {
      // The slot belongs to another connection until its turn ends.
      this.outflow.flush();
      setImmediate(() => this.resumeLater());
    }
    this.inflow.resume();
  }

  private resumeLater(): void {
    if (this.exchange !== undefined || !this.outflow.idle || this.inflow.socket.destroyed) return;
    this.resume();
    this.inflow.resume();
  }

  /** Starts the time of the event that the connection waits for. @param anew the connection waits for a new head */
  private awaitNext(bytes = 0, anew = true): void {
    const { deadline, exchange, inflow } = this;
    if (exchange === undefined) {
      if (!inflow.begun) deadline.awaitRequest();
      else if (inflow.inContent) deadline.awaitContent(bytes);
      else deadline.awaitHead(anew);
    } else if (exchange.awaitsContent && inflow.takesRequests) deadline.awaitContent(bytes);
    else deadline.awaitApplication(inflow.ended && exchange.begun);
  }

  upgrade(take: (socket: Duplex) => void): void {
    this.exchange = undefined;
    // Earlier answers leave now: later, they would start the write timeout.
    if (this.serving) this.outflow.flush();
    this.deadline.never();
    this.inflow.release(take);
  }

  /** The response makes progress, so its time starts anew. */
  wrote(): void {
    if (!this.serving && this.exchange !== undefined) this.awaitNext();
  }

  flushed(): void {
    if (this.inflow.released) return;
    if (this.exchange !== undefined) {
      this.awaitNext();
      this.exchange.drained();
    } else if (this.closing) this.close();
    else this.resume();
    this.inflow.resume();
  }

  /** Serves requests that were received while none could be begun. */
  private resume(): void {
    const { slot } = this.plane;
    if (this.inflow.waits) {
      this.serve(this.inflow.layBefore(slot.readEnd, slot.readEnd), slot.readEnd, slot.readEnd);
      return;
    }
    if (!this.outflow.flush()) return;
    this.awaitNext();
    if (this.inflow.ended) this.giveUp(ERROR_INCOMPLETE);
    else if (this.plane.closesIdle && this.idle) this.close();
  }

  wantsInput(): boolean {
    if (!this.inflow.takesRequests) return true;
    if (this.exchange === undefined) return !this.outflow.pending;
    const { content } = this.exchange;
    return content?.unfinished ? content.hungry : !this.inflow.full;
  }

  /**
   * Closes after the last response: a half-close when it has left, then input is discarded (RFC 9112 9.6).
   * @param last the client said that it closes after this request, which has been received to its end. If nothing lies
   *   behind it, both halves are closed at once.
   */
  private close(last = false): void {
    this.closing = true;
    const atOnce = last && this.inflow.quiet;
    this.inflow.discardRest();
    if (!atOnce || !this.outflow.close()) this.outflow.end();
  }

  peerEnded(): void {
    if (this.inflow.released) return;
    const { exchange } = this;
    const within = this.inflow.takesRequests;
    this.inflow.end();
    if (exchange === undefined) {
      // Responses that wait to be written, and requests behind them, come first.
      if (this.closing || this.outflow.pending) return;
      if (within) this.giveUp(ERROR_INCOMPLETE);
      else this.close();
      return;
    }
    const reason = halfClosedError();
    if (exchange.content?.unfinished && within) {
      this.inflow.giveBack();
      this.contentBroke(exchange.content, ERROR_INCOMPLETE, reason);
    }
    if (this.exchange === undefined) return;
    this.awaitNext();
    exchange.abort(reason);
  }

  /** Stops waiting for the client. A request that was received in part and has no response is answered with an error. */
  private giveUp(error: number): void {
    if (this.inflow.begun && !this.inflow.handedOver) this.refuse(error);
    else this.close();
  }

  closed(): void {
    this.outflow.closed();
    this.inflow.drop();
    const { exchange } = this;
    this.exchange = undefined;
    this.owner.connectionClosed(this);
    exchange?.gone(abortError('ERR_CLIENT_GONE', 'the client closed the connection'));
  }
}
