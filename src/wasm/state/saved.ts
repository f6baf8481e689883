// The values of a snapshot, for the threads that first ask for their names: gauges' values and limiters' tables, in an
// index that all threads read. A thread that has claimed a row takes what belongs there before it uses the row. Threads that
// come at once help each other, and what one of them has written since is never overwritten: a gauge's bits are 0, and
// a limiter's pointer is, only until a thread has set them.

import { KIND_GAUGE, KIND_LIMITER } from '../../memory/codes.ts';
import {
  HEADER_SAVED,
  PAGE_BYTES,
  SAVED_COUNT,
  SAVED_ENTRIES,
  SAVED_ENTRY_BYTES,
  SAVED_KIND,
  SAVED_NAME,
  SAVED_TABLE,
  SAVED_VALUE,
  STATE_EXTENT,
  STATE_NAME_BYTES,
} from '../../memory/layout.ts';
import type { Exports, WasmMemory } from '../instance.ts';
import { nameBytesOf } from './names.ts';

/** A value that waits for a thread that asks for its name: a gauge's, or a limiter's table. */
export type Saved =
  | { kind: 'gauge'; name: string; value: number }
  | { kind: 'limiter'; name: string; table: number };

/**
 * Pointer of so many bytes of fresh memory, in which all is 0.
 * @throws RangeError when there is no room
 */
export function newPages(memory: WasmMemory, bytes: number): number {
  return memory.grow(Math.ceil(bytes / PAGE_BYTES)) * PAGE_BYTES;
}

/** Has all threads find these values from now on, in the place of those before. @throws RangeError without room */
export function offerSaved(memory: WasmMemory, saved: readonly Saved[]): void {
  const index = saved.length === 0 ? 0 : layIndex(memory, saved);
  Atomics.store(new Int32Array(memory.buffer), HEADER_SAVED >> 2, index);
}

function layIndex(memory: WasmMemory, saved: readonly Saved[]): number {
  const index = newPages(memory, SAVED_ENTRIES + saved.length * SAVED_ENTRY_BYTES);
  const data = new DataView(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  data.setInt32(index + SAVED_COUNT, saved.length, true);
  for (const [i, value] of saved.entries()) {
    const entry = index + SAVED_ENTRIES + i * SAVED_ENTRY_BYTES;
    data.setInt32(entry + SAVED_KIND, value.kind === 'gauge' ? KIND_GAUGE : KIND_LIMITER, true);
    if (value.kind === 'gauge') data.setFloat64(entry + SAVED_VALUE, value.value, true);
    else data.setUint32(entry + SAVED_TABLE, value.table, true);
    bytes.set(nameBytesOf(value.name), entry + SAVED_NAME);
  }
  return index;
}

/** Gives the row of this name, which its kind has been claimed for, what a snapshot has for it. */
export function takeSaved(
  memory: WasmMemory,
  { gaugeRestore }: Exports,
  kind: 'gauge' | 'limiter',
  name: string,
  row: number,
): void {
  const entry = findSaved(memory, kind === 'gauge' ? KIND_GAUGE : KIND_LIMITER, name);
  if (entry === 0) return;
  const data = new DataView(memory.buffer);
  if (kind === 'gauge') gaugeRestore(row, data.getFloat64(entry + SAVED_VALUE, true));
  else {
    const table = data.getInt32(entry + SAVED_TABLE, true);
    Atomics.compareExchange(new Int32Array(memory.buffer), (row + STATE_EXTENT) >> 2, 0, table);
  }
}

/** Pointer of an entry of the index, or 0. */
function findSaved(memory: WasmMemory, kind: number, name: string): number {
  const index =
    Atomics.load(new Int32Array(memory.buffer, 0, (HEADER_SAVED >> 2) + 1), HEADER_SAVED >> 2) >>> 0;
  if (index === 0) return 0;
  // The index lies behind the end of what this thread has seen of the memory.
  memory.grow(0);
  const words = new Int32Array(memory.buffer);
  const bytes = Buffer.from(memory.buffer);
  const wanted = Buffer.alloc(STATE_NAME_BYTES);
  wanted.set(nameBytesOf(name));
  for (let i = 0; i < (words[(index + SAVED_COUNT) >>> 2] as number); i++) {
    const entry = index + SAVED_ENTRIES + i * SAVED_ENTRY_BYTES;
    const place = entry + SAVED_NAME;
    if (
      words[(entry + SAVED_KIND) >>> 2] === kind &&
      wanted.equals(bytes.subarray(place, place + STATE_NAME_BYTES))
    )
      return entry;
  }
  return 0;
}
