// Limits on how often something may happen, by key, that all threads of the process share exactly.

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
import { Scratch } from '../wasm/state/scratch.ts';
import { bind, OWNER } from './bound.ts';
import { monotonicMs } from './clock.ts';
import { generationHere, type SharedState, sharedState } from './shared.ts';

export type { Decision } from '../wasm/state/limiter.ts';

export interface LimiterOptions {
  /** How much may be taken within a window: 1 to 1,000,000. */
  limit: number;
  /** After so many milliseconds of taking nothing, all of the limit is there again: 1 to 2^31. */
  windowMs: number;
  /** How many keys that have used something are remembered at least: 1 to 2^24, by default 10,000. */
  keys?: number;
  /**
   * Milliseconds from 0 on, the same in every thread. A clock that goes back stands still until it has caught up. By
   * default the machine's monotonic clock; a test may want its own.
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
 * memory when it is first used, as a counter does. All that load an application together must ask for the same options;
 * those of a later load are then in force for all, and what a key has used counts on, as the same share of the limit.
 * With options that are in force already in this thread it is the handle that there is, so it may be asked for anywhere.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are the server's own
 * @throws TypeError or RangeError when it can't be a name, or the options can't be options
 */
export function limiter(name: string, options: LimiterOptions): Limiter {
  const known = handlesHere().get(name);
  if (known !== undefined && typeof options === 'object' && options !== null && known.has(options))
    return known;
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
    this.now = options.now === monotonicMs ? monotonicMs : checked(name, options.now);
  }

  /** Whether these are its options. */
  has({ limit, windowMs, keys = KEYS, now = monotonicMs }: LimiterOptions): boolean {
    const { options } = this;
    return (
      limit === options.limit && windowMs === options.windowMs && keys === options.keys && now === options.now
    );
  }

  take(key: string, cost = 1): Decision {
    if (typeof key !== 'string')
      throw new TypeError(`limiter '${this.name}' takes by a key that is text, not ${shown(key)}`);
    if (!Number.isInteger(cost) || cost < 1 || cost > LIMITER_MAXIMA.limit) throw this.noCost(cost);
    const exports = this.exports ?? this.bind();
    const scratch = this.scratch as Scratch;
    const nowMs = this.now();
    const length = scratch.write(key);
    const outcome = exports.limiterTake(this.pointer, scratch.pointer, length, cost, nowMs);
    return decisionOf(outcome) ?? this.never(cost);
  }

  get limit(): number {
    const exports = this.exports ?? this.bind();
    return exports.limiterLimit(this.pointer, (this.scratch as Scratch).pointer);
  }

  get windowMs(): number {
    const exports = this.exports ?? this.bind();
    return exports.limiterWindowMs(this.pointer, (this.scratch as Scratch).pointer);
  }

  private never(cost: number): never {
    throw this.noCost(cost);
  }

  private noCost(cost: number): RangeError {
    return new RangeError(
      `limiter '${this.name}' takes a whole number from 1 to its limit of ${this.limit}, not ${shown(cost)}`,
    );
  }

  private bind(): Exports {
    const { name, options } = this;
    const nowMs = this.now();
    const aheadMs = options.now === monotonicMs ? 0 : Math.floor(nowMs) - Math.floor(monotonicMs());
    const { state, exports, pointer } = bind('limiter', name, () => (this.exports = undefined));
    takeSaved(state.memory, exports, 'limiter', name, pointer);
    const scratch = scratchOf(state, exports);
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
    this.pointer = pointer;
    this.scratch = scratch;
    // As long as the application is being loaded, the options in force are those of the one before.
    if (generation > 0) {
      this.exports = exports;
      handlesHere().set(name, this);
    }
    return exports;
  }
}

/** The handles that have been bound in this thread, by name, as long as its generation is the same. */
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

let scratch: { state: SharedState; page: Scratch } | undefined;

/** The scratch page of this thread. */
function scratchOf(state: SharedState, exports: Exports): Scratch {
  if (scratch?.state !== state) scratch = { state, page: new Scratch(state.memory, exports, OWNER) };
  return scratch.page;
}

type Numbers = Pick<Required<LimiterOptions>, 'limit' | 'windowMs' | 'keys'>;

/** A message that says what the two ask for, and the ways out. */
function disagreement(name: string, asked: Numbers, inForce: Numbers): string {
  if (asked.limit === inForce.limit && asked.windowMs === inForce.windowMs && asked.keys === inForce.keys)
    return `limiter '${name}' is asked for with a clock of its own and without: give it now everywhere, or nowhere`;
  const told = ({ limit, windowMs, keys }: Numbers): string =>
    `{ limit: ${limit}, windowMs: ${windowMs}${asked.keys === inForce.keys ? '' : `, keys: ${keys}`} }`;
  return (
    `limiter '${name}' is asked for with ${told(asked)}, but has ${told(inForce)}: ` +
    'a limiter has one set of options, so use another name for others, or take more at once by its cost'
  );
}

/** Checks each value of a user's clock. A clock that is set back stands still until it has caught up. */
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

/** A value of any type, in a message. */
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
