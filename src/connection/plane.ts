// The data plane of one worker: what all its connections share, and the connections.

import type { Socket } from 'node:net';
import type { Codec } from '../protocol/codec.ts';
import { ERROR_OVERLOADED } from '../protocol/codes.ts';
import { dateLine, preparedResponses } from '../protocol/prepared.ts';
import type { Slot } from '../wasm/slot.ts';
import { Clock, type TimeSource } from './clock.ts';
import { Connection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { Log } from './log.ts';
import { Outputs } from './outputs.ts';
import type { ReadWay } from './reader.ts';
import type { WriteWay } from './writer.ts';

/** How bytes get in and out; chosen by selftest.ts. */
export interface Io {
  read: ReadWay;
  write: WriteWay;
}

/** Connections beyond the limit that may be read their 503 at a time. */
const REFUSALS_MAX = 128;
/** The counter of the built-in app. */
const HELLO_COUNTER = 0;

export class Plane {
  readonly outputs: Outputs;
  readonly clock: Clock;
  private readonly connections = new Set<Connection>();
  private drained: (() => void) | undefined;

  constructor(
    readonly codec: Codec,
    readonly slot: Slot,
    readonly io: Io,
    readonly log: Log,
    readonly deadlines: Deadlines,
    private readonly connectionsMax: number,
    time?: TimeSource,
  ) {
    this.outputs = new Outputs(slot);
    this.clock = new Clock(
      (epochMs) => slot.setDate(dateLine(epochMs)),
      (nowMs) => this.expire(nowMs),
      time,
    );
    for (const prepared of preparedResponses(HELLO_COUNTER)) slot.prepare(prepared);
    slot.step = log.requests;
    this.clock.start();
  }

  accept(socket: Socket): void {
    const excess = this.connections.size - this.connectionsMax;
    // Even those that are told to go away are a limited number.
    if (excess >= REFUSALS_MAX) {
      socket.destroy();
      return;
    }
    const connection = new Connection(this, socket);
    this.connections.add(connection);
    this.slot.connectionOpened();
    this.log.accepted(connection.peer);
    if (excess >= 0) connection.refuse(ERROR_OVERLOADED);
  }

  connectionClosed(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    this.slot.connectionClosed();
    this.log.closed(connection.peer);
    this.settle();
  }

  /**
   * Finishes what is under way. Idle connections close at once; the others when their last response has
   * gone, which says so. Nothing may be accepted any more.
   */
  async drain(): Promise<void> {
    this.slot.draining = true;
    // What the kernel has already received is under way, too: let it be read before anyone is called idle.
    await new Promise((resolve) => setTimeout(resolve, 10));
    for (const connection of this.connections) if (connection.idle) connection.destroy();
    await new Promise<void>((resolve) => {
      this.drained = resolve;
      this.settle();
    });
    this.clock.stop();
  }

  private expire(nowMs: number): void {
    for (const connection of this.connections) if (connection.deadlineMs <= nowMs) connection.expire();
  }

  private settle(): void {
    if (this.connections.size === 0) this.drained?.();
  }
}
