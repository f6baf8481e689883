// The start and the end of an application on a thread: its start() and stop(), and the signal that the server drains.

import { setMaxListeners } from 'node:events';
import type { Log } from '../connection/log.ts';
import { LATE, within } from '../within.ts';
import type { App, StartContext, StopReason } from './types.ts';

/** The least time that stop() gets, however little of the drain timeout is left. */
const STOP_MIN_MS = 1000;

export class Lifecycle {
  private readonly controller = new AbortController();
  private readonly startHook: App['start'];
  private readonly stopHook: App['stop'];
  private started = false;

  constructor(
    { start, stop }: App,
    private readonly log: Log,
  ) {
    this.startHook = start;
    this.stopHook = stop;
    // Each open stream may add a listener.
    setMaxListeners(0, this.draining);
  }

  /** Aborts when the server begins to drain. */
  get draining(): AbortSignal {
    return this.controller.signal;
  }

  /** Calls start() and awaits it. @throws the error of start() */
  async start(context: StartContext): Promise<void> {
    await this.startHook?.(context);
    this.started = true;
  }

  /** Aborts `draining`. */
  drain(): void {
    this.controller.abort(new DOMException('the server is draining', 'AbortError'));
  }

  /**
   * Calls stop() once, if the application has started, and awaits it. Logs a failure.
   * @param leftMs what is left of the drain timeout
   */
  async stop(reason: StopReason, leftMs: number): Promise<void> {
    const { stopHook } = this;
    if (!this.started || stopHook === undefined) return;
    this.started = false;
    const timeoutMs = Math.max(leftMs, STOP_MIN_MS);
    const stopped = (async () => stopHook({ reason }))();
    try {
      if ((await within(timeoutMs, stopped)) === LATE)
        this.log.warn(`stop() of the application has not ended after ${Math.round(timeoutMs)} ms`);
    } catch (error) {
      this.log.failed('stop() of the application failed', error);
    }
  }
}
