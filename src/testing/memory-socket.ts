// Two sockets in memory that are connected: what one writes, the other one reads, in a later turn of the event loop, as over a
// network. A socket that is destroyed before both sides have ended resets its peer.

import { Duplex } from 'node:stream';

/** Bytes that may wait for a reader; then its writer waits. */
const WAITING_BYTES_MAX = 65_536;

export class MemorySocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  private peer: MemorySocket = this;
  /** Bytes that the peer has written and this side has not read; null is their end. */
  private readonly arriving: (Uint8Array | null)[] = [];
  private arrivingBytes = 0;
  private wanted = false;
  private delivery: NodeJS.Immediate | undefined;
  /** Ends the write of the peer that waits until this side has read. */
  private tookAll: (() => void) | undefined;

  private constructor(readonly remotePort: number) {
    super({ allowHalfOpen: true });
  }

  /** Makes two connected sockets. @param port of the client */
  static pair(port: number): [client: MemorySocket, server: MemorySocket] {
    const client = new MemorySocket(80);
    const server = new MemorySocket(port);
    client.peer = server;
    server.peer = client;
    return [client, server];
  }

  /** Resets the connection, as a socket of TCP does. */
  resetAndDestroy(): this {
    return this.destroy();
  }

  override _read(): void {
    this.wanted = true;
    this.deliverLater();
  }

  override _write(chunk: Uint8Array, _: BufferEncoding, taken: (error?: Error | null) => void): void {
    const { peer } = this;
    // The writer uses the memory again.
    peer.arrive(Uint8Array.from(chunk));
    if (peer.arrivingBytes <= WAITING_BYTES_MAX) taken();
    else peer.tookAll = taken;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.peer.arrive(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { peer } = this;
    clearImmediate(this.delivery);
    const ended = this.writableFinished && this.readableEnded;
    if (!ended && !peer.destroyed) setImmediate(() => peer.reset());
    this.takeWaiting();
    done(error);
  }

  private reset(): void {
    this.deliver();
    this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  private arrive(chunk: Uint8Array | null): void {
    if (this.destroyed) return;
    this.arriving.push(chunk);
    this.arrivingBytes += chunk?.length ?? 0;
    this.deliverLater();
  }

  private deliverLater(): void {
    if (this.wanted && this.arriving.length > 0) this.delivery ??= setImmediate(() => this.deliver());
  }

  private deliver(): void {
    this.delivery = undefined;
    while (this.wanted && this.arriving.length > 0 && !this.destroyed) {
      const chunk = this.arriving.shift() as Uint8Array | null;
      this.arrivingBytes -= chunk?.length ?? 0;
      this.wanted = false;
      // A stream that wants more calls _read(), or says so.
      if (this.push(chunk)) this.wanted = true;
    }
    if (this.arrivingBytes <= WAITING_BYTES_MAX) this.takeWaiting();
  }

  private takeWaiting(): void {
    const { tookAll } = this;
    this.tookAll = undefined;
    tookAll?.();
  }
}
