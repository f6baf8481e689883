// The head of a request, copied out of the slot. The copies are strings, which take half the time of a Buffer to make.

import {
  FIELD_BYTES,
  FIELD_NAME_BYTES,
  FIELD_NAME_OFFSET,
  RECORD_FIELD_COUNT,
  RECORD_FIELDS,
} from '../memory/layout.ts';

export class HeadCopy {
  /**
   * @param record the bytes of the record, Latin-1
   * @param head the bytes of the head, Latin-1
   */
  constructor(
    private readonly record: string,
    private readonly head: string,
  ) {}

  /** Returns the 16-bit number at `offset` of the record. */
  half(offset: number): number {
    const { record } = this;
    return record.charCodeAt(offset) | (record.charCodeAt(offset + 1) << 8);
  }

  /** Returns the part of the head whose position and size the record has at these offsets. */
  text(offset: number, size: number): string {
    const from = this.half(offset);
    return this.head.slice(from, from + this.half(size));
  }

  /** Returns the index of the first field with this lower-case name from index `from` on, or -1. */
  findField(name: string, from: number): number {
    const fieldCount = this.half(RECORD_FIELD_COUNT);
    for (let index = from; index < fieldCount; index++) {
      const field = RECORD_FIELDS + index * FIELD_BYTES;
      if (this.half(field + FIELD_NAME_BYTES) !== name.length) continue;
      // A field name has no letters beyond ASCII.
      if (this.text(field + FIELD_NAME_OFFSET, field + FIELD_NAME_BYTES).toLowerCase() === name) return index;
    }
    return -1;
  }
}
