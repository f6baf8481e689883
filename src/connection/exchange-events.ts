// The events of an exchange, and its listeners. Nothing is allocated for an exchange without listeners.

export interface ExchangeEvents {
  /** The client seems not to wait for the response any more: `aborted` has been set. */
  abort: (reason: Error) => void;
  /** The exchange is over without a complete response. */
  gone: () => void;
  /** The kernel has taken everything that was written: the next piece may be written. */
  drain: () => void;
  /**
   * The response has left: the kernel has taken its last byte. With an error, it never will. Emitted once for each exchange,
   * never within the call that completes the response; not after upgrade(), since its new owner sends the response.
   */
  left: (error?: Error) => void;
}

type Lists = { [Event in keyof ExchangeEvents]: Set<ExchangeEvents[Event]> };

export class ExchangeListeners {
  private readonly lists: Lists = { abort: new Set(), gone: new Set(), drain: new Set(), left: new Set() };

  add<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void {
    this.lists[event].add(listener);
  }

  remove<Event extends keyof ExchangeEvents>(event: Event, listener: ExchangeEvents[Event]): void {
    this.lists[event].delete(listener);
  }

  abort(reason: Error): void {
    for (const listener of this.lists.abort) listener(reason);
  }

  gone(): void {
    for (const listener of this.lists.gone) listener();
  }

  drain(): void {
    for (const listener of this.lists.drain) listener();
  }

  left(error?: Error): void {
    for (const listener of this.lists.left) listener(error);
  }
}
