// The head of a request, read in place: its bytes are in the slot's input, the offsets of its parts in the slot's record.
// Both are overwritten in the next turn. A head that is needed for longer must be detached: it is copied.

import {
  FLAG_HOST,
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_PATCH,
  METHOD_POST,
  METHOD_PUT,
  METHOD_TRACE,
} from '../memory/codes.ts';
import {
  FIELD_BYTES,
  FIELD_NAME_BYTES,
  FIELD_NAME_OFFSET,
  FIELD_VALUE_BYTES,
  FIELD_VALUE_OFFSET,
  RECORD_FIELD_COUNT,
  RECORD_FIELDS,
  RECORD_FLAGS,
  RECORD_HEAD_BYTES,
  RECORD_HOST_BYTES,
  RECORD_HOST_OFFSET,
  RECORD_METHOD,
  RECORD_METHOD_BYTES,
  RECORD_METHOD_OFFSET,
  RECORD_TARGET_BYTES,
  RECORD_TARGET_OFFSET,
  RECORD_VERSION_MINOR,
} from '../memory/layout.ts';
import { answeredError } from '../protocol/request-errors.ts';
import { HeadCopy } from './head-copy.ts';
import { latin1, RecentTexts } from './recent-texts.ts';

const SLASH = 0x2f;

/** The methods that have a number and may be answered. */
export const METHOD_NAMES: Readonly<Record<number, string>> = {
  [METHOD_GET]: 'GET',
  [METHOD_HEAD]: 'HEAD',
  [METHOD_POST]: 'POST',
  [METHOD_PUT]: 'PUT',
  [METHOD_DELETE]: 'DELETE',
  [METHOD_OPTIONS]: 'OPTIONS',
  [METHOD_PATCH]: 'PATCH',
  [METHOD_TRACE]: 'TRACE',
};

const targets = new RecentTexts();
const hosts = new RecentTexts();

export class RecordHead {
  /** The whole memory; undefined when the head does not lie there any more. */
  private bytes: Buffer | undefined;
  private readonly record: number;
  private readonly start: number;
  private copy: HeadCopy | undefined = undefined;

  /**
   * @param bytes the whole memory
   * @param record pointer of the record
   * @param start pointer of the head
   */
  constructor(bytes: Buffer, record: number, start: number) {
    this.bytes = bytes;
    this.record = record;
    this.start = start;
  }

  get method(): string {
    return METHOD_NAMES[this.half(RECORD_METHOD)] ?? this.text(RECORD_METHOD_OFFSET, RECORD_METHOD_BYTES);
  }

  get target(): string {
    return this.recent(targets, RECORD_TARGET_OFFSET, RECORD_TARGET_BYTES);
  }

  get host(): string {
    if ((this.half(RECORD_FLAGS) & FLAG_HOST) === 0) return '';
    return this.recent(hosts, RECORD_HOST_OFFSET, RECORD_HOST_BYTES);
  }

  get originForm(): boolean {
    const { bytes } = this;
    if (bytes === undefined) return this.target.charCodeAt(0) === SLASH;
    return bytes[this.start + this.half(RECORD_TARGET_OFFSET)] === SLASH;
  }

  get versionMinor(): number {
    return this.half(RECORD_VERSION_MINOR);
  }

  get fieldCount(): number {
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
    const { bytes } = this;
    if (bytes === undefined) return this.copied().findField(name, from);
    const { fieldCount, start } = this;
    const { length } = name;
    let field = this.record + RECORD_FIELDS + from * FIELD_BYTES;
    for (let index = from; index < fieldCount; index++, field += FIELD_BYTES) {
      if (halfAt(bytes, field + FIELD_NAME_BYTES) !== length) continue;
      const at = start + halfAt(bytes, field + FIELD_NAME_OFFSET);
      let i = 0;
      while (i < length && lower(bytes[at + i] as number) === name.charCodeAt(i)) i++;
      if (i === length) return index;
    }
    return -1;
  }

  /** Copies head and record, so that the head can be read after this turn. Later calls do nothing. */
  detach(): void {
    const { bytes } = this;
    this.copy =
      bytes === undefined
        ? this.copied()
        : new HeadCopy(
            latin1(bytes, this.record, RECORD_FIELDS + this.fieldCount * FIELD_BYTES),
            latin1(bytes, this.start, this.half(RECORD_HEAD_BYTES)),
          );
    this.bytes = undefined;
  }

  /** Ends the use of the head: from now on every method throws. The slot's bytes will soon be those of another request. */
  release(): void {
    this.bytes = undefined;
    this.copy = undefined;
  }

  private text(offset: number, size: number): string {
    const { bytes } = this;
    if (bytes === undefined) return this.copied().text(offset, size);
    return latin1(bytes, this.start + this.half(offset), this.half(size));
  }

  private recent(texts: RecentTexts, offset: number, size: number): string {
    const { bytes } = this;
    if (bytes === undefined) return this.copied().text(offset, size);
    return texts.read(bytes, this.start + this.half(offset), this.half(size));
  }

  private half(offset: number): number {
    const { bytes } = this;
    return bytes === undefined ? this.copied().half(offset) : halfAt(bytes, this.record + offset);
  }

  private copied(): HeadCopy {
    if (this.copy === undefined)
      throw answeredError(
        'the request has been answered: read what you need before the handler returns, or return a promise',
      );
    return this.copy;
  }
}

function halfAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

/** Turns an upper-case letter into lower case. Other bytes stay as they are. */
function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
