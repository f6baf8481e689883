// The head of a request, read where it lies: its bytes in the slot's input, its parts in the slot's record. Both are
// overwritten in the turn after; a head that is needed longer is detached.

import {
  FIELD_BYTES,
  FIELD_NAME_BYTES,
  FIELD_NAME_OFFSET,
  FIELD_VALUE_BYTES,
  FIELD_VALUE_OFFSET,
  RECORD_FIELD_COUNT,
  RECORD_FIELDS,
  RECORD_HEAD_BYTES,
  RECORD_METHOD_BYTES,
  RECORD_METHOD_OFFSET,
  RECORD_TARGET_BYTES,
  RECORD_TARGET_OFFSET,
  RECORD_VERSION_MINOR,
} from './layout.ts';

/** Buffer's own, without the checks of toString(). */
interface Latin1 {
  latin1Slice(start: number, end: number): string;
}

export class RecordHead {
  private bytes: Uint8Array | undefined;
  private halves: Uint16Array;
  /** Index of the record in `halves`. */
  private record: number;
  /** Where the head begins in `bytes`. */
  private start: number;

  /**
   * @param bytes the memory, as a Buffer
   * @param halves the same, two bytes each
   * @param record pointer of the record
   * @param start pointer of the head
   */
  constructor(bytes: Uint8Array, halves: Uint16Array, record: number, start: number) {
    this.bytes = bytes;
    this.halves = halves;
    this.record = record >> 1;
    this.start = start;
  }

  get method(): string {
    return this.text(RECORD_METHOD_OFFSET, RECORD_METHOD_BYTES);
  }

  get target(): string {
    return this.text(RECORD_TARGET_OFFSET, RECORD_TARGET_BYTES);
  }

  get versionMinor(): number {
    this.there();
    return this.half(RECORD_VERSION_MINOR);
  }

  get fieldCount(): number {
    this.there();
    return this.half(RECORD_FIELD_COUNT);
  }

  fieldName(index: number): string {
    const field = RECORD_FIELDS + index * FIELD_BYTES;
    return this.text(field + FIELD_NAME_OFFSET, field + FIELD_NAME_BYTES);
  }

  fieldValue(index: number): string {
    const field = RECORD_FIELDS + index * FIELD_BYTES;
    return this.text(field + FIELD_VALUE_OFFSET, field + FIELD_VALUE_BYTES);
  }

  findField(name: string, from = 0): number {
    const { fieldCount, halves, start } = this;
    const bytes = this.there();
    const { length } = name;
    let place = this.record + ((RECORD_FIELDS + from * FIELD_BYTES) >> 1);
    for (let index = from; index < fieldCount; index++, place += FIELD_BYTES >> 1) {
      if (halves[place + (FIELD_NAME_BYTES >> 1)] !== length) continue;
      const at = start + (halves[place + (FIELD_NAME_OFFSET >> 1)] as number);
      let i = 0;
      while (i < length && lower(bytes[at + i] as number) === name.charCodeAt(i)) i++;
      if (i === length) return index;
    }
    return -1;
  }

  /** Copies out what lies in the slot. */
  detach(): void {
    const record = this.record;
    const size = RECORD_FIELDS + this.fieldCount * FIELD_BYTES;
    const headBytes = this.half(RECORD_HEAD_BYTES);
    this.bytes = Buffer.from(this.there().subarray(this.start, this.start + headBytes));
    this.halves = this.halves.slice(record, record + (size >> 1));
    this.record = 0;
    this.start = 0;
  }

  /** What lies in the slot will soon be another request's. */
  release(): void {
    this.bytes = undefined;
  }

  private text(offset: number, size: number): string {
    const bytes = this.there() as unknown as Latin1;
    const from = this.start + this.half(offset);
    return bytes.latin1Slice(from, from + this.half(size));
  }

  private half(offset: number): number {
    return this.halves[this.record + (offset >> 1)] as number;
  }

  private there(): Uint8Array {
    if (this.bytes === undefined)
      throw new Error('the request has been answered: read what is needed of it before, or return a promise');
    return this.bytes;
  }
}

/** A letter in lower case; the other bytes of a token don't collide with letters. */
function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
