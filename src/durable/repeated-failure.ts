// A failure that repeats: when to try again, and which of its reasons have been logged.

import { Backoff } from '../backoff.ts';

const PAUSE_FIRST_MS = 10;
const PAUSE_MAX_MS = 1000;

export class RepeatedFailure {
  private readonly backoff = new Backoff(PAUSE_FIRST_MS, PAUSE_MAX_MS, 0);
  private failedMs = 0;
  private readonly logged = new Set<string>();

  /** The pause between two attempts; 0 when the last one succeeded. */
  get pauseMs(): number {
    return this.backoff.pauseMs;
  }

  /** Records a failure. @returns whether the reason is new since the last success, so that it is to be logged */
  failed(reason: string, nowMs: number): boolean {
    this.backoff.failed();
    this.failedMs = nowMs;
    const fresh = !this.logged.has(reason);
    this.logged.add(reason);
    return fresh;
  }

  /** Records a success. @returns whether a failure preceded it */
  over(): boolean {
    const was = this.pauseMs > 0;
    this.backoff.succeeded();
    this.logged.clear();
    return was;
  }

  /** The time until the next attempt; 0 when it may be made now. */
  leftMs(nowMs: number): number {
    return this.pauseMs === 0 ? 0 : Math.max(this.failedMs + this.pauseMs - nowMs, 0);
  }
}
