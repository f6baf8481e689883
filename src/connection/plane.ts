// A data plane, usually that of one worker thread: the parts that all its connections share. The connections themselves are
// in connections.ts.

import type { TLSSocket } from 'node:tls';
import { PREPARED_DEFAULT, PREPARED_NONE } from '../memory/codes.ts';
import type { Codec } from '../protocol/codec.ts';
import { dateLine, preparedResponses } from '../protocol/prepared.ts';
import { NO_ROUTE } from '../wasm/figures.ts';
import type { Slot } from '../wasm/slot.ts';
import type { AccessLog } from './access-log.ts';
import { Clock, type TimeSource } from './clock.ts';
import type { Deadlines, Timing } from './deadlines.ts';
import type { Endpoint } from './endpoint.ts';
import type { Application } from './exchange.ts';
import type { ConnectionLimits } from './limits.ts';
import type { Log } from './log.ts';
import type { Member } from './member.ts';
import { Outputs } from './outputs.ts';
import { Reader } from './reader.ts';

/** The counter of the built-in app. */
export const HELLO_COUNTER = 0;

/** The part of a connection that has a turn: during its turn it owns the slot and the bytes in the output region at hand. */
export interface TurnHolder {
  /** Writes the bytes of the region at hand. */
  flush(): boolean;
}

/**
 * Serves a connection whose client has chosen HTTP/2.
 * @param closed to be called when it has closed
 * @returns the member that takes the place of its handshake
 */
export type ServeHttp2 = (socket: TLSSocket, endpoint: Endpoint, closed: (member: Member) => void) => Member;

/** Reading a clock takes longer than the engine takes to answer, so only one turn in so many is timed. */
const SAMPLED_TURNS = 8;

export class Plane implements Timing {
  readonly reader: Reader;
  readonly outputs: Outputs;
  readonly clock: Clock;
  /** Set while requests of a connection are being served. */
  turn: TurnHolder | undefined;
  waits = 0;
  /** Answers the requests that the engine doesn't. */
  application: Application = refuseAll;
  /** The same for connections that redirect: no request of theirs reaches the application. */
  redirector: Application = refuseAll;
  /** Serves the connections of clients that choose HTTP/2; undefined if they can't. */
  http2: ServeHttp2 | undefined;
  /** Pointer of the figures of requests that no route answers. */
  readonly noRouteCells: number;
  /** The application's last call returned before its request was over. */
  answersLater = false;
  /** Called at each tick of the clock. */
  onTick: (() => void) | undefined;
  /** The time of the last turn that was timed. */
  private sampledMs = 0;
  /** Calls of the application that have answered in their turn, and whose time has not been recorded. */
  private untimed = 0;
  /** Counts turns, so that the first one is timed. */
  private turns = -1;
  /** While draining, a connection is closed as soon as it has no request. */
  closesIdle = false;

  constructor(
    readonly codec: Codec,
    readonly slot: Slot,
    readonly log: Log,
    readonly deadlines: Deadlines,
    readonly limits: ConnectionLimits,
    time?: TimeSource,
    /** Undefined if requests are not written to an access log. */
    readonly accessLog?: AccessLog,
  ) {
    this.reader = new Reader(slot);
    this.outputs = new Outputs(slot);
    this.clock = new Clock((epochMs) => slot.setDate(dateLine(epochMs)), time);
    for (const prepared of preparedResponses(HELLO_COUNTER)) slot.prepared.put(prepared);
    if (log.requests) slot.recordsEvents = true;
    this.noRouteCells = slot.figures.cellsOf(NO_ROUTE);
  }

  /**
   * Sets the application, which answers the requests that no prepared response answers. Requests under way stay with the
   * application that has them.
   * @param builtIn the engine answers paths without a prepared response with the built-in response, and hands over only
   *   requests that it may not decide; true by default when there is no application
   */
  serve(application: Application | undefined, builtIn = application === undefined): void {
    this.application = application ?? refuseAll;
    this.slot.prepared.fallback = builtIn ? PREPARED_DEFAULT : PREPARED_NONE;
  }

  /** A connection's turn begins. @returns when, in one turn of SAMPLED_TURNS; 0 in the others */
  turnBegins(holder: TurnHolder, requestsLeft: number, redirectPort: number): number {
    this.slot.turnBegins(requestsLeft, redirectPort);
    this.turn = holder;
    this.turns = (this.turns + 1) % SAMPLED_TURNS;
    return this.turns === 0 ? this.clock.readMs() : 0;
  }

  /**
   * The turn of a connection ends: its responses leave.
   * @param begunMs when it began, if it is timed: its time is recorded for all requests that the engine has answered since
   *   the last turn that was timed
   */
  turnEnds(holder: TurnHolder, begunMs: number): void {
    this.turn = undefined;
    holder.flush();
    if (begunMs === 0) return;
    this.sampledMs = this.clock.readMs() - begunMs;
    this.recordTurns();
  }

  /** Counts a request that the application has answered in its turn. */
  answeredInTurn(): void {
    this.answersLater = false;
    this.untimed++;
    this.slot.figures.answeredInTurn();
  }

  /** Records the time of the turn that was timed last for all requests that have been answered in a turn since. */
  recordTurns(): void {
    const { figures } = this.slot;
    figures.turnTook(this.sampledMs);
    if (this.untimed > 0) figures.handlersTook(this.sampledMs, this.untimed);
    this.untimed = 0;
  }

  /** Builds the prepared response for an error into the region at hand. */
  refuse(error: number): void {
    const { codec, slot, outputs } = this;
    codec.refuse(error, outputs.position);
    outputs.position += slot.written;
  }
}

function refuseAll(): void {
  throw new Error('no application answers requests here');
}
