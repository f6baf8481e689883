// One run: suite after suite, saved after each, so that whatever ends it takes no more than what was under way.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from './measure/pace.ts';
import { type RunProgress, suiteProgress } from './report/progress.ts';
import type { Results, SuiteResult } from './results.ts';
import type { Suite } from './suite.ts';

/** What a stopped suite has to return, once its processes are gone. */
const RETURN_MS = 2000;
/** A signal to all may end a child before it is heard here. */
const SIGNAL_MS = 100;

export interface RunEvents {
  /** After each suite: also one that failed, or was stopped. */
  measured(result: SuiteResult): void;
  failed(suite: Suite, error: Error): void;
}

/** Runs end early by `stop()`: what was measured stays in the results, which are then not complete. */
export class Run {
  failures = 0;
  readonly results: Results;
  private readonly suites: readonly Suite[];
  private readonly pace: Pace;
  private stopped = false;
  private ended: () => void = () => {};
  /** Resolves when there is no reason to wait for a suite any longer. */
  private readonly childrenEnded = new Promise<void>((resolve) => (this.ended = resolve));

  constructor(suites: readonly Suite[], pace: Pace, results: Results) {
    this.suites = suites;
    this.pace = pace;
    this.results = results;
  }

  /** How long it takes, as far as the suites know. */
  get seconds(): number {
    return this.suites.reduce((sum, suite) => sum + suite.seconds(this.pace), 0);
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** One suite that fails does not keep the others from running. */
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

  /** @param endChildren ends what the suites have started */
  async stop(endChildren: () => Promise<void>): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await endChildren();
    this.ended();
  }

  private fail(suite: Suite, result: SuiteResult, error: Error, events: RunEvents): void {
    this.failures++;
    result.notes.push(`It failed, and may lack what comes after: ${error.message}`);
    events.failed(suite, error);
  }

  private async untilStopped(running: Promise<void>): Promise<void> {
    const late = this.childrenEnded.then(() => sleep(RETURN_MS, undefined, { ref: false }));
    await Promise.race([running, late]);
  }
}
