// The events of a connection's socket. All sockets share the listeners, so they take no memory for each connection.

import type { Socket } from 'node:net';

const OWNER = Symbol('owner');

/** Learns of the events of a socket. */
export interface SocketOwner {
  /** The peer has sent its last byte. */
  peerEnded(): void;
  /** The socket is closed. */
  closed(): void;
}

type Owned = { [OWNER]?: SocketOwner };

/** Sends the events of the socket to its owner from now on, and no longer to the one before. */
export function watchSocket(socket: Socket & Owned, owner: SocketOwner): void {
  const watched = socket[OWNER] !== undefined;
  socket[OWNER] = owner;
  if (watched) return;
  socket.on('end', socketOnEnd);
  socket.on('error', socketOnError);
  socket.on('close', socketOnClose);
}

function socketOnEnd(this: Owned): void {
  this[OWNER]?.peerEnded();
}

function socketOnError(): void {
  // The peer has reset the connection: 'close' follows.
}

function socketOnClose(this: Owned): void {
  this[OWNER]?.closed();
}
