// One connection, from open to close. It knows its socket, the turn's slot through the plane, and nothing
// of what a request means.
//
//   reading   HEAD: bytes go to the engine.  DISCARDING: an answer said that the connection closes; what
//             still comes is thrown away, since closing at once would make the peer lose that answer
//             (RFC 9112 9.6).  ENDED: the peer has sent its last byte.
//   writing   IDLE: the kernel has all.  PENDING: it hasn't; nothing is read or begun until it has.
//             ENDED: our half is closed.
//   closing   the response under way is the last.

import type { Socket } from 'node:net';
import { ERROR_INCOMPLETE, ERROR_TIMEOUT, VERDICT_AGAIN, VERDICT_CLOSE } from '../protocol/codes.ts';
import { refusalText } from '../protocol/errors.ts';
import { Carry } from './carry.ts';
import { contentDeadline } from './deadlines.ts';
import type { OutputRegion } from './outputs.ts';
import type { Plane } from './plane.ts';
import { openSocket } from './reader.ts';
import { Writer } from './writer.ts';

const READING_HEAD = 0;
const READING_DISCARDING = 1;
const READING_ENDED = 2;

const WRITING_IDLE = 0;
const WRITING_PENDING = 1;
const WRITING_ENDED = 2;

/** What a connection that reads waits for. */
const WAITING_REQUEST = 0;
const WAITING_HEAD = 1;
const WAITING_CONTENT = 2;

/** How long, and how much, a closing connection is listened to for the peer's sake. */
const LINGER_MS = 2000;
export const LINGER_BYTES_MAX = 1024 * 1024;

export class Connection {
  /** In the plane's clock; the plane calls expire() after it. */
  deadlineMs: number;
  readonly peer: string;
  private reading = READING_HEAD;
  private writing = WRITING_IDLE;
  private closing = false;
  private waiting = WAITING_REQUEST;
  private requestsLeft: number;
  private contentStartedMs = 0;
  private contentBytes = 0;
  private discardedBytes = 0;
  private carry: Carry | undefined;
  /** The output region that is on loan here. */
  private lent: OutputRegion | undefined;
  private readonly socket: Socket;
  private readonly writer: Writer;

  constructor(
    private readonly plane: Plane,
    accepted: Socket,
  ) {
    this.deadlineMs = plane.clock.nowMs + plane.deadlines.headTimeoutMs;
    this.requestsLeft = plane.limits.requestsMax;
    this.peer = plane.log.connections
      ? `${accepted.remoteAddress ?? 'gone'}:${accepted.remotePort ?? 0}`
      : '';
    this.socket = openSocket(plane.io.read, accepted, plane.slot, (bytes) => this.received(bytes));
    this.writer = new Writer(plane.io.write, this.socket, (error) => this.flushed(error));
    this.socket.on('end', () => this.peerEnded());
    this.socket.on('error', ignore);
    this.socket.on('close', () => this.closed());
  }

  /** Nothing received that waits for an answer, nothing answered that waits to go. */
  get idle(): boolean {
    return this.reading === READING_HEAD && this.writing === WRITING_IDLE && !this.carry?.begun;
  }

  /** Closes at once, whatever is under way. */
  destroy(): void {
    this.socket.destroy();
  }

  /** The deadline has passed: what it was for, the state tells. */
  expire(): void {
    if (this.writing !== WRITING_IDLE || this.reading !== READING_HEAD) this.destroy();
    else if (this.carry?.begun) this.refuse(ERROR_TIMEOUT);
    else this.close();
  }

  /** Answers what is not a request, or not a whole one, with an error, and closes. */
  refuse(error: number): void {
    const { codec, slot, outputs, log } = this.plane;
    this.carry?.restore(0);
    this.carry = undefined;
    codec.refuse(error, outputs.pointer);
    log.refused(refusalText(error), this.peer);
    this.logSent(slot.written);
    this.write(slot.written);
    this.close();
  }

  /** `bytes` lie at the start of the slot's read region. False pauses the reading. */
  private received(bytes: number): boolean {
    if (this.reading !== READING_HEAD) return this.discard(bytes);
    const { readStart } = this.plane.slot;
    const start = this.carry === undefined ? readStart : this.carry.restore(bytes);
    return this.serve(start, readStart + bytes, readStart);
  }

