// What main.ts runs, and what a suite is told while it runs.

import type { Pace } from './measure/pace.ts';
import type { SuiteName, SuiteResult } from './results.ts';

export interface Suite {
  name: SuiteName;
  title: string;
  /** Whether it is part of a run that names no suite. */
  byDefault: boolean;
  /** How long it takes, for the time left. */
  seconds(pace: Pace): number;
  /**
   * Measures, filling `result` as it goes, so that an interrupted run keeps what was measured.
   * @throws Error when a server does not start or answers wrongly
   */
  run(result: SuiteResult, progress: Progress, pace: Pace): Promise<void>;
}

export interface Progress {
  /** Says what is measured now, and that so many seconds of the suite's own estimate are done. */
  at(what: string, secondsDone: number): void;
  /** True when the run shall end: a suite then returns after what it is at. */
  readonly stopped: boolean;
}
