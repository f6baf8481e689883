// The hosts that a server answers for: `example.com`, `*.example.com` for all names below it, `example.com:8080` for
// that port alone. They are compared as URL writes them, and without the dot that may end a full name.

import type { Scheme } from './proxy.ts';

interface AllowedHost {
  name: string;
  /** Names that end in a dot and `name`, and not `name` itself. */
  below: boolean;
  port: string | undefined;
}

const HOST_AND_PORT = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/;
/** An IPv6 address without brackets. */
const TWO_COLONS = /^[^[:]*:[^:]*:/;
/** As URL writes one. */
const ADDRESS = /^\[|^[\d.]+$/;
const DEFAULT_PORTS: Record<Scheme, string> = { http: '80', https: '443' };

export class AllowedHosts {
  private readonly exact: ReadonlySet<string>;
  private readonly below: readonly AllowedHost[];

  /** @throws TypeError for an entry that is no host */
  constructor(entries: readonly string[]) {
    const hosts = entries.map(parseAllowedHost);
    this.exact = new Set(hosts.filter(({ below }) => !below).map(({ name, port }) => keyOf(name, port)));
    this.below = hosts.filter(({ below }) => below);
  }

  /** @param authority host and perhaps port, as a request has them; none that is empty or no host of a URL is allowed */
  has(scheme: Scheme, authority: string): boolean {
    const url = urlOfAuthority(scheme, authority);
    if (url === undefined) return false;
    const name = withoutDot(url.hostname);
    // No name has an empty label.
    if (name.startsWith('.') || name.includes('..')) return false;
    const port = url.port || DEFAULT_PORTS[scheme];
    if (this.exact.has(name) || this.exact.has(keyOf(name, port))) return true;
    return this.below.some(
      (host) => (host.port === undefined || host.port === port) && name.endsWith(`.${host.name}`),
    );
  }
}

/**
 * Reads an entry of the list.
 * @throws TypeError that says how to write it
 */
export function parseAllowedHost(entry: string): AllowedHost {
  const below = entry.startsWith('*.');
  const given = below ? entry.slice(2) : entry;
  const [, host = '', port] = HOST_AND_PORT.exec(TWO_COLONS.test(given) ? `[${given}]` : given) ?? [];
  const url = /^\.|\.\.|\*/.test(host) ? undefined : urlOfAuthority('http', host);
  const numeric = port === undefined || (Number(port) >= 1 && Number(port) <= 65535);
  if (url === undefined || url.port !== '' || !numeric || (below && ADDRESS.test(url.hostname)))
    throw new TypeError(`'${entry}' is no host: write example.com, *.example.com, localhost:8080 or [::1]`);
  return { name: withoutDot(url.hostname), below, port: port === undefined ? undefined : `${Number(port)}` };
}

/** The URL of a host and perhaps a port alone; undefined when they are none. */
export function urlOfAuthority(scheme: string, authority: string): URL | undefined {
  // URL would leave white space out, and takes a slash.
  if (authority === '' || /[\s/\\]/.test(authority)) return undefined;
  try {
    const url = new URL(`${scheme}://${authority}`);
    // Else there was more than a host.
    return url.href === `${url.origin}/` ? url : undefined;
  } catch {
    return undefined;
  }
}

function keyOf(name: string, port: string | undefined): string {
  return port === undefined ? name : `${name}:${port}`;
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
