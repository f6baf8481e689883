// What an application is told of its exchanges, counted.

import type { Exchange } from '../../src/connection/exchange.ts';

export interface Watched {
  exchange: Exchange;
  /** Each time onAbort and onGone were told. */
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

/** All that is left of the content; rejects as the content does. */
export async function readAll({ content }: Exchange): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  if (content !== undefined)
    for (let piece = await content.read(); piece !== undefined; piece = await content.read())
      pieces.push(piece);
  return Buffer.concat(pieces);
}
