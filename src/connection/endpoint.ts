// One endpoint of a server: how the sockets that a listener accepts there are read and written, and which protocol
// their clients speak. One plane serves the sockets of several endpoints.

import type { Socket } from 'node:net';
import type { SecureContexts } from '../tls/secure-contexts.ts';
import type { ListenerOptions } from './address.ts';
import type { ReadWay } from './reader.ts';
import type { WriteWay } from './writer.ts';

export type AcceptWay = 'direct' | 'public';

/** How bytes get in and out; selftest.ts chooses it. */
export interface Io {
  /** A direct listener takes the handle of each connection, a public one the socket that Node makes of it. */
  accept: AcceptWay;
  read: ReadWay;
  write: WriteWay;
  /** Sockets that encrypt are read and written the fast way, too. */
  encrypted?: boolean;
}

/** The ways that use only documented calls of Node. */
export const PUBLIC: Io = { accept: 'public', read: 'public', write: 'public' };

/** Every connection refers to its endpoint, so an endpoint is made once for each listener. */
export interface Endpoint {
  /** Its index in the server's list of listeners. */
  readonly listener: number;
  readonly io: Io;
  readonly scheme: 'http' | 'https';
  /** The port of HTTPS that all requests are redirected to; 0: they are answered. */
  readonly redirectPort: number;
  /** Encrypts; undefined for plain sockets. */
  readonly secure: SecureContexts | undefined;
  /** Whether it is a unix socket: its clients have no address, and a connection can't be reset. */
  readonly unix: boolean;
}

/**
 * The endpoint of one listener.
 * @param io how plain sockets are read and written
 * @param secure of the thread, for a listener of HTTPS
 * @param httpsPort the port that redirects lead to, for a listener that redirects
 * @param listener its index in the server's list of listeners
 */
export function endpointOf(
  { address, protocol, serves }: ListenerOptions,
  io: Io,
  secure: SecureContexts | undefined,
  httpsPort = 0,
  listener = 0,
): Endpoint {
  const tls = protocol === 'tls';
  const redirects = serves === 'redirect';
  // Without a port, the application would answer.
  if (redirects && httpsPort === 0) throw new Error('a redirect needs the port of HTTPS');
  return {
    listener,
    io: tls ? ioOfTls(io) : io,
    scheme: tls ? 'https' : 'http',
    redirectPort: redirects ? httpsPort : 0,
    secure: tls ? secure : undefined,
    unix: 'path' in address,
  };
}

function ioOfTls({ accept, encrypted }: Io): Io {
  return encrypted ? { accept, read: 'encrypted', write: 'encrypted' } : { ...PUBLIC, accept };
}

/** A client, as the log names it: `192.0.2.1:50123`; `unix` where clients have no address. */
export function peerOf({ remoteAddress, remotePort }: Socket, { unix }: Endpoint): string {
  return unix ? 'unix' : `${remoteAddress ?? 'gone'}:${remotePort ?? 0}`;
}

/** The endpoint of a TCP port whose clients speak HTTP without TLS. For tests and benches. */
export function plainEndpoint(io: Io): Endpoint {
  return { listener: 0, io, scheme: 'http', redirectPort: 0, secure: undefined, unix: false };
}
