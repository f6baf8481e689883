// The worker's one coarse clock. Every tick the Date line is renewed and deadlines are looked at: no timer
// for each connection, no system call for each request. Deadlines are kept in monotonic time, so that
// nobody's setting of the wall clock makes a connection immortal.

/** A timeout counts from the tick after it was set, and is looked at every tick: it is up to twice this late. */
const TICK_MS = 250;

/** Where the time comes from; tests have their own. */
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
  private second = Number.NaN;
  private timer: NodeJS.Timeout | undefined;
  private onTick: ((nowMs: number) => void) | undefined;

  /** @param onSecond told the time since the epoch when a second has begun, and at the start */
  constructor(
    private readonly onSecond: (epochMs: number) => void,
    private readonly time: TimeSource = SYSTEM_TIME,
  ) {
    this.nowMs = Math.floor(time.monotonicMs());
  }

  /** The time now. It takes a tenth of a microsecond, so not every request asks for it. */
  readMs(): number {
    return this.time.monotonicMs();
  }

  /** @param onTick told the monotonic time at once, and at each tick */
  start(onTick: (nowMs: number) => void): void {
    this.onTick = onTick;
    this.tick();
    this.timer = setInterval(() => this.tick(), this.time.tickMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  tick(): void {
    this.nowMs = Math.floor(this.time.monotonicMs());
    const epochMs = this.time.epochMs();
    const second = Math.floor(epochMs / 1000);
    if (second !== this.second) this.onSecond(epochMs);
    this.second = second;
    this.onTick?.(this.nowMs);
  }
}
