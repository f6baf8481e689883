// Accepts connections: a listening server over a descriptor that the supervisor bound, or at an address.

import net from 'node:net';
import { platform } from 'node:os';
import type { SecureContexts } from '../tls/secure-contexts.ts';
import { type Address, httpsPort, type ListenerOptions, type UnixAddress, withPort } from './address.ts';
import { type Endpoint, endpointOf, type Io } from './endpoint.ts';
import { type Accepted, acceptHandles, SERVER_OPTIONS } from './handle.ts';
import { bindFailed, nameBeside, publishSocket, setMode } from './socket-file.ts';

/** Where a worker listens: on duplicates of the sockets that the supervisor bound for it, or at an address that it binds itself. */
export type ListenAt =
  | { fds: readonly number[] }
  | { host: string; port: number; reusePort: boolean }
  | UnixAddress
  | InMemory;

/** A place without an address, in the calling thread. The function that attach() passes on takes each connection. */
export interface InMemory {
  attach(accept: (accepted: Accepted) => void): void;
}

/**
 * Returns where a worker listens for one of the server's listeners. Called for each new worker, since threads must not share
 * a descriptor.
 * @param listener index in the server's list of listeners
 */
export type TakePlace = (listener: number, ordinal: number) => Promise<ListenAt>;

/** Connections that may wait to be accepted; the kernel has a maximum of its own. */
const BACKLOG = 4096;

export interface Listener {
  /** 0 where there is none, at a path. */
  port: number;
  /** Stops accepting. */
  close(): void;
}

/** Receives the connections: a plane, or an object that passes them on to a plane. */
export interface Acceptor {
  accept(accepted: Accepted, endpoint: Endpoint): void;
  acceptFailed(error: NodeJS.ErrnoException): void;
}

/** Returns where a worker that binds for itself listens. @param reusePort several workers share a port */
export function placeAt(address: Address, reusePort: boolean): ListenAt {
  return 'path' in address ? address : { ...address, reusePort };
}

/** Whether only one worker at a time can listen there, so that another one must stop first. */
export function isExclusive(at: ListenAt): boolean {
  return 'path' in at || ('host' in at && !at.reusePort);
}

/** All listeners of a thread. */
export interface Listening {
  /** The listeners with the ports that they have, in their order. */
  listeners: ListenerOptions[];
  /** Stops accepting. */
  close(): void;
}

/**
 * Starts accepting at every listener's address, in a server with one thread that accepts.
 * @param io how plain sockets are read and written
 * @param secure encrypts, for listeners of HTTPS
 * @throws the error of listening; then it listens nowhere
 */
export async function listenAtAll(
  options: readonly ListenerOptions[],
  acceptor: Acceptor,
  takePlace: TakePlace,
  io: Io,
  secure?: SecureContexts,
): Promise<Listening> {
  const known = [...options];
  const listeners = await openAll(
    options.map((one, i) => async () => {
      // The listener of HTTPS comes first, so its port is known when redirects begin.
      const endpoint = endpointOf(one, io, secure, httpsPort(known), i);
      const listener = await listen(acceptor, await takePlace(i, 0), endpoint);
      known[i] = withPort(one, listener.port);
      return listener;
    }),
  );
  return { listeners: known, close: () => closeAll(listeners) };
}

/**
 * Opens listeners, one after the other.
 * @throws the error of the first one that fails; then those before it are closed
 */
async function openAll(openings: readonly (() => Promise<Listener>)[]): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const open of openings) listeners.push(await open());
  } catch (error) {
    closeAll(listeners);
    throw error;
  }
  return listeners;
}

function closeAll(listeners: readonly Listener[]): void {
  for (const listener of listeners) listener.close();
}

/** Starts accepting. @throws the error of listening, EADDRINUSE among others */
export async function listen(acceptor: Acceptor, at: ListenAt, endpoint: Endpoint): Promise<Listener> {
  if ('attach' in at) {
    at.attach((accepted) => acceptor.accept(accepted, endpoint));
    return { port: 0, close: () => {} };
  }
  if ('fds' in at) {
    const listeners = await openAll(at.fds.map((fd) => () => listenOn(acceptor, { fd }, endpoint)));
    return { port: listeners[0]?.port ?? 0, close: () => closeAll(listeners) };
  }
  return await ('path' in at && platform() !== 'win32'
    ? listenAtPath(acceptor, at, endpoint)
    : listenOn(acceptor, at, endpoint));
}

/** Listens on a socket that this thread makes, and publishes it at its path. */
async function listenAtPath(acceptor: Acceptor, at: UnixAddress, endpoint: Endpoint): Promise<Listener> {
  const { path } = at;
  const boundAt = await nameBeside(path);
  const listener = await listenOn(acceptor, { path: boundAt }, endpoint).catch(
    ({ errno }: NodeJS.ErrnoException) => Promise.reject(bindFailed(path, errno ?? 0)),
  );
  try {
    setMode(boundAt, at);
    const remove = await publishSocket(boundAt, path);
    const close = (): void => {
      remove();
      listener.close();
    };
    return { ...listener, close };
  } catch (error) {
    listener.close();
    throw error;
  }
}

async function listenOn(
  acceptor: Acceptor,
  at: net.ListenOptions | { fd: number },
  endpoint: Endpoint,
): Promise<Listener> {
  const server = net.createServer(SERVER_OPTIONS);
  const accept = (accepted: Accepted): void => acceptor.accept(accepted, endpoint);
  const failed = (error: NodeJS.ErrnoException): void => acceptor.acceptFailed(error);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...at, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', failed);
  try {
    if (endpoint.io.accept === 'direct') acceptHandles(server, accept, failed);
    else server.on('connection', accept);
  } catch (error) {
    server.close();
    throw error;
  }
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => server.close(),
  };
}
