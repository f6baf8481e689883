// Binding without accepting, so that the accept queue outlives threads and server process. The one file
// that makes listening handles by hand: `net._createServerHandle` is Node's own (cluster rests on it), so
// it is tried first, and without it each thread binds for itself.
//
//   per-worker   one socket a worker, bound with SO_REUSEPORT: the kernel spreads the connections
//   shared       one socket for all workers
//   own          no socket is held here; each thread binds its own, which needs SO_REUSEPORT for more than one

import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { platform } from 'node:os';

export const SOCKET_CHOICES = ['auto', 'per-worker', 'shared', 'own'] as const;
export type SocketChoice = (typeof SOCKET_CHOICES)[number];
export type SocketWay = Exclude<SocketChoice, 'auto'>;

/** A bound socket that nobody accepts from, as child_process can send it. */
export interface Handle {
  fd: number;
  listen(backlog: number): number;
  getsockname(name: { port: number }): number;
  close(): void;
}

export interface Bound {
  way: SocketWay;
  /** As given, or what port 0 led to. */
  host: string;
  port: number;
  /** How many workers can have a socket this way. */
  workersMax: number;
  /** The socket of worker `ordinal`, to be duplicated by sending it; undefined when threads bind their own. */
  handleOf(ordinal: number): Handle | undefined;
  close(): void;
}

/** uv_tcp_flags of libuv 1.49; older ones ignore it. */
const UV_TCP_REUSEPORT = 2;

type CreateServerHandle = (
  address: string,
  port: number,
  addressType: 4 | 6,
  fd: number | undefined,
  flags: number,
) => Handle | number;

/**
 * Binds `host`:`port` for so many workers.
 * @throws what listening there fails with (EADDRINUSE, EACCES, ENOTFOUND, …), or an Error when the way
 *   asked for does not work here
 */
export async function bind(
  host: string,
  port: number,
  workers: number,
  choice: SocketChoice,
): Promise<Bound> {
  // SO_REUSEPORT would let two servers share a port unnoticed, so it is listened on once without. Two that
  // start within the same milliseconds may still both find it free.
  const address = await probe(host, port);
  const canHold = holdsSockets(address);
  const canReuse = canHold && reusesPorts(address);
  const way = choose(choice, canHold, canReuse);
  const count = way === 'own' ? 0 : way === 'shared' ? 1 : workers;
  const flags = way === 'per-worker' ? UV_TCP_REUSEPORT : 0;
  const handles = Array.from({ length: count }, () => makeHandle(address, address.port, flags));
  return {
    way,
    host,
    port: address.port,
    workersMax: way === 'own' && !(await threadsReusePort(host)) ? 1 : Number.POSITIVE_INFINITY,
    handleOf: (ordinal) => handles[ordinal % count],
    close: () => {
      for (const handle of handles) handle.close();
    },
  };
}

/** The address that can be listened on now. */
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
  if ((choice === 'per-worker' && !canReuse) || (choice === 'shared' && !canHold))
    throw new Error(`--sockets ${choice} does not work with this Node on this system`);
  return choice;
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
  const second = createServerHandle(address, name.port, UV_TCP_REUSEPORT);
  const both = first.listen(1) === 0 && typeof second !== 'number' && second.listen(1) === 0;
  first.close();
  if (typeof second !== 'number') second.close();
  return both;
}

/** The same by documented calls. Node 20 ignores the option, so it is tried. */
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

/** A handle at any free port, or undefined when this Node can't make one. */
function tryHandle(address: AddressInfo, flags: number): Handle | undefined {
  try {
    const handle = createServerHandle(address, 0, flags);
    if (typeof handle === 'number' || handle.fd < 0) return undefined;
    return handle;
  } catch {
    return undefined;
  }
}

function makeHandle(address: AddressInfo, port: number, flags: number): Handle {
  const handle = createServerHandle(address, port, flags);
  if (typeof handle !== 'number') {
    // libuv keeps EADDRINUSE back until listen(), which would then pick any port.
    const name = { port: 0 };
    if (handle.getsockname(name) === 0 && name.port === port) return handle;
    handle.close();
  }
  const message = `address already in use ${address.address}:${port}`;
  throw Object.assign(new Error(message), { code: 'EADDRINUSE' });
}

function createServerHandle(address: AddressInfo, port: number, flags: number): Handle | number {
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })._createServerHandle;
  return create(address.address, port, address.family === 'IPv6' ? 6 : 4, undefined, flags);
}
