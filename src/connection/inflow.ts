// The input of a connection: received bytes, until they have been served. Only this class moves its state:
//
//   REQUESTS     bytes go to the engine, or are content of the request that the application answers
//   DISCARDING   a response said that the connection closes: further bytes are discarded, since closing at once would make
//                the peer lose that response (RFC 9112 9.6)
//   ENDED        the peer has sent its last byte
//   RELEASED     the socket has another owner: further bytes wait in its stream
//
// Bytes that are not served in the turn that received them wait in the carry.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ERROR_INCOMPLETE } from '../memory/codes.ts';
import { Carry } from './carry.ts';
import type { Endpoint } from './endpoint.ts';
import type { Accepted } from './handle.ts';
import type { Plane } from './plane.ts';
import { type Receiver, releaseSocket } from './reader.ts';
import type { ReceivedContent } from './received-content.ts';

const REQUESTS = 0;
const DISCARDING = 1;
const ENDED = 2;
const RELEASED = 3;

/** Most bytes that a closing connection reads, so that the peer can read the last response. */
export const LINGER_BYTES_MAX = 1024 * 1024;
/** Reading pauses when more is pipelined behind the request that the application answers. */
const PIPELINED_BYTES_MAX = 16_384;

/** Where a piece of content lies. */
export const BEHIND_HEAD = 0;
export const IN_SLOT = 1;
export const LANDED = 2;

type Place = typeof BEHIND_HEAD | typeof IN_SLOT | typeof LANDED;

export interface InflowHost {
  readonly endpoint: Endpoint;
  readonly plane: Plane;
  /**
   * Serves received bytes: [fresh, end) of the slot, behind the carry.
   * @param landed the bytes lie where the content made room for them; positions count as if they lay in the slot
   */
  received(fresh: number, end: number, landed: boolean): void;
  /** Returns true if more may be read from the socket. */
  wantsInput(): boolean;
  /** Returns the memory for the next bytes if they are content. */
  room(): Uint8Array | undefined;
  /** Closes the connection: its peer sends too much after the last response. */
  destroy(): void;
}

export class Inflow implements Receiver {
  readonly socket: Socket;
  private state = REQUESTS;
  /** Reading has stopped until the host wants input again. */
  paused = false;
  /** The last read left room in the slot, so the kernel had no more bytes. */
  private emptied = false;
  private discardedBytes = 0;
  private carry: Carry | undefined = undefined;

  constructor(
    accepted: Accepted,
    private readonly host: InflowHost,
  ) {
    this.socket = host.plane.reader.open(host.endpoint.io.read, accepted, this);
  }

  received(bytes: number, landed: boolean): boolean {
    const { slot } = this.host.plane;
    slot.figures.received(bytes);
    const end = slot.readStart + bytes;
    if (this.state === RELEASED) return this.socket.push(slot.copy(slot.readStart, end));
    if (this.state !== REQUESTS) return this.discard(bytes);
    this.emptied = end < slot.readEnd && !landed;
    this.host.received(slot.readStart, end, landed);
    if (this.released) return false;
    this.paused = !this.host.wantsInput();
    return !this.paused;
  }

  room(): Uint8Array | undefined {
    return this.state === REQUESTS ? this.host.room() : undefined;
  }

  get takesRequests(): boolean {
    return this.state === REQUESTS;
  }

  get discards(): boolean {
    return this.state === DISCARDING;
  }

  get ended(): boolean {
    return this.state === ENDED;
  }

  /** The socket has another owner, or is about to have one. */
  get released(): boolean {
    return this.state === RELEASED;
  }

  /** Discards further bytes. */
  discardRest(): void {
    if (this.state === REQUESTS) this.state = DISCARDING;
  }

  /** The peer has sent its last byte. */
  end(): void {
    this.state = ENDED;
  }

  /** All bytes that had been received when the kernel was last asked have been passed to the host. */
  get quiet(): boolean {
    return this.state === REQUESTS && this.emptied && !this.paused && this.socket.readableLength === 0;
  }

  /** Resumes reading if the host wants more. */
  resume(): void {
    if (!this.paused || !this.host.wantsInput()) return;
    this.paused = false;
    this.socket.resume();
  }

  /** Bytes wait in the carry, perhaps only an empty line. */
  get waits(): boolean {
    return this.carry !== undefined;
  }

