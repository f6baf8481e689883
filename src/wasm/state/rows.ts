// The rows of named state: where each one lies, and which ones are of a kind.

import { STATE, STATE_COUNT_MAX, STATE_KIND, STATE_ROW_BYTES, STATE_VALUE } from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';
import { nameOf } from './names.ts';

/** Pointer of a row of named state. @throws RangeError when there is no such row */
export function rowPointer(index: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= STATE_COUNT_MAX)
    throw new RangeError(`there is no row ${index} of named state`);
  return STATE + index * STATE_ROW_BYTES;
}

/** The rows of a kind, one of KIND_*, that have a name: their pointers, by it. */
export function rowsOf(views: Views, kind: number): Map<string, number> {
  const rows = new Map<string, number>();
  for (let index = 0; index < STATE_COUNT_MAX; index++) {
    const pointer = rowPointer(index);
    if (Atomics.load(views.words, (pointer + STATE_KIND) >> 2) !== kind) continue;
    const name = nameOf(views, index);
    if (name !== undefined) rows.set(name, pointer);
  }
  return rows;
}

/** Says how a counter is added to: one of KIND_COUNTER_*. Before any thread counts. */
export function setCounting({ words }: Views, index: number, kind: number): void {
  words[(rowPointer(index) + STATE_KIND) >> 2] = kind;
}

/** Sets a counter that no other thread can reach. @param value a whole number up to 2^53 - 1 */
export function setCounter({ data }: Views, index: number, value: number): void {
  data.setBigInt64(rowPointer(index) + STATE_VALUE, BigInt(value), true);
}
