// The output of a connection: bytes of the region at hand, and bytes from where they lie. Only this class moves its state:
//
//   IDLE      the kernel has taken everything
//   PENDING   the kernel has not taken everything: no new request is begun before it has
//   ENDED     our half is closed
//   BROKEN    our half ends in a reset, a moment after its last byte

import type { Socket } from 'node:net';
import { abortError } from '../protocol/request-errors.ts';
import { copyBytes } from '../wasm/copy.ts';
import type { Deadline } from './deadlines.ts';
import type { Endpoint } from './endpoint.ts';
import type { OutputRegion } from './outputs.ts';
import type { Plane, TurnHolder } from './plane.ts';
import { plainSocketOf } from './secure-socket.ts';
import { Writer, type WriterHost } from './writer.ts';

const IDLE = 0;
const PENDING = 1;
const ENDED = 2;
const BROKEN = 3;

/** Bytes of a longer response that a peer has to read within the write timeout. */
const READ_BYTES_MIN = 65_536;

/** Most bytes that the kernel sends on a new connection before the peer acknowledges any: ten segments (RFC 6928). */
const FIRST_FLIGHT_BYTES = 14_600;

/** More bytes than Date, Connection, framing fields and the empty line of a head take together. Exported for tests. */
export const HEAD_END_BYTES_MAX = 192;
/** More bytes than the size of a chunk and its line ends take. */
const CHUNK_FRAME_BYTES_MAX = 32;
/** Content up to this size is copied next to its head; larger content is written from where it lies. */
export const COPIED_BYTES_MAX = 16_384;

/** The connection that owns this output. */
export interface OutflowHost {
  readonly endpoint: Endpoint;
  readonly plane: Plane;
  readonly deadline: Deadline;
  /** The kernel took all of a write at once. */
  wrote(): void;
  /** The kernel has everything that it did not take at once. */
  flushed(): void;
}

/** A callback, called once: when the kernel has taken bytes, or with an error if it never will. */
export type Taken = (error?: Error) => void;

export class Outflow implements TurnHolder, WriterHost {
  private state = IDLE;
  /** The close of the connection ends the content under way (RFC 9112 6.3, HTTP/1.0). */
  private endsContent = false;
  /** The count of bytes that the kernel had taken when the write timeout last started. */
  private sentBytes = 0;
  /** The output regions that are lent to this connection. */
  private lent: OutputRegion[] | undefined = undefined;
  /** Callbacks that wait until the kernel has taken everything. */
  private waiters: Taken[] | undefined = undefined;
  private readonly writer: Writer;

  constructor(
    private readonly socket: Socket,
    private readonly host: OutflowHost,
  ) {
    this.writer = new Writer(host.endpoint.io.write, socket, plainSocketOf(socket), this);
  }

  get idle(): boolean {
    return this.state === IDLE;
  }

  get pending(): boolean {
    return this.state === PENDING;
  }

  /** Takes the region at hand for this connection. Bytes of the connection that has the turn are written before. */
  takeRegion(): void {
    const { turn } = this.host.plane;
    if (turn !== undefined && turn !== this) turn.flush();
  }

  /** Makes room in the region at hand for so many bytes and the end of a head, or something smaller. */
  reserve(bytes: number): void {
    if (this.host.plane.outputs.room < bytes + HEAD_END_BYTES_MAX) this.flush();
  }

  /** Puts text into the region at hand, which has room for it. */
  writeText(text: string): void {
    const { outputs, slot } = this.host.plane;
    outputs.position = slot.writeLatin1(text, outputs.position);
  }

  /** Puts a whole content into the region at hand, which has room for its bytes. */
  writeWhole(content: string | Uint8Array, bytes: number): void {
    const { outputs, slot } = this.host.plane;
    const at = outputs.position;
    if (typeof content !== 'string') {
      copyBytes(content, slot.views.bytes, at);
      outputs.position = at + bytes;
    } else if (bytes === content.length) outputs.position = slot.writeLatin1(content, at);
    else outputs.position = slot.writeUtf8(content, at, bytes);
  }

  /**
   * Puts the start of a piece of content into the region at hand, so that it leaves with the bytes around it, and writes
   * the rest from where it lies.
   * @param lasting the bytes don't change until they have left
   */
  writePiece(bytes: Uint8Array, lasting: boolean): void {
    const { outputs, slot } = this.host.plane;
    const size = Math.min(bytes.length, COPIED_BYTES_MAX);
    if (outputs.room < size + CHUNK_FRAME_BYTES_MAX) this.flush();
    copyBytes(size < bytes.length ? bytes.subarray(0, size) : bytes, slot.views.bytes, outputs.position);
    outputs.position += size;
    if (size === bytes.length) return;
    const rest = bytes.subarray(size);
    // Only the write itself shows whether the kernel takes all of it at once.
    this.send(lasting ? rest : Buffer.from(rest));
  }

  /** Writes the bytes of the region at hand. @returns false when the kernel has not taken everything */
  flush(): boolean {
    const { outputs } = this.host.plane;
    if (outputs.position === outputs.pointer) return this.state !== PENDING;
    this.host.plane.slot.figures.sent(outputs.position - outputs.pointer);
    return this.writer.write(outputs.take()) ? this.wrote() : this.lendRegion();
  }

