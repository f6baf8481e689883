// Names of named state. Each row has a name and a kind. The first thread that asks for a name claims a row for it. There is
// no lock: a thread may be terminated at any moment, and a lock that it holds would never be released.
//
// The name of a row is a sequence of 32-bit words. The first byte is the size of the name, and no word is 0. Each word is
// set once, by a compare-exchange from 0. A thread that finds a different word than its own goes on with the next row. So
// threads that claim the same name complete the same row, and of threads with different names one gets the row. The kind
// is set in the same way, after the whole name.

import {
  KIND_COUNTER_ATOMIC,
  KIND_COUNTER_LEASED,
  KIND_GAUGE,
  KIND_HISTOGRAM,
  KIND_LIMITER,
  KIND_MUTEX,
} from '../../memory/codes.ts';
import { HEADER_LEASE_SHIFT, STATE, STATE_COUNT_MAX, STATE_ROW_BYTES } from '../../memory/layout.ts';
import { STATE_KIND, STATE_NAME, STATE_NAME_BYTES } from '../../memory/state-layout.ts';
import type { Views } from '../../memory/views.ts';

/** The kinds of named state. */
export const KIND_NAMES = ['counter', 'gauge', 'mutex', 'limiter', 'histogram'] as const;
export type Kind = (typeof KIND_NAMES)[number];

export function isKind(text: string): text is Kind {
  return (KIND_NAMES as readonly string[]).includes(text);
}

/** The largest number of names. */
export const NAMES_MAX = STATE_COUNT_MAX;
/** The largest size of a name in UTF-8: one byte of the row is its size. */
export const NAME_BYTES_MAX = STATE_NAME_BYTES - 1;
/** The prefix of the server's own names. */
export const OWN_PREFIX = 'hotpath:';
/** The counter of the built-in app. Every memory has it in its first row. */
export const HELLO_NAME = `${OWN_PREFIX}hello`;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Finds or claims the row of a name.
 * @returns the index of the row, the same in every thread
 * @throws TypeError or RangeError when the name is not valid
 * @throws TypeError when the name is used for another kind
 * @throws RangeError when all rows have other names
 */
export function claimRow({ words }: Views, kind: Kind, name: string): number {
  const wanted = wordsOf(kind, name);
  for (let index = 0; index < STATE_COUNT_MAX; index++) {
    if (!claim(words, index, wanted)) continue;
    const place = (STATE + index * STATE_ROW_BYTES + STATE_KIND) >> 2;
    Atomics.compareExchange(words, place, 0, codeOf(words, kind));
    const found = kindOf(Atomics.load(words, place));
    if (found !== kind) throw new TypeError(`'${name}' is a ${found} already, so it can't be a ${kind}`);
    return index;
  }
  throw new RangeError(`no room for ${kind} '${name}': there are ${STATE_COUNT_MAX} other names`);
}

/** The name of a row; undefined when no thread has claimed it, or when its name is not complete. */
export function nameOf({ bytes, words }: Views, index: number): string | undefined {
  const place = placeOf(index);
  const size = Atomics.load(words, place >> 2) === 0 ? 0 : (bytes[place] as number);
  const name = bytes.slice(place + 1, place + 1 + size);
  return size === 0 || name.includes(0) ? undefined : decoder.decode(name);
}

/** @throws TypeError or RangeError when the name is not valid */
export function checkName(kind: Kind, name: string): void {
  // Every lone surrogate has the same UTF-8, so two different names would share a row.
  if (typeof name !== 'string' || name === '' || /[\0\p{Surrogate}]/u.test(name))
    throw new TypeError(`a ${kind}'s name is text without NUL, not ${JSON.stringify(name)}`);
  if (encoder.encode(name).length > NAME_BYTES_MAX)
    throw new RangeError(`a ${kind}'s name has at most ${NAME_BYTES_MAX} bytes: '${name.slice(0, 40)}…'`);
}

/** Whether a text is a valid name. */
export function isName(text: string): boolean {
  try {
    checkName('gauge', text);
    return true;
  } catch {
    return false;
  }
}

function codeOf(words: Int32Array, kind: Kind): number {
  switch (kind) {
    case 'counter':
      return words[HEADER_LEASE_SHIFT >> 2] === 0 ? KIND_COUNTER_ATOMIC : KIND_COUNTER_LEASED;
    case 'gauge':
      return KIND_GAUGE;
    case 'mutex':
      return KIND_MUTEX;
    case 'limiter':
      return KIND_LIMITER;
    case 'histogram':
      return KIND_HISTOGRAM;
  }
}

/** The kind of a row. @param code one of KIND_* */
export function kindOf(code: number): Kind {
  switch (code) {
    case KIND_GAUGE:
      return 'gauge';
    case KIND_MUTEX:
      return 'mutex';
    case KIND_LIMITER:
      return 'limiter';
    case KIND_HISTOGRAM:
      return 'histogram';
    default:
      return 'counter';
  }
}

function claim(words: Int32Array, index: number, wanted: Int32Array): boolean {
  const place = placeOf(index) >> 2;
  return wanted.every((word, i) => {
    const found = Atomics.compareExchange(words, place + i, 0, word);
    return found === 0 || found === word;
  });
}

function placeOf(index: number): number {
  return STATE + index * STATE_ROW_BYTES + STATE_NAME;
}

function wordsOf(kind: Kind, name: string): Int32Array {
  checkName(kind, name);
  return new Int32Array(nameBytesOf(name).buffer);
}

/** Encodes a name as a row holds it: its size, then UTF-8, padded with 0 to a multiple of 4 bytes. */
export function nameBytesOf(name: string): Uint8Array<ArrayBuffer> {
  const text = encoder.encode(name);
  const bytes = new Uint8Array(Math.ceil((1 + text.length) / 4) * 4);
  bytes[0] = text.length;
  bytes.set(text, 1);
  return bytes;
}
