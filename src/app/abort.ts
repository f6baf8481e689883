// Several abort listeners for one exchange, which has room for one: the request's signal, a limiter, a stream.

import type { Exchange } from '../connection/exchange.ts';

/** Adds a listener that is called when the exchange is aborted; at once if it has been aborted already. */
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
