// The advice to a program whose handlers answer with the platform's Response. Nothing else shows a program that it
// imports the slower Response, because both work.

import type { Log } from '../connection/log.ts';

const ADVICE =
  "A handler answered with Node's own Response, and such a request costs two to three times the CPU time. " +
  "Write: import { Response } from 'hotpath'. Where a framework makes the responses, set globals: true.";

let given = false;

/** Logs the advice, unless this program has had it. */
export function adviseOnce(log: Log): void {
  if (given || !log.errors) return;
  given = true;
  log.warn(ADVICE);
}
