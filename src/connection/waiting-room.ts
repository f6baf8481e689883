// Connections that are accepted at the limit wait here for a moment, unread. First the bytes that the kernel holds for other
// connections are read: after the event loop was blocked, a connection may look idle although its next request has arrived.
// Then other threads, which may have idle connections, have time to make room.

import type { Endpoint } from './endpoint.ts';
import type { Accepted } from './handle.ts';

/** Another thread makes room at its next tick, so within two ticks of this one. */
const ASK_TICKS = 2;
/** Another thread passes over a connection that has just begun to wait, so it is asked twice. */
const TICKS_MAX = 2 * ASK_TICKS;

/** A connection that a listener has accepted. */
export interface Arrival {
  readonly accepted: Accepted;
  readonly endpoint: Endpoint;
  /** The entry that counts the client's address. */
  readonly addressEntry: number;
}

/** Decides what becomes of a connection that waits. */
export interface Door {
  /** Begins the connection. @returns false if there is no room */
  admit(arrival: Arrival): boolean;
  refuse(arrival: Arrival): void;
  /** Asks other threads for room. @returns false if none of them has a connection */
  askOthers(): boolean;
}

interface Waiter {
  readonly arrival: Arrival;
  ticks: number;
}

export class WaitingRoom {
  /** In the order of their arrival. */
  private waiters: Waiter[] = [];
  private looksSoon = false;

  constructor(private readonly door: Door) {}

  get size(): number {
    return this.waiters.length;
  }

  /** Lets a connection wait. It is admitted or refused once the bytes that the kernel holds have been read. */
  enter(arrival: Arrival): void {
    this.waiters.push({ arrival, ticks: 0 });
    if (this.looksSoon) return;
    this.looksSoon = true;
    setImmediate(() => {
      this.looksSoon = false;
      this.look((waiter) => waiter.ticks > 0 || this.door.askOthers());
    });
  }

  /** Looks at the connections at each tick of the clock. */
  tick(): void {
    if (this.waiters.length === 0) return;
    for (const waiter of this.waiters) waiter.ticks++;
    this.look(({ ticks }) => ticks < TICKS_MAX && (ticks % ASK_TICKS !== 0 || this.door.askOthers()));
  }

  /** Ends the wait of all connections. */
  clear(leave: (arrival: Arrival) => void): void {
    const left = this.waiters;
    this.waiters = [];
    for (const { arrival } of left) leave(arrival);
  }

  /** Admits connections while there is room, and refuses the others that may not wait any longer. */
  private look(mayWait: (waiter: Waiter) => boolean): void {
    const { door } = this;
    this.waiters = this.waiters.filter((waiter) => {
      if (door.admit(waiter.arrival)) return false;
      if (mayWait(waiter)) return true;
      door.refuse(waiter.arrival);
      return false;
    });
  }
}
