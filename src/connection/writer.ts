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
}

const BUFFER = 'buffer' as BufferEncoding;
/** A socket that encrypts gives the kernel this much in one call. */
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
    const { socket } = this;
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
      done = this.way === 'public' ? socket.writableLength === 0 : this.tookAll(bytes, more);
    }
    this.waiting = !done;
    return done;
  }

  /** Whether a socket that encrypts has taken the bytes of a write, and the kernel has taken those that it made of them. */
  private tookAll(bytes: Uint8Array, more: Uint8Array | undefined): boolean {
    const { _handle } = this.plain as unknown as WithNumbers;
    return (
      this.outstanding === 1 &&
      more === undefined &&
      bytes.length <= ENCRYPTED_BYTES_MAX &&
      _handle?.writeQueueSize === 0
    );
  }

  private readonly socketOnWritten = (error?: Error | null): void => {
    this.outstanding--;
    if (error) this.socket.destroy();
    if (this.outstanding > 0 || !this.waiting) return;
    this.waiting = false;
    this.host.flushed(error);
  };
}
