// Something that fails again and again: when to try it the next time, and what has been logged of it.

import { Backoff } from '../backoff.ts';

const PAUSE_FIRST_MS = 10;
const PAUSE_MAX_MS = 1000;

export class RepeatedFailure {
  private readonly backoff = new Backoff(PAUSE_FIRST_MS, PAUSE_MAX_MS, 0);
  private failedMs = 0;
  private readonly told = new Set<string>();

  /** The pause between two attempts; 0 when nothing fails. */
  get pauseMs(): number {
    return this.backoff.pauseMs;
  }

  /** @returns whether this reason is one that has not been logged since the trouble began */
  failed(reason: string, nowMs: number): boolean {
    this.backoff.failed();
    this.failedMs = nowMs;
    const fresh = !this.told.has(reason);
    this.told.add(reason);
    return fresh;
  }

  /** @returns whether there was any */
  over(): boolean {
    const was = this.pauseMs > 0;
    this.backoff.succeeded();
    this.told.clear();
    return was;
  }

  /** How long until the next attempt; 0 when it may be made now. */
  leftMs(nowMs: number): number {
    return this.pauseMs === 0 ? 0 : Math.max(this.failedMs + this.pauseMs - nowMs, 0);
  }
}
