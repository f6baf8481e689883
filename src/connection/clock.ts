// The worker's one coarse clock. Every tick it renews the Date line and lets the plane look at deadlines:
// no timer for each connection, no system call for each request.

/** How coarse: a deadline is met at most this much late. */
export const TICK_MS = 250;

export class Clock {
  /** Milliseconds since the epoch, as of the last tick. */
  nowMs: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly onTick: (nowMs: number, newSecond: boolean) => void,
    private readonly readMs: () => number = Date.now,
  ) {
    this.nowMs = readMs();
  }

  start(): void {
    this.onTick(this.nowMs, true);
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  tick(): void {
    const before = this.nowMs;
    this.nowMs = this.readMs();
    const newSecond = Math.floor(before / 1000) !== Math.floor(this.nowMs / 1000);
    this.onTick(this.nowMs, newSecond);
  }
}
