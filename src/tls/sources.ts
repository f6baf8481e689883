// Where the certificates of a server come from: files, which are read anew at each reload, or texts of a program. Plain
// values, which can be sent to another process.

export const CLIENT_CERTIFICATES = ['require', 'request'] as const;
/** Whether a client without a valid certificate is refused, or served. */
export type ClientCertificates = (typeof CLIENT_CERTIFICATES)[number];

/** PEM text, or the file that has it. `called`: how messages name it, such as `--tls-cert`. */
export type PemSource = { called: string } & ({ file: string } | { text: string });

/** A certificate with its key. */
export interface PairSource {
  /** The certificate and its chain. */
  cert: readonly PemSource[];
  key: PemSource;
  /** Decrypts the key. */
  passphrase?: string | undefined;
  /** How messages name the passphrase; undefined where there is no way to give one. */
  passphraseCalled?: string | undefined;
  /** The host that this pair serves, such as `example.com` or `*.example.com`; by default the hosts of the certificate. */
  serverName?: string | undefined;
}

/** How clients prove who they are. */
export interface ClientSource {
  /** Certificates of the authorities that sign those of clients. */
  ca: readonly PemSource[];
  certificates: ClientCertificates;
}

export interface TlsSources {
  /** The first pair serves clients that name no host, or an unknown one. */
  pairs: readonly PairSource[];
  /**
   * Undefined: clients are not asked for certificates. All pairs have the same authorities, since a client may resume the
   * session that it began at one host at another host.
   */
  client: ClientSource | undefined;
}
