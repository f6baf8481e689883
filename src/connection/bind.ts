// Binds sockets without accepting, so that the accept queue outlives threads and server process. This file alone
// makes listening handles by hand: `net._createServerHandle` is Node's own (cluster rests on it), so this file
// tries it first, and without it each thread binds for itself.
//
//   per-worker   sockets of its own for each worker, bound with SO_REUSEPORT: the kernel spreads the connections
//   shared       one socket for all workers
//   own          no socket is held here; each thread binds its own, which needs SO_REUSEPORT for more than one
//
// A path can be bound once, so the workers share its socket.

import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { platform } from 'node:os';
import type { Address, ListenerOptions, UnixAddress } from './address.ts';
import { bindFailed, nameBeside, publishSocket, setMode } from './socket-file.ts';

export const SOCKET_CHOICES = ['auto', 'per-worker', 'shared', 'own'] as const;
export type SocketChoice = (typeof SOCKET_CHOICES)[number];
export type SocketWay = Exclude<SocketChoice, 'auto'>;

/**
 * The sockets of one listener that a worker listens on: worker 1 has the sockets behind those of worker 0. In each turn of the
 * event loop libuv accepts one connection from each socket, so several let a busy worker accept several. Several
 * duplicates of one socket would not do: all of them become ready for each connection, and all but one accept in vain.
 */
export const SOCKETS_OF_WORKER: Record<SocketWay, number> = { 'per-worker': 4, shared: 1, own: 0 };

/** A bound socket from which this process accepts no connection, as child_process can send it. */
export interface Handle {
  fd: number;
  listen(backlog: number): number;
  close(): void;
}

export interface TcpHandle extends Handle {
  /** @returns 0, or the number of an error */
  getsockname(name: { port: number }): number;
  getpeername(name: { port: number }): number;
}

export interface Bound {
  way: SocketWay;
  /** The address as given, or with the port that replaced port 0. */
  address: Address;
  /** How many workers can listen this way. */
  workersMax: number;
  /** Returns one of the sockets, to be duplicated by sending it; undefined if threads bind their own. */
  handleOf(socket: number): Handle | undefined;
  /** Lets clients find the address, once threads listen: a path has no file before. @throws Error when it is taken by now */
  publish(): Promise<void>;
  /** Closes the sockets held here, and removes the file of a path. */
  close(): void;
}

/** uv_tcp_flags of libuv 1.49; older ones ignore it. */
const UV_TCP_REUSEPORT = 2;

/** The address type -1 stands for a path. */
type CreateServerHandle = (
  address: string | undefined,
  port: number | undefined,
  addressType: 4 | 6 | -1 | undefined,
  fd: number | undefined,
  flags: number,
) => Handle | TcpHandle | number;

/**
 * Binds an address for so many workers.
 * @throws the error of listening there (EADDRINUSE, EACCES, ENOTFOUND, …), or an Error when the way
 *   asked for does not work here
 */
export function bind(address: Address, workers: number, choice: SocketChoice): Promise<Bound> {
  return 'path' in address
    ? bindPath(address, choice)
    : bindPort(address.host, address.port, workers, choice);
}

/**
 * Binds the address of each listener.
 * @throws as bind() does; then nothing is bound
 */
export async function bindAll(
  listeners: readonly ListenerOptions[],
  workers: number,
  choice: SocketChoice,
): Promise<Bound[]> {
  const bound: Bound[] = [];
  try {
    for (const { address } of listeners) bound.push(await bind(address, workers, choice));
    return bound;
  } catch (error) {
    for (const one of bound) one.close();
    throw error;
  }
}

/** Binds a path, at a name beside it until it is published. */
async function bindPath(address: UnixAddress, choice: SocketChoice): Promise<Bound> {
  const { path } = address;
  const boundAt = await nameBeside(path);
  const handle = choice === 'own' ? undefined : makePathHandle(boundAt, address);
  if (handle === undefined && choice === 'shared') throw doesNotWork(choice);
  let remove: (() => void) | undefined;
  return {
    way: handle === undefined ? 'own' : 'shared',
    address,
    workersMax: handle === undefined ? 1 : Number.POSITIVE_INFINITY,
    handleOf: () => handle,
    publish: async () => {
      if (handle !== undefined) remove ??= await publishSocket(boundAt, path);
    },
    close: () => {
      remove?.();
      // Where it was not published, this removes the file at `boundAt`.
      handle?.close();
    },
  };
}

