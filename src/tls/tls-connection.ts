// What a handler sees of the encryption of its connection.

import type { X509Certificate } from 'node:crypto';
import type { CipherNameAndProtocol, TLSSocket } from 'node:tls';

/** The encryption of a connection, as it was when a handler first read it. */
export interface TlsConnection {
  /** `TLSv1.2` or `TLSv1.3`. Empty if the client was gone already. */
  readonly version: string;
  /** The name of the cipher suite in the TLS standards: `TLS_AES_128_GCM_SHA256`. Empty if the client was gone already. */
  readonly cipher: string;
  /** The host that the client named (SNI); undefined if it named none. The client may have named any host. */
  readonly serverName: string | undefined;
  /** The protocol that client and server have agreed on (ALPN), such as `http/1.1`; undefined if the client offered none. */
  readonly alpnProtocol: string | undefined;
  /** The client resumed an earlier session. */
  readonly resumed: boolean;
  /** The client has a certificate, and one of the server's authorities for clients has signed it. */
  readonly authorized: boolean;
  /** Why the client's certificate is not valid: a code of OpenSSL, such as `CERT_HAS_EXPIRED`. */
  readonly authorizationError: string | undefined;
  /** Undefined if the client sent none, or the server did not ask for it. Trust it only if `authorized` is true. */
  readonly clientCertificate: X509Certificate | undefined;
}

/** By socket, so that only connections whose handlers ask have one. */
const known = new WeakMap<TLSSocket, TlsConnection>();

/** Describes the encryption of a socket whose handshake is over. All requests of a connection get the same object. */
export function tlsConnectionOf(socket: TLSSocket): TlsConnection {
  let connection = known.get(socket);
  if (connection === undefined) {
    connection = describe(socket);
    known.set(socket, connection);
  }
  return connection;
}

function describe(socket: TLSSocket): TlsConnection {
  const clientCertificate = socket.getPeerX509Certificate();
  // Node reports an error for a client without a certificate, too.
  const error = clientCertificate && (socket.authorizationError as Error | string | null);
  return Object.freeze({
    version: socket.getProtocol() ?? '',
    cipher: (socket.getCipher() as CipherNameAndProtocol | null)?.standardName ?? '',
    serverName: textOrNone((socket as { servername?: unknown }).servername),
    alpnProtocol: textOrNone(socket.alpnProtocol),
    resumed: socket.isSessionReused(),
    authorized: socket.authorized,
    authorizationError: error ? String(error) : undefined,
    clientCertificate,
  });
}

/** Node writes false or null where there is no text. */
function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
