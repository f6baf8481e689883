// Listening sockets that this process has inherited, as from systemd. The supervisor holds them like those that it binds,
// as one shared socket each. Their files belong to the program that made them.

import { fstatSync, readFileSync } from 'node:fs';
import type { Address, ListenerOptions } from './address.ts';
import { adoptDescriptor, type Bound, type TcpHandle } from './bind.ts';

/** A descriptor of this process, and the name that it was passed with. */
export interface InheritedSocket {
  fd: number;
  /** `redirect` redirects to HTTPS; `http` speaks plain HTTP beside HTTPS. Other names have no meaning. */
  name: string;
}

/** The flag of a listening socket in /proc/net/unix. */
const ACCEPTS = 0x10000;

/**
 * Takes over inherited sockets.
 * @param tls TCP sockets speak HTTPS, unless their name says otherwise
 * @throws Error for a descriptor that is no listening stream socket, and for a name without its sense
 */
export function adoptAll(
  sockets: readonly InheritedSocket[],
  tls: boolean,
): { listeners: ListenerOptions[]; bound: Bound[] } {
  const bound = sockets.map(({ fd }) => adopt(fd));
  const listeners = sockets.map(({ name }, i): ListenerOptions => {
    const { address } = bound[i] as Bound;
    const plain = !tls || 'path' in address || name === 'http' || name === 'redirect';
    return {
      address,
      protocol: plain ? 'plain' : 'tls',
      serves: name === 'redirect' ? 'redirect' : 'public',
    };
  });
  const encrypts = listeners.some(({ protocol }) => protocol === 'tls');
  if (tls && !encrypts)
    throw new Error(
      'none of the inherited sockets is for HTTPS: pass a TCP socket, or leave out the certificates',
    );
  if (!encrypts && listeners.some(({ serves }) => serves === 'redirect'))
    throw new Error('an inherited socket with the name redirect needs HTTPS: give a certificate');
  return { listeners, bound };
}

function adopt(fd: number): Bound {
  if (!isSocket(fd)) throw noListener(fd, 'no socket');
  const handle = adoptDescriptor(fd);
  if (handle === undefined) throw noListener(fd, 'no stream socket');
  return {
    way: 'shared',
    address: 'getsockname' in handle ? tcpAddress(handle) : unixAddress(fd),
    workersMax: Number.POSITIVE_INFINITY,
    handleOf: () => handle,
    publish: async () => {},
    close: () => handle.close(),
  };
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

function tcpAddress(handle: TcpHandle): Address {
  const name = { address: '', port: 0 };
  if (handle.getpeername({ port: 0 }) === 0) throw noListener(handle.fd, 'a connection');
  if (handle.getsockname(name) !== 0 || name.port === 0) throw noListener(handle.fd, 'bound to no port');
  return { host: name.address, port: name.port };
}

/**
 * Returns the path of a unix socket. The list of them has none that another network namespace has made, as with
 * PrivateNetwork=yes.
 */
function unixAddress(fd: number): Address {
  const { ino } = fstatSync(fd);
  const [, flags, path] = UNIX_SOCKET(ino).exec(unixSockets()) ?? [];
  if (flags !== undefined && (Number.parseInt(flags, 16) & ACCEPTS) === 0)
    throw noListener(fd, 'no listening socket');
  return { path: path || `descriptor ${fd}` };
}

/** The row of a socket: Num RefCount Protocol Flags Type St Inode Path. */
const UNIX_SOCKET = (ino: number): RegExp =>
  new RegExp(`^(?:\\S+ +){3}(\\S+) +(?:\\S+ +){2}${ino}(?: (.*))?$`, 'm');

function unixSockets(): string {
  try {
    return readFileSync('/proc/net/unix', 'utf8');
  } catch {
    return '';
  }
}

function noListener(fd: number, what: string): Error {
  return new Error(
    `the inherited descriptor ${fd} is ${what}: pass listening stream sockets, with Accept=no in the .socket unit`,
  );
}
