// A socket whose bytes go through messages, for a thread that can't have the socket itself. relay() runs in the thread that
// holds the socket; RelayedSocket is the socket for the connection. Each direction has one piece under way at a time, which
// is enough back-pressure.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { MessagePort, Worker } from 'node:worker_threads';

export type ToRelayed = { type: 'read'; bytes: Uint8Array } | { type: 'ended' | 'written' | 'closed' };
export type FromRelayed = { type: 'write'; bytes: Uint8Array } | { type: 'more' | 'end' | 'destroy' };

/** Relays a socket that has not been read from yet to the thread that serves it. */
export function relay(socket: Socket, thread: Worker): void {
  const tell = (message: ToRelayed): void => thread.postMessage(message);
  socket.on('data', (bytes) => {
    socket.pause();
    tell({ type: 'read', bytes });
  });
  socket.on('end', () => tell({ type: 'ended' }));
  // The event 'close' follows.
  socket.on('error', () => {});
  socket.on('close', () => tell({ type: 'closed' }));
  thread.on('message', (message: FromRelayed) => {
    if (message.type === 'more') socket.resume();
    else if (message.type === 'write') socket.write(message.bytes, () => tell({ type: 'written' }));
    else if (message.type === 'end') socket.end();
    else socket.destroy();
  });
  thread.once('exit', () => socket.destroy());
}

export class RelayedSocket extends Duplex {
  private written: (() => void) | undefined;

  /** @param port to the thread that holds the socket; all messages of the types above are for this socket */
  constructor(
    private readonly port: MessagePort,
    readonly remoteAddress: string | undefined,
    readonly remotePort: number | undefined,
  ) {
    super({ allowHalfOpen: true });
    port.on('message', (message: ToRelayed) => this.hear(message));
  }

  override _read(): void {
    this.tell({ type: 'more' });
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, written: () => void): void {
    this.written = written;
    // A copy, since views of shared memory are sent as views.
    this.tell({ type: 'write', bytes: Uint8Array.from(bytes) });
  }

  override _final(ended: () => void): void {
    this.tell({ type: 'end' });
    ended();
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.tell({ type: 'destroy' });
    destroyed(error);
  }

  private hear(message: ToRelayed): void {
    if (message.type === 'read') this.push(message.bytes);
    else if (message.type === 'ended') this.push(null);
    else if (message.type === 'written') this.written?.();
    else if (message.type === 'closed') this.destroy();
  }

  private tell(message: FromRelayed): void {
    this.port.postMessage(message);
  }
}
