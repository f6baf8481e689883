// The progress of a run: on a terminal a bar with the time left, elsewhere a plain line from time to time.

import { SingleBar } from 'cli-progress';
import type { Progress } from '../suite.ts';

/** The least time between two lines, so that the log of a run stays short. */
const LINE_EVERY_MS = 10_000;
/** After this time, the time taken so far is a better guide than the estimate. */
const TRUST_AFTER_SECONDS = 10;
const TICK_MS = 1000;
const BAR_WIDTH = 24;
/** The width of a terminal that does not report one. */
const COLUMNS = 80;

export interface RunProgress {
  begin(suite: string, seconds: number): void;
  at(what: string, secondsDone: number): void;
  /**
   * Marks the suite's whole estimate as done, however long it took. Text that is printed after this is not
   * overwritten.
   */
  end(): void;
}

export type Clock = () => number;

/** The estimates of suites, corrected by the time that the finished part has taken. */
export class Estimate {
  readonly totalSeconds: number;
  private readonly nowMs: Clock;
  private readonly beganMs: number;
  private suiteBegan = 0;
  private suiteSeconds = 0;
  private doneSeconds = 0;
  /** The time left at the last progress, and the time of that progress. */
  private left: number;
  private leftMs: number;

  constructor(totalSeconds: number, nowMs: Clock) {
    this.totalSeconds = totalSeconds;
    this.nowMs = nowMs;
    this.beganMs = nowMs();
    this.left = totalSeconds;
    this.leftMs = this.beganMs;
  }

  begin(seconds: number): void {
    this.suiteBegan = this.doneSeconds;
    this.suiteSeconds = seconds;
    this.at(0);
  }

  at(secondsDone: number): void {
    this.doneSeconds = this.suiteBegan + Math.min(Math.max(secondsDone, 0), this.suiteSeconds);
    this.leftMs = this.nowMs();
    const elapsed = (this.leftMs - this.beganMs) / 1000;
    const slowness = this.doneSeconds >= TRUST_AFTER_SECONDS ? elapsed / this.doneSeconds : 1;
    this.left = Math.max(this.totalSeconds - this.doneSeconds, 0) * slowness;
  }

  end(): void {
    this.at(this.suiteSeconds);
  }

  /** 0 to 1. */
  get share(): number {
    return this.totalSeconds === 0 ? 1 : Math.min(this.doneSeconds / this.totalSeconds, 1);
  }

  get leftSeconds(): number {
    return Math.max(this.left - (this.nowMs() - this.leftMs) / 1000, 0);
  }
}

export function createProgress(
  output: NodeJS.WriteStream,
  totalSeconds: number,
  nowMs: Clock = () => performance.now(),
): RunProgress {
  const estimate = new Estimate(totalSeconds, nowMs);
  return output.isTTY ? new Bar(output, estimate) : new Lines(output, estimate, nowMs);
}

/** Returns the progress that a suite reports to. */
export function suiteProgress(progress: RunProgress, isStopped: () => boolean): Progress {
  return {
    at: (what, secondsDone) => progress.at(what, secondsDone),
    get stopped() {
      return isStopped();
    },
  };
}

/** `40 s`, `3 min` */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return `${Math.ceil(seconds / 60)} min`;
}

class Bar implements RunProgress {
  private readonly bar: SingleBar;
  private readonly estimate: Estimate;
  private readonly output: NodeJS.WriteStream;
  private ticks: NodeJS.Timeout | undefined;
  private suite = '';
  private what = '';

  constructor(output: NodeJS.WriteStream, estimate: Estimate) {
    this.output = output;
    this.estimate = estimate;
    this.bar = new SingleBar({
      stream: output,
      format: '{bar} {percentage}%  {left} left  {what}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: BAR_WIDTH,
      hideCursor: true,
      clearOnComplete: true,
      // main.ts ends the process after the children have ended.
      gracefulExit: false,
    });
  }

  begin(suite: string, seconds: number): void {
    this.suite = suite;
    this.what = '';
    this.estimate.begin(seconds);
    this.bar.start(this.estimate.totalSeconds, this.value, this.payload);
    this.ticks = setInterval(() => this.show(), TICK_MS).unref();
  }

  at(what: string, secondsDone: number): void {
    this.what = what;
    this.estimate.at(secondsDone);
    this.show();
  }

  end(): void {
    clearInterval(this.ticks);
    this.estimate.end();
    this.bar.stop();
  }

  private show(): void {
    this.bar.update(this.value, this.payload);
  }

  private get value(): number {
    return this.estimate.share * this.estimate.totalSeconds;
  }

  private get payload() {
    const room = (this.output.columns || COLUMNS) - BAR_WIDTH - '  100%  99 min left  '.length;
    const what = this.what === '' ? this.suite : `${this.suite}: ${this.what}`;
    return { left: duration(this.estimate.leftSeconds), what: what.slice(0, Math.max(room, 0)) };
  }
}

class Lines implements RunProgress {
  private readonly estimate: Estimate;
  private readonly output: NodeJS.WriteStream;
  private readonly nowMs: Clock;
  private suite = '';
  private lineMs = 0;

  constructor(output: NodeJS.WriteStream, estimate: Estimate, nowMs: Clock) {
    this.output = output;
    this.estimate = estimate;
    this.nowMs = nowMs;
  }

  begin(suite: string, seconds: number): void {
    this.suite = suite;
    this.estimate.begin(seconds);
    this.print(suite);
  }

  at(what: string, secondsDone: number): void {
    this.estimate.at(secondsDone);
    if (this.nowMs() - this.lineMs >= LINE_EVERY_MS) this.print(`${this.suite}: ${what}`);
  }

  end(): void {
    this.estimate.end();
  }

  private print(what: string): void {
    const { share, leftSeconds } = this.estimate;
    this.lineMs = this.nowMs();
    this.output.write(`[${Math.floor(share * 100)}%, ${duration(leftSeconds)} left] ${what}\n`);
  }
}
