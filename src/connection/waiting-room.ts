// Connections that come at the limit wait here for a moment, unread. First what the kernel holds of the others is read,
// since after a block of the event loop a connection may look idle although its next request has arrived. Then other threads,
// which may have idle connections, have time to make room.

import type { Socket } from 'node:net';
import type { Endpoint } from './endpoint.ts';

/** Another thread makes room at its next tick, so within two ticks of this one. */
const ASK_TICKS = 2;
/** Another thread passes over a connection that has just begun to wait, so it is asked twice. */
const TICKS_MAX = 2 * ASK_TICKS;

/** A socket that a listener has accepted. */
export interface Arrival {
  readonly socket: Socket;
  readonly endpoint: Endpoint;
  /** Where its address is counted. */
  readonly addressEntry: number;
}

/** Decides about the connections that wait. */
export interface Door {
  /** Lets it in, if there is room. */
  admit(arrival: Arrival): boolean;
  refuse(arrival: Arrival): void;
  /** Asks other threads for room. False: none of them has a connection. */
  askOthers(): boolean;
}

interface Waiter {
  readonly arrival: Arrival;
  ticks: number;
}

export class WaitingRoom {
  /** In the order in which they came. */
  private waiters: Waiter[] = [];
  private looksSoon = false;

  constructor(private readonly door: Door) {}

  get size(): number {
    return this.waiters.length;
  }

  /** Has a connection wait. It is admitted or refused once the bytes that the kernel holds have been read. */
  enter(arrival: Arrival): void {
    this.waiters.push({ arrival, ticks: 0 });
    if (this.looksSoon) return;
    this.looksSoon = true;
    setImmediate(() => {
      this.looksSoon = false;
      this.look((waiter) => waiter.ticks > 0 || this.door.askOthers());
    });
  }

  /** A tick has passed. */
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

  /** Admits connections as far as there is room, and refuses those of the others that may not wait any longer. */
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
