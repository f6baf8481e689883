// Times that are no option of a user's. Tests take shorter ones.

export interface Times {
  /** A server process, a worker or a keeper that lived this long died of something else than its start. */
  healthyMs: number;
  /** The start of a thread that takes longer is reported, and gives way to a newer reload. */
  slowMs: number;
  /** npm passes Ctrl-C on to a process that got it from the terminal already: twice within some milliseconds. */
  sameSignalMs: number;
}

export const TIMES: Times = { healthyMs: 5000, slowMs: 5000, sameSignalMs: 500 };
