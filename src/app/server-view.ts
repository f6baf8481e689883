// The view of their server that handlers get.

import { type Address, mainAddress, portOf, urlOf } from '../connection/address.ts';
import type { Statistics } from '../wasm/statistics.ts';
import type { ServerView } from './types.ts';

/**
 * Makes the view that handlers get.
 * @param addresses gives where the server listens by now
 * @param draining aborts when the server begins to drain
 */
export function serverView(
  addresses: () => readonly Address[],
  draining: AbortSignal,
  stats: () => Statistics,
): ServerView {
  return {
    get url() {
      return urlOf(mainAddress(addresses()));
    },
    get port() {
      return portOf(mainAddress(addresses()));
    },
    draining,
    stats,
  };
}