/** Returns undefined if a socket can't be held: on Windows, and with a Node that no longer has the function. */
function makePathHandle(boundAt: string, address: UnixAddress): Handle | undefined {
  if (platform() === 'win32' || !('_createServerHandle' in net)) return undefined;
  const handle = createServerHandle(boundAt, -1, -1, 0);
  if (typeof handle === 'number') throw bindFailed(address.path, handle);
  try {
    setMode(boundAt, address);
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

async function bindPort(host: string, port: number, workers: number, choice: SocketChoice): Promise<Bound> {
  // SO_REUSEPORT would let two servers share a port unnoticed, so it is listened on once without. Two that
  // start within the same milliseconds may still both find it free.
  const address = await probe(host, port);
  const canHold = holdsSockets(address);
  const canReuse = canHold && reusesPorts(address);
  const way = choose(choice, canHold, canReuse);
  const count = SOCKETS_OF_WORKER[way] * (way === 'per-worker' ? workers : 1);
  const flags = way === 'per-worker' ? UV_TCP_REUSEPORT : 0;
  const handles: Handle[] = [];
  const close = (): void => {
    for (const handle of handles) handle.close();
  };
  try {
    while (handles.length < count) handles.push(makeHandle(address, address.port, flags));
  } catch (error) {
    close();
    throw error;
  }
  return {
    way,
    address: { host, port: address.port },
    workersMax: way === 'own' && !(await threadsReusePort(host)) ? 1 : Number.POSITIVE_INFINITY,
    handleOf: (socket) => handles[socket % count],
    publish: async () => {},
    close,
  };
}

/** Returns the address that can be listened on now. */
async function probe(host: string, port: number): Promise<AddressInfo> {
  const server = net.createServer();
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return address;
}

function choose(choice: SocketChoice, canHold: boolean, canReuse: boolean): SocketWay {
  if (choice === 'auto') return canReuse ? 'per-worker' : canHold ? 'shared' : 'own';
  if ((choice === 'per-worker' && !canReuse) || (choice === 'shared' && !canHold)) throw doesNotWork(choice);
  return choice;
}

function doesNotWork(choice: SocketChoice): Error {
  return new Error(`--sockets ${choice} does not work with this Node on this system`);
}

/** Whether a socket can be bound here and listened on elsewhere. Windows can't send it to a thread. */
function holdsSockets(address: AddressInfo): boolean {
  const handle = platform() === 'win32' ? undefined : tryHandle(address, 0);
  handle?.close();
  return handle !== undefined;
}

/** Whether two sockets made here may listen on one port: Node 22.12 and later, Linux and BSD. */
function reusesPorts(address: AddressInfo): boolean {
  const first = tryHandle(address, UV_TCP_REUSEPORT);
  if (first === undefined) return false;
  const name = { port: 0 };
  first.getsockname(name);
  const second = createTcpHandle(address, name.port, UV_TCP_REUSEPORT);
  const both = first.listen(1) === 0 && typeof second !== 'number' && second.listen(1) === 0;
  first.close();
  if (typeof second !== 'number') second.close();
  return both;
}

/** Does the same by documented calls. Node 20 ignores the option, so test its effect. */
async function threadsReusePort(host: string): Promise<boolean> {
  const servers: net.Server[] = [];
  try {
    for (let port = 0; servers.length < 2; ) {
      const server = net.createServer();
      servers.push(server);
      server.listen({ host, port, reusePort: true } as net.ListenOptions);
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
    }
    return true;
  } catch {
    return false;
  } finally {
    for (const server of servers) server.close();
  }
}

/** Returns a handle at any free port, or undefined if this Node can't make one. */
function tryHandle(address: AddressInfo, flags: number): TcpHandle | undefined {
  try {
    const handle = createTcpHandle(address, 0, flags);
    if (typeof handle === 'number' || handle.fd < 0) return undefined;
    return handle;
  } catch {
    return undefined;
  }
}

function makeHandle(address: AddressInfo, port: number, flags: number): Handle {
  const handle = createTcpHandle(address, port, flags);
  if (typeof handle !== 'number') {
    // libuv keeps EADDRINUSE back until listen(), which would then pick any port.
    const name = { port: 0 };
    if (handle.getsockname(name) === 0 && name.port === port) return handle;
    handle.close();
  }
  const message = `address already in use ${address.address}:${port}`;
  throw Object.assign(new Error(message), { code: 'EADDRINUSE' });
}

function createTcpHandle(address: AddressInfo, port: number, flags: number): TcpHandle | number {
  return createServerHandle(address.address, port, address.family === 'IPv6' ? 6 : 4, flags) as
    | TcpHandle
    | number;
}

/**
 * Returns a handle of a socket that this process has inherited; undefined if it is no stream socket.
 * @throws Error with a Node that no longer has the function
 */
export function adoptDescriptor(fd: number): Handle | TcpHandle | undefined {
  if (!('_createServerHandle' in net)) throw new Error('inherited sockets do not work with this Node');
  const { _createServerHandle: create } = net as unknown as { _createServerHandle: CreateServerHandle };
  const handle = create(undefined, undefined, undefined, fd, 0);
  return typeof handle === 'number' ? undefined : handle;
}

function createServerHandle(
  address: string,
  port: number,
  addressType: 4 | 6 | -1,
  flags: number,
): Handle | number {
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })._createServerHandle;
  return create(address, port, addressType, undefined, flags);
}
