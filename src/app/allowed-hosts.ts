// The hosts that a server answers for: `example.com`, `*.example.com` for all its subdomains, `example.com:8080` for
// that port alone. Hosts are compared in the form that URL gives them, without the dot that may end a full name.

import type { Scheme } from '../connection/proxy.ts';

interface AllowedHost {
  name: string;
  /** The entry allows the subdomains of `name`, and not `name` itself. */
  below: boolean;
  port: string | undefined;
}

const HOST_AND_PORT = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/;
/** An IPv6 address without brackets. */
const TWO_COLONS = /^[^[:]*:[^:]*:/;
/** An IP address as URL writes it. */
const ADDRESS = /^\[|^[\d.]+$/;
const DEFAULT_PORTS: Record<Scheme, string> = { http: '80', https: '443' };

export class AllowedHosts {
  private readonly exact: ReadonlySet<string>;
  private readonly below: readonly AllowedHost[];

  /** @throws TypeError for an entry that is not a host */
  constructor(entries: readonly string[]) {
    const hosts = entries.map(parseAllowedHost);
    this.exact = new Set(hosts.filter(({ below }) => !below).map(({ name, port }) => keyOf(name, port)));
    this.below = hosts.filter(({ below }) => below);
  }

  /**
   * Whether a host is in the list.
   * @param authority host and perhaps port, as a request has them. An empty one, or one that no URL can have, is never
   *   in the list.
   */
  has(scheme: Scheme, authority: string): boolean {
    const url = urlOfAuthority(scheme, authority);
    if (url === undefined) return false;
    const name = withoutDot(url.hostname);
    // A name with an empty label is not a host name.
    if (name.startsWith('.') || name.includes('..')) return false;
    const port = url.port || DEFAULT_PORTS[scheme];
    if (this.exact.has(name) || this.exact.has(keyOf(name, port))) return true;
    return this.below.some(
      (host) => (host.port === undefined || host.port === port) && name.endsWith(`.${host.name}`),
    );
  }
}

/**
 * Parses an entry of the list.
 * @throws TypeError that says how to write an entry
 */
export function parseAllowedHost(entry: string): AllowedHost {
  const below = entry.startsWith('*.');
  const given = below ? entry.slice(2) : entry;
  const [, host = '', port] = HOST_AND_PORT.exec(TWO_COLONS.test(given) ? `[${given}]` : given) ?? [];
  const url = /^\.|\.\.|\*/.test(host) ? undefined : urlOfAuthority('http', host);
  const numeric = port === undefined || (Number(port) >= 1 && Number(port) <= 65535);
  if (url === undefined || url.port !== '' || !numeric || (below && ADDRESS.test(url.hostname)))
    throw new TypeError(
      `'${entry}' is not a host: write example.com, *.example.com, localhost:8080 or [::1]`,
    );
  return { name: withoutDot(url.hostname), below, port: port === undefined ? undefined : `${Number(port)}` };
}

/** The URL with this host, and perhaps port, and nothing else; undefined when the text is anything else. */
export function urlOfAuthority(scheme: string, authority: string): URL | undefined {
  // URL would ignore white space and accept a slash.
  if (authority === '' || /[\s/\\]/.test(authority)) return undefined;
  try {
    const url = new URL(`${scheme}://${authority}`);
    // Otherwise the text had more than a host and a port.
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
