// The words of the header that concern all threads: the version of the map, and the generations of threads.

import { HEADER_GENERATIONS, HEADER_VERSION, LAYOUT_VERSION } from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';

/** The generation of a thread that no server has started. */
export const FIRST_GENERATION = 1;

/** Whether the memory was laid out by this version of the map. */
export function fitsVersion({ words }: Views): boolean {
  return words[HEADER_VERSION >> 2] === LAYOUT_VERSION;
}

/** @throws Error when the memory was laid out by another version of the map */
export function checkVersion(views: Views): void {
  if (!fitsVersion(views))
    throw new Error(
      `shared memory has layout version ${views.words[HEADER_VERSION >> 2]}, this is ${LAYOUT_VERSION}`,
    );
}

/** The number of one more generation: later than all before it, and than FIRST_GENERATION. */
export function newGeneration({ words }: Views): number {
  return FIRST_GENERATION + 1 + Atomics.add(words, HEADER_GENERATIONS >> 2, 1);
}
