// Names the requests that were under way when a thread ended, for a log line.

/** A line names at most this many requests; it counts the others. */
const NAMED_MAX = 3;

/** Writes ` while it answered GET /a, GET /b, GET /c and 2 more`; nothing for no request. */
export function whileAnswering(requests: string[]): string {
  if (requests.length === 0) return '';
  const more = requests.length - NAMED_MAX;
  return ` while it answered ${requests.slice(0, NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
