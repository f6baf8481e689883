// Numbers that all threads of the process share exactly, by name.

import type { Views } from '../memory/views.ts';
import type { Exports } from '../wasm/instance.ts';
import { leaseSize } from '../wasm/state/leasing.ts';
import { checkName } from '../wasm/state/names.ts';
import { bind, claim, inThisThread } from './bound.ts';
import { LeaseExhaustedError } from './lease.ts';

/** A number that all threads of the process share: no addition is lost, no sum is handed out twice. */
export interface Counter {
  readonly name: string;
  /**
   * Adds in one atomic step.
   * @param n a positive whole number, 1 by default
   * @returns the new value, which no other addition of 1 gets
   * @throws RangeError when n is no whole number from 1 to 2^53 - 1, or more than a lease holds
   * @throws LeaseExhaustedError when numbers are leased (`--state`, `--redis`), and there are none left
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
  checkName('counter', name);
  return new NamedCounter(name);
}

/**
 * The index of a counter, in a memory that holds the process's named state; undefined in any other.
 * @throws RangeError when there is no room for one more
 */
export function counterIndexIn({ bytes }: Views, { name }: Counter): number | undefined {
  const here = inThisThread(`counter '${name}'`);
  return here.views.bytes.buffer === bytes.buffer ? claim(here, 'counter', name) : undefined;
}

class NamedCounter implements Counter {
  private exports: Exports | undefined;
  private pointer = 0;
  /** Leased numbers that are added at once follow each other, so they are no more than a block of them. */
  private most = Number.MAX_SAFE_INTEGER;

  constructor(readonly name: string) {}

  add(n = 1): number {
    if (!(Number.isSafeInteger(n) && n > 0))
      throw new RangeError(
        `counter '${this.name}' adds positive whole numbers up to 2^53 - 1, not ${n}; a gauge goes down, too`,
      );
    const { counterAdd } = this.exports ?? this.bind();
    if (n > this.most)
      throw new RangeError(
        `counter '${this.name}' adds up to ${this.most} at once, not ${n}: that is its lease (--lease)`,
      );
    const sum = counterAdd(this.pointer, n);
    if (sum < 0) throw new LeaseExhaustedError(this.name);
    return sum;
  }

  get value(): number {
    return (this.exports ?? this.bind()).counterValue(this.pointer);
  }

  private bind(): Exports {
    const { exports, pointer, views } = bind('counter', this.name, () => (this.exports = undefined));
    this.pointer = pointer;
    this.most = leaseSize(views) || Number.MAX_SAFE_INTEGER;
    this.exports = exports;
    return exports;
  }
}
