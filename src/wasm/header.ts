// The words of the header that all threads use: the version of the layout, the number of generations, and the limits.

import {
  HEADER_CONTENT_BYTES_MAX,
  HEADER_FIELD_COUNT_MAX,
  HEADER_GENERATIONS,
  HEADER_HEAD_BYTES_MAX,
  HEADER_RELOADS,
  HEADER_RESTARTS,
  HEADER_STALLS,
  HEADER_VERSION,
  LAYOUT_VERSION,
} from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';

/** The generation of a thread that was not started by a server. */
export const FIRST_GENERATION = 1;

/** Whether the memory has the layout version of this code. */
export function fitsVersion({ words }: Views): boolean {
  return words[HEADER_VERSION >> 2] === LAYOUT_VERSION;
}

/** @throws Error when the memory has another layout version */
export function checkVersion(views: Views): void {
  if (!fitsVersion(views))
    throw new Error(
      `the shared memory has layout version ${views.words[HEADER_VERSION >> 2]}, this hotpath needs ${LAYOUT_VERSION}`,
    );
}

/** Starts a generation. Returns its number, which is greater than FIRST_GENERATION and all numbers before. */
export function newGeneration({ words }: Views): number {
  return FIRST_GENERATION + 1 + Atomics.add(words, HEADER_GENERATIONS >> 2, 1);
}

/** Counts a thread that has died and is replaced. */
export function countRestart({ words }: Views): void {
  Atomics.add(words, HEADER_RESTARTS >> 2, 1);
}

/** Counts an event loop that has stood still for the stall timeout. */
export function countStall({ words }: Views): void {
  Atomics.add(words, HEADER_STALLS >> 2, 1);
}

/** Counts a generation that has replaced another. */
export function countReload({ words }: Views): void {
  Atomics.add(words, HEADER_RELOADS >> 2, 1);
}

/** The limits of a message, in any version of HTTP. */
export interface MessageLimits {
  headBytesMax: number;
  fieldCountMax: number;
  contentBytesMax: number;
}

/** Reads the limits that the engines apply. */
export function messageLimits({ words, doubles }: Views): MessageLimits {
  return {
    headBytesMax: words[HEADER_HEAD_BYTES_MAX >> 2] as number,
    fieldCountMax: words[HEADER_FIELD_COUNT_MAX >> 2] as number,
    contentBytesMax: doubles[HEADER_CONTENT_BYTES_MAX >> 3] as number,
  };
}
