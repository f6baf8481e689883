// The name of a request in the log.

import type { Head } from './exchange.ts';

/** A longer path is cut off. */
const PATH_LENGTH_MAX = 80;

/** Returns method and path, without the query, which may hold secrets. Undefined if the head is no longer there. */
export function summaryOf(head: Head): string | undefined {
  try {
    const { method, target } = head;
    const path = target.replace(/\?.*/, '');
    return `${method} ${path.length > PATH_LENGTH_MAX ? `${path.slice(0, PATH_LENGTH_MAX)}…` : path}`;
  } catch {
    return undefined;
  }
}
