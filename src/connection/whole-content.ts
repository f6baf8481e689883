// Content in one piece, which grows as it is received.

import { copyBytes } from '../wasm/copy.ts';
import { allocate, copyOf } from './own-bytes.ts';

/** Memory that is allocated at first for content of unknown length. */
const UNKNOWN_BYTES_FIRST = 65_536;
/** Most memory that is allocated at first: a client may announce a length that it never sends. */
const BYTES_FIRST_MAX = 1_048_576;

export class WholeContent {
  private room: Uint8Array;
  private size = 0;

  constructor(private readonly length: number | undefined) {
    this.room = allocate(Math.min(length ?? UNKNOWN_BYTES_FIRST, BYTES_FIRST_MAX));
  }

  get bytes(): Uint8Array {
    return this.size === this.room.length ? this.room : copyOf(this.room, 0, this.size);
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    copyBytes(bytes.subarray(start, end), this.roomFor(end - start), 0);
    this.size += end - start;
  }

  landed(bytes: number): void {
    this.size += bytes;
  }

  /** Returns the memory behind the content for so many bytes. */
  roomFor(bytes: number): Uint8Array {
    const size = this.size + bytes;
    if (size > this.room.length) {
      const grown = allocate(
        Math.max(size, Math.min(this.room.length * 2, this.length ?? Number.POSITIVE_INFINITY)),
      );
      grown.set(this.room.subarray(0, this.size));
      this.room = grown;
    }
    return this.room.subarray(this.size, size);
  }
}
