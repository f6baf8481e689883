// A thread's scratch page, through which texts get to the functions of named state: see assembly/state/scratch.ts.

import { createHash, randomFillSync } from 'node:crypto';
import { SCRATCH_TEXT, SCRATCH_TEXT_BYTES } from '../../memory/layout.ts';
import type { Exports, WasmMemory } from '../instance.ts';

/** UTF-8 of one UTF-16 code unit. */
const UNIT_BYTES_MAX = 3;
/** Up to here, writing unit by unit is cheaper than a call. */
const SHORT_LENGTH_MAX = 40;
const LENGTH_MAX = Math.floor(SCRATCH_TEXT_BYTES / UNIT_BYTES_MAX);
const ASCII_MAX = 0x7f;

export class Scratch {
  readonly pointer: number;
  private readonly text: Buffer;

  /**
   * @param owner number of the thread
   * @throws RangeError when there is no room for one
   */
  constructor(memory: WasmMemory, exports: Exports, owner: number) {
    // WebAssembly's pointers have no sign, its numbers have.
    this.pointer = exports.scratchFor(owner) >>> 0;
    if (this.pointer === 0) throw new RangeError('no room in memory for one more scratch page');
    // The page lies behind the end of what this thread has seen of the memory.
    memory.grow(0);
    this.text = Buffer.from(memory.buffer, this.pointer + SCRATCH_TEXT, SCRATCH_TEXT_BYTES);
  }

  /** Lays a text into the page. Returns its size in bytes; of a text that is too long it is a digest. */
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

  /** Lays bytes into the page. */
  lay(bytes: Uint8Array): void {
    this.text.set(bytes);
  }

  /** Lays random bits into the page. */
  randomize(bytes: number): void {
    randomFillSync(this.text, 0, bytes);
  }
}
