// Limits on how often something may happen, by key, that all threads of the process share exactly.

import type { Exports } from '../wasm/instance.ts';
import { type Decision, decisionOf, LIMITER_MAXIMA, SEED_BYTES } from '../wasm/limiter.ts';
import { checkName } from '../wasm/names.ts';
import { takeSaved } from '../wasm/saved.ts';
import { Scratch } from '../wasm/scratch.ts';
import { bind, OWNER } from './bound.ts';
import { monotonicMs } from './clock.ts';
import type { SharedState } from './shared.ts';

export type { Decision } from '../wasm/limiter.ts';

export interface LimiterOptions {
  /** How much may be taken within a window: 1 to 1,000,000. */
  limit: number;
  /** After so many milliseconds of taking nothing, all of the limit is there again: 1 to 2^31. */
  windowMs: number;
  /** How many keys that have used something are remembered at least: 1 to 2^24, by default 10,000. */
  keys?: number;
  /**
   * Milliseconds from 0 on that don't go back, the same in every thread. By default the machine's monotonic clock;
   * a test may want its own.
   */
  now?: () => number;
}

/** A limit for each key that all threads of the process share: together they let no more through than it says. */
export interface Limiter {
  readonly name: string;
  /** The limit that is in force. */
  readonly limit: number;
  /** The window that is in force. */
  readonly windowMs: number;
  /**
   * Takes from what the key has left, if there is enough, in one atomic step.
   * @param key any text: an address, a name of a user
   * @param cost a whole number from 1 to the limit, 1 by default
   * @throws TypeError when the key is no text, RangeError when the cost is none
   */
  take(key: string, cost?: number): Decision;
}

const KEYS = 10_000;

/**
 * The limiter of this name: the same one in every thread, and in every server of the process. It takes its place in
 * memory when it is first used, as a counter does. Where a thread that was started later, or the same one, asks for
 * other options, these are then in force for all; what a key has used counts on, as the same share of the limit.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are the server's own
 * @throws TypeError or RangeError when it can't be a name, or the options can't be options
 */
export function limiter(name: string, options: LimiterOptions): Limiter {
  checkName('limiter', name);
  return new NamedLimiter(name, checkOptions(name, options));
}

class NamedLimiter implements Limiter {
  private exports: Exports | undefined;
  private pointer = 0;
  private scratch: Scratch | undefined;
  private readonly now: () => number;

  constructor(
    readonly name: string,
    private readonly options: Required<LimiterOptions>,
  ) {
    this.now = options.now;
  }

  take(key: string, cost = 1): Decision {
    if (typeof key !== 'string')
      throw new TypeError(`limiter '${this.name}' takes by a key that is text, not ${key}`);
    if (!Number.isInteger(cost) || cost < 1 || cost > LIMITER_MAXIMA.limit) throw this.noCost(cost);
    const exports = this.exports ?? this.bind();
    const scratch = this.scratch as Scratch;
    const length = scratch.write(key);
    const outcome = exports.limiterTake(this.pointer, scratch.pointer, length, cost, this.now());
    return decisionOf(outcome) ?? this.never(cost);
  }

  get limit(): number {
    return (this.exports ?? this.bind()).limiterLimit(this.pointer);
  }

  get windowMs(): number {
    return (this.exports ?? this.bind()).limiterWindowMs(this.pointer);
  }

  private never(cost: number): never {
    throw this.noCost(cost);
  }

  private noCost(cost: number): RangeError {
    return new RangeError(
      `limiter '${this.name}' takes a whole number from 1 to its limit of ${this.limit}, not ${cost}`,
    );
  }

  private bind(): Exports {
    const { limit, windowMs, keys, now } = this.options;
    const { state, exports, pointer } = bind('limiter', this.name, () => (this.exports = undefined));
    takeSaved(state.memory, exports, 'limiter', this.name, pointer);
    const scratch = scratchOf(state, exports);
    scratch.randomize(SEED_BYTES);
    const nowMs = now();
    const aheadMs = now === monotonicMs ? 0 : Math.floor(nowMs) - Math.floor(monotonicMs());
    if (exports.limiterOpen(pointer, scratch.pointer, limit, windowMs, keys, nowMs, aheadMs) === 0)
      throw new RangeError(`no room in memory for the ${keys} keys of limiter '${this.name}'`);
    this.pointer = pointer;
    this.scratch = scratch;
    this.exports = exports;
    return exports;
  }
}

let scratch: { state: SharedState; page: Scratch } | undefined;

/** The scratch page of this thread. */
function scratchOf(state: SharedState, exports: Exports): Scratch {
  if (scratch?.state !== state) scratch = { state, page: new Scratch(state.memory, exports, OWNER) };
  return scratch.page;
}

function checkOptions(name: string, options: LimiterOptions): Required<LimiterOptions> {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`limiter '${name}' needs options: { limit, windowMs }`);
  const { limit, windowMs, keys = KEYS, now = monotonicMs } = options;
  const numbers = { limit, windowMs, keys };
  for (const option of ['limit', 'windowMs', 'keys'] as const) {
    const most = LIMITER_MAXIMA[option];
    const value = numbers[option];
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new RangeError(
        `limiter '${name}': ${option} must be a whole number from 1 to ${most}, not ${value}`,
      );
  }
  if (typeof now !== 'function') throw new TypeError(`limiter '${name}': now must be a function, not ${now}`);
  return { ...numbers, now };
}
