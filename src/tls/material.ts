// The certificates and keys of a server as its threads get them: texts that have been read and checked.

import type { ClientCertificates } from './sources.ts';

/** A certificate with its key. All texts are PEM. */
export interface Pair {
  cert: string;
  key: string;
  ca?: string | undefined;
  passphrase?: string | undefined;
  /** The hosts that the pair serves, in lower case: `example.com` or `*.example.com`. */
  serverNames: readonly string[];
}

export interface TlsMaterial {
  /** The first pair is the default. */
  pairs: readonly Pair[];
  client: ClientCertificates | undefined;
}

/** What a thread needs to speak TLS. */
export interface TlsStart {
  material: TlsMaterial;
  /** Clients may choose HTTP/2. */
  http2: boolean;
}
