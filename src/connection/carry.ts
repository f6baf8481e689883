// The carry of a connection: the input that it keeps between two turns. These are the bytes not yet served and, if a message
// is half parsed, its record. It grows by doubling, so a peer that sends single bytes costs linear time.

import type { Slot } from '../wasm/slot.ts';

const EMPTY_LINE_BYTES = 2;

export class Carry {
  private bytes: Uint8Array;
  private length: number;
  private record: Uint8Array | undefined;
  /** False if there is only the empty line that may stand before a request (RFC 9112 2.2). */
  begun: boolean;
  /** The head is whole, but content or trailers are missing. */
  inContent: boolean;
  /** The bytes are content of a request that was handed to the application, which may have answered it by now. */
  handedOver: boolean;

  /** Copies [start, end) out of the slot, and the unfinished record with it. */
  constructor(
    private readonly slot: Slot,
    start: number,
    end: number,
  ) {
    this.bytes = slot.copy(start, end);
    this.length = end - start;
    this.begun = this.length > EMPTY_LINE_BYTES || !slot.record.beforeRequest;
    this.inContent = slot.record.inContent;
    this.handedOver = slot.record.handedOver;
    this.record = slot.record.take();
  }

  /** The number of bytes that wait. */
  get size(): number {
    return this.length;
  }

  /** Returns the bytes that wait. The carry is not used after that. */
  take(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Puts bytes and record back into the slot, before the bytes that were just read (0: none). @returns where they start */
  restore(readBytes: number): number {
    if (this.record !== undefined) this.slot.record.restore(this.record);
    return this.slot.layBefore(this.bytes.subarray(0, this.length), readBytes);
  }

  /** After restore(): adds [start, end), which was read behind it. Nothing was served. */
  append(start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const grown = new Uint8Array(length * 2);
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(this.slot.views.bytes.subarray(start, end), this.length);
    this.length = length;
    this.begun = length > EMPTY_LINE_BYTES || !this.slot.record.beforeRequest;
    this.inContent = this.slot.record.inContent;
    this.handedOver = this.slot.record.handedOver;
    this.record = this.slot.record.take(this.record);
  }

  /** After restore(): keeps [start, end). All bytes before have been served. */
  renew(start: number, end: number): void {
    this.length = 0;
    this.append(start, end);
  }
}
