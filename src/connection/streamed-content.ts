// The content of a response that is written piece by piece: it is counted, and delimited by its length, by chunks, or by the
// close (RFC 9112 6.3). The first piece is held back as long as the head is.

import { LENGTH_CHUNKED, LENGTH_UNTOLD } from '../memory/codes.ts';
import { COPIED_BYTES_MAX, type Outflow, type Taken, tellLater } from './outflow.ts';

const LAST_CHUNK = '0\r\n';
const CRLF = '\r\n';

export class StreamedContent {
  /** The length in the head; or LENGTH_CHUNKED or LENGTH_UNTOLD. */
  length: number;
  /** The close ends the content, since there is no length and there are no chunks. */
  readonly endsWithClose: boolean;
  /** Size of the content as sent so far, chunk sizes included. */
  sentBytes = 0;
  /** The bytes of content that may still be written. */
  private left: number;
  /** The CRLF of the last chunk is still to be written. */
  private chunkOpen = false;
  private held: Uint8Array | undefined = undefined;
  private heldWritten: Taken | undefined = undefined;

  /**
   * @param length of the content, if it is known
   * @param bare the status has no content, and its head tells no length
   * @param headOnly the method is HEAD
   * @param versionMinor of the request
   */
  constructor(length: number | undefined, bare: boolean, headOnly: boolean, versionMinor: number) {
    const contentless = headOnly || bare;
    const untold = bare || length === undefined;
    this.endsWithClose = !contentless && untold && versionMinor === 0;
    this.left = contentless ? 0 : (length ?? Number.POSITIVE_INFINITY);
    this.length = untold ? (contentless || versionMinor === 0 ? LENGTH_UNTOLD : LENGTH_CHUNKED) : length;
  }

  get chunked(): boolean {
    return this.length === LENGTH_CHUNKED;
  }

  /** Whether less content has been written than the head announces. */
  get short(): boolean {
    return this.length >= 0 && this.left > 0;
  }

  /** Counts a piece. @throws RangeError if there is more content than the head announces */
  count(size: number): void {
    if (size > this.left) throw new RangeError('more content than was told');
    this.left -= size;
  }

  /**
   * Holds the first piece back if the head announces no length.
   * @param lasting the bytes don't change until they have left
   * @param written called back when they have left
   * @returns true if the piece is held back
   */
  hold(bytes: Uint8Array, lasting: boolean, written: Taken | undefined): boolean {
    if (this.held !== undefined || this.length >= 0) return false;
    this.held = lasting ? bytes : Buffer.from(bytes);
    this.heldWritten = written;
    return true;
  }

  /** Ends content whose head is still held back, so that the head can announce the length. */
  endHeld(): void {
    this.length = this.held?.length ?? 0;
    this.left = 0;
  }

  /** Puts the piece that was held back into the outflow, behind its head. */
  writeHeld(outflow: Outflow): void {
    const { held, heldWritten } = this;
    if (held === undefined) return;
    this.held = undefined;
    this.heldWritten = undefined;
    this.writePiece(outflow, held, true);
    if (heldWritten !== undefined) outflow.whenTaken(heldWritten);
  }

  /** Drops the piece that was held back. */
  dropHeld(reason: Error): void {
    const { heldWritten } = this;
    this.held = undefined;
    this.heldWritten = undefined;
    if (heldWritten !== undefined) tellLater(heldWritten, reason);
  }

  /** Puts a piece into the outflow. @param lasting the bytes don't change until they have left */
  writePiece(outflow: Outflow, bytes: Uint8Array, lasting: boolean): void {
    this.sentBytes += bytes.length;
    if (!this.chunked) {
      outflow.writePiece(bytes, lasting);
      return;
    }
    const size = bytes.length;
    outflow.reserve(0);
    this.writeFrame(outflow, `${this.chunkOpen ? CRLF : ''}${size.toString(16)}\r\n`);
    outflow.writePiece(bytes, lasting);
    // The end of a large chunk leaves with the next bytes.
    this.chunkOpen = size > COPIED_BYTES_MAX;
    if (!this.chunkOpen) this.writeFrame(outflow, CRLF);
  }

  /** Puts the end of the content into the outflow. @param trailers field lines, each with its CRLF */
  writeEnd(outflow: Outflow, trailers: string): void {
    if (!this.chunked) return;
    outflow.reserve(trailers.length);
    this.writeFrame(outflow, `${this.chunkOpen ? CRLF : ''}${LAST_CHUNK}${trailers}\r\n`);
  }

  /** Puts a part of the chunked coding into the outflow (RFC 9112 7.1). */
  private writeFrame(outflow: Outflow, text: string): void {
    outflow.writeText(text);
    this.sentBytes += text.length;
  }
}
