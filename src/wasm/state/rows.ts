// The rows of named state: their pointers, and two settings of a counter's row that no other thread can see yet.

import { STATE, STATE_COUNT_MAX, STATE_ROW_BYTES } from '../../memory/layout.ts';
import { STATE_KIND, STATE_VALUE } from '../../memory/state-layout.ts';
import type { Views } from '../../memory/views.ts';
import { nameOf } from './names.ts';

/** Pointer of row `index`. @throws RangeError when there is no such row */
export function rowPointer(index: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= STATE_COUNT_MAX)
    throw new RangeError(`there is no row ${index} of named state`);
  return STATE + index * STATE_ROW_BYTES;
}

/** Finds the rows of a kind. @param kind one of KIND_* @returns pointers of the rows, by name */
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

/** Sets how numbers are added to a counter, before any thread does. @param kind one of KIND_COUNTER_* */
export function setCounting({ words }: Views, index: number, kind: number): void {
  words[(rowPointer(index) + STATE_KIND) >> 2] = kind;
}

/** Sets a counter that no other thread uses. @param value a safe integer */
export function setCounter({ data }: Views, index: number, value: number): void {
  data.setBigInt64(rowPointer(index) + STATE_VALUE, BigInt(value), true);
}
