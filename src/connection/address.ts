// Where a server listens, and how log lines and URLs name that address.

import { isIPv4, isIPv6 } from 'node:net';

/** A TCP port, or the path of a unix socket (on Windows, of a named pipe) with the mode of its file. */
export type Address = { host: string; port: number } | UnixAddress;

export interface UnixAddress {
  path: string;
  /** Permissions of the file, such as 0o660; undefined for those that the umask leaves. */
  mode?: number | undefined;
}

/** A listener of a server: its address, the protocol of its clients, and the application that answers them. */
export interface ListenerOptions {
  /** Port 0 means any free port. */
  address: Address;
  /** HTTP without TLS, or HTTPS. */
  protocol: 'plain' | 'tls';
  /** `public`: the application, or the built-in one. `redirect`: a 308 to the same place on HTTPS. */
  serves: 'public' | 'redirect';
}

/** The options that decide where a server listens. */
export interface Places {
  host: string;
  /** Undefined for a server that listens on no TCP port. */
  port: number | undefined;
  tls?: object | undefined;
  redirectHttp?: number | undefined;
  unix?: string | undefined;
  unixMode?: number | undefined;
}

/** Returns the listeners that the options of a server ask for. A unix socket never encrypts. */
export function listenersOf({ host, port, tls, redirectHttp, unix, unixMode }: Places): ListenerOptions[] {
  const protocol = tls === undefined ? 'plain' : 'tls';
  const listeners: ListenerOptions[] = [];
  if (port !== undefined) listeners.push({ address: { host, port }, protocol, serves: 'public' });
  if (redirectHttp !== undefined)
    listeners.push({ address: { host, port: redirectHttp }, protocol: 'plain', serves: 'redirect' });
  if (unix !== undefined)
    listeners.push({ address: { path: unix, mode: unixMode }, protocol: 'plain', serves: 'public' });
  return listeners;
}

/** Returns the listener that names a server: the first public TCP port, or the first public path if there is none. */
export function mainListener(listeners: readonly ListenerOptions[]): ListenerOptions {
  const open = listeners.filter(({ serves }) => serves === 'public');
  return open.find(({ address }) => 'port' in address) ?? (open[0] as ListenerOptions);
}

/** Returns the port that redirects lead to: the first one of HTTPS, 0 until it is known; 443 if no listener has one. */
export function httpsPort(listeners: readonly ListenerOptions[]): number {
  const first = listeners.find(({ address, protocol }) => protocol === 'tls' && 'port' in address);
  return first === undefined ? 443 : portOf(first.address);
}

/** Returns the port; 0 for a path. */
export function portOf(address: Address): number {
  return 'port' in address ? address.port : 0;
}

/** Returns the listener with its known port: `port` replaces port 0. */
export function withPort(listener: ListenerOptions, port: number): ListenerOptions {
  const { address } = listener;
  return 'port' in address ? { ...listener, address: { ...address, port: address.port || port } } : listener;
}

/**
 * Returns the URL of a listener: `http://127.0.0.1:8080`, `https://[::1]:8443` or `unix:/run/app.sock`. No URL can hold
 * the zone of an IPv6 address (`::1%lo`), so the zone is left out.
 */
export function urlOf({ address, protocol }: Pick<ListenerOptions, 'address' | 'protocol'>): string {
  if ('path' in address) return `unix:${address.path}`;
  const { host, port } = address;
  const scheme = protocol === 'tls' ? 'https' : 'http';
  return `${scheme}://${host.includes(':') ? `[${host.replace(/%.*/, '')}]` : host}:${port}`;
}

/**
 * Returns the host of a text as Node listens on it: an address, with IPv6 in brackets or not, or a name. Undefined if
 * urlOf() can make no URL of the text.
 */
export function hostToListen(text: string): string | undefined {
  const inBrackets = /^\[(.*)\]$/.exec(text)?.[1];
  const host = inBrackets ?? text;
  if (host.includes(':') || inBrackets !== undefined) return isIPv6(host) ? host : undefined;
  // URL and the system check the other characters of a name.
  return /^[^\s\p{Cc}/?#@\\%]+$/u.test(host) &&
    URL.canParse(urlOf({ address: { host, port: 1 }, protocol: 'plain' }))
    ? host
    : undefined;
}

/** Whether a host names this machine alone. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
