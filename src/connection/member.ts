// A member of the set of connections: a handshake that is not over, an HTTP/1 connection, or an HTTP/2 session.

import type { Deadline } from './deadlines.ts';
import type { Endpoint } from './endpoint.ts';
import type { RequestUnderWay } from './request-under-way.ts';

export interface Member {
  /** The entry that counts the client's address. */
  addressEntry: number;
  /** Where it came in. */
  readonly endpoint: Endpoint;
  /** The client, as the log names it. */
  readonly peer: string;
  readonly deadline: Deadline;
  /** No request has been received in part or waits for its response, and no response waits to leave. */
  readonly idle: boolean;
  /** The requests that the application answers. */
  readonly underWay: readonly RequestUnderWay[];
  /** Returns true if the connection may be closed to make room for another one. */
  makesRoom(nowMs: number): boolean;
  /** Announces that no further requests are answered, where the protocol can say so before the next response. */
  drain?(): void;
  /** Acts on a deadline that has passed. */
  expire(): void;
  /** Closes the connection at once. */
  destroy(): void;
}
