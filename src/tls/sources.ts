// Where the certificates of a server come from: files, which are read anew at each reload, or texts of a program. Plain
// values, which can be sent to another process.

export const CLIENT_CERTIFICATES = ['require', 'request'] as const;
/** Whether a client without a valid certificate is refused, or served. */
export type ClientCertificates = (typeof CLIENT_CERTIFICATES)[number];

/** PEM text, or the file that has it. `called`: how messages name it, such as `--tls-cert`. */
export type PemSource = { called: string } & ({ file: string } | { text: string });

/** A certificate with its key. */
export interface PairSource {
  cert: PemSource;
  key: PemSource;
  /** Authorities that sign the certificates of clients. */
  ca?: PemSource | undefined;
  passphrase?: string | undefined;
  /** The hosts that this pair serves, such as `example.com` or `*.example.com`; by default those of the certificate. */
  serverNames?: readonly string[] | undefined;
}

export interface TlsSources {
  /** The first pair serves clients that name no host, or an unknown one. */
  pairs: readonly PairSource[];
  /** Undefined: clients are not asked for certificates. */
  client: ClientCertificates | undefined;
}
