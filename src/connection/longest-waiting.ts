// Finds the connection that has waited longest for its client, when one must make room for another. Connections are kept in
// no order, since that would cost time for each request. A search looks through all of them, and keeps the next ones at hand.

/** Count of connections that a search keeps at hand. */
const AT_HAND_MAX = 1024;
/** Count of connections that searches look at in a tick, so that a flood of new ones does not keep the thread busy. */
const LOOKED_AT_MAX = 65_536;

/** A connection that may have to make room. */
export interface RoomMaker {
  /** `waitsSince` says when the connection began to wait for its client. */
  readonly deadline: { readonly waitsSince: number };
  /** No response is under way, and no part of a head has been received. */
  readonly idle: boolean;
  makesRoom(nowMs: number): boolean;
}

export class LongestWaiting<Connection extends RoomMaker> {
  /** The connection that has waited longest is the last one. */
  private atHand: Connection[] = [];
  /** The plane's count of waits at the search: a connection that began to wait later has not waited so long. */
  private countedAt = 0;
  private lookedAt = 0;

  constructor(private readonly connections: ReadonlySet<Connection>) {}

  /**
   * Returns the connection that has waited longest, if there is one.
   * @param waits the plane's count of waits
   * @param before the count since when the connection must have waited
   * @param nowMs the time of the clock
   * @param unfinished the connection may have received a part of a head
   */
  take(waits: number, before: number, nowMs: number, unfinished: boolean): Connection | undefined {
    this.dropOthers(nowMs, unfinished);
    if (this.atHand.length === 0 && this.mayLook()) {
      this.look(waits, nowMs);
      this.dropOthers(nowMs, unfinished);
    }
    const longest = this.atHand.at(-1);
    return longest !== undefined && longest.deadline.waitsSince < before ? this.atHand.pop() : undefined;
  }

  /** Drops what a search kept at hand: a tick has passed. */
  forget(): void {
    this.lookedAt = 0;
    if (this.atHand.length > 0) this.atHand = [];
  }

  private look(waits: number, nowMs: number): void {
    this.countedAt = waits;
    const waiting = [...this.connections].filter((connection) => connection.makesRoom(nowMs));
    const since = Float64Array.from(waiting, ({ deadline }) => deadline.waitsSince).sort();
    const last = since[Math.min(AT_HAND_MAX, since.length) - 1] ?? 0;
    this.atHand = waiting
      .filter(({ deadline }) => deadline.waitsSince <= last)
      .sort((one, other) => other.deadline.waitsSince - one.deadline.waitsSince);
  }

  private mayLook(): boolean {
    if (this.lookedAt > 0 && this.lookedAt + this.connections.size > LOOKED_AT_MAX) return false;
    this.lookedAt += this.connections.size;
    return true;
  }

  /** Drops connections at hand that can't make room any more, until the last one can. */
  private dropOthers(nowMs: number, unfinished: boolean): void {
    for (let one = this.atHand.at(-1); one !== undefined; one = this.atHand.at(-1)) {
      if (one.deadline.waitsSince < this.countedAt && one.makesRoom(nowMs) && (unfinished || one.idle))
        return;
      this.atHand.pop();
    }
  }
}
