// The durations of a run, all in this place.

export interface Pace {
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

/** Runs all suites in about a minute and a half: enough to see that everything works, not to judge a change. */
export const QUICK: Pace = {
  timingRounds: 2,
  timingMs: 50,
  timingWarmUpMs: 80,
  countingRounds: 2,
  countingMs: 40,
  loadRounds: 1,
  loadSeconds: 0.35,
  warmUpSeconds: 0.35,
  acceptRequests: 500,
  handshakeSeconds: 0.3,
  http2Requests: 2000,
  transferSeconds: 0.25,
  modelRounds: 1,
  modelSeconds: 1,
};
