// Watches the event loops of worker threads from the thread that controls them. Each thread counts the ticks of its clock in
// shared memory. If the count stands still for the stall timeout, the log gets the stack of the thread, once for each stall.

import inspector from 'node:inspector';
import { TICK_MS } from '../connection/clock.ts';
import type { Views } from '../memory/views.ts';
import { beatOf } from '../wasm/figures.ts';
import { countStall } from '../wasm/header.ts';

/** A thread that is watched. */
export interface Watched {
  readonly ordinal: number;
  readonly slot: number;
  /** The id of the thread in Node. */
  readonly id: number;
  /** Ends the thread, so that another one takes its place. */
  endStalled(): Promise<void>;
}

export interface WatchdogOptions {
  views: Views;
  /** 0: nothing is watched. */
  timeoutMs: number;
  /** Threads that stand still are ended. */
  replaces: boolean;
  note: (text: string) => void;
  warn: (text: string) => void;
  stackOf(id: number): Promise<string | undefined>;
  /** Whether a debugger may have stopped the threads. */
  mayDebug?(): boolean;
  /** Milliseconds that only ever grow. */
  nowMs?(): number;
}

const UNKNOWN = 'its stack is unknown, since it waits in native code, such as execSync()';

interface Pulse {
  beat: number;
  /** The time without a beat. */
  stoodMs: number;
  stalled: boolean;
}

export class Watchdog {
  private readonly pulses = new Map<Watched, Pulse>();
  private readonly intervalMs: number;
  private timer: NodeJS.Timeout | undefined;
  private checkedMs = 0;
  private debugged = false;

  constructor(private readonly options: WatchdogOptions) {
    this.intervalMs = Math.min(Math.max(options.timeoutMs / 10, 50), 500);
  }

  /** Watches a thread from now on. */
  watch(thread: Watched): void {
    const { views, timeoutMs } = this.options;
    if (timeoutMs === 0) return;
    this.pulses.set(thread, { beat: beatOf(views, thread.slot), stoodMs: 0, stalled: false });
    if (this.timer !== undefined) return;
    this.checkedMs = this.nowMs();
    // Watching need not keep a program alive.
    this.timer = setInterval(() => this.check(), this.intervalMs).unref();
  }

  /** Watches a thread no longer. */
  forget(thread: Watched): void {
    this.pulses.delete(thread);
    if (this.pulses.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Compares the beats with those of the last check. Runs by a timer. */
  check(): void {
    const nowMs = this.nowMs();
    // A check that is late was held up as the threads were: the machine, or the container, stood still.
    const passedMs = Math.min(nowMs - this.checkedMs, 2 * this.intervalMs);
    this.checkedMs = nowMs;
    const mayDebug = this.mayDebug();
    for (const [thread, pulse] of this.pulses) {
      const beat = beatOf(this.options.views, thread.slot);
      if (beat === pulse.beat && !mayDebug) this.stands(thread, pulse, passedMs);
      else this.turns(thread, pulse, beat);
    }
  }

  private stands(thread: Watched, pulse: Pulse, passedMs: number): void {
    pulse.stoodMs += passedMs;
    // The event loop may have turned until just before the tick that did not come.
    if (pulse.stalled || pulse.stoodMs < this.options.timeoutMs + TICK_MS) return;
    pulse.stalled = true;
    countStall(this.options.views);
    void this.report(thread, pulse);
  }

  private turns(thread: Watched, pulse: Pulse, beat: number): void {
    if (pulse.stalled)
      this.options.warn(
        `Worker ${thread.ordinal} turns its event loop again, after ${seconds(pulse.stoodMs)}`,
      );
    pulse.beat = beat;
    pulse.stoodMs = 0;
    pulse.stalled = false;
  }

  private async report(thread: Watched, { beat, stoodMs }: Pulse): Promise<void> {
    const { views, replaces, warn, stackOf } = this.options;
    const stack = await stackOf(thread.id);
    const turned = beatOf(views, thread.slot) !== beat;
    const where = turned ? 'its stack came too late' : stack === undefined ? UNKNOWN : `at ${stack}`;
    warn(`Worker ${thread.ordinal} has not turned its event loop for ${seconds(stoodMs)}: ${where}`);
    if (replaces && !turned && this.pulses.has(thread)) await thread.endStalled();
  }

  /** A thread that is stopped at a breakpoint stands still, too. */
  private mayDebug(): boolean {
    const { mayDebug = () => inspector.url() !== undefined, note } = this.options;
    const debugged = mayDebug();
    if (debugged && !this.debugged)
      note('The event loops of workers are not watched while the inspector is open (--inspect)');
    this.debugged = debugged;
    return debugged;
  }

  private nowMs(): number {
    return this.options.nowMs?.() ?? performance.now();
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
