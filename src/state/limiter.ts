// Limiters: named limits on how often something may happen for a key, which all threads of the process share exactly.

import type { Exports } from '../wasm/instance.ts';
import {
  type Decision,
  DISAGREES,
  decisionOf,
  LIMITER_MAXIMA,
  NOW_MS_MAX,
  SEED_BYTES,
} from '../wasm/state/limiter.ts';
import { checkName } from '../wasm/state/names.ts';
import { takeSaved } from '../wasm/state/saved.ts';
import type { Scratch } from '../wasm/state/scratch.ts';
import { bindRow } from './binding.ts';
import { type Labels, nameWith } from './labels.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { scratchHere } from './scratch-here.ts';
import { generationHere, type SharedState, sharedState } from './shared.ts';

export type { Decision } from '../wasm/state/limiter.ts';

export interface LimiterOptions {
  /** How much a key may take within a window: 1 to 1,000,000. */
  limit: number;
  /** After this many milliseconds without a take, the whole limit is available again: 1 to 2^31. */
  windowMs: number;
  /** How many keys in use are remembered at least: 1 to 2^24, by default 10,000. */
  keys?: number;
  /**
   * The clock, in milliseconds from 0 on, the same in every thread. If it goes back, the limiter's time stands still until
   * the clock has caught up. By default the machine's monotonic clock; a test may use its own.
   */
  now?: () => number;
}

/** A limit for each key. All threads of the process together never exceed it. */
export interface Limiter {
  readonly name: string;
  /** The limit in force. */
  readonly limit: number;
  /** The window in force, in milliseconds. */
  readonly windowMs: number;
  /**
   * Takes `cost` from what the key has left, if that is enough, in one atomic step.
   * @param key any text, such as an address or a user name
   * @param cost a whole number from 1 to the limit, 1 by default
   * @throws TypeError when the key is not a string
   * @throws RangeError when the cost is out of range
   */
  take(key: string, cost?: number): Decision;
}

const KEYS = 10_000;

/**
 * Returns the limiter of this name: the same one in every thread and every server of the process. It is allocated when it
 * is first used, as a counter is. All threads that load the application together must pass the same options. A reload
 * may bring other options, which are then in force everywhere; what a key has used stays the same share of the limit.
 * Calling this again with the same options returns the same handle, so it may be called for every request.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are reserved for the server
 * @param labels make a series of the metric `name`: each set of labels is a limiter of its own
 * @throws TypeError or RangeError when the name, an option or a label is invalid
 */
export function limiter(name: string, options: LimiterOptions, labels?: Labels): Limiter {
  const stored = nameWith('limiter', name, labels);
  const known = handlesHere().get(stored);
  if (known !== undefined && typeof options === 'object' && options !== null && known.has(options))
    return known;
  checkName('limiter', stored);
  return new NamedLimiter(stored, checkOptions(stored, options));
}

class NamedLimiter implements Limiter {
  #exports: Exports | undefined;
  #pointer = 0;
  #scratch: Scratch | undefined;
  readonly #now: () => number;
  readonly #options: Required<LimiterOptions>;

  constructor(
    readonly name: string,
    options: Required<LimiterOptions>,
  ) {
    this.#options = options;
    this.#now = options.now === monotonicMs ? monotonicMs : checked(name, options.now);
  }

  /** Whether this handle has these options. */
  has({ limit, windowMs, keys = KEYS, now = monotonicMs }: LimiterOptions): boolean {
    const options = this.#options;
    return (
      limit === options.limit && windowMs === options.windowMs && keys === options.keys && now === options.now
    );
  }

