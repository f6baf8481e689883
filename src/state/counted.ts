// A response that counts: text, and behind it the counter's next number. As a route it is answered inside
// WASM, where the counter is in the plane's own memory.

import type { Counter } from './counter.ts';

/** Known to every copy of this package in the process. */
const MARK = Symbol.for('hotpath.counted');

/** What counted() makes. */
export class Counted {
  readonly [MARK] = true;

  constructor(
    readonly prefix: string,
    readonly counter: Counter,
  ) {}

  /** Counts, and gives the content of the response. */
  next(): string {
    return `${this.prefix}${this.counter.add(1)}`;
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && MARK in value;
  }
}

/**
 * For `routes`: a response whose content is `prefix` and the next number of `counter`.
 * @param prefix Latin-1 text
 * @throws TypeError when the prefix is not
 */
export function counted(prefix: string, counter: Counter): Counted {
  if (typeof prefix !== 'string' || !/^[\0-\xff]*$/.test(prefix))
    throw new TypeError(`the text before a counted number must be Latin-1, not ${JSON.stringify(prefix)}`);
  return new Counted(prefix, counter);
}
