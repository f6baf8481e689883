// The queue of accepted connections. A limited number is served at a time. More connections wait, not read from, up to
// another limit; beyond it they are turned away.

import type { Endpoint } from '../connection/endpoint.ts';
import { type Accepted, discard } from '../connection/handle.ts';

/** A connection that a listener has accepted. */
export interface Arrival {
  accepted: Accepted;
  endpoint: Endpoint;
}

export interface QueueOptions {
  /** Serves one connection. Resolves when it is over, however it ended. */
  serve: (arrival: Arrival) => Promise<void>;
  turnAway: (arrival: Arrival) => void;
  servedMax: number;
  waitingMax: number;
}

export class Queue {
  private readonly waiting: Arrival[] = [];
  private serving = 0;
  private emptied: (() => void) | undefined;

  constructor(private readonly options: QueueOptions) {}

  enter(arrival: Arrival): void {
    const { servedMax, waitingMax, turnAway } = this.options;
    if (this.serving < servedMax) void this.serve(arrival);
    else if (this.waiting.length < waitingMax) this.waiting.push(arrival);
    else turnAway(arrival);
  }

  /** Closes the connection that has waited longest. */
  makeRoom(): void {
    const arrival = this.waiting.shift();
    if (arrival !== undefined) discard(arrival.accepted);
  }

  /** Closes the connections that wait, and resolves when no connection is served any more. */
  async drain(): Promise<void> {
    for (const { accepted } of this.waiting.splice(0)) discard(accepted);
    if (this.serving > 0) await new Promise<void>((resolve) => (this.emptied = resolve));
  }

  private async serve(first: Arrival): Promise<void> {
    this.serving++;
    for (let next: Arrival | undefined = first; next !== undefined; next = this.waiting.shift()) {
      const arrival = next;
      await this.options.serve(arrival).catch(() => discard(arrival.accepted));
    }
    this.serving--;
    if (this.serving === 0) this.emptied?.();
  }
}