  /**
   * Writes bytes from where they lie, behind those of the region at hand. They must not change until they have left.
   * @returns false when the kernel has not taken everything
   */
  send(bytes: Uint8Array): boolean {
    const { outputs, slot } = this.host.plane;
    slot.figures.sent(outputs.position - outputs.pointer + bytes.length);
    if (outputs.position === outputs.pointer)
      return this.writer.write(bytes) ? this.wrote() : this.awaitPeer();
    // One system call for both: with two calls, the peer would wait between them.
    return this.writer.write(outputs.take(), bytes) ? this.wrote() : this.lendRegion();
  }

  /**
   * Closes both halves at once. Does nothing if more bytes have been sent than the first flight of a connection: some may
   * still wait in our kernel, and a peer that sends more would make the kernel drop them.
   * @returns false if it did not close
   */
  close(): boolean {
    const { sentBytes } = this.writer;
    // The end of TLS has a message of its own, which must leave before.
    if (this.host.endpoint.secure !== undefined) return false;
    if (this.state !== IDLE || sentBytes === 0 || sentBytes > FIRST_FLIGHT_BYTES) return false;
    this.state = ENDED;
    this.socket.destroy();
    return true;
  }

  /** Closes our half, unless the kernel has still to take bytes. */
  end(): void {
    if (this.state !== IDLE) return;
    this.state = ENDED;
    this.host.deadline.linger();
    this.socket.end();
  }

  /** Notes that the close ends the content under way: after a failure the end must be a reset. */
  closeEndsContent(): void {
    this.endsContent = true;
  }

  /**
   * Closes at once. If the close would end the content of a response, the connection is reset instead, so that the peer
   * doesn't take the content for complete; a unix socket has no reset.
   */
  destroy(): void {
    if (this.endsContent && this.state !== ENDED && !this.host.endpoint.unix)
      plainSocketOf(this.socket).resetAndDestroy();
    else this.socket.destroy();
  }

  /**
   * Ends a response that can't be completed: the peer gets the bytes so far, and then a close that doesn't end the content.
   * @returns true if the connection stays open for a moment
   */
  breakOff(): boolean {
    if (!this.endsContent || this.state === ENDED) {
      this.destroy();
      return false;
    }
    const pending = this.state === PENDING;
    this.state = BROKEN;
    if (!pending) this.host.deadline.resetSoon();
    return true;
  }

  /** If the peer has to read, and has read enough since the write timeout started, starts it again and returns true. */
  peerReads(): boolean {
    if (this.state !== PENDING || this.writer.sentBytes - this.sentBytes < READ_BYTES_MIN) return false;
    this.startPeersTime();
    return true;
  }

  /** Calls back, never within this call, when the kernel has taken all bytes written so far and those of the region at hand. */
  whenTaken(told: Taken): void {
    const { outputs } = this.host.plane;
    const taken = this.state === IDLE || this.state === ENDED;
    if (this.socket.destroyed) tellLater(told, goneError());
    else if (taken && outputs.position === outputs.pointer) tellLater(told);
    else (this.waiters ??= []).push(told);
  }

  /** Cleans up after the connection has closed. */
  closed(): void {
    this.returnRegions();
    const { waiters } = this;
    this.waiters = undefined;
    for (const told of waiters ?? []) tellLater(told, goneError());
  }

  private returnRegions(): void {
    if (this.lent === undefined) return;
    for (const region of this.lent) this.host.plane.outputs.giveBack(region);
    this.lent = undefined;
  }

  private wrote(): boolean {
    if (this.waiters !== undefined) this.tellWaiters();
    this.host.wrote();
    return true;
  }

  private tellWaiters(): void {
    // A write that failed counts as done: then closed() calls back, with an error.
    if (this.socket.destroyed) return;
    const { waiters } = this;
    this.waiters = undefined;
    for (const told of waiters ?? []) tellLater(told);
  }

  private lendRegion(): boolean {
    const region = this.host.plane.outputs.lend();
    if (region !== undefined) (this.lent ??= []).push(region);
    return this.awaitPeer();
  }

  private awaitPeer(): boolean {
    // Further writes don't start the write timeout again.
    if (this.state !== PENDING) this.startPeersTime();
    this.state = PENDING;
    return false;
  }

  private startPeersTime(): void {
    this.sentBytes = this.writer.sentBytes;
    this.host.deadline.awaitPeer();
  }

  kernelFills(): void {
    // These bytes don't show that the peer reads.
    this.startPeersTime();
  }

  flushed(error?: Error | null): void {
    this.returnRegions();
    if (error || this.socket.destroyed) return;
    if (this.waiters !== undefined) this.tellWaiters();
    if (this.state === BROKEN) {
      this.host.deadline.resetSoon();
      return;
    }
    this.state = IDLE;
    this.host.deadline.peerHasRead();
    this.host.flushed();
  }
}

/** Calls back when the current turn has ended: the callback may need the slot. */
export function tellLater(told: Taken, error?: Error): void {
  queueMicrotask(() => told(error));
}

function goneError(): Error {
  return abortError('ERR_CLIENT_GONE', 'the client closed the connection');
}
