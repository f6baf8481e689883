// How long a connection may take for each thing it does. The clock of the plane looks at one deadline a
// connection; which of these it stands for follows from the connection's state.

export interface Deadlines {
  /** From the first byte of a head, or from accepting, to the head's end: 408 beyond. */
  headTimeoutMs: number;
  /** Between requests: closed quietly beyond. */
  idleTimeoutMs: number;
  /** Without a byte of content: 408 beyond. */
  bodyTimeoutMs: number;
  /** What content must come to on average, in bytes a second, once bodyTimeoutMs have passed. */
  bodyRateMin: number;
  /** For the application to answer, or to go on with its response: 503, or cut, beyond. */
  handlerTimeoutMs: number;
  /** For a peer to read what it was sent, or as much of it that the kernel takes 64 KiB more: cut beyond. */
  writeTimeoutMs: number;
}

/**
 * The deadline of a connection. It is never early: setting it reads no clock, since that takes too long for each request,
 * so a timeout counts from the next tick.
 */
export class Deadline {
  /** Set since the last tick; 0 when `atMs` holds. */
  private timeoutMs = 0;
  private atMs = Number.POSITIVE_INFINITY;

  /** @param timeoutMs from now on, at least 1 */
  set(timeoutMs: number): void {
    this.timeoutMs = timeoutMs;
  }

  /** @param atMs by the clock that the ticks tell */
  setAt(atMs: number): void {
    this.timeoutMs = 0;
    this.atMs = atMs;
  }

  /**
   * Counts a new timeout from here on.
   * @param nowMs the time, rounded down
   * @returns whether the deadline has passed
   */
  tick(nowMs: number): boolean {
    if (this.timeoutMs > 0) this.setAt(nowMs + 1 + this.timeoutMs);
    return this.atMs <= nowMs;
  }

  /** Whether it had passed at that tick, and has not been set since. */
  passed(nowMs: number): boolean {
    return this.timeoutMs === 0 && this.atMs <= nowMs;
  }
}

/**
 * When content must have moved on: every byte buys time, but no silence is longer than the timeout.
 * @param startedMs when the content began
 * @param bytes how much of it has come
 */
export function contentDeadline(
  { bodyTimeoutMs, bodyRateMin }: Deadlines,
  nowMs: number,
  startedMs: number,
  bytes: number,
): number {
  const paidMs = bodyRateMin === 0 ? Number.POSITIVE_INFINITY : (bytes / bodyRateMin) * 1000;
  return Math.ceil(Math.min(nowMs + bodyTimeoutMs, startedMs + bodyTimeoutMs + paidMs));
}
