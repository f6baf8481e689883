// NODE_ENV, by which Node's frameworks know whether they run in development or in production.

import { env } from 'node:process';

/** Returns `development` or `production`, or whatever else the environment says. */
export function nodeEnv(): string | undefined {
  return env.NODE_ENV;
}
