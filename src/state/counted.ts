// A counted response: text, followed by the counter's next number. As a route it is sent without JavaScript, if the
// counter is in the plane's own memory.

import { isLatin1 } from '../protocol/latin1.ts';
import type { Counter } from './counter.ts';

/** Shared by all copies of this package in the process. */
const MARK = Symbol.for('hotpath.counted');

/** A counted response, made by counted(). */
export class Counted {
  readonly [MARK] = true;

  constructor(
    readonly prefix: string,
    readonly counter: Counter,
  ) {}

  /** Counts, and returns the content of the response. */
  next(): string {
    return `${this.prefix}${this.counter.add(1)}`;
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && MARK in value;
  }
}

/**
 * Makes a response for `routes` whose content is `prefix` and the next number of `counter`.
 * @param prefix Latin-1 text
 * @throws TypeError when the prefix is not Latin-1 text
 */
export function counted(prefix: string, counter: Counter): Counted {
  if (typeof prefix !== 'string' || !isLatin1(prefix))
    throw new TypeError(`the text before a counted number must be Latin-1, not ${JSON.stringify(prefix)}`);
  return new Counted(prefix, counter);
}
