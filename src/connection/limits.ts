// How many connections a server takes, and what a connection may ask for. Counted over all workers.

export interface ConnectionLimits {
  /** Open connections; those beyond are answered with 503. */
  connectionsMax: number;
  /** How many of those may be open at a time to read their 503; the others are closed at once. */
  refusalsMax: number;
  /** Requests answered on one connection; the last response says that it closes. */
  requestsMax: number;
}

const REFUSALS_MAX = 128;
/** What a server process opens besides connections: the process, and each of its threads. */
const DESCRIPTORS_OF_PROCESS = 48;
const DESCRIPTORS_OF_WORKER = 16;

/**
 * Fits the limit of connections into what the system lets a process open, so that accepting never fails
 * for want of a descriptor.
 * @param descriptorsMax files and sockets that the process may have open
 */
export function limitConnections(
  wanted: number,
  workers: number,
  descriptorsMax: number,
): Pick<ConnectionLimits, 'connectionsMax' | 'refusalsMax'> {
  const spare = Math.max(descriptorsMax - DESCRIPTORS_OF_PROCESS - DESCRIPTORS_OF_WORKER * workers, 2);
  const refusalsMax = Math.min(REFUSALS_MAX, Math.ceil(spare / 8));
  return { connectionsMax: Math.min(wanted, spare - refusalsMax), refusalsMax };
}
