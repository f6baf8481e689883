// A data plane, of one worker as a rule: what all its connections share, and the connections.

import type { Socket } from 'node:net';
import { ERROR_OVERLOADED, PREPARED_DEFAULT, PREPARED_NONE } from '../memory/codes.ts';
import type { Codec } from '../protocol/codec.ts';
import { dateLine, preparedResponses } from '../protocol/prepared.ts';
import { abortError } from '../protocol/request-errors.ts';
import type { Slot } from '../wasm/slot.ts';
import { type AddressCounts, UNCOUNTED } from './addresses.ts';
import { Clock, type TimeSource } from './clock.ts';
import { Connection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { Endpoint } from './endpoint.ts';
import type { Application } from './exchange.ts';
import type { ConnectionLimits } from './limits.ts';
import type { Log } from './log.ts';
import { LongestWaiting } from './longest-waiting.ts';
import type { OpenExchange } from './open-exchange.ts';
import { Outputs } from './outputs.ts';
import { WaitingRoom } from './waiting-room.ts';

/** The counter of the built-in app. */
export const HELLO_COUNTER = 0;
/** Accepting fails as often as the kernel is asked, so it is not told each time. */
const ACCEPT_NOTE_PAUSE_MS = 1000;

export class Plane {
  readonly outputs: Outputs;
  readonly clock: Clock;
  /** Which connection's requests are being served: the slot, and what the output region at hand holds, are its. */
  turn: Connection | undefined;
  /** Rises whenever a connection begins to wait for its client. */
  waits = 0;
  /** The value of `waits` at the last tick. */
  private waitsAtTick = 0;
  /** When the tick before the last one was: the last one may come right behind a block of the event loop. */
  private lastTickMs = Number.NEGATIVE_INFINITY;
  private thisTickMs = Number.NEGATIVE_INFINITY;
  private roomWantedSeen: number;
  private readonly connections = new Set<Connection>();
  private readonly longestWaiting = new LongestWaiting(this.connections);
  private readonly waitingRoom = new WaitingRoom({
    admit: (socket, endpoint, addressEntry) => this.admit(socket, endpoint, addressEntry),
    refuse: (socket, endpoint, addressEntry) => this.refuse(socket, endpoint, addressEntry),
    askOthers: () => this.askOthers(),
  });
  /** Those of them that are no part of the gauge, since there was no room for them. */
  private readonly turnedAway = new Set<Connection>();
  /** What answers the requests that the engine doesn't. */
  application: Application = refuseAll;
  /** Told which connection has closed. */
  onClosed: ((connection: Connection) => void) | undefined;
  private drained: (() => void) | undefined;
  /** Draining, and a connection without a request is not waited for. */
  closesIdle = false;
  private acceptNotedMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly codec: Codec,
    readonly slot: Slot,
    readonly log: Log,
    readonly deadlines: Deadlines,
    readonly limits: ConnectionLimits,
    time?: TimeSource,
    private readonly addresses?: AddressCounts,
  ) {
    this.outputs = new Outputs(slot);
    this.roomWantedSeen = slot.roomWanted;
    this.clock = new Clock(
      (epochMs) => slot.setDate(dateLine(epochMs)),
      (nowMs) => this.tick(nowMs),
      time,
    );
    for (const prepared of preparedResponses(HELLO_COUNTER)) slot.prepared.put(prepared);
    slot.recordsEvents = log.requests;
    this.clock.start();
  }

  /**
   * Has an application answer what no prepared response does. Requests that are under way stay where they are.
   * @param builtIn the engine answers what no path leads to with the built-in response, and hands over nothing but
   *   what it may not decide. Without an application that is so.
   */
  serve(application: Application | undefined, builtIn = application === undefined): void {
    this.application = application ?? refuseAll;
    this.slot.prepared.fallback = builtIn ? PREPARED_DEFAULT : PREPARED_NONE;
  }

  /** Begins a connection; one beyond a limit waits for room, or is turned away. */
  accept(socket: Socket, endpoint: Endpoint): Connection | undefined {
    const { addresses, slot, limits, waitingRoom } = this;
    let entry: number | undefined = UNCOUNTED;
    if (addresses !== undefined) {
      const { remoteAddress } = socket;
      // Without one the client is gone.
      if (remoteAddress !== undefined) entry = addresses.enter(remoteAddress);
    }
    if (entry === undefined) this.turnAway(socket, endpoint);
    else if (slot.statistics.openEverywhere < limits.connectionsMax)
      return this.open(socket, endpoint, entry);
    else if (
      waitingRoom.size < limits.refusalsMax / 2 &&
      waitingRoom.size + this.turnedAway.size < limits.refusalsMax
    )
      waitingRoom.enter(socket, endpoint, entry);
    // In a rush there is no time to look whether a connection only seems to be idle.
    else if (this.makeRoom(true)) return this.open(socket, endpoint, entry);
    else this.refuse(socket, endpoint, entry);
    return undefined;
  }

  private open(socket: Socket, endpoint: Endpoint, addressEntry: number): Connection {
    this.slot.statistics.opened();
    const connection = this.begin(socket, endpoint);
    connection.addressEntry = addressEntry;
    return connection;
  }

  /** For one that waits for room. */
  private admit(socket: Socket, endpoint: Endpoint, addressEntry: number): boolean {
    if (this.slot.statistics.openEverywhere >= this.limits.connectionsMax && !this.makeRoom(true))
      return false;
    this.open(socket, endpoint, addressEntry);
    return true;
  }

  private refuse(socket: Socket, endpoint: Endpoint, addressEntry: number): void {
    this.addresses?.leave(addressEntry);
    this.turnAway(socket, endpoint);
  }

  private askOthers(): boolean {
    const { slot } = this;
    if (slot.statistics.openEverywhere <= this.connections.size - this.turnedAway.size) return false;
    slot.wantRoom();
    return true;
  }

  /**
   * Closes the connection that has waited longest for its client.
   * @param unfinished it may be within the head of a request
   * @param before by the count of waits, since when it must have waited
   * @returns false when there is none
   */
  private makeRoom(unfinished: boolean, before = this.waits): boolean {
    const connection = this.longestWaiting.take(this.waits, before, this.lastTickMs, unfinished);
    if (connection === undefined) return false;
    connection.destroy();
    // Its place is free now, not only when the system says so.
    this.connectionClosed(connection);
    return true;
  }

  /** Closes connections that waited when other threads turned some away for want of one, and as many. */
  private makeRoomForOthers(): void {
    const { slot, limits, waits } = this;
    // A connection may be closed for those of the last tick if it has waited for longer.
    const before = this.waitsAtTick;
    this.waitsAtTick = waits;
    const wanted = (slot.roomWanted - this.roomWantedSeen) | 0;
    if (wanted === 0) return;
    this.roomWantedSeen = slot.roomWanted;
    // Each thread is asked: the first one closes as many as are needed.
    const enough = limits.connectionsMax - wanted;
    while (slot.statistics.openEverywhere > enough && this.makeRoom(true, before));
  }

  /** Tells a connection that there is no room for it. Even those that are told are a limited number. */
  turnAway(socket: Socket, endpoint: Endpoint): void {
    if (this.turnedAway.size >= this.limits.refusalsMax) {
      socket.destroy();
      return;
    }
    const connection = this.begin(socket, endpoint);
    this.turnedAway.add(connection);
    connection.refuse(ERROR_OVERLOADED);
  }

  private begin(socket: Socket, endpoint: Endpoint): Connection {
    const connection = new Connection(this, socket, endpoint);
    this.connections.add(connection);
    this.slot.statistics.accepted();
    this.log.accepted(connection.peer);
    return connection;
  }

  /**
   * A connection could not be accepted: its peer was gone, or, though limits.ts keeps clear of it, no
   * descriptor was left. Then the longest idle connection makes room, or the kernel would ask for ever.
   */
  acceptFailed({ code, message }: NodeJS.ErrnoException): void {
    if (code === 'EMFILE' || code === 'ENFILE') this.makeRoom(false);
    const { nowMs } = this.clock;
    if (nowMs - this.acceptNotedMs < ACCEPT_NOTE_PAUSE_MS) return;
    this.acceptNotedMs = nowMs;
    this.log.note(`Could not accept a connection: ${message}`);
  }

  connectionClosed(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    if (!this.turnedAway.delete(connection)) {
      this.slot.statistics.closed();
      this.addresses?.leave(connection.addressEntry);
    }
    this.log.closed(connection.peer);
    this.onClosed?.(connection);
    this.settle();
  }

  /**
   * Finishes what is under way: a connection closes when its last response has gone, which says so. Nothing
   * may be accepted any more.
   * @param closeIdle at once; else their next response, or their own timeout, closes them
   */
  async drain({ closeIdle } = { closeIdle: true }): Promise<void> {
    this.slot.draining = true;
    this.closesIdle = closeIdle;
    this.waitingRoom.clear((socket, endpoint, addressEntry) => this.refuse(socket, endpoint, addressEntry));
    // Bytes that the kernel has received are under way, too: they are read before a connection counts as idle. The timer
    // may fire right behind a block of the event loop, so a poll follows it.
    await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setImmediate(resolve));
    if (closeIdle) for (const connection of this.connections) if (connection.idle) connection.destroy();
    await new Promise<void>((resolve) => {
      const { drained } = this;
      this.drained = () => {
        drained?.();
        resolve();
      };
      this.settle();
    });
    this.stop();
  }

  /** Lets the thread end, if nothing else keeps it. */
  stop(): void {
    this.clock.stop();
  }

  /**
   * Closes every connection at once, whatever is under way.
   * @returns how many were not idle
   */
  destroy(): number {
    this.waitingRoom.clear((socket, _endpoint, addressEntry) => {
      this.addresses?.leave(addressEntry);
      socket.destroy();
    });
    let cut = 0;
    for (const connection of this.connections) {
      if (!connection.idle) cut++;
      connection.openExchange?.abort(
        abortError('ERR_SERVER_STOPPED', 'the server stopped before the response was complete'),
      );
      connection.destroy();
    }
    return cut;
  }

  /** The requests that the application has. */
  get underWay(): OpenExchange[] {
    return [...this.connections].flatMap(({ openExchange }) => openExchange ?? []);
  }

  private tick(nowMs: number): void {
    this.lastTickMs = this.thisTickMs;
    this.thisTickMs = nowMs;
    this.longestWaiting.forget();
    this.makeRoomForOthers();
    this.waitingRoom.tick();
    let passed = false;
    for (const { deadline } of this.connections) if (deadline.tick(nowMs)) passed = true;
    // When the event loop was blocked, the kernel may hold what arrived in time: one poll reads it first.
    if (passed) setImmediate(() => this.expire(nowMs));
  }

  /** Ends what each connection waited for whose deadline had passed at that tick. */
  expire(nowMs: number): void {
    for (const connection of this.connections) if (connection.deadline.passed(nowMs)) connection.expire();
  }

  private settle(): void {
    if (this.connections.size === 0) this.drained?.();
  }
}

function refuseAll(): void {
  throw new Error('no application answers requests here');
}
