// The JavaScript side of assembly/state/limiter.ts: the limits of a limiter's options, and the results of a take.

import {
  LIMIT_KEYS_MAX,
  LIMIT_MAX,
  LIMIT_NOW_MS_MAX,
  LIMIT_REMAINING_RANGE,
  LIMIT_WINDOW_MS_MAX,
  LIMITER_DISAGREES,
  LIMITER_SEED_BYTES,
} from '../../memory/state-layout.ts';

/** The largest values of a limiter's options. */
export const LIMITER_MAXIMA = {
  limit: LIMIT_MAX,
  windowMs: LIMIT_WINDOW_MS_MAX,
  keys: LIMIT_KEYS_MAX,
} as const;
/** The number of random bytes that a new table needs. */
export const SEED_BYTES = LIMITER_SEED_BYTES;

/** The last moment of a limiter's clock. */
export const NOW_MS_MAX = LIMIT_NOW_MS_MAX;
/** The result of limiterOpen() when the same generation has asked for other options. */
export const DISAGREES = LIMITER_DISAGREES;

/** The result of a take. */
export interface Decision {
  /** Whether the take was within the limit. Then its cost has been counted. */
  readonly allowed: boolean;
  /** How many more takes of cost 1 would be allowed now. */
  readonly remaining: number;
  /** After how many milliseconds the same take would be allowed; 0 when it was allowed. */
  readonly retryAfterMs: number;
}

/** Decodes the result of limiterTake(). Returns undefined when the cost is greater than the limit. */
export function decisionOf(outcome: number): Decision | undefined {
  if (outcome >= 0)
    return outcome === Number.POSITIVE_INFINITY
      ? undefined
      : { allowed: true, remaining: outcome, retryAfterMs: 0 };
  const retryAfterMs = Math.floor(-outcome / LIMIT_REMAINING_RANGE);
  return { allowed: false, remaining: -outcome - retryAfterMs * LIMIT_REMAINING_RANGE, retryAfterMs };
}
