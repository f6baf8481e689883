// A connection of HTTPS before its handshake is over. It counts as open, and has its own time. Then an HTTP connection
// takes its place. A client that speaks plain HTTP gets an answer in plain text, since its first byte shows the mistake.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { SecureContexts } from '../tls/secure-contexts.ts';
import { UNCOUNTED } from './addresses.ts';
import { Deadline } from './deadlines.ts';
import { type Endpoint, peerOf } from './endpoint.ts';
import { type Accepted, asSocket } from './handle.ts';
import type { Member } from './member.ts';
import type { Plane } from './plane.ts';
import { encrypt } from './secure-socket.ts';
import { type SocketOwner, watchSocket } from './socket-events.ts';

const HTTP_1 = ['http/1.1'];
const HTTP_2 = ['h2', 'http/1.1'];

export interface HandshakeOwner {
  /** The handshake is over. */
  secured(handshake: Handshake, socket: TLSSocket): void;
  /** The client speaks plain HTTP. Its bytes wait in the socket. */
  spokePlain(handshake: Handshake, socket: Socket): void;
  connectionClosed(handshake: Handshake): void;
}

export class Handshake implements Member, SocketOwner {
  addressEntry = UNCOUNTED;
  readonly deadline: Deadline;
  readonly peer: string;
  /** No request has been received. */
  readonly idle = true;
  readonly underWay = [];
  private socket: Socket;

  constructor(
    private readonly owner: HandshakeOwner,
    private readonly plane: Plane,
    accepted: Accepted,
    readonly endpoint: Endpoint,
    private readonly contexts: SecureContexts,
  ) {
    const socket = asSocket(accepted);
    this.socket = socket;
    this.peer = plane.log.connections ? peerOf(socket, endpoint) : '';
    this.deadline = new Deadline(plane);
    this.deadline.awaitHandshake();
    watchSocket(socket, this);
    socket.once('data', (bytes: Buffer) => this.greeted(socket, bytes));
    socket.resume();
  }

  private greeted(socket: Socket, bytes: Buffer): void {
    const { contexts, owner, plane } = this;
    socket.pause();
    socket.unshift(bytes);
    if (beginsText(bytes[0] as number)) {
      owner.spokePlain(this, socket);
      return;
    }
    const protocols = plane.http2 === undefined ? HTTP_1 : HTTP_2;
    const secure = encrypt(socket, contexts, protocols, () => owner.secured(this, secure));
    this.socket = secure;
    watchSocket(secure, this);
  }

  makesRoom(nowMs: number): boolean {
    return this.deadline.headGraceOver(nowMs);
  }

  destroy(): void {
    this.socket.destroy();
  }

  expire(): void {
    this.destroy();
  }

  peerEnded(): void {
    this.destroy();
  }

  closed(): void {
    this.owner.connectionClosed(this);
  }
}

/** Whether a request may begin with the byte: with a letter, or with an empty line (RFC 9112 2.2). */
function beginsText(byte: number): boolean {
  const letter = byte | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || byte === 0x0d || byte === 0x0a;
}
