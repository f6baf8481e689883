// A socket without a peer: its kernel takes a write only when the test allows it.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export class HeldSocket extends Duplex {
  /** The bytes that the kernel has taken, Latin-1. */
  taken = '';
  /** Whether the server closed the socket by a reset. */
  reset = false;
  private held: (() => void) | undefined;
  private free = 0;

  get holds(): boolean {
    return this.held !== undefined;
  }

  /** The socket as a listener passes it to a plane; it has public reads only. */
  get accepted(): Socket {
    return this as unknown as Socket;
  }

  /** Takes the held write, and the next `free` writes at once. */
  release(free = 0): void {
    const { held } = this;
    this.held = undefined;
    this.free = free;
    held?.();
  }

  resetAndDestroy(): void {
    this.reset = true;
    this.destroy();
  }

  override _read(): void {}

  override _write(bytes: Uint8Array, _: BufferEncoding, written: () => void): void {
    const take = (): void => {
      this.taken += Buffer.from(bytes).toString('latin1');
      written();
    };
    if (this.free-- > 0) take();
    else this.held = take;
  }
}
