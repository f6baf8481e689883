// Leased numbers, as a program meets them: there may be none left.

/** No number can be handed out at the moment: what hands out leases is slow, full or away. Try again later. */
export class LeaseExhaustedError extends Error {
  override readonly name = 'LeaseExhaustedError';
  readonly code = 'ERR_LEASE_EXHAUSTED';

  constructor(counter: string) {
    super(`counter '${counter}' has no leased number left to hand out`);
  }
}

/** By its code, so that any copy of this package has made it. */
export function isLeaseExhausted(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'ERR_LEASE_EXHAUSTED';
}
