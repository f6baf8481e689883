// Reads bytes into the slot. Two ways have one interface:
//
//   direct   the kernel's read lands in the slot. net.Server builds its sockets without `onread`, so the accepted handle is
//            taken out of its socket and wrapped once more, with `onread`. `_handle` and `handle` are internals of Node:
//            selftest.ts tries them. If a read of content has filled the slot's region, more is on its way: the next read
//            lands in the memory that the application will get.
//   public   'data' events, and one copy.

import net from 'node:net';
import type { Slot } from '../wasm/slot.ts';

export type ReadWay = 'direct' | 'public';

export interface Receiver {
  /**
   * Takes bytes that lie at the start of the slot's read region.
   * @param landed the bytes lie at the start of the room instead
   * @returns false to pause reading
   */
  received(bytes: number, landed: boolean): boolean;
  /** Returns memory for the next bytes, no more than fit; undefined if they must lie in the slot. */
  room?(): Uint8Array | undefined;
}

/** The options of a listener, so that its sockets fit openSocket(): they have not been read from. */
export const SERVER_OPTIONS: net.ServerOpts = { noDelay: true, allowHalfOpen: true, pauseOnConnect: true };

/**
 * Makes an accepted socket deliver its bytes into the slot.
 * @returns the socket to use from now on; the direct way leaves the accepted one without a handle
 */
export function openSocket(way: ReadWay, accepted: net.Socket, slot: Slot, receiver: Receiver): net.Socket {
  return way === 'direct' ? openDirect(accepted, slot, receiver) : openPublic(accepted, slot, receiver);
}

/**
 * Makes a socket of openSocket() an ordinary stream again, for another owner. The stream flows when its owner listens.
 *
 * A handle that is read with `onread` delivers nothing to its stream, so with the direct way the receiver still gets all
 * bytes, and pushes a copy of them.
 * @param unread bytes that come before all others
 */
export function releaseSocket(socket: net.Socket, unread: Uint8Array | undefined): void {
  socket.pause();
  socket.removeAllListeners('data');
  // Removes every trace of the earlier listeners.
  (socket as { readableFlowing: boolean | null }).readableFlowing = null;
  if (unread !== undefined) socket.unshift(unread);
}

interface WithHandle {
  _handle: unknown;
}

/** Takes the handle out of a socket that has not been read from, to send it to another process. */
export function releaseHandle(socket: net.Socket): { close(): void } {
  const holder = socket as unknown as WithHandle;
  const handle = holder._handle as { close(): void };
  holder._handle = null;
  socket.destroy();
  return handle;
}

/** Makes a socket of a handle that comes from another process. Like an accepted socket, it has not been read from. */
export function adoptHandle(handle: unknown): net.Socket {
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, readable: true, writable: true };
  return new net.Socket(options as net.SocketConstructorOpts);
}

function openDirect(accepted: net.Socket, slot: Slot, receiver: Receiver): net.Socket {
  const { read } = slot;
  let next: Uint8Array | undefined = read;
  const options = {
    handle: releaseHandle(accepted),
    allowHalfOpen: true,
    readable: true,
    writable: true,
    onread: {
      // Called before the first read and after each one; undefined keeps the last buffer.
      buffer: () => next,
      callback(bytes: number, buffer: Uint8Array) {
        const goesOn = receiver.received(bytes, buffer !== read);
        if (bytes === read.length) next = receiver.room?.() ?? read;
        else next = buffer === read ? undefined : read;
        return goesOn;
      },
    },
  };
  return new net.Socket(options as net.SocketConstructorOpts);
}

function openPublic(socket: net.Socket, slot: Slot, receiver: Receiver): net.Socket {
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
  return socket;
}
