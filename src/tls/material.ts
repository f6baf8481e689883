// The certificates and keys of a server as its threads get them: texts that have been read and checked.

import type { ClientCertificates } from './sources.ts';
import type { TicketStart } from './ticket-keys.ts';

/** A certificate with its key. Both texts are PEM, and the key is not encrypted. */
export interface Pair {
  /** The certificate, then the certificates of its chain. */
  cert: string;
  key: string;
  /** The hosts that the pair serves, in lower case: `example.com` or `*.example.com`. */
  serverNames: readonly string[];
}

export interface TlsMaterial {
  /** The first pair is the default. */
  pairs: readonly Pair[];
  /** Undefined: clients are not asked for certificates. `ca`: PEM text of the authorities that sign them. */
  client: { ca: string; certificates: ClientCertificates } | undefined;
}

/** What a thread needs to speak TLS. */
export interface TlsStart {
  material: TlsMaterial;
  tickets: TicketStart;
  /** Clients may choose HTTP/2. */
  http2: boolean;
}
