// Writes responses straight from the output region, whose bytes may be overwritten only when the kernel has taken them. Three
// ways have one interface:
//
//   direct   _write() of the Writable, and _writev() for two pieces, as net.Socket implements them: they call back before
//            they return if the kernel took everything, and leave no callback for a later tick.
//   public   write(); then a writableLength of 0 says that the kernel took everything.
//   encrypted   write() of a socket that encrypts: it takes the bytes at once if no other write is under way, but calls
//            back later. The queue of the socket below says whether the kernel took everything.

import type { Socket } from 'node:net';

export type WriteWay = 'direct' | 'public' | 'encrypted';

export interface WriterHost {
  /** The kernel has taken all bytes that it did not take at once, or writing has failed. */
  flushed(error?: Error | null): void;
  /** The kernel, whose buffers are not full yet, has taken more of a long write at once. */
  kernelFills?(): void;
}

const BUFFER = 'buffer' as BufferEncoding;
/**
 * A socket that encrypts gives the kernel this much in one call. It encrypts all of a write at once, and keeps the result in
 * memory until the peer has read, so more bytes are written in slices.
 */
const ENCRYPTED_BYTES_MAX = 65_536;

interface WithNumbers {
  _handle?: { bytesWritten?: number; writeQueueSize?: number } | null;
}

function asChunk(chunk: Uint8Array) {
  return { chunk, encoding: BUFFER };
}

export class Writer {
  /** The number of writes that Node has not called back for. */
  private outstanding = 0;
  private waiting = false;
  /** Bytes that a socket that encrypts gets when it has taken those before. */
  private later: Uint8Array[] | undefined = undefined;
  /** The kernel has taken all slices of a long write at once so far. */
  private filling = false;

  constructor(
    private readonly way: WriteWay,
    private readonly socket: Socket,
    /** The socket that the kernel knows, below one that encrypts. */
    private readonly plain: Socket,
    private readonly host: WriterHost,
  ) {}

  /**
   * The bytes that the kernel has taken, by the numbers of the handle that Node's own timeout uses. They don't count bytes
   * that Node still holds back. Without these numbers it stays 0.
   */
  get sentBytes(): number {
    const { _handle } = this.plain as unknown as WithNumbers;
    const { bytesWritten = 0, writeQueueSize = bytesWritten } = _handle ?? {};
    return bytesWritten - writeQueueSize;
  }

  /**
   * Writes bytes, and `more` in the same system call.
   * @returns true if the kernel has taken every byte; otherwise the host's flushed() is called later, once
   */
  write(bytes: Uint8Array, more?: Uint8Array): boolean {
    const { socket, plain } = this;
    if (plain !== socket && (this.later !== undefined || isLong(bytes, more))) return this.slice(bytes, more);
    this.outstanding++;
    let done: boolean;
    if (this.way === 'direct') {
      if (more === undefined) socket._write(bytes, BUFFER, this.socketOnWritten);
      else socket._writev?.([bytes, more].map(asChunk), this.socketOnWritten);
      done = this.outstanding === 0;
    } else {
      if (more !== undefined) {
        socket.cork();
        socket.write(bytes);
      }
      socket.write(more ?? bytes, this.socketOnWritten);
      if (more !== undefined) socket.uncork();
      done = this.way === 'public' ? socket.writableLength === 0 : this.tookAll(more);
    }
    this.waiting = !done;
    return done;
  }

  /** Whether a socket that encrypts has taken the bytes of a write, and the kernel has taken those that it made of them. */
  private tookAll(more: Uint8Array | undefined): boolean {
    return this.outstanding === 1 && more === undefined && this.kernelHasAll;
  }

  /** Writes bytes in slices, behind those that wait. */
  private slice(bytes: Uint8Array, more: Uint8Array | undefined): boolean {
    this.waiting = true;
    this.filling ||= this.later === undefined;
    this.later ??= [];
    this.later.push(bytes);
    if (more !== undefined) this.later.push(more);
    if (this.outstanding === 0) this.writeNext(this.later);
    return false;
  }

  private writeNext(later: Uint8Array[]): void {
    const [piece] = later as [Uint8Array];
    const slice = piece.subarray(0, ENCRYPTED_BYTES_MAX);
    if (slice.length < piece.length) later[0] = piece.subarray(slice.length);
    else later.shift();
    if (later.length === 0) this.later = undefined;
    this.outstanding++;
    this.socket.write(slice, this.socketOnWritten);
    this.filling &&= this.kernelHasAll;
    if (this.filling) this.host.kernelFills?.();
  }

  /** The kernel has taken every byte that it was given. */
  private get kernelHasAll(): boolean {
    return (this.plain as unknown as WithNumbers)._handle?.writeQueueSize === 0;
  }

  private readonly socketOnWritten = (error?: Error | null): void => {
    this.outstanding--;
    if (error) this.socket.destroy();
    if (this.outstanding > 0 || !this.waiting) return;
    if (this.later !== undefined && !error) {
      this.writeNext(this.later);
      return;
    }
    this.later = undefined;
    this.waiting = false;
    this.host.flushed(error);
  };
}

function isLong(bytes: Uint8Array, more: Uint8Array | undefined): boolean {
  return bytes.length + (more?.length ?? 0) > ENCRYPTED_BYTES_MAX;
}
