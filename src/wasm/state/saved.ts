// The values of a snapshot: those of gauges, and the keys of limiters. They wait in an index that all threads read. A thread
// that claims a name copies the value of the name into its row before it uses the row. Several threads may do so at the same
// time. None overwrites a newer value: the bits of a gauge, and the pointer of a limiter's table, are set by a
// compare-exchange from 0.

import { KIND_GAUGE, KIND_LIMITER } from '../../memory/codes.ts';
import { HEADER_SAVED, PAGE_BYTES } from '../../memory/layout.ts';
import {
  SAVED_COUNT,
  SAVED_ENTRIES,
  SAVED_ENTRY_BYTES,
  SAVED_KIND,
  SAVED_NAME,
  SAVED_TABLE,
  SAVED_VALUE,
  STATE_EXTENT,
  STATE_NAME_BYTES,
} from '../../memory/state-layout.ts';
import type { Exports, WasmMemory } from '../instance.ts';
import { nameBytesOf } from './names.ts';

/** A value of a snapshot. `table` is the pointer of a table with the keys of the limiter. */
export type Saved =
  | { kind: 'gauge'; name: string; value: number }
  | { kind: 'limiter'; name: string; table: number };

/**
 * Allocates pages at the end of the memory, filled with 0.
 * @returns pointer of the first one
 * @throws RangeError when the memory has reached its maximum
 */
export function newPages(memory: WasmMemory, bytes: number): number {
  return memory.grow(Math.ceil(bytes / PAGE_BYTES)) * PAGE_BYTES;
}

/** Publishes the values to all threads, in the place of earlier ones. @throws RangeError when the memory has no room */
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

/** Copies the snapshot's value of a name into its row, if there is one. @param row pointer of the row that has been claimed */
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

/** Returns the pointer of an entry of the index, or 0. */
function findSaved(memory: WasmMemory, kind: number, name: string): number {
  const index =
    Atomics.load(new Int32Array(memory.buffer, 0, (HEADER_SAVED >> 2) + 1), HEADER_SAVED >> 2) >>> 0;
  if (index === 0) return 0;
  // Another thread has grown the memory for the index: grow() makes this thread see it.
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
