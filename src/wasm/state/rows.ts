// The rows of named state: their pointers, and two settings of a counter's row that no other thread can see yet.

import { STATE, STATE_COUNT_MAX, STATE_ROW_BYTES } from '../../memory/layout.ts';
import { STATE_EXTENT, STATE_KIND, STATE_VALUE } from '../../memory/state-layout.ts';
import type { Views } from '../../memory/views.ts';
import { nameOf } from './names.ts';

/** Pointer of row `index`. @throws RangeError when there is no such row */
export function rowPointer(index: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= STATE_COUNT_MAX)
    throw new RangeError(`there is no row ${index} of named state`);
  return STATE + index * STATE_ROW_BYTES;
}

/** Finds all rows with a name and a kind. */
export function allRows(views: Views): { name: string; code: number; pointer: number }[] {
  return Array.from({ length: STATE_COUNT_MAX }, (_, index) => {
    const pointer = rowPointer(index);
    const code = Atomics.load(views.words, (pointer + STATE_KIND) >> 2);
    return { name: code === 0 ? undefined : nameOf(views, index), code, pointer };
  }).flatMap(({ name, ...row }) => (name === undefined ? [] : [{ name, ...row }]));
}

/** Whether a row has an extent. */
export function hasExtent({ words }: Views, pointer: number): boolean {
  return Atomics.load(words, (pointer + STATE_EXTENT) >> 2) !== 0;
}

/** Finds the rows of a kind. @param kind one of KIND_* @returns pointers of the rows, by name */
export function rowsOf(views: Views, kind: number): Map<string, number> {
  return new Map(
    allRows(views).flatMap(({ name, code, pointer }) => (code === kind ? [[name, pointer]] : [])),
  );
}

/** Sets how numbers are added to a counter, before any thread does. @param kind one of KIND_COUNTER_* */
export function setCounting({ words }: Views, index: number, kind: number): void {
  words[(rowPointer(index) + STATE_KIND) >> 2] = kind;
}

/** Sets a counter of KIND_COUNTER_ATOMIC to 0. Threads may add meanwhile. */
export function resetCounter({ bytes }: Views, pointer: number): void {
  Atomics.store(new BigInt64Array(bytes.buffer, pointer + STATE_VALUE, 1), 0, 0n);
}

/** Sets a counter that no other thread uses. @param value a safe integer */
export function setCounter({ data }: Views, index: number, value: number): void {
  data.setBigInt64(rowPointer(index) + STATE_VALUE, BigInt(value), true);
}
