// Counts the events that an application gets from its exchanges.

import type { Exchange } from '../../src/connection/exchange.ts';

export interface Watched {
  exchange: Exchange;
  /** The reasons of all calls of onAbort, and the count of calls of onGone. */
  aborts: Error[];
  gone: number;
}

/** Listens to an exchange. */
export function watch(exchange: Exchange): Watched {
  const watched: Watched = { exchange, aborts: [], gone: 0 };
  exchange.onAbort = (reason) => watched.aborts.push(reason);
  exchange.onGone = () => watched.gone++;
  return watched;
}

/** Reads the rest of the content; rejects if the content fails. */
export async function readAll({ content }: Exchange): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  if (content !== undefined)
    for (let piece = await content.read(); piece !== undefined; piece = await content.read())
      pieces.push(piece);
  return Buffer.concat(pieces);
}
