// Gauges: named numbers that go up and down, and that all threads of the process share exactly.

import type { Exports } from '../wasm/instance.ts';
import { checkName } from '../wasm/state/names.ts';
import { takeSaved } from '../wasm/state/saved.ts';
import { bindRow } from './binding.ts';
import { type Labels, nameWith } from './labels.ts';

/** A number that goes up and down, and that all threads of the process share. No addition is lost. */
export interface Gauge {
  readonly name: string;
  /**
   * Sets the value.
   * @throws RangeError when the value is not a finite number
   */
  set(value: number): void;
  /**
   * Adds in one atomic step.
   * @param n any finite number, 1 by default
   * @returns the new value
   * @throws RangeError when n or the sum is not a finite number; the gauge then keeps its value
   */
  add(n?: number): number;
  /** The current value. It begins at 0. */
  readonly value: number;
}

/**
 * Returns the gauge of this name: the same number in every thread. It is allocated when it is first used, as a counter is.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are reserved for the server
 * @param labels make a series of the metric `name`: each set of labels is a name of its own, `name{label="value"}`
 * @throws TypeError or RangeError when the name or a label is invalid
 */
export function gauge(name: string, labels?: Labels): Gauge {
  const stored = nameWith('gauge', name, labels);
  checkName('gauge', stored);
  return new NamedGauge(stored);
}

class NamedGauge implements Gauge {
  #exports: Exports | undefined;
  #pointer = 0;

  constructor(readonly name: string) {}

  set(value: number): void {
    this.#check(value);
    (this.#exports ?? this.#bind()).gaugeSet(this.#pointer, value);
  }

  add(n = 1): number {
    this.#check(n);
    const sum = (this.#exports ?? this.#bind()).gaugeAdd(this.#pointer, n);
    this.#check(sum);
    return sum;
  }

  get value(): number {
    return (this.#exports ?? this.#bind()).gaugeValue(this.#pointer);
  }

  #check(value: number): void {
    if (!Number.isFinite(value))
      throw new RangeError(`gauge '${this.name}' is a finite number, not ${value}`);
  }

  #bind(): Exports {
    const { state, exports, pointer } = bindRow('gauge', this.name, () => (this.#exports = undefined));
    takeSaved(state.memory, exports, 'gauge', this.name, pointer);
    this.#pointer = pointer;
    this.#exports = exports;
    return exports;
  }
}
