// The view of their server that handlers get.

import { type ListenerOptions, mainListener, portOf, urlOf } from '../connection/address.ts';
import type { Statistics } from '../wasm/statistics.ts';
import type { ServerView } from './types.ts';

/**
 * Makes the view that handlers get.
 * @param listeners gives the listeners, with the ports that are known by now
 * @param draining aborts when the server begins to drain
 */
export function serverView(
  listeners: () => readonly ListenerOptions[],
  draining: AbortSignal,
  stats: () => Statistics,
): ServerView {
  return {
    get url() {
      return urlOf(mainListener(listeners()));
    },
    get port() {
      return portOf(mainListener(listeners()).address);
    },
    draining,
    stats,
  };
}
