// Handles: what Node has below a socket. This file alone makes sockets of them, and takes them out of sockets and
// listeners. `_handle`, `onconnection` and the option `handle` are internals of Node: selftest.ts tries them.

import net from 'node:net';
import { getSystemErrorMap } from 'node:util';

/** A connected socket of the system, as Node wraps it. */
export interface Handle {
  close(): void;
  /** Sockets of TCP have this method. */
  getpeername?(name: { address?: string; port?: number }): number;
}

/** A connection that has been accepted, and not been read from. */
export type Accepted = net.Socket | Handle;

/** The options of a listener. */
export const SERVER_OPTIONS: net.ServerOpts = { noDelay: true, allowHalfOpen: true, pauseOnConnect: true };

interface WithHandle {
  _handle: unknown;
}

interface ListeningHandle {
  /** Sockets of TCP have this method. */
  setNoDelay?(on: boolean): number;
  /** Node calls it for each connection; an error is negative, as of uv_strerror(). */
  onconnection: (error: number, handle: Handle) => void;
}

/**
 * Takes the connections of a listening server before Node makes sockets of them.
 * @throws Error if this Node gives no handles
 */
export function acceptHandles(
  server: net.Server,
  accept: (handle: Handle) => void,
  failed: (error: NodeJS.ErrnoException) => void,
): void {
  const listening = (server as unknown as WithHandle)._handle as ListeningHandle;
  if (typeof listening.onconnection !== 'function') throw new Error('this Node gives no handles');
  // Accepted sockets inherit TCP_NODELAY from the listening socket.
  listening.setNoDelay?.(true);
  listening.onconnection = (error, handle) => {
    if (error === 0) accept(handle);
    else failed(acceptError(error));
  };
}

function acceptError(error: number): NodeJS.ErrnoException {
  const [code, why] = getSystemErrorMap().get(error) ?? [`${error}`, 'unknown error'];
  return Object.assign(new Error(`accept ${code}: ${why}`), { code });
}

/** Takes the handle out of an accepted connection. A socket is destroyed without closing its handle. */
export function asHandle(accepted: Accepted): Handle {
  if (!isSocket(accepted)) return accepted;
  const holder = accepted as unknown as WithHandle;
  const handle = holder._handle as Handle;
  holder._handle = null;
  accepted.destroy();
  return handle;
}

/** Returns a socket for an accepted connection, still not read from. */
export function asSocket(accepted: Accepted): net.Socket {
  return isSocket(accepted)
    ? accepted
    : new net.Socket({ ...OPTIONS, handle: accepted, pauseOnCreate: true } as object);
}

/** The options of every socket, with those that Node sets itself. */
const OPTIONS = {
  handle: undefined as Handle | undefined,
  allowHalfOpen: true,
  readable: true,
  writable: true,
  emitClose: false,
  autoDestroy: true,
  decodeStrings: false,
};

/**
 * Returns a function that makes sockets of handles. Node copies the options for each socket and sets some of them: a copy
 * of an object that has all of them already is some ten times as fast.
 */
export function socketMaker(onread: object): (handle: Handle) => net.Socket {
  const options = { ...OPTIONS, onread };
  return (handle) => {
    options.handle = handle;
    return new net.Socket(options as object);
  };
}

/** Returns the address of the client; undefined if the client is gone, or came through a path. */
export function remoteAddressOf(accepted: Accepted): string | undefined {
  if (isSocket(accepted)) return accepted.remoteAddress;
  const name: { address?: string } = {};
  accepted.getpeername?.(name);
  return name.address;
}

/** Closes an accepted connection. */
export function discard(accepted: Accepted): void {
  if (isSocket(accepted)) accepted.destroy();
  else accepted.close();
}

function isSocket(accepted: Accepted): accepted is net.Socket {
  return 'destroy' in accepted;
}
