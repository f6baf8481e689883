// How responses leave: straight from the output region, whose bytes may be overwritten only once the
// kernel has them. Two ways behind one name:
//
//   direct   Writable's own _write(), and _writev() for two pieces, as net.Socket implements it: it tells
//            at once, by calling back before it returns, when the kernel took everything, and it leaves no
//            tick to run.
//   public   write(), after which a writableLength of 0 tells the same.

import type { Socket } from 'node:net';

export type WriteWay = 'direct' | 'public';

export interface WriterHost {
  /** Bytes that the kernel did not take at once have gone, or have failed to. */
  flushed(error?: Error | null): void;
}

const BUFFER = 'buffer' as BufferEncoding;

interface WithNumbers {
  _handle?: { bytesWritten?: number; writeQueueSize?: number } | null;
}

function asChunk(chunk: Uint8Array) {
  return { chunk, encoding: BUFFER };
}

export class Writer {
  /** Writes that Node has not called back for. */
  private outstanding = 0;
  private waiting = false;

  constructor(
    private readonly way: WriteWay,
    private readonly socket: Socket,
    private readonly host: WriterHost,
  ) {}

  /**
   * How much the kernel has taken. Node's own timeout looks at the same numbers of the handle, which know nothing of
   * what Node still holds back; where there are none, nothing seems to be taken.
   */
  get sentBytes(): number {
    const { _handle } = this.socket as unknown as WithNumbers;
    const { bytesWritten = 0, writeQueueSize = bytesWritten } = _handle ?? {};
    return bytesWritten - writeQueueSize;
  }

  /**
   * Writes, `more` in the same system call.
   * @returns true when the kernel has every byte; else the host is told later, once
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
      done = socket.writableLength === 0;
    }
    this.waiting = !done;
    return done;
  }

  private readonly socketOnWritten = (error?: Error | null): void => {
    this.outstanding--;
    if (error) this.socket.destroy();
    if (this.outstanding > 0 || !this.waiting) return;
    this.waiting = false;
    this.host.flushed(error);
  };
}
