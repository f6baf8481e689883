// How received bytes get into the slot. Two ways behind one name:
//
//   direct   the kernel's read lands in the slot. net.Server builds its sockets without `onread`, so the
//            accepted handle is taken out of its socket and wrapped once more, with it. `_handle` and
//            `handle` are Node's own, not documented: this file alone names them, selftest.ts tries them.
//   public   'data' events, and one copy.

import net from 'node:net';
import type { Slot } from '../wasm/slot.ts';

export type ReadWay = 'direct' | 'public';

/** Told how many bytes lie at the start of the slot's read region; false pauses the reading. */
export type Received = (bytes: number) => boolean;

/** What the listener must set so that openSocket() finds the socket as it needs it: not read from yet. */
export const SERVER_OPTIONS: net.ServerOpts = { noDelay: true, allowHalfOpen: true, pauseOnConnect: true };

/**
 * Makes an accepted socket deliver its bytes into the slot.
 * @returns the socket to use from here on; the accepted one is spent in the direct way
 */
export function openSocket(way: ReadWay, accepted: net.Socket, slot: Slot, received: Received): net.Socket {
  return way === 'direct' ? openDirect(accepted, slot, received) : openPublic(accepted, slot, received);
}

interface WithHandle {
  _handle: unknown;
}

/** Takes the handle out of a socket that has not been read from, to be sent to another process. */
export function releaseHandle(socket: net.Socket): { close(): void } {
  const holder = socket as unknown as WithHandle;
  const handle = holder._handle as { close(): void };
  holder._handle = null;
  socket.destroy();
  return handle;
}

/** The socket of a handle that comes from another process, as an accepted one: not read from yet. */
export function adoptHandle(handle: unknown): net.Socket {
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, readable: true, writable: true };
  return new net.Socket(options as net.SocketConstructorOpts);
}

function openDirect(accepted: net.Socket, slot: Slot, received: Received): net.Socket {
  const options = {
    handle: releaseHandle(accepted),
    allowHalfOpen: true,
    readable: true,
    writable: true,
    onread: { buffer: slot.read, callback: received },
  };
  return new net.Socket(options as net.SocketConstructorOpts);
}

function openPublic(socket: net.Socket, slot: Slot, received: Received): net.Socket {
  const { read } = slot;
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += read.length) {
      const part = chunk.subarray(at, at + read.length);
      read.set(part);
      if (received(part.length)) continue;
      socket.pause();
      const rest = chunk.subarray(at + part.length);
      if (rest.length > 0) socket.unshift(rest);
      return;
    }
  });
  socket.resume();
  return socket;
}
