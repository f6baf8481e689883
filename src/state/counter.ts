// Numbers that all threads of the process share exactly, by name.

import type { Views } from '../protocol/js/views.ts';
import { type Exports, instantiate } from '../wasm/instance.ts';
import { checkVersion, counterPointer, viewsOf } from '../wasm/memory.ts';
import { checkName, claimCounter, HELLO_NAME, OWN_PREFIX } from '../wasm/names.ts';
import { type SharedState, sharedState } from './shared.ts';

/** A number that all threads of the process share: no addition is lost, no sum is handed out twice. */
export interface Counter {
  readonly name: string;
  /**
   * Adds in one atomic step.
   * @param n a whole number, 1 by default; a negative one takes away
   * @returns the new value, which no other addition of 1 gets
   * @throws RangeError when n is no whole number up to 2^53 - 1
   */
  add(n?: number): number;
  /** The value now, exact to 2^53 - 1. It begins at 0. */
  readonly value: number;
}

/**
 * The counter of this name: the same number in every thread, and in every server of the process. It takes
 * its place in memory when it is first used. That must be in a thread of a server, or where a server has been
 * started: anywhere else a memory made for it would be one that nobody shares, and counts would be lost unnoticed.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are the server's own
 * @throws TypeError or RangeError when it can't be a name
 */
export function counter(name: string): Counter {
  checkName(name);
  return new NamedCounter(name);
}

/**
 * The index of a counter, in a memory that holds the process's named state; undefined in any other.
 * @throws RangeError when there is no room for one more
 */
export function counterIndexIn({ bytes }: Views, { name }: Counter): number | undefined {
  const { views } = inThisThread();
  return views.bytes.buffer === bytes.buffer ? claim(views, name) : undefined;
}

class NamedCounter implements Counter {
  private exports: Exports | undefined;
  private pointer = 0;

  constructor(readonly name: string) {}

  add(n = 1): number {
    if (!Number.isSafeInteger(n))
      throw new RangeError(`counter '${this.name}' adds whole numbers up to 2^53 - 1, not ${n}`);
    return (this.exports ?? this.bind()).counterAdd(this.pointer, n);
  }

  get value(): number {
    return (this.exports ?? this.bind()).counterValue(this.pointer);
  }

  private bind(): Exports {
    const { exports, views } = inThisThread(this.name);
    this.pointer = counterPointer(claim(views, this.name));
    this.exports = exports;
    return exports;
  }
}

interface Bound {
  state: SharedState;
  exports: Exports;
  views: Views;
}

let bound: Bound | undefined;

/** The named state, with an instance of the module for this thread. */
function inThisThread(name?: string): Bound {
  const state = sharedState();
  if (state === undefined)
    throw new Error(
      `${name === undefined ? 'a counter' : `counter '${name}'`} is used before this thread has a server: start one with serve(), or use it in the app`,
    );
  if (bound?.state !== state) {
    const views = viewsOf(state.memory);
    checkVersion(views);
    bound = { state, views, exports: instantiate(state.module, state.memory) };
  }
  return bound;
}

function claim(views: Views, name: string): number {
  if (name.startsWith(OWN_PREFIX) && name !== HELLO_NAME)
    throw new RangeError(`counter '${name}': names that begin with '${OWN_PREFIX}' are the server's own`);
  return claimCounter(views, name);
}
