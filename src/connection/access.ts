// Which proxies a server trusts, for which schemes and hosts it answers, and what it adds: plain values, which are sent to every thread.

import type { LogLevel } from './log.ts';

/** Fields in which a proxy records its client's address and scheme. */
export const PROXY_FIELDS = ['x-forwarded-for', 'x-forwarded-proto', 'forwarded'] as const;
export type ProxyField = (typeof PROXY_FIELDS)[number];

export interface Access {
  /** The count of proxies in front of the server. */
  readonly trustProxy: number;
  /** The fields that these proxies write; the client may have written any other field. By default only X-Forwarded-For. */
  readonly trustProxyField?: readonly ProxyField[] | undefined;
  /** The hosts that requests may name, as allowed-hosts.ts reads them; undefined: any host. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** The field in which a trusted proxy passes the id of a request. */
  readonly requestIdField?: string | undefined;
  /** Responses of handlers say how long the handler took. */
  readonly serverTiming?: boolean | undefined;
  /** How much is logged. */
  readonly logLevel?: LogLevel | undefined;
  /** A listener of the server speaks TLS. */
  readonly speaksTls?: boolean | undefined;
}
