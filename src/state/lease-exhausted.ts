// The error of a counter whose numbers are leased, when no leased number is left.

/** A counter has no number at the moment: the disk is slow or full, or Redis is unreachable. Try again later. */
export class LeaseExhaustedError extends Error {
  override readonly name = 'LeaseExhaustedError';
  readonly code = 'ERR_LEASE_EXHAUSTED';

  constructor(counter: string) {
    super(`counter '${counter}' has no leased number left to hand out`);
  }
}

/** Whether an error is a LeaseExhaustedError of any copy of this package. */
export function isLeaseExhausted(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'ERR_LEASE_EXHAUSTED';
}
