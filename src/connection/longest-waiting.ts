// Which connection has waited longest for its client, when one must make room for another. Connections keep no order among
// themselves, since that would cost each request: they are looked through when one is asked for, and the next ones are
// then at hand.

/** How many are put at hand at a time. */
const AT_HAND_MAX = 1024;
/** How many connections may be looked at in a tick, so that a flood of new ones does not keep the thread busy with the others. */
const LOOKED_AT_MAX = 65_536;

/** A connection, as far as it may have to make room. */
export interface RoomMaker {
  /** Its `waitsSince`: when it began to wait for its client. */
  readonly deadline: { readonly waitsSince: number };
  /** Nothing is under way, and no part of a head has come. */
  readonly idle: boolean;
  makesRoom(nowMs: number): boolean;
}

export class LongestWaiting<Connection extends RoomMaker> {
  /** The longest last. */
  private atHand: Connection[] = [];
  /** The plane's count of waits when they were put there: a connection that began later has not waited so long. */
  private countedAt = 0;
  private lookedAt = 0;

  constructor(private readonly connections: ReadonlySet<Connection>) {}

  /**
   * The connection that has waited longest, if there is one.
   * @param waits the plane's count
   * @param before the count since when it must have waited
   * @param nowMs the clock's
   * @param unfinished it may be within the head of a request
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

  /** A tick has passed. */
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

  /** Leaves the longest of those at hand that can still make room. */
  private dropOthers(nowMs: number, unfinished: boolean): void {
    for (let one = this.atHand.at(-1); one !== undefined; one = this.atHand.at(-1)) {
      if (one.deadline.waitsSince < this.countedAt && one.makesRoom(nowMs) && (unfinished || one.idle))
        return;
      this.atHand.pop();
    }
  }
}
