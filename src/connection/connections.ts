// The set of a plane's connections: it accepts them, makes room at the limit, turns them away, ends them at their deadlines,
// and drains them.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ERROR_OVERLOADED, ERROR_PLAINTEXT } from '../memory/codes.ts';
import { abortError } from '../protocol/request-errors.ts';
import { type AddressCounts, UNCOUNTED } from './addresses.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { type Endpoint, PUBLIC } from './endpoint.ts';
import { type Accepted, discard, remoteAddressOf } from './handle.ts';
import { Handshake, type HandshakeOwner } from './handshake.ts';
import { LongestWaiting } from './longest-waiting.ts';
import type { Member } from './member.ts';
import type { Plane } from './plane.ts';
import type { RequestUnderWay } from './request-under-way.ts';
import { type Arrival, type Door, WaitingRoom } from './waiting-room.ts';

/** Accepting fails as often as the kernel is asked, so only one failure in this time is logged. */
const ACCEPT_NOTE_PAUSE_MS = 1000;

export class Connections implements ConnectionOwner, HandshakeOwner, Door {
  /** The plane's count of waits at the last tick. */
  private waitsAtTick = 0;
  /** The time of the tick before the last one: the last one may follow right after the event loop was blocked. */
  private lastTickMs = Number.NEGATIVE_INFINITY;
  private thisTickMs = Number.NEGATIVE_INFINITY;
  private roomWantedSeen: number;
  private readonly all = new Set<Member>();
  private readonly longestWaiting = new LongestWaiting(this.all);
  private readonly waitingRoom = new WaitingRoom(this);
  /** Connections that read a 503 because there is no room for them. The statistics don't count them as open. */
  private readonly turnedAway = new Set<Member>();
  /** Called with each connection that has closed. */
  onClosed: ((connection: Member) => void) | undefined;
  private drained: (() => void) | undefined;
  private acceptNotedMs = Number.NEGATIVE_INFINITY;

  /** Starts the plane's clock. */
  constructor(
    readonly plane: Plane,
    private readonly addresses?: AddressCounts,
  ) {
    this.roomWantedSeen = plane.slot.roomWanted;
    plane.clock.start((nowMs) => this.tick(nowMs));
  }

  /**
   * Begins a connection. Beyond a limit it waits for room, or is turned away.
   * @returns the connection, if it has begun
   */
  accept(accepted: Accepted, endpoint: Endpoint): Member | undefined {
    const { addresses, waitingRoom } = this;
    const { limits, slot } = this.plane;
    let addressEntry: number | undefined = UNCOUNTED;
    if (addresses !== undefined) {
      const remoteAddress = remoteAddressOf(accepted);
      // A client of a unix socket has no address, and a client that is gone has none any more.
      if (remoteAddress !== undefined) addressEntry = addresses.enter(remoteAddress);
    }
    if (addressEntry === undefined) {
      this.turnAway(accepted, endpoint);
      return undefined;
    }
    if (slot.statistics.openEverywhere < limits.connectionsMax)
      return this.open(accepted, endpoint, addressEntry);
    const arrival = { accepted, endpoint, addressEntry };
    if (
      waitingRoom.size < limits.refusalsMax / 2 &&
      waitingRoom.size + this.turnedAway.size < limits.refusalsMax
    ) {
      waitingRoom.enter(arrival);
      return undefined;
    }
    // When many connections wait there is no time to check whether a connection only seems to be idle.
    if (this.makeRoom(true)) return this.open(accepted, endpoint, addressEntry);
    this.refuse(arrival);
    return undefined;
  }

  private open(accepted: Accepted, endpoint: Endpoint, addressEntry: number): Member {
    this.plane.slot.statistics.opened();
    this.plane.slot.figures.opened(endpoint.listener);
    const connection = this.begin(accepted, endpoint);
    connection.addressEntry = addressEntry;
    return connection;
  }

