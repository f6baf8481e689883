// Waiting for a word of the shared memory to change, without keeping the thread from its other work.

import { STATE_MUTEX } from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';

/**
 * Waits until somebody wakes those that wait for the mutex of a row.
 * @param seen the word that was there; if there is another one already, there is nothing to wait for: undefined
 */
export function mutexWoken({ words }: Views, pointer: number, seen: number): Promise<unknown> | undefined {
  const waiting = Atomics.waitAsync(words, (pointer + STATE_MUTEX) >> 2, seen);
  return waiting.async ? waiting.value : undefined;
}
