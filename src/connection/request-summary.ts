// How a request is named in the log.

import type { Head } from './exchange.ts';

/** Characters of a path in the log. */
const PATH_LENGTH_MAX = 80;

/** Method and path: a query may hold secrets. Undefined when the head is no longer there. */
export function summaryOf(head: Head): string | undefined {
  try {
    const { method, target } = head;
    const path = target.replace(/\?.*/, '');
    return `${method} ${path.length > PATH_LENGTH_MAX ? `${path.slice(0, PATH_LENGTH_MAX)}…` : path}`;
  } catch {
    return undefined;
  }
}
