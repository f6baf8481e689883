// What a connection keeps of its input between two turns: the bytes not yet answered and, when a head is
// half parsed, its record. It grows by doubling, so a peer that sends single bytes costs linear time.

import type { Slot } from '../wasm/slot.ts';

const EMPTY_LINE_BYTES = 2;

export class Carry {
  private bytes: Uint8Array;
  private length: number;
  private record: Uint8Array | undefined;
  /** False: there is nothing yet but the empty line that may stand before a request (RFC 9112 2.2). */
  begun: boolean;
  /** The head is whole; content or trailers are missing. */
  inContent: boolean;
  /** Content of a request that an application has been given, and has answered if it is open no more. */
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

  /** How many bytes wait. */
  get size(): number {
    return this.length;
  }

  /** Puts all back before what a read has just brought (0: nothing was read). Returns where it starts. */
  restore(readBytes: number): number {
    if (this.record !== undefined) this.slot.record.restore(this.record);
    return this.slot.layBefore(this.bytes.subarray(0, this.length), readBytes);
  }

  /** After restore(): nothing was answered, so the [start, end) read behind it is all that is new. */
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

  /** After restore(): all before `start` has been consumed, and [start, end) is what waits now. */
  renew(start: number, end: number): void {
    this.length = 0;
    this.append(start, end);
  }
}
