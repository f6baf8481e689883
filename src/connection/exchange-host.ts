// What an open exchange sees of the connection over which its request came.

import type { Inflow } from './inflow.ts';
import type { Outflow } from './outflow.ts';
import type { Plane } from './plane.ts';

export interface ExchangeHost {
  /** Its slot holds the request's record when the exchange is made. */
  readonly plane: Plane;
  /** Where the response goes. */
  readonly outflow: Outflow;
  /** For the log. */
  readonly peer: string;
  /** The peer's, or nothing when it was gone before anybody asked. */
  readonly remoteAddress: string;
  /** Where the request's content comes from. */
  readonly inflow: Inflow;
  /** Another request, or a part of one, has come behind this one. */
  readonly hasMore: boolean;
  /** The application takes content, or wants no more of it. */
  contentWanted(): void;
  /** The response is complete. */
  exchangeOver(): void;
  /** The response can't be completed. */
  breakOff(): void;
  /** Closes at once. */
  destroy(): void;
}