  /** Begins a connection that has waited for room. @returns false if there is still no room */
  admit({ accepted, endpoint, addressEntry }: Arrival): boolean {
    const { limits, slot } = this.plane;
    if (slot.statistics.openEverywhere >= limits.connectionsMax && !this.makeRoom(true)) return false;
    this.open(accepted, endpoint, addressEntry);
    return true;
  }

  /** Turns away a connection whose address has been counted. */
  refuse({ accepted, endpoint, addressEntry }: Arrival): void {
    this.addresses?.leave(addressEntry);
    this.turnAway(accepted, endpoint);
  }

  /** Asks other threads for room. @returns false when none of them has a connection */
  askOthers(): boolean {
    const { slot } = this.plane;
    if (slot.statistics.openEverywhere <= this.all.size - this.turnedAway.size) return false;
    slot.wantRoom();
    return true;
  }

  /**
   * Closes the connection that has waited longest for its client.
   * @param unfinished a connection that has received a part of a head may be closed, too
   * @param before the value of the plane's `waits` since when the connection must have waited
   * @returns false if no connection can be closed
   */
  private makeRoom(unfinished: boolean, before = this.plane.waits): boolean {
    const connection = this.longestWaiting.take(this.plane.waits, before, this.lastTickMs, unfinished);
    if (connection === undefined) return false;
    this.plane.slot.figures.dropped(connection.endpoint.listener);
    connection.destroy();
    // Its place is free now, not only when 'close' is emitted.
    this.connectionClosed(connection);
    return true;
  }

  /** Closes as many connections as other threads need room for. */
  private makeRoomForOthers(): void {
    const { slot, limits, waits } = this.plane;
    // A connection that has waited since before the last tick may make room for connections of that tick.
    const before = this.waitsAtTick;
    this.waitsAtTick = waits;
    const wanted = (slot.roomWanted - this.roomWantedSeen) | 0;
    if (wanted === 0) return;
    this.roomWantedSeen = slot.roomWanted;
    // All threads are asked: the first one closes as many as are needed.
    const enough = limits.connectionsMax - wanted;
    while (slot.statistics.openEverywhere > enough && this.makeRoom(true, before));
  }

  /** Answers a connection with 503. When too many connections read a 503, closes it at once instead. */
  turnAway(accepted: Accepted, endpoint: Endpoint): void {
    this.plane.slot.figures.dropped(endpoint.listener);
    if (this.turnedAway.size >= this.plane.limits.refusalsMax) {
      discard(accepted);
      return;
    }
    const connection = this.begin(accepted, endpoint);
    this.turnedAway.add(connection);
    // Before the end of a handshake there is nothing to answer with.
    if (connection instanceof Connection) connection.refuse(ERROR_OVERLOADED);
  }

  private begin(accepted: Accepted, endpoint: Endpoint): Connection | Handshake {
    const { plane } = this;
    const { secure } = endpoint;
    const connection =
      secure === undefined
        ? new Connection(this, plane, accepted, endpoint)
        : new Handshake(this, plane, accepted, endpoint, secure);
    this.all.add(connection);
    plane.slot.statistics.accepted();
    plane.slot.figures.accepted(endpoint.listener);
    plane.log.accepted(connection.peer);
    return connection;
  }

  secured(handshake: Handshake, socket: TLSSocket): void {
    const { plane, turnedAway } = this;
    const { endpoint } = handshake;
    if (plane.http2 !== undefined && socket.alpnProtocol === 'h2') {
      if (turnedAway.has(handshake)) handshake.destroy();
      else this.replace(handshake, plane.http2(socket, endpoint, this.memberClosed));
      return;
    }
    const connection = new Connection(this, plane, socket, endpoint);
    this.replace(handshake, connection);
    if (turnedAway.has(connection)) connection.refuse(ERROR_OVERLOADED);
  }

  spokePlain(handshake: Handshake, socket: Socket): void {
    const endpoint: Endpoint = { ...handshake.endpoint, io: PUBLIC, scheme: 'http', secure: undefined };
    const connection = new Connection(this, this.plane, socket, endpoint);
    this.replace(handshake, connection);
    connection.refuse(ERROR_PLAINTEXT);
  }

