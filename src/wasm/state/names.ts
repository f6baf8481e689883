// Names of named state: each row has one, and is of one kind. A name is claimed by whichever thread comes first with
// it, and without a lock: a thread may be ended at any moment, and would take the lock with it.
//
// A row's name is 32-bit words, its size in the first byte. Each word is set once, from 0, by whoever comes
// first; who finds another word there than its own goes on to the next row. So threads with one name help
// each other at one row, of different names one wins, and no word of a name is 0. The kind is set in the same
// way, when the name is whole.

import {
  KIND_COUNTER_ATOMIC,
  KIND_COUNTER_LEASED,
  KIND_GAUGE,
  KIND_HISTOGRAM,
  KIND_LIMITER,
  KIND_MUTEX,
} from '../../memory/codes.ts';
import {
  HEADER_LEASE_SHIFT,
  STATE,
  STATE_COUNT_MAX,
  STATE_KIND,
  STATE_NAME,
  STATE_NAME_BYTES,
  STATE_ROW_BYTES,
} from '../../memory/layout.ts';
import type { Views } from '../../memory/views.ts';

/** What there is by name. */
export type Kind = 'counter' | 'gauge' | 'mutex' | 'limiter' | 'histogram';

/** There are rows for so many names. */
export const NAMES_MAX = STATE_COUNT_MAX;
/** In UTF-8, beside the byte that holds it. */
export const NAME_BYTES_MAX = STATE_NAME_BYTES - 1;
/** Names that begin so are the server's own. */
export const OWN_PREFIX = 'hotpath:';
/** The counter of the built-in app: the first row of every memory. */
export const HELLO_NAME = `${OWN_PREFIX}hello`;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The index of the row of this name, the same in every thread.
 * @throws TypeError, RangeError when it can't be a name, RangeError when all rows have other names
 * @throws TypeError when the name is already that of something of another kind
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

/** The name of a row; undefined when nobody has claimed it, or not to the end. */
export function nameOf({ bytes, words }: Views, index: number): string | undefined {
  const place = placeOf(index);
  const size = Atomics.load(words, place >> 2) === 0 ? 0 : (bytes[place] as number);
  const name = bytes.slice(place + 1, place + 1 + size);
  return size === 0 || name.includes(0) ? undefined : decoder.decode(name);
}

/** @throws TypeError or RangeError when it can't be a name */
export function checkName(kind: Kind, name: string): void {
  // Half of a surrogate pair has no UTF-8 of its own, so two such names would be one.
  if (typeof name !== 'string' || name === '' || /[\0\p{Surrogate}]/u.test(name))
    throw new TypeError(`a ${kind}'s name is text without NUL, not ${JSON.stringify(name)}`);
  if (encoder.encode(name).length > NAME_BYTES_MAX)
    throw new RangeError(`a ${kind}'s name has at most ${NAME_BYTES_MAX} bytes: '${name.slice(0, 40)}…'`);
}

/** Whether a text can be a name. */
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

/** What a row of this code is. */
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

/** A name as it lies in a row: its size, then UTF-8, then what is missing to a whole word. */
export function nameBytesOf(name: string): Uint8Array<ArrayBuffer> {
  const text = encoder.encode(name);
  const bytes = new Uint8Array(Math.ceil((1 + text.length) / 4) * 4);
  bytes[0] = text.length;
  bytes.set(text, 1);
  return bytes;
}
