// A number that goes up and down, which all threads of the process share exactly, by name.

import type { Exports } from '../wasm/instance.ts';
import { checkName } from '../wasm/state/names.ts';
import { takeSaved } from '../wasm/state/saved.ts';
import { bind } from './bound.ts';

/** A number that all threads of the process share, and that goes up and down: no addition is lost. */
export interface Gauge {
  readonly name: string;
  /**
   * Sets it.
   * @throws RangeError when the value is not a finite number
   */
  set(value: number): void;
  /**
   * Adds in one step.
   * @param n any finite number, 1 by default
   * @returns the new value
   * @throws RangeError when n, or what the gauge would be then, is not a finite number; it stays as it is
   */
  add(n?: number): number;
  /** The value now. It begins at 0. */
  readonly value: number;
}

/**
 * The gauge of this name: the same number in every thread. As a counter, it takes its place when it is first used.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are the server's own
 * @throws TypeError or RangeError when it can't be a name
 */
export function gauge(name: string): Gauge {
  checkName('gauge', name);
  return new NamedGauge(name);
}

class NamedGauge implements Gauge {
  private exports: Exports | undefined;
  private pointer = 0;

  constructor(readonly name: string) {}

  set(value: number): void {
    this.check(value);
    (this.exports ?? this.bind()).gaugeSet(this.pointer, value);
  }

  add(n = 1): number {
    this.check(n);
    const sum = (this.exports ?? this.bind()).gaugeAdd(this.pointer, n);
    this.check(sum);
    return sum;
  }

  get value(): number {
    return (this.exports ?? this.bind()).gaugeValue(this.pointer);
  }

  private check(value: number): void {
    if (!Number.isFinite(value))
      throw new RangeError(`gauge '${this.name}' is a finite number, not ${value}`);
  }

  private bind(): Exports {
    const { state, exports, pointer } = bind('gauge', this.name, () => (this.exports = undefined));
    takeSaved(state.memory, exports, 'gauge', this.name, pointer);
    this.pointer = pointer;
    this.exports = exports;
    return exports;
  }
}
