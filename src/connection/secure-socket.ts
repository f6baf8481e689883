// Sockets that encrypt. This file alone makes them, and knows the socket below: what the kernel has taken is known there
// alone. The events `secure` and `_tlsError`, and verifyError(), are internals of Node.

import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { SecureContexts } from '../tls/secure-contexts.ts';

const BELOW = Symbol('below');

interface Below {
  [BELOW]?: Socket;
}

/** How OpenSSL calls a certificate that is missing. */
const NO_CERTIFICATE = 'UNABLE_TO_GET_ISSUER_CERT';

interface Internals {
  secureConnecting: boolean;
  ssl: { verifyError(): (Error & { code: string }) | null };
}

type Choose = (error: null, context: SecureContext | undefined) => void;

/**
 * Makes a socket that encrypts, on top of a plain one. Its handshake begins with the bytes that wait in the plain socket.
 * A TLS error destroys it at any time.
 * @param protocols that a client may choose by ALPN (RFC 7301)
 * @param secured called when the handshake is over
 */
export function encrypt(
  below: Socket,
  contexts: SecureContexts,
  protocols: string[],
  secured: () => void,
): TLSSocket {
  const socket = new TLSSocket(below, {
    isServer: true,
    secureContext: contexts.byDefault,
    ALPNProtocols: protocols,
    SNICallback: (serverName: string, choose: Choose) => choose(null, contexts.of(serverName)),
    requestCert: contexts.client !== undefined,
    // A client without a certificate gets a TLS alert that says so.
    rejectUnauthorized: contexts.client === 'require',
  });
  (socket as Below)[BELOW] = below;
  socket.on('secure', () => {
    // As a server of node:tls would do; a session of HTTP/2 waits for it.
    (socket as unknown as Internals).secureConnecting = false;
    if (accepts(socket, contexts)) secured();
    else socket.destroy();
  });
  socket.on('_tlsError', socketOnTlsError);
  return socket;
}

/** Returns the plain socket below a socket: the socket itself if it does not encrypt. */
export function plainSocketOf(socket: Socket): Socket {
  return (socket as Below)[BELOW] ?? socket;
}

/** Checks the certificate of the client, if it was asked for one. */
function accepts(socket: TLSSocket, { client }: SecureContexts): boolean {
  if (client === undefined) return true;
  // Of a resumed session of TLS 1.3, Node 20 finds no error even if there is no certificate.
  const missing = socket.getPeerX509Certificate() === undefined;
  const code = missing ? NO_CERTIFICATE : (socket as unknown as Internals).ssl.verifyError()?.code;
  socket.authorized = code === undefined;
  if (code !== undefined) socket.authorizationError = code as unknown as Error;
  return socket.authorized || client === 'request';
}

function socketOnTlsError(this: TLSSocket): void {
  this.destroy();
}
