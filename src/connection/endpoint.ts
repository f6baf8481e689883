// One endpoint of a server: how the sockets that a listener accepts there are read and written, and which protocol
// their clients speak. One plane serves the sockets of several endpoints.

import type { ReadWay } from './reader.ts';
import type { WriteWay } from './writer.ts';

/** How bytes get in and out; selftest.ts chooses it. */
export interface Io {
  read: ReadWay;
  write: WriteWay;
}

/** Every connection refers to its endpoint, so an endpoint is made once for each listener. */
export interface Endpoint {
  readonly io: Io;
  readonly scheme: 'http' | 'https';
}

/** The endpoint of a listener whose clients speak HTTP without TLS. */
export function plainEndpoint(io: Io): Endpoint {
  return { io, scheme: 'http' };
}
