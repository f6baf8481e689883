// How a line names the requests that were under way when a thread ended.

/** Requests that are named. */
const NAMED_MAX = 3;

/** ` while it answered GET /a, GET /b and 2 more`, or nothing. */
export function whileAnswering(requests: string[]): string {
  if (requests.length === 0) return '';
  const more = requests.length - NAMED_MAX;
  return ` while it answered ${requests.slice(0, NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
