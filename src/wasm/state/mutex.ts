// Waits for a mutex without blocking the thread. The mutex itself is in assembly/state/mutex.ts.

import { STATE_MUTEX } from '../../memory/state-layout.ts';
import type { Views } from '../../memory/views.ts';

/**
 * Waits until the word of a mutex changes.
 * @param pointer of the mutex's row
 * @param seen the word as it was read
 * @returns undefined when the word is a different one already
 */
export function mutexWoken({ words }: Views, pointer: number, seen: number): Promise<unknown> | undefined {
  const waiting = Atomics.waitAsync(words, (pointer + STATE_MUTEX) >> 2, seen);
  return waiting.async ? waiting.value : undefined;
}

/** Bits of the word, as assembly/state/mutex.ts has them. */
const FREE = 0;
const WAITED = 2;

/** Returns whether a mutex is held or reserved, and whether threads may wait for it. @param pointer of the mutex's row */
export function mutexState({ words }: Views, pointer: number): { locked: boolean; contended: boolean } {
  const word = Atomics.load(words, (pointer + STATE_MUTEX) >> 2);
  return { locked: word !== FREE, contended: (word & WAITED) !== 0 };
}
