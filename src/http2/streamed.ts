// The content of a response that is written piece by piece: it is counted, and the first piece is held back as long as the
// head is.

import { type Taken, tellLater } from '../connection/outflow.ts';

export class Streamed {
  /** Field lines that follow the content, each with its CRLF. */
  trailers = '';
  /** Size of the content as sent so far. */
  sentBytes = 0;
  /** The bytes of content that may still be written. */
  private left: number;
  private held: Uint8Array | undefined = undefined;
  private heldWritten: Taken | undefined = undefined;

  /**
   * @param length of the content, if the head tells it
   * @param contentless nothing of the content is sent
   */
  constructor(
    public length: number | undefined,
    readonly contentless: boolean,
  ) {
    this.left = contentless ? 0 : (length ?? Number.POSITIVE_INFINITY);
  }

  /** Whether less content has been written than the head announces. */
  get short(): boolean {
    return this.length !== undefined && this.left > 0;
  }

  /** Counts a piece. @throws RangeError if there is more content than the head announces */
  count(size: number): void {
    if (size > this.left) throw new RangeError('more content than was told');
    this.left -= size;
  }

  /** Holds the first piece back if the head announces no length. @returns true if the piece is held back */
  hold(bytes: Uint8Array, written: Taken | undefined): boolean {
    if (this.held !== undefined || this.length !== undefined) return false;
    this.held = bytes;
    this.heldWritten = written;
    return true;
  }

  /** Ends content whose head is still held back, so that the head can announce the length. */
  endHeld(): void {
    if (this.contentless || this.length !== undefined) return;
    this.length = this.held?.length ?? 0;
    this.left = 0;
  }

  /** Takes the piece that was held back, to send it. */
  takeHeld(): { held: Uint8Array | undefined; heldWritten: Taken | undefined } {
    const { held, heldWritten } = this;
    this.held = undefined;
    this.heldWritten = undefined;
    return { held, heldWritten };
  }

  /** Drops the piece that was held back. */
  dropHeld(reason: Error): void {
    const { heldWritten } = this.takeHeld();
    if (heldWritten !== undefined) tellLater(heldWritten, reason);
  }
}
