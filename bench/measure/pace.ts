// The durations of a run, and how much it measures, all in this place.

export interface Pace {
  /** Measures only the most important subjects and groups. */
  few: boolean;
  timingRounds: number;
  timingMs: number;
  /** The time that V8 gets to optimise, which it does in the background and in several steps. */
  timingWarmUpMs: number;
  countingRounds: number;
  countingMs: number;
  loadRounds: number;
  loadSeconds: number;
  warmUpSeconds: number;
  /** Connections, each with one request. */
  acceptRequests: number;
  handshakeSeconds: number;
  http2Requests: number;
  transferSeconds: number;
  modelRounds: number;
  modelSeconds: number;
}

/** Runs all suites in thirteen to fourteen minutes. */
export const FULL: Pace = {
  few: false,
  timingRounds: 7,
  timingMs: 250,
  timingWarmUpMs: 150,
  countingRounds: 5,
  countingMs: 200,
  loadRounds: 5,
  loadSeconds: 1.2,
  warmUpSeconds: 1.5,
  acceptRequests: 10_000,
  handshakeSeconds: 0.7,
  http2Requests: 30_000,
  transferSeconds: 0.7,
  modelRounds: 5,
  modelSeconds: 2,
};

/** Runs the most important cases of all suites in about a minute, in the three rounds that a verdict takes. */
export const QUICK: Pace = {
  few: true,
  timingRounds: 3,
  timingMs: 25,
  timingWarmUpMs: 40,
  countingRounds: 3,
  countingMs: 30,
  loadRounds: 3,
  loadSeconds: 0.35,
  warmUpSeconds: 0.35,
  acceptRequests: 500,
  handshakeSeconds: 0.25,
  http2Requests: 1000,
  transferSeconds: 0.25,
  modelRounds: 3,
  modelSeconds: 0.2,
};

/** Returns those of the items that a run of this pace measures. */
export function atPace<T>({ few }: Pace, items: readonly T[], important: readonly T[]): readonly T[] {
  return few ? items.filter((item) => important.includes(item)) : items;
}
