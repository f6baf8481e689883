// The worker's coarse clock. Every tick renews the Date line and checks the deadlines: no timer
// for each connection, no system call for each request. Deadlines use monotonic time, so that
// a change of the wall clock never makes a connection immortal.

/** A timeout counts from the tick after it was set, and is checked every tick: it ends up to two ticks late. */
export const TICK_MS = 250;

/** The source of time; tests have their own. */
export interface TimeSource {
  /** Milliseconds that only ever grow. */
  monotonicMs(): number;
  /** Milliseconds since the epoch. */
  epochMs(): number;
  /** From tick to tick, in milliseconds. */
  tickMs: number;
}

const SYSTEM_TIME: TimeSource = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  tickMs: TICK_MS,
};

export class Clock {
  /**
   * Monotonic, as of the last tick; whole, since V8 keeps small integers without a box. It lags behind by a tick, and by
   * more while the event loop is blocked.
   */
  nowMs: number;
  /** Epoch time minus monotonic time, as of the last tick, in milliseconds. */
  private offsetMs: number;
  private second = Number.NaN;
  private timer: NodeJS.Timeout | undefined;
  private onTick: ((nowMs: number) => void) | undefined;

  /** @param onSecond called with the time since the epoch at the start, and when a second has begun */
  constructor(
    private readonly onSecond: (epochMs: number) => void,
    private readonly time: TimeSource = SYSTEM_TIME,
  ) {
    this.nowMs = Math.floor(time.monotonicMs());
    this.offsetMs = time.epochMs() - this.nowMs;
  }

  /** Returns the time since the epoch at a monotonic time, in whole milliseconds. */
  epochOf(monotonicMs: number): number {
    return Math.floor(monotonicMs + this.offsetMs);
  }

  /** Returns the time now. The call takes a tenth of a microsecond, so not every request makes it. */
  readMs(): number {
    return this.time.monotonicMs();
  }

  /** @param onTick called with the monotonic time at once, and at each tick */
  start(onTick: (nowMs: number) => void): void {
    this.onTick = onTick;
    this.tick();
    this.timer = setInterval(() => this.tick(), this.time.tickMs);
  }

  /** Lets the process end while the clock runs. */
  unref(): void {
    this.timer?.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  tick(): void {
    const monotonicMs = this.time.monotonicMs();
    this.nowMs = Math.floor(monotonicMs);
    const epochMs = this.time.epochMs();
    this.offsetMs = epochMs - monotonicMs;
    const second = Math.floor(epochMs / 1000);
    if (second !== this.second) this.onSecond(epochMs);
    this.second = second;
    this.onTick?.(this.nowMs);
  }
}