  /**
   * Answers what is in [start, end), where the carry ends at `fresh`. False when the peer must read
   * before more is read from it.
   */
  private serve(start: number, end: number, fresh: number): boolean {
    const { codec, slot, outputs, log } = this.plane;
    let cursor = start;
    slot.requestsLeft = this.requestsLeft;
    for (;;) {
      const began = cursor;
      cursor = codec.serve(began, end, outputs.pointer);
      const { verdict, written } = slot;
      if (log.requests) this.logTurn(written);
      if (written > 0) this.write(written);

      if (verdict === VERDICT_CLOSE) {
        this.carry = undefined;
        this.close();
        return true;
      }
      if (verdict !== VERDICT_AGAIN || this.writing !== WRITING_IDLE) break;
    }
    this.requestsLeft = slot.requestsLeft;
    if (cursor === end && !slot.unfinished) this.carry = undefined;
    else if (this.carry === undefined || cursor !== start) this.carry = new Carry(slot, cursor, end);
    else this.carry.append(fresh, end);
    if (this.writing === WRITING_PENDING) return false;
    this.setDeadline(end - fresh, cursor !== start);
    if (slot.draining && this.idle) this.close();
    return true;
  }

  /**
   * After a turn that left nothing unwritten: until when what comes next must have come.
   * @param consumed something was: a head that waits is not the one that waited before
   */
  private setDeadline(readBytes: number, consumed: boolean): void {
    const { clock, deadlines } = this.plane;
    const { nowMs } = clock;
    const before = this.waiting;
    this.waiting = !this.carry?.begun
      ? WAITING_REQUEST
      : this.carry.inContent
        ? WAITING_CONTENT
        : WAITING_HEAD;
    if (this.waiting === WAITING_REQUEST) {
      this.deadlineMs = nowMs + deadlines.idleTimeoutMs;
    } else if (this.waiting === WAITING_HEAD) {
      // From its first byte: more of them buy no time.
      if (before !== WAITING_HEAD || consumed) this.deadlineMs = nowMs + deadlines.headTimeoutMs;
    } else {
      if (before !== WAITING_CONTENT) {
        this.contentStartedMs = nowMs;
        this.contentBytes = 0;
      }
      this.contentBytes += readBytes;
      this.deadlineMs = contentDeadline(deadlines, nowMs, this.contentStartedMs, this.contentBytes);
    }
  }

  /** Writes what the region at hand holds. */
  private write(bytes: number): void {
    const { outputs } = this.plane;
    if (this.writer.write(outputs.take(bytes))) return;
    this.writing = WRITING_PENDING;
    this.deadlineMs = this.plane.clock.nowMs + this.plane.deadlines.writeTimeoutMs;
    this.lent = outputs.lend();
  }

  /** The kernel has what it did not take at once, or never will. */
  private flushed(error?: Error | null): void {
    this.returnRegion();
    if (error || this.socket.destroyed) return;
    this.writing = WRITING_IDLE;
    if (this.closing || (this.plane.slot.draining && this.idle)) this.close();
    else if (!this.resume()) return;
    this.socket.resume();
  }

  private returnRegion(): void {
    if (this.lent === undefined) return;
    this.plane.outputs.giveBack(this.lent);
    this.lent = undefined;
  }

  /** Goes on with what came in before the peer stopped reading. False when it has stopped again. */
  private resume(): boolean {
    if (this.carry === undefined) {
      this.setDeadline(0, true);
      return true;
    }
    const { slot } = this.plane;
    return this.serve(this.carry.restore(0), slot.readEnd, slot.readEnd);
  }

  /** The last response is built: half-close when it has gone, then discard (RFC 9112 9.6). */
  private close(): void {
    this.closing = true;
    if (this.reading === READING_HEAD) this.reading = READING_DISCARDING;
    if (this.writing !== WRITING_IDLE) return;
    this.writing = WRITING_ENDED;
    this.deadlineMs = this.plane.clock.nowMs + LINGER_MS;
    this.socket.end();
  }

  private discard(bytes: number): boolean {
    this.discardedBytes += bytes;
    if (this.discardedBytes > LINGER_BYTES_MAX) this.destroy();
    return true;
  }

  private peerEnded(): void {
    const unfinished = this.reading === READING_HEAD && this.carry?.begun === true;
    this.reading = READING_ENDED;
    if (this.closing) return;
    if (unfinished) this.refuse(ERROR_INCOMPLETE);
    else this.close();
  }

  private closed(): void {
    this.returnRegion();
    this.carry = undefined;
    this.plane.connectionClosed(this);
  }

  private logTurn(written: number): void {
    const { slot, log } = this.plane;
    if (slot.head !== 0) log.received(slot.requestLine(slot.head), this.peer);
    if (slot.error !== 0) log.refused(refusalText(slot.error), this.peer);
    if (written > 0) this.logSent(written);
  }

  private logSent(written: number): void {
    const { slot, log, outputs } = this.plane;
    if (log.requests) log.sent(slot.views.bytes.slice(outputs.pointer, outputs.pointer + written), this.peer);
  }
}

function ignore(): void {
  // A reset peer is no news; 'close' follows.
}
