// A request that the application answers, as the set of connections sees it.

export interface RequestUnderWay {
  /** Names the request in the log; undefined if its head is no longer there. */
  readonly summary: string | undefined;
  /** The response is complete, or nothing more can be sent. */
  readonly over: boolean;
  /** Reports to the application that the client does not get the whole response. */
  abort(reason: Error): void;
  /** Closes the connection of the request, or its stream, at once. */
  destroy(): void;
}
