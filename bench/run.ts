// One run: suite after suite. The results are saved after each suite, so an interruption loses only the measurement
// in progress.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from './measure/pace.ts';
import { type RunProgress, suiteProgress } from './report/progress.ts';
import type { Results, SuiteResult } from './results.ts';
import type { Suite } from './suite.ts';

/** The time that a stopped suite has to return after its processes are gone. */
const RETURN_MS = 2000;
/** A signal to the whole process group may end a child before this process handles it. */
const SIGNAL_MS = 100;

export interface RunEvents {
  /** Called after each suite, also if it failed or was stopped. */
  measured(result: SuiteResult): void;
  failed(suite: Suite, error: Error): void;
}

/** Runs suites. `stop()` ends a run early: the results keep the measurements, and are marked as not complete. */
export class Run {
  failures = 0;
  readonly results: Results;
  private readonly suites: readonly Suite[];
  private readonly pace: Pace;
  private stopped = false;
  private ended: () => void = () => {};
  /** Resolves when the children of a stopped suite have ended. */
  private readonly childrenEnded = new Promise<void>((resolve) => (this.ended = resolve));

  constructor(suites: readonly Suite[], pace: Pace, results: Results) {
    this.suites = suites;
    this.pace = pace;
    this.results = results;
  }

  /** The duration that the suites estimate. */
  get seconds(): number {
    return this.suites.reduce((sum, suite) => sum + suite.seconds(this.pace), 0);
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** Runs all suites. If one fails, the others run all the same. */
  async go(progress: RunProgress, events: RunEvents): Promise<void> {
    for (const suite of this.suites) {
      if (this.stopped) break;
      const result: SuiteResult = { name: suite.name, title: suite.title, groups: [], notes: [] };
      this.results.suites.push(result);
      progress.begin(suite.name, suite.seconds(this.pace));
      try {
        await this.untilStopped(
          suite.run(
            result,
            suiteProgress(progress, () => this.stopped),
            this.pace,
          ),
        );
      } catch (error) {
        await sleep(SIGNAL_MS);
        if (!this.stopped) this.fail(suite, result, error as Error, events);
      } finally {
        progress.end();
      }
      events.measured(result);
    }
    this.results.complete = !this.stopped;
  }

  /** Stops the run. @param endChildren ends the processes that the suites have started */
  async stop(endChildren: () => Promise<void>): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await endChildren();
    this.ended();
  }

  private fail(suite: Suite, result: SuiteResult, error: Error, events: RunEvents): void {
    this.failures++;
    result.notes.push(`The suite failed, and later groups may be missing: ${error.message}`);
    events.failed(suite, error);
  }

  private async untilStopped(running: Promise<void>): Promise<void> {
    const late = this.childrenEnded.then(() => sleep(RETURN_MS, undefined, { ref: false }));
    await Promise.race([running, late]);
  }
}
