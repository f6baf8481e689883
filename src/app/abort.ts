// Several parts of the application layer want to know when nobody waits for a response any more; an exchange
// tells one.

import type { Exchange } from '../connection/exchange.ts';

/** Calls the listener when the exchange is aborted, beside those that listen already; at once if it was. */
export function whenAborted(exchange: Exchange, listener: (reason: Error) => void): void {
  if (exchange.aborted !== undefined) {
    listener(exchange.aborted);
    return;
  }
  const earlier = exchange.onAbort;
  exchange.onAbort =
    earlier === undefined
      ? listener
      : (reason) => {
          try {
            earlier(reason);
          } finally {
            listener(reason);
          }
        };
}
