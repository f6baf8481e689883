// Leased numbers, as a program meets them: there may be none left.

/** No number can be handed out at the moment: what hands out leases is slow, full or away. Try again later. */
export class LeaseExhaustedError extends Error {
  override readonly name = 'LeaseExhaustedError';
  readonly code = 'ERR_LEASE_EXHAUSTED';

  constructor(counter: string) {
    super(`counter '${counter}' has no leased number left to hand out`);
  }
}

/** Whether that is it, from whichever copy of this package. */
export function isExhausted(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'ERR_LEASE_EXHAUSTED';
}
