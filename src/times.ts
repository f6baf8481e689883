// Times that no option sets. Tests use shorter ones.

export interface Times {
  /** A server process, a worker or a keeper that lived this long did not end because of its start. */
  healthyMs: number;
  /** The server reports the start of a thread that takes longer; then the start gives way to a newer reload. */
  slowMs: number;
  /** npm passes Ctrl-C on to a process that got it from the terminal already: two signals within some milliseconds. */
  sameSignalMs: number;
  /** One key seals the session tickets of TLS for this time. */
  ticketKeyMs: number;
}

export const TIMES: Times = { healthyMs: 5000, slowMs: 5000, sameSignalMs: 500, ticketKeyMs: 12 * 3_600_000 };
