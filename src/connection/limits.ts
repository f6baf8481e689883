// How many connections a server accepts, and how many requests each may send.

export interface ConnectionLimits {
  /** Open connections over all workers. At the limit, the longest waiting one makes room, or the new one gets 503. */
  connectionsMax: number;
  /** How many connections with a 503 a worker keeps at a time until the client has read it; others are closed at once. */
  refusalsMax: number;
  /** Requests served on one connection; the last response carries the close option. */
  requestsMax: number;
}

/** The total over all workers. */
const REFUSALS_MAX = 128;
/** Descriptors of a server process besides those of connections and threads. */
const DESCRIPTORS_OF_PROCESS = 48;

/**
 * Lowers the limit of connections to the number of files that the system lets a process open, so that accepting never
 * fails for lack of a descriptor.
 * @param descriptors the count that the process's threads need
 * @param descriptorsMax files and sockets that the process may have open
 * @param workers how many planes share the limit
 */
export function limitConnections(
  wanted: number,
  descriptors: number,
  descriptorsMax: number,
  workers: number,
): Pick<ConnectionLimits, 'connectionsMax' | 'refusalsMax'> {
  const spare = Math.max(descriptorsMax - DESCRIPTORS_OF_PROCESS - descriptors, 2);
  const refusals = Math.min(REFUSALS_MAX, Math.ceil(spare / 8));
  return {
    connectionsMax: Math.min(wanted, spare - refusals),
    refusalsMax: Math.max(Math.floor(refusals / workers), 1),
  };
}
