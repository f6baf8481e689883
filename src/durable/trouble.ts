// Something that fails again and again: when to try it the next time, and what has been logged of it.

const PAUSE_FIRST_MS = 10;
const PAUSE_MAX_MS = 1000;

export class Trouble {
  /** From one attempt to the next; 0 when nothing fails. */
  pauseMs = 0;
  private failedMs = 0;
  private readonly told = new Set<string>();

  /** @returns whether this reason is one that has not been logged since the trouble began */
  failed(reason: string, nowMs: number): boolean {
    this.pauseMs = Math.min(Math.max(this.pauseMs * 2, PAUSE_FIRST_MS), PAUSE_MAX_MS);
    this.failedMs = nowMs;
    const fresh = !this.told.has(reason);
    this.told.add(reason);
    return fresh;
  }

  /** @returns whether there was any */
  over(): boolean {
    const was = this.pauseMs > 0;
    this.pauseMs = 0;
    this.told.clear();
    return was;
  }

  /** How long until the next attempt; 0 when it may be made now. */
  leftMs(nowMs: number): number {
    return this.pauseMs === 0 ? 0 : Math.max(this.failedMs + this.pauseMs - nowMs, 0);
  }
}
