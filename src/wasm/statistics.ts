// The figures of a server, as programs see them.

/** Totals and gauges over all workers. */
export interface Statistics {
  requests: number;
  refused: number;
  accepted: number;
  open: number;
}
