// The ids of requests. A trusted proxy may pass one; otherwise the server makes one, from a random prefix of the thread and a
// count. No two threads, restarts or machines make the same id.

import { randomInt } from 'node:crypto';
import { type KeptBytes, keepLatin1 } from '../wasm/slot.ts';

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';
const PREFIX_DIGITS = 11;
const COUNT_DIGITS = 8;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;

/** An id that a proxy passes: a short text of safe characters, such as a UUID, or a trace id. */
const PASSED_ID = /^[\w.:/+=@~-]{1,128}$/;

/** Whether an id that a trusted proxy passes may be used. */
export function isRequestId(text: string): boolean {
  return PASSED_ID.test(text);
}

export class RequestIds {
  private readonly kept: KeptBytes;
  private readonly bytes: Uint8Array;

  constructor() {
    const prefix = Array.from({ length: PREFIX_DIGITS }, () => DIGITS[randomInt(DIGITS.length)]).join('');
    this.kept = keepLatin1(`${prefix}-${'0'.repeat(COUNT_DIGITS)}`);
    this.bytes = new Uint8Array(this.kept.words.buffer);
  }

  /** Makes an id. The bytes are those of the next id after the next call. */
  next(): KeptBytes {
    const { bytes, kept } = this;
    // The digits count from 0 to z, without a number that would have to be written.
    let at = kept.size - 1;
    while (bytes[at] === LOWER_Z) bytes[at--] = ZERO;
    bytes[at] = bytes[at] === NINE ? LOWER_A : (bytes[at] as number) + 1;
    return kept;
  }

  /** Makes an id as a text. */
  nextText(): string {
    const { size } = this.next();
    return Buffer.from(this.bytes.buffer, 0, size).toString('latin1');
  }
}
