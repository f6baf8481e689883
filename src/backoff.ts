// When a thread or a process that has died is started again: at once after a first death, later and later in a burst of
// deaths.

export class Backoff {
  private earlyDeaths = 0;

  /** @param firstMs the pause after the second early death; it doubles with each more, up to `maxMs` */
  constructor(
    private readonly firstMs: number,
    private readonly maxMs: number,
  ) {}

  /**
   * Counts one more death.
   * @param healthy it lived so long that its start is not to blame
   * @returns how long to wait before the next start, in milliseconds
   */
  next(healthy: boolean): number {
    this.earlyDeaths = healthy ? 0 : this.earlyDeaths + 1;
    return this.earlyDeaths < 2 ? 0 : Math.min(this.firstMs * 2 ** (this.earlyDeaths - 2), this.maxMs);
  }
}
