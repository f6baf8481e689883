// How long a run takes: the one place with its durations.

export interface Pace {
  timingRounds: number;
  timingMs: number;
  loadRounds: number;
  /** Whole: wrk takes no other. */
  loadSeconds: number;
  warmUpSeconds: number;
}

/** Four to five minutes. */
export const FULL: Pace = { timingRounds: 7, timingMs: 250, loadRounds: 5, loadSeconds: 3, warmUpSeconds: 2 };

/** Under a minute. Good enough to see that all works, not to judge a change. */
export const QUICK: Pace = {
  timingRounds: 3,
  timingMs: 100,
  loadRounds: 2,
  loadSeconds: 1,
  warmUpSeconds: 1,
};
