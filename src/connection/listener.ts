// How sockets arrive: a listening server over a descriptor that the supervisor bound, or an address.

import net, { isIPv6 } from 'node:net';
import type { Endpoint } from './endpoint.ts';
import { SERVER_OPTIONS } from './reader.ts';

/** Where a worker listens: on its own duplicate of a bound socket, or at an address that it binds itself. */
export type ListenAt = { fd: number } | { host: string; port: number; reusePort: boolean };

/** Where listener number `ordinal` shall listen; asked anew for each thread, since descriptors are not shared. */
export type TakePlace = (ordinal: number) => Promise<ListenAt>;

/** Connections that may wait to be accepted; the kernel has a maximum of its own. */
const BACKLOG = 4096;

export interface Listener {
  port: number;
  /** Stops accepting. */
  close(): void;
}

/** Who gets the connections: a plane, or whoever brings them to one. */
export interface Acceptor {
  /** @param socket not read from yet */
  accept(socket: net.Socket, endpoint: Endpoint): void;
  acceptFailed(error: NodeJS.ErrnoException): void;
}

/**
 * The host of a text as Node listens on it: an address, an IPv6 one in brackets or not, or a name. Undefined for
 * what urlOf() makes no URL of.
 */
export function hostToListen(text: string): string | undefined {
  const inBrackets = /^\[(.*)\]$/.exec(text)?.[1];
  const host = inBrackets ?? text;
  if (host.includes(':') || inBrackets !== undefined) return isIPv6(host) ? host : undefined;
  // The other characters of a name are for URL and the system to judge.
  return /^[^\s\p{Cc}/?#@\\%]+$/u.test(host) && URL.canParse(urlOf(host, 1)) ? host : undefined;
}

/** Where clients find what listens there. No URL can say the zone of an IPv6 address (`::1%lo`), which is left out. */
export function urlOf(host: string, port: number): string {
  const address = host.replace(/%.*/, '');
  return `http://${host.includes(':') ? `[${address}]` : host}:${port}`;
}

/** Starts accepting. @throws what listening fails with, EADDRINUSE among others */
export async function listen(acceptor: Acceptor, at: ListenAt, endpoint: Endpoint): Promise<Listener> {
  const server = net.createServer(SERVER_OPTIONS);
  server.on('connection', (socket) => acceptor.accept(socket, endpoint));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...at, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => acceptor.acceptFailed(error));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => server.close(),
  };
}
