// Counters: named numbers that all threads of the process share exactly.

import type { Views } from '../memory/views.ts';
import type { Exports } from '../wasm/instance.ts';
import { leaseSize } from '../wasm/state/leasing.ts';
import { checkName } from '../wasm/state/names.ts';
import { bindRow, claim, inThisThread } from './binding.ts';
import { type Labels, nameWith } from './labels.ts';
import { LeaseExhaustedError } from './lease-exhausted.ts';

/** A number that all threads of the process share. No addition is lost, and no sum is returned twice. */
export interface Counter {
  readonly name: string;
  /**
   * Adds in one atomic step.
   * @param n a positive whole number, 1 by default
   * @returns the new value, which no other addition of 1 returns
   * @throws RangeError when n is not a whole number from 1 to 2^53 - 1, or is more than a lease holds
   * @throws LeaseExhaustedError when numbers are leased (`--state`, `--redis`), and none is left at the moment
   */
  add(n?: number): number;
  /** The current value, exact to 2^53 - 1. It begins at 0. */
  readonly value: number;
}

/**
 * Returns the counter of this name: the same number in every thread and every server of the process. It is allocated
 * when it is first used, which must be in a thread of a server, or in a thread that has started a server: other threads
 * share no memory, so their counts would be lost.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are reserved for the server
 * @param labels make a series of the metric `name`: each set of labels is a name of its own, `name{label="value"}`
 * @throws TypeError or RangeError when the name or a label is invalid
 */
export function counter(name: string, labels?: Labels): Counter {
  const stored = nameWith('counter', name, labels);
  checkName('counter', stored);
  return new NamedCounter(stored);
}

/**
 * Returns the index of a counter when this memory has the process's named state; else undefined.
 * @throws RangeError when there is no room for another name
 */
export function counterIndexIn({ bytes }: Views, { name }: Counter): number | undefined {
  const here = inThisThread(`counter '${name}'`);
  return here.views.bytes.buffer === bytes.buffer ? claim(here, 'counter', name) : undefined;
}

class NamedCounter implements Counter {
  #exports: Exports | undefined;
  #pointer = 0;
  /** The most that one addition may add: leased numbers of one addition must be consecutive, so at most one block. */
  #most = Number.MAX_SAFE_INTEGER;

  constructor(readonly name: string) {}

  add(n = 1): number {
    if (!(Number.isSafeInteger(n) && n > 0))
      throw new RangeError(
        `counter '${this.name}' adds positive whole numbers up to 2^53 - 1, not ${n}; use a gauge to subtract`,
      );
    const { counterAdd } = this.#exports ?? this.#bind();
    if (n > this.#most)
      throw new RangeError(
        `counter '${this.name}' adds up to ${this.#most} at once, not ${n}: that is its lease (--lease)`,
      );
    const sum = counterAdd(this.#pointer, n);
    if (sum < 0) throw new LeaseExhaustedError(this.name);
    return sum;
  }

  get value(): number {
    return (this.#exports ?? this.#bind()).counterValue(this.#pointer);
  }

  #bind(): Exports {
    const { exports, pointer, views } = bindRow('counter', this.name, () => (this.#exports = undefined));
    this.#pointer = pointer;
    this.#most = leaseSize(views) || Number.MAX_SAFE_INTEGER;
    this.#exports = exports;
    return exports;
  }
}
