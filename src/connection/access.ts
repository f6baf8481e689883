// Whom a server believes about its clients, and for which hosts it answers: plain values, which every thread is told.

/** Fields in which a proxy says who its client is and how it came. */
export const PROXY_FIELDS = ['x-forwarded-for', 'x-forwarded-proto', 'forwarded'] as const;
export type ProxyField = (typeof PROXY_FIELDS)[number];

export interface Access {
  /** How many proxies stand before the server. */
  readonly trustProxy: number;
  /** The fields that these proxies write; a client may have written any other. By default X-Forwarded-For alone. */
  readonly trustProxyField?: readonly ProxyField[] | undefined;
  /** The hosts that requests may be for, as allowed-hosts.ts reads them; undefined: any. */
  readonly allowedHosts?: readonly string[] | undefined;
}
