// Names of the counters. A name is claimed by whichever thread comes first with it, and without a lock: a
// thread may be ended at any moment, and would take the lock with it.
//
// A row's name is 32-bit words, its size in the first byte. Each word is set once, from 0, by whoever comes
// first; who finds another word there than its own goes on to the next row. So threads with one name help
// each other at one row, of different names one wins, and no word of a name is 0.

import type { Views } from '../protocol/js/views.ts';
import { COUNTER_COUNT_MAX, COUNTER_NAME, COUNTER_NAME_BYTES, COUNTERS, ROW_BYTES } from './layout.ts';

/** In UTF-8, beside the byte that holds it. */
export const NAME_BYTES_MAX = COUNTER_NAME_BYTES - 1;
/** Names that begin so are the server's own. */
export const OWN_PREFIX = 'hotpath:';
/** The counter of the built-in app: the first one of every memory. */
export const HELLO_NAME = `${OWN_PREFIX}hello`;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The index of the counter of this name, the same in every thread.
 * @throws TypeError, RangeError when it can't be a name, RangeError when all rows have other names
 */
export function claimCounter({ words }: Views, name: string): number {
  const wanted = wordsOf(name);
  for (let index = 0; index < COUNTER_COUNT_MAX; index++) if (claim(words, index, wanted)) return index;
  throw new RangeError(`no room for counter '${name}': there are ${COUNTER_COUNT_MAX} others`);
}

/** The name of a counter; undefined when nobody has claimed it, or not to the end. */
export function counterName({ bytes, words }: Views, index: number): string | undefined {
  const place = placeOf(index);
  const size = Atomics.load(words, place >> 2) === 0 ? 0 : (bytes[place] as number);
  const name = bytes.slice(place + 1, place + 1 + size);
  return size === 0 || name.includes(0) ? undefined : decoder.decode(name);
}

/** @throws TypeError or RangeError when it can't be the name of a counter */
export function checkName(name: string): void {
  // Half of a surrogate pair has no UTF-8 of its own, so two such names would be one.
  if (typeof name !== 'string' || name === '' || /[\0\p{Surrogate}]/u.test(name))
    throw new TypeError(`a counter's name is text without NUL, not ${JSON.stringify(name)}`);
  if (encoder.encode(name).length > NAME_BYTES_MAX)
    throw new RangeError(`a counter's name has at most ${NAME_BYTES_MAX} bytes: '${name.slice(0, 40)}…'`);
}

function claim(words: Int32Array, index: number, wanted: Int32Array): boolean {
  const place = placeOf(index) >> 2;
  return wanted.every((word, i) => {
    const found = Atomics.compareExchange(words, place + i, 0, word);
    return found === 0 || found === word;
  });
}

function placeOf(index: number): number {
  return COUNTERS + index * ROW_BYTES + COUNTER_NAME;
}

function wordsOf(name: string): Int32Array {
  checkName(name);
  const text = encoder.encode(name);
  const bytes = new Uint8Array(Math.ceil((1 + text.length) / 4) * 4);
  bytes[0] = text.length;
  bytes.set(text, 1);
  return new Int32Array(bytes.buffer);
}
