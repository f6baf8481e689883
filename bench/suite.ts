// The interface of a suite, and of the progress that it reports.

import type { Pace } from './measure/pace.ts';
import type { SuiteName, SuiteResult } from './results.ts';

export interface Suite {
  name: SuiteName;
  title: string;
  /** Whether a run that names no suite includes it. */
  byDefault: boolean;
  /** Estimates how long it takes, for the display of the time left. */
  seconds(pace: Pace): number;
  /**
   * Measures, filling `result` as it goes, so that an interrupted run keeps its measurements.
   * @throws Error if a server does not start or answers wrongly
   */
  run(result: SuiteResult, progress: Progress, pace: Pace): Promise<void>;
}

export interface Progress {
  /** Reports the current measurement, and how many seconds of the suite's estimate are done. */
  at(what: string, secondsDone: number): void;
  /** True if the run is being stopped: the suite then returns after the current measurement. */
  readonly stopped: boolean;
}
