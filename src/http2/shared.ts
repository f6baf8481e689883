// What all sessions of a thread share, and the part of a session that its exchanges see.

import type { Plane } from '../connection/plane.ts';
import type { TlsConnection } from '../tls/tls-connection.ts';
import { type MessageLimits, messageLimits } from '../wasm/header.ts';
import { sessionOptions } from './bounds.ts';
import { ResponseFields } from './response-fields.ts';

export class Shared {
  readonly limits: MessageLimits;
  readonly options: ReturnType<typeof sessionOptions>;
  readonly fields = new ResponseFields();

  constructor(readonly plane: Plane) {
    this.limits = messageLimits(plane.slot.views);
    this.options = sessionOptions(this.limits);
  }
}

export interface ExchangeOwner {
  readonly shared: Shared;
  readonly remoteAddress: string;
  readonly tls: TlsConnection;
  /** Takes no more requests. */
  drain(): void;
  /** Closes the connection at once. */
  destroy(): void;
  /** The stream of an exchange is closed. @param takenBack the client has reset it before it had its response */
  streamClosed(exchange: unknown, takenBack: boolean): void;
}
