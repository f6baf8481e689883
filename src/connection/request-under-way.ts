// A request that the application answers, as the set of connections sees it.

import type { Head } from './exchange.ts';

export interface RequestUnderWay {
  /** Names the request in the log (request-summary.ts). */
  readonly head: Head;
  /** The response is complete, or nothing more can be sent. */
  readonly over: boolean;
  /** Reports to the application that the client does not get the whole response. */
  abort(reason: Error): void;
  /** Closes the connection of the request, or its stream, at once. */
  destroy(): void;
}