  /** Puts a member in the place of a handshake that is over. */
  private replace(handshake: Handshake, by: Member): void {
    by.addressEntry = handshake.addressEntry;
    this.all.delete(handshake);
    this.all.add(by);
    if (this.turnedAway.delete(handshake)) this.turnedAway.add(by);
  }

  private readonly memberClosed = (member: Member): void => this.connectionClosed(member);

  /**
   * Handles a failure to accept: the peer was gone, or, although limits.ts prevents it, no descriptor was left. Then the
   * connection that has been idle longest makes room, or the kernel would ask for ever.
   */
  acceptFailed({ code, message }: NodeJS.ErrnoException): void {
    if (code === 'EMFILE' || code === 'ENFILE') this.makeRoom(false);
    const { nowMs } = this.plane.clock;
    if (nowMs - this.acceptNotedMs < ACCEPT_NOTE_PAUSE_MS) return;
    this.acceptNotedMs = nowMs;
    this.plane.log.note(`Could not accept a connection: ${message}`);
  }

  connectionClosed(connection: Member): void {
    if (!this.all.delete(connection)) return;
    if (!this.turnedAway.delete(connection)) {
      this.plane.slot.statistics.closed();
      this.plane.slot.figures.closed(connection.endpoint.listener);
      this.addresses?.leave(connection.addressEntry);
    }
    this.plane.log.closed(connection.peer);
    this.onClosed?.(connection);
    this.settle();
  }

  /**
   * Finishes requests under way: the last response of each connection says that it closes. Listeners must have stopped
   * accepting. Resolves when all connections have closed.
   * @param closeIdle closes idle connections at once; otherwise their next response, or their idle timeout, closes them
   */
  async drain({ closeIdle } = { closeIdle: true }): Promise<void> {
    this.plane.slot.draining = true;
    this.plane.closesIdle = closeIdle;
    this.waitingRoom.clear((arrival) => this.refuse(arrival));
    // Bytes that the kernel has received are read before a connection counts as idle. The timer may fire right after the
    // event loop was blocked, so a poll follows it.
    await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setImmediate(resolve));
    for (const connection of this.all) {
      if (connection.drain !== undefined) connection.drain();
      else if (closeIdle && connection.idle) connection.destroy();
    }
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

  /** Stops the clock, so that the thread can end. */
  stop(): void {
    this.plane.clock.stop();
  }

  /**
   * Closes all connections at once.
   * @returns how many were not idle
   */
  destroy(): number {
    this.waitingRoom.clear(({ accepted, addressEntry }) => {
      this.addresses?.leave(addressEntry);
      discard(accepted);
    });
    let cut = 0;
    for (const connection of this.all) {
      if (!connection.idle) cut++;
      for (const request of connection.underWay)
        request.abort(
          abortError('ERR_SERVER_STOPPED', 'the server stopped before the response was complete'),
        );
      connection.destroy();
    }
    return cut;
  }

  /** The requests that the application answers. */
  get underWay(): RequestUnderWay[] {
    return [...this.all].flatMap(({ underWay }) => underWay);
  }

  private tick(nowMs: number): void {
    this.plane.onTick?.();
    this.lastTickMs = this.thisTickMs;
    this.thisTickMs = nowMs;
    this.longestWaiting.forget();
    this.makeRoomForOthers();
    this.waitingRoom.tick();
    let passed = false;
    for (const { deadline } of this.all) if (deadline.tick(nowMs)) passed = true;
    // When the event loop was blocked, the kernel may hold bytes that arrived in time: one poll reads them first.
    if (passed) setImmediate(() => this.expire(nowMs));
  }

  /** Has each connection act whose deadline had passed at that tick. */
  expire(nowMs: number): void {
    for (const connection of this.all) if (connection.deadline.passed(nowMs)) connection.expire();
  }

  private settle(): void {
    if (this.all.size === 0) this.drained?.();
  }
}
