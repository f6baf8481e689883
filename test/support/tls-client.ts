// A client of TLS that connects once, and keeps the session that the server gave to it.

import { type ConnectionOptions, connect, type SecureVersion } from 'node:tls';

export interface Visit {
  /** All that the server sent. */
  received: string;
  /** The server has resumed the session. */
  resumed: boolean;
  /** What the next visit resumes. */
  session: Buffer | undefined;
  /** The common name of the server's certificate; undefined if the handshake failed, or if a session was resumed. */
  certificate: string | string[] | undefined;
  /** Why the connection failed. */
  error: string | undefined;
}

export const VERSIONS: SecureVersion[] = ['TLSv1.2', 'TLSv1.3'];

export interface VisitOptions extends ConnectionOptions {
  port: number;
  version?: SecureVersion;
  /** Sent when the handshake is over. */
  request?: string;
}

/** Connects, sends a request, and waits until the server closes. Trusts any certificate. */
export async function visit({
  version,
  request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ...options
}: VisitOptions): Promise<Visit> {
  const client = connect({
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(version && { minVersion: version, maxVersion: version }),
    ...options,
  });
  const visited: Visit = {
    received: '',
    resumed: false,
    session: undefined,
    certificate: undefined,
    error: undefined,
  };
  client.on('session', (session) => {
    visited.session = session;
  });
  client.on('secureConnect', () => {
    visited.resumed = client.isSessionReused();
    visited.certificate = client.getPeerCertificate().subject?.CN;
    // In TLS 1.2 a resumed session has no event.
    if (client.getProtocol() === 'TLSv1.2') visited.session = client.getSession();
    client.write(request);
  });
  client.on('data', (data) => {
    visited.received += data;
  });
  client.on('error', (error: NodeJS.ErrnoException) => {
    visited.error = error.code ?? error.message;
  });
  await new Promise((resolve) => client.once('close', resolve));
  return visited;
}
