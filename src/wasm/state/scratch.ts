// The scratch page of a thread: texts for the functions of named state are written there. See assembly/state/scratch.ts.

import { createHash, randomFillSync } from 'node:crypto';
import { SCRATCH_TEXT, SCRATCH_TEXT_BYTES } from '../../memory/state-layout.ts';
import type { Exports, WasmMemory } from '../instance.ts';

/** The largest size of one UTF-16 code unit in UTF-8. */
const UNIT_BYTES_MAX = 3;
/** Up to this length, a loop over the units is faster than a call of write(). */
const SHORT_LENGTH_MAX = 40;
const LENGTH_MAX = Math.floor(SCRATCH_TEXT_BYTES / UNIT_BYTES_MAX);
const ASCII_MAX = 0x7f;

export class Scratch {
  readonly pointer: number;
  private readonly text: Buffer;

  /**
   * Takes the page of the thread, or makes one.
   * @param owner number of the thread
   * @throws RangeError when the memory has no room for a page
   */
  constructor(memory: WasmMemory, exports: Exports, owner: number) {
    // WebAssembly returns a pointer as a signed number.
    this.pointer = exports.scratchFor(owner) >>> 0;
    if (this.pointer === 0) throw new RangeError('no room in memory for one more scratch page');
    // Another thread may have grown the memory: then grow() makes this thread see the page.
    memory.grow(0);
    this.text = Buffer.from(memory.buffer, this.pointer + SCRATCH_TEXT, SCRATCH_TEXT_BYTES);
  }

  /** Writes a text into the page, or its SHA-256 digest when it is too long. Returns the size in bytes. */
  write(text: string): number {
    const { text: page } = this;
    const { length } = text;
    if (length > SHORT_LENGTH_MAX) return this.writeLong(text);
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > ASCII_MAX) return page.write(text);
      page[i] = unit;
    }
    return length;
  }

  private writeLong(text: string): number {
    if (text.length <= LENGTH_MAX) return this.text.write(text);
    return createHash('sha256').update(text).digest().copy(this.text);
  }

  /** Writes bytes into the page. */
  lay(bytes: Uint8Array): void {
    this.text.set(bytes);
  }

  /** Writes random bytes into the page. */
  randomize(bytes: number): void {
    randomFillSync(this.text, 0, bytes);
  }
}
