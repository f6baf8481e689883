// How many connections a server takes, and what one of them may ask for.

export interface ConnectionLimits {
  /** Open connections over all workers: beyond, the one that has waited longest makes room, or the new one reads a 503. */
  connectionsMax: number;
  /** How many of those a worker keeps at a time until they have read their 503; the others are closed at once. */
  refusalsMax: number;
  /** Requests answered on one connection; the last response says that it closes. */
  requestsMax: number;
}

/** Over all workers. */
const REFUSALS_MAX = 128;
/** What a server process has open besides connections and what its threads need. */
const DESCRIPTORS_OF_PROCESS = 48;

/**
 * Fits the limit of connections into what the system lets a process open, so that accepting never fails
 * for want of a descriptor.
 * @param descriptors that the process's threads need
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