  take(key: string, cost = 1): Decision {
    if (typeof key !== 'string')
      throw new TypeError(`limiter '${this.name}' takes by a key that is text, not ${shown(key)}`);
    if (!Number.isInteger(cost) || cost < 1 || cost > LIMITER_MAXIMA.limit) throw this.#noCost(cost);
    const exports = this.#exports ?? this.#bind();
    const scratch = this.#scratch as Scratch;
    const nowMs = this.#now();
    const length = scratch.write(key);
    const outcome = exports.limiterTake(this.#pointer, scratch.pointer, length, cost, nowMs);
    return decisionOf(outcome) ?? this.#never(cost);
  }

  get limit(): number {
    const exports = this.#exports ?? this.#bind();
    return exports.limiterLimit(this.#pointer, (this.#scratch as Scratch).pointer);
  }

  get windowMs(): number {
    const exports = this.#exports ?? this.#bind();
    return exports.limiterWindowMs(this.#pointer, (this.#scratch as Scratch).pointer);
  }

  #never(cost: number): never {
    throw this.#noCost(cost);
  }

  #noCost(cost: number): RangeError {
    return new RangeError(
      `limiter '${this.name}' takes a whole number from 1 to its limit of ${this.limit}, not ${shown(cost)}`,
    );
  }

  #bind(): Exports {
    const { name } = this;
    const options = this.#options;
    const nowMs = this.#now();
    const aheadMs = options.now === monotonicMs ? 0 : Math.floor(nowMs) - Math.floor(monotonicMs());
    const { state, exports, pointer } = bindRow('limiter', name, () => (this.#exports = undefined));
    takeSaved(state.memory, exports, 'limiter', name, pointer);
    const scratch = scratchHere(state, exports);
    scratch.randomize(SEED_BYTES);
    const { limit, windowMs, keys } = options;
    const generation = generationHere();
    const opened = exports.limiterOpen(
      pointer,
      scratch.pointer,
      limit,
      windowMs,
      keys,
      generation,
      nowMs,
      aheadMs,
    );
    if (opened === 0) throw new RangeError(`no room in memory for the ${keys} keys of limiter '${name}'`);
    if (opened === DISAGREES)
      throw new TypeError(
        disagreement(name, options, {
          limit: exports.limiterLimit(pointer, scratch.pointer),
          windowMs: exports.limiterWindowMs(pointer, scratch.pointer),
          keys: exports.limiterKeys(pointer, scratch.pointer),
        }),
      );
    this.#pointer = pointer;
    this.#scratch = scratch;
    // While the application is being loaded, the options of the one before are in force, so the handle must bind again.
    if (generation > 0) {
      this.#exports = exports;
      handlesHere().set(name, this);
    }
    return exports;
  }
}

/** The handles bound in this thread, by name. A new generation begins with none. */
let bound: { state: SharedState | undefined; generation: number; handles: Map<string, NamedLimiter> } = {
  state: undefined,
  generation: 0,
  handles: new Map(),
};

function handlesHere(): Map<string, NamedLimiter> {
  const state = sharedState();
  const generation = generationHere();
  if (bound.state !== state || bound.generation !== generation)
    bound = { state, generation, handles: new Map() };
  return bound.handles;
}

type Numbers = Pick<Required<LimiterOptions>, 'limit' | 'windowMs' | 'keys'>;

/** The error message for options that differ from those in force: shows both, and says what to do. */
function disagreement(name: string, asked: Numbers, inForce: Numbers): string {
  if (asked.limit === inForce.limit && asked.windowMs === inForce.windowMs && asked.keys === inForce.keys)
    return `limiter '${name}' is asked for with a clock of its own and without: pass the option now everywhere, or nowhere`;
  const shownOptions = ({ limit, windowMs, keys }: Numbers): string =>
    `{ limit: ${limit}, windowMs: ${windowMs}${asked.keys === inForce.keys ? '' : `, keys: ${keys}`} }`;
  return (
    `limiter '${name}' is asked for with ${shownOptions(asked)}, but has ${shownOptions(inForce)}: ` +
    'a limiter has one set of options, so use another name for others, or take more at once by its cost'
  );
}

/** Wraps a user's clock: checks each value, and never goes back. */
function checked(name: string, now: () => number): () => number {
  let lastMs = 0;
  return () => {
    const nowMs = now();
    if (typeof nowMs !== 'number' || !(nowMs >= 0 && nowMs <= NOW_MS_MAX))
      throw new RangeError(
        `limiter '${name}': now() must return milliseconds, a number from 0 to ${NOW_MS_MAX}, not ${shown(nowMs)}`,
      );
    if (nowMs > lastMs) lastMs = nowMs;
    return lastMs;
  };
}

/** A value of any type, as a message shows it. */
function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function checkOptions(name: string, options: LimiterOptions): Required<LimiterOptions> {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`limiter '${name}' needs options: { limit, windowMs }`);
  const { limit, windowMs, keys = KEYS, now = monotonicMs, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new TypeError(
      `limiter '${name}' has no option '${unknown}': it takes limit, windowMs, keys and now`,
    );
  const numbers = { limit, windowMs, keys };
  for (const option of ['limit', 'windowMs', 'keys'] as const) {
    const most = LIMITER_MAXIMA[option];
    const value = numbers[option];
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new RangeError(
        `limiter '${name}': ${option} must be a whole number from 1 to ${most}, not ${shown(value)}`,
      );
  }
  if (typeof now !== 'function')
    throw new TypeError(`limiter '${name}': now must be a function, not ${shown(now)}`);
  return { ...numbers, now };
}
