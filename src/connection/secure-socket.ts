// Sockets that encrypt. This file alone makes them, and knows the socket below: what the kernel has taken is known there
// alone. The events `secure` and `_tlsError`, and verifyError(), are internals of Node.

import { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { SecureContexts } from '../tls/secure-contexts.ts';

const BELOW = Symbol('below');

interface Below {
  [BELOW]?: Socket;
}

/** How OpenSSL calls a certificate that is missing, or that has expired. */
const NO_CERTIFICATE = 'UNABLE_TO_GET_ISSUER_CERT';
const EXPIRED = 'CERT_HAS_EXPIRED';

interface Internals {
  secureConnecting: boolean;
  ssl: { verifyError(): (Error & { code: string }) | null };
  _handle: {
    useUserBuffer(buffer: Uint8Array): void;
    /** Sockets of TCP have this method. @returns a negative number if the connection has been reset */
    getpeername?(name: object): number;
  } | null;
}

/** The option `onread` of a socket: a function that gives the memory of the next read, undefined for the same memory. */
export interface OnRead {
  buffer(): Uint8Array | undefined;
  callback(bytes: number, buffer: Uint8Array): boolean;
}

/** Where a socket keeps its option `onread`. */
const [BUFFER, CALLBACK, NEXT] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name),
);

/** The secure contexts of a server, as a connection sees them. */
export type Contexts = Pick<SecureContexts, 'byDefault' | 'of' | 'client'>;

type Choose = (error: null, context: SecureContext | undefined) => void;

/**
 * Makes a socket that encrypts, on top of a plain one. Its handshake begins with the bytes that wait in the plain socket.
 * A TLS error destroys it at any time.
 * @param protocols that a client may choose by ALPN (RFC 7301)
 * @param secured called when the handshake is over
 */
export function encrypt(
  below: Socket,
  contexts: Contexts,
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
  // Node emits it again when a client asks for a renegotiation.
  socket.once('secure', () => {
    // As a server of node:tls would do; a session of HTTP/2 waits for it.
    (socket as unknown as Internals).secureConnecting = false;
    if (accepts(socket, contexts)) secured();
    else socket.destroy();
  });
  socket.on('_tlsError', socketOnTlsError);
  socket.once('end', socketOnEnd);
  return socket;
}

/**
 * Makes decrypted bytes land in a memory, as if the socket had been made with the option `onread`, which Node ignores for a
 * socket on top of another one. Bytes that are in the stream stay there.
 * @throws Error if this Node does not work so
 */
export function readDecrypted(socket: TLSSocket, memory: Uint8Array, { buffer, callback }: OnRead): void {
  if (BUFFER === undefined || CALLBACK === undefined || NEXT === undefined)
    throw new Error('this Node has no place for onread');
  (socket as unknown as Internals)._handle?.useUserBuffer(memory);
  Object.assign(socket, { [BUFFER]: memory, [CALLBACK]: callback, [NEXT]: buffer });
}

/** Returns the plain socket below a socket: the socket itself if it does not encrypt. */
export function plainSocketOf(socket: Socket): Socket {
  return (socket as Below)[BELOW] ?? socket;
}

/** Checks the certificate of the client, if it was asked for one. */
function accepts(socket: TLSSocket, { client }: Contexts): boolean {
  if (client === undefined) return true;
  const code = invalidityOf(socket);
  socket.authorized = code === undefined;
  if (code !== undefined) socket.authorizationError = code as unknown as Error;
  return socket.authorized || client === 'request';
}

/** Returns why the certificate of a client is not valid; undefined if it is. */
function invalidityOf(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  // Of a resumed session of TLS 1.3, Node 20 finds no error even if there is no certificate.
  if (certificate === undefined) return NO_CERTIFICATE;
  // A resumed session has the result of the handshake that it began with.
  if (Date.parse(certificate.validTo) < Date.now()) return EXPIRED;
  return (socket as unknown as Internals).ssl.verifyError()?.code;
}

function socketOnTlsError(this: TLSSocket): void {
  this.destroy();
}

/**
 * Destroys a socket whose client has reset the connection behind its last byte. If that happens before Node has written the
 * session tickets of TLS 1.3, Node loses the error, and no later write ever ends.
 */
function socketOnEnd(this: TLSSocket): void {
  const { _handle } = plainSocketOf(this) as unknown as Internals;
  if ((_handle?.getpeername?.({}) ?? 0) < 0) this.destroy();
}