  /** A request or a part of one waits in the carry. */
  get begun(): boolean {
    return this.carry?.begun === true;
  }

  /** The head of the request in the carry is whole, but content or trailers are missing. */
  get inContent(): boolean {
    return this.carry?.inContent === true;
  }

  /** The carry is content of a request that was handed to the application. */
  get handedOver(): boolean {
    return this.carry?.handedOver === true;
  }

  /** So many bytes are pipelined that reading pauses. */
  get full(): boolean {
    return this.carry !== undefined && this.carry.size > PIPELINED_BYTES_MAX;
  }

  /**
   * Lays the carry into the slot before `fresh`, where a read has put bytes, or at the end of the input if nothing was read.
   * @returns where it starts
   */
  layBefore(fresh: number, end: number): number {
    return this.carry === undefined ? fresh : this.carry.restore(end - fresh);
  }

  /**
   * Keeps [cursor, end) of the slot and an unfinished record for the next turn.
   * @param start where the input of the turn began
   * @param fresh where the bytes began that were new in the turn
   */
  keep(start: number, cursor: number, end: number, fresh: number): void {
    const { carry } = this;
    const { slot } = this.host.plane;
    if (cursor === end && !slot.record.unfinished) this.carry = undefined;
    else if (carry === undefined || cursor !== start) this.carry = new Carry(slot, cursor, end);
    else carry.append(fresh, end);
  }

  /** Keeps [fresh, end) of the slot behind the carry. */
  keepPipelined(fresh: number, end: number): void {
    if (this.carry === undefined) this.carry = new Carry(this.host.plane.slot, fresh, end);
    else this.carry.append(fresh, end);
  }

  /**
   * Passes received content to the application, and keeps the bytes behind it.
   * @returns 0, or an error code: then the record is still in the slot
   */
  receiveContent(content: ReceivedContent, fresh: number, end: number, landed: boolean): number {
    const { slot } = this.host.plane;
    const start = this.layBefore(fresh, end);
    const cursor = this.feed(content, start, end, landed ? LANDED : IN_SLOT);
    if (cursor < 0) return cursor;
    if (cursor === end && !slot.record.unfinished) this.carry = undefined;
    else if (this.carry === undefined) this.carry = new Carry(slot, cursor, end);
    else if (cursor !== start) this.carry.renew(cursor, end);
    else this.carry.append(fresh, end);
    return 0;
  }

  /**
   * Passes the content in [cursor, end) to the application in one piece: chunks are moved together where they lie. The
   * record of the request is in the slot.
   * @param place where the content lies: in the slot behind its head, in the slot alone, or in the room that it made
   * @returns the position behind the content, or an error code, after which the content before the error has been passed
   *   on. Content that can't be completed any more is an error, too.
   */
  feed(content: ReceivedContent, cursor: number, end: number, place: Place): number {
    const { codec, slot } = this.host.plane;
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
    if (place === LANDED) content.landed(cursor - start);
    else if (pieceEnd > start) {
      if (place === BEHIND_HEAD) content.begin(slot.buffer, start, pieceEnd);
      else content.push(slot.buffer, start, pieceEnd);
    }
    if (error !== 0) return error;
    if (slot.record.unfinished && this.state === ENDED) return ERROR_INCOMPLETE;
    if (!slot.record.unfinished)
      content.finish(content.length === undefined ? slot.record.trailers(cursor) : undefined);
    return cursor;
  }

  /**
   * Gives the socket to another owner, with the bytes that wait in front.
   * @param take called with it when the turn has ended, unless it is closed by then
   */
  release(take: (socket: Duplex) => void): void {
    const { socket } = this;
    this.state = RELEASED;
    // The new owner resumes its stream itself.
    this.paused = false;
    // The reader of the socket may be in the middle of a piece.
    queueMicrotask(() => {
      const { carry } = this;
      this.carry = undefined;
      if (socket.destroyed) return;
      releaseSocket(socket, carry?.take());
      take(socket);
    });
  }

  /** Drops the carry. */
  drop(): void {
    this.carry = undefined;
  }

  /** Puts the carry and its unfinished record back into the slot, and drops them here. */
  giveBack(): void {
    this.carry?.restore(0);
    this.carry = undefined;
  }

  private discard(bytes: number): boolean {
    this.discardedBytes += bytes;
    if (this.discardedBytes > LINGER_BYTES_MAX) this.host.destroy();
    return true;
  }
}
