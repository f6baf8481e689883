// The part of a connection that its open exchange sees.

import type { Duplex } from 'node:stream';
import type { Endpoint } from './endpoint.ts';
import type { Inflow } from './inflow.ts';
import type { Outflow } from './outflow.ts';
import type { Plane } from './plane.ts';
import type { RequestLog } from './request-log.ts';

export interface ExchangeHost {
  /** When the exchange is made, the slot holds the record of its request. */
  readonly plane: Plane;
  /** Takes the response. */
  readonly outflow: Outflow;
  /** Logs the response; undefined if requests are not logged. */
  readonly requestLog: RequestLog | undefined;
  /** The address of the peer, as an exchange reports it. */
  readonly remoteAddress: string;
  readonly endpoint: Endpoint;
  /** Receives the content of the request. */
  readonly inflow: Inflow;
  /** Another request, or a part of one, has been received behind this one. */
  readonly hasMore: boolean;
  /** The application takes content, or discards it. */
  contentWanted(): void;
  /** Gives the socket to another owner when the turn has ended. */
  upgrade(take: (socket: Duplex) => void): void;
  /** The response is complete. */
  exchangeOver(): void;
  /** The response can't be completed. */
  breakOff(): void;
  /** Closes the connection at once. */
  destroy(): void;
}
