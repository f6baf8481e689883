// Where a server listens, and how lines and URLs name that.

import { isIPv6 } from 'node:net';

/** A TCP port, or the path of a unix socket (on Windows, of a named pipe). */
export type Address = { host: string; port: number } | { path: string };

/** One of the listeners of a server: where it listens, what its clients speak, and what answers them. */
export interface ListenerOptions {
  /** Port 0 is any free one. */
  address: Address;
  /** HTTP without TLS. */
  protocol: 'plain';
  /** The application, or the built-in one. */
  serves: 'public';
}

/** The listeners of a server whose options name one host and port. */
export function listenersOf({ host, port }: { host: string; port: number }): ListenerOptions[] {
  return [{ address: { host, port }, protocol: 'plain', serves: 'public' }];
}

/** The address that a server is named by: the first TCP port, or the first path if it has none. */
export function mainAddress(addresses: readonly Address[]): Address {
  return addresses.find((address) => 'port' in address) ?? (addresses[0] as Address);
}

/** 0 for a path. */
export function portOf(address: Address): number {
  return 'port' in address ? address.port : 0;
}

/** The address once its port is known: `port` replaces port 0. */
export function withPort(address: Address, port: number): Address {
  return 'port' in address ? { ...address, port: address.port || port } : address;
}

/**
 * Where clients find a server: `http://127.0.0.1:8080`, `http://[::1]:8080` or `unix:/run/app.sock`. No URL can hold the
 * zone of an IPv6 address (`::1%lo`), so it is left out.
 */
export function urlOf(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port } = address;
  return `http://${host.includes(':') ? `[${host.replace(/%.*/, '')}]` : host}:${port}`;
}

/**
 * The host of a text as Node listens on it: an address, an IPv6 one in brackets or not, or a name. Undefined for text
 * of which urlOf() makes no URL.
 */
export function hostToListen(text: string): string | undefined {
  const inBrackets = /^\[(.*)\]$/.exec(text)?.[1];
  const host = inBrackets ?? text;
  if (host.includes(':') || inBrackets !== undefined) return isIPv6(host) ? host : undefined;
  // The other characters of a name are for URL and the system to judge.
  return /^[^\s\p{Cc}/?#@\\%]+$/u.test(host) && URL.canParse(urlOf({ host, port: 1 })) ? host : undefined;
}
