// A socket without a peer: its kernel takes a write when the test lets it.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export class HeldSocket extends Duplex {
  /** What the kernel has taken, Latin-1. */
  taken = '';
  /** Closed by a reset. */
  reset = false;
  private held: (() => void) | undefined;
  private free = 0;

  get holds(): boolean {
    return this.held !== undefined;
  }

  /** As a plane accepts it; its reads must be public ones. */
  get accepted(): Socket {
    return this as unknown as Socket;
  }

  /** Takes what is held, and the next `free` writes at once. */
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
