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

/** What the listener must set so that openSocket() finds the socket as it needs it. */
export function serverOptions(way: ReadWay): net.ServerOpts {
  return { noDelay: true, allowHalfOpen: true, pauseOnConnect: way === 'direct' };
}

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

function openDirect(accepted: net.Socket, slot: Slot, received: Received): net.Socket {
  const holder = accepted as unknown as WithHandle;
  const handle = holder._handle;
  holder._handle = null;
  accepted.destroy();
  const options = {
    handle,
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
  return socket;
}
