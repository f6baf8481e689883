// Limiters as JavaScript sees them: what their options may be, and what a take says in its one number.

import {
  LIMIT_KEYS_MAX,
  LIMIT_MAX,
  LIMIT_NOW_MS_MAX,
  LIMIT_REMAINING_RANGE,
  LIMIT_WINDOW_MS_MAX,
  LIMITER_DISAGREES,
  LIMITER_SEED_BYTES,
} from '../../memory/layout.ts';

export const LIMITER_MAXIMA = {
  limit: LIMIT_MAX,
  windowMs: LIMIT_WINDOW_MS_MAX,
  keys: LIMIT_KEYS_MAX,
} as const;
/** Random bytes that a new table needs. */
export const SEED_BYTES = LIMITER_SEED_BYTES;

/** The last moment that a limiter's clock may give. */
export const NOW_MS_MAX = LIMIT_NOW_MS_MAX;
/** The result of limiterOpen() when the same generation has asked for other options. */
export const DISAGREES = LIMITER_DISAGREES;

/** What came of a take. */
export interface Decision {
  /** Whether it was within the limit, and has been counted. */
  readonly allowed: boolean;
  /** How many more of cost 1 would be allowed now. */
  readonly remaining: number;
  /** In how many milliseconds the same would be allowed; 0 when it was. */
  readonly retryAfterMs: number;
}

/** What the number says that limiterTake() returns; undefined: the cost is more than the limit. */
export function decisionOf(outcome: number): Decision | undefined {
  if (outcome >= 0)
    return outcome === Number.POSITIVE_INFINITY
      ? undefined
      : { allowed: true, remaining: outcome, retryAfterMs: 0 };
  const retryAfterMs = Math.floor(-outcome / LIMIT_REMAINING_RANGE);
  return { allowed: false, remaining: -outcome - retryAfterMs * LIMIT_REMAINING_RANGE, retryAfterMs };
}
