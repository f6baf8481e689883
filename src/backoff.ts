// Pauses before something that has failed is tried again: each is twice as long as the one before, up to a maximum.

export class Backoff {
  private failures = 0;

  /**
   * @param firstMs the first pause
   * @param maxMs the longest pause
   * @param atOnce the count of failures without a pause; by default the first failure has none
   */
  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
    private readonly atOnce = 1,
  ) {}

  /** Returns the pause after the last failure, in milliseconds; 0 if nothing has failed since the last success. */
  get pauseMs(): number {
    return this.after(this.failures);
  }

  /** Returns the pause after this many failures in a row, in milliseconds. */
  after(failures: number): number {
    const pauses = failures - this.atOnce;
    return pauses < 1 ? 0 : Math.min(this.firstMs * 2 ** (pauses - 1), this.maxMs);
  }

  /**
   * Counts the end of a thread or process that is started again.
   * @param healthy the thread or process ran so long that its start is not to blame
   * @returns the pause before the next start, in milliseconds
   */
  next(healthy: boolean): number {
    if (healthy) this.succeeded();
    else this.failed();
    return this.pauseMs;
  }

  failed(): void {
    this.failures++;
  }

  succeeded(): void {
    this.failures = 0;
  }
}
