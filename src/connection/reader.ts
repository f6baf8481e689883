// Reads bytes into the slot. Three ways have one interface:
//
//   direct   the kernel's read lands in the slot: the socket is made of the accepted handle, with `onread`. If a read of
//            content has filled the slot's region, more is on its way: the next read lands in the memory that the
//            application will get.
//   encrypted   decrypted bytes land in the slot. Bytes that are decrypted while reading is paused wait in the stream.
//   public   'data' events, and one copy.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Slot } from '../wasm/slot.ts';
import { type Accepted, asHandle, asSocket, type Handle, socketMaker } from './handle.ts';
import { type OnRead, readDecrypted } from './secure-socket.ts';

export type ReadWay = 'direct' | 'encrypted' | 'public';

export interface Receiver {
  /**
   * Takes bytes that lie at the start of the slot's read region.
   * @param landed the bytes lie at the start of the room instead
   * @returns false to pause reading
   */
  received(bytes: number, landed: boolean): boolean;
  /** Reading is paused: received() has returned false, and its caller has not resumed the socket since. */
  readonly paused?: boolean;
  /** Returns memory for the next bytes, no more than fit; undefined if they must lie in the slot. */
  room?(): Uint8Array | undefined;
}

/** A socket of the direct way. */
interface Received {
  [RECEIVER]: Receiver;
}

const RECEIVER = Symbol('receiver');

/** Makes sockets of accepted connections that deliver their bytes into one slot. */
export class Reader {
  /** The memory for the next read of the current socket. If undefined, that socket reads into the same memory again. */
  private next: Uint8Array | undefined;
  private readonly makeSocket: (handle: Handle) => Socket;
  private readonly decrypted: OnRead;

  constructor(private readonly slot: Slot) {
    const { read } = slot;
    this.next = read;
    const reader = this;
    this.makeSocket = socketMaker({
      // Called when a socket is made, and then after each read of it.
      buffer: () => reader.next,
      // All sockets share it: a closure for each would cost more than the rest of the connection.
      callback(this: Received, bytes: number, buffer: Uint8Array): boolean {
        const receiver = this[RECEIVER];
        const goesOn = receiver.received(bytes, buffer !== read);
        if (bytes === read.length) reader.next = receiver.room?.() ?? read;
        else reader.next = buffer === read ? undefined : read;
        return goesOn;
      },
    });
    this.decrypted = {
      buffer: () => undefined,
      callback(this: Received & Socket, bytes: number, buffer: Uint8Array): boolean {
        const receiver = this[RECEIVER];
        if (!receiver.paused) return receiver.received(bytes, false);
        this.pause();
        this.push(Buffer.from(buffer.subarray(0, bytes)));
        return false;
      },
    };
  }

  /** Makes a socket. Its bytes go to the receiver from the next turn of the event loop on. */
  open(way: ReadWay, accepted: Accepted, receiver: Receiver): Socket {
    if (way === 'direct') return this.openDirect(accepted, receiver);
    const socket = asSocket(accepted);
    if (way === 'encrypted') {
      (socket as unknown as Received)[RECEIVER] = receiver;
      readDecrypted(socket as TLSSocket, this.slot.read, this.decrypted);
    }
    readByEvents(socket, this.slot, receiver);
    return socket;
  }

  private openDirect(accepted: Accepted, receiver: Receiver): Socket {
    this.next = this.slot.read;
    const socket = this.makeSocket(asHandle(accepted));
    (socket as unknown as Received)[RECEIVER] = receiver;
    return socket;
  }
}

/**
 * Makes a socket of a Reader an ordinary stream again, for another owner. The stream flows when its owner listens.
 *
 * A handle that is read with `onread` delivers nothing to its stream, so with the direct way the receiver still gets all
 * bytes, and pushes a copy of them.
 * @param unread bytes that come before all others
 */
export function releaseSocket(socket: Socket, unread: Uint8Array | undefined): void {
  socket.pause();
  socket.removeAllListeners('data');
  // Removes every trace of the earlier listeners.
  (socket as { readableFlowing: boolean | null }).readableFlowing = null;
  if (unread !== undefined) socket.unshift(unread);
}

function readByEvents(socket: Socket, slot: Slot, receiver: Receiver): void {
  const { read } = slot;
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += read.length) {
      const part = chunk.subarray(at, at + read.length);
      read.set(part);
      if (receiver.received(part.length, false)) continue;
      socket.pause();
      const rest = chunk.subarray(at + part.length);
      if (rest.length > 0) socket.unshift(rest);
      return;
    }
  });
  socket.resume();
}
