// What a connection waits for, and until when. A connection has one deadline, which alone moves its state:
//
//   REQUEST       the client: for its next request
//   HEAD          the client: for the rest of a head
//   CONTENT       the client: for more content
//   APPLICATION   the application: for its response, or for more of it
//
// While a response leaves, the time that the peer has to read it, or to close, comes first.

import type { Clock } from './clock.ts';

export interface Deadlines {
  /** From the first byte of a head, or from accepting, to the head's end: 408 beyond. */
  headTimeoutMs: number;
  /** Between requests: closed quietly beyond. */
  idleTimeoutMs: number;
  /** Without a byte of content: 408 beyond. */
  bodyTimeoutMs: number;
  /** What content must come to on average, in bytes a second, once bodyTimeoutMs have passed. */
  bodyRateMin: number;
  /** For the application to answer, or to go on with its response: 503, or cut, beyond. */
  handlerTimeoutMs: number;
  /** For a peer to read what it was sent, or as much of it that the kernel takes 64 KiB more: cut beyond. */
  writeTimeoutMs: number;
}

const REQUEST = 0;
const HEAD = 1;
const CONTENT = 2;
const APPLICATION = 3;

/** How long a connection that closes, or whose client has closed its side, stays open for the client's sake. */
const LINGER_MS = 2000;
/** How long the last bytes of a response that broke off have to reach the peer: a reset discards bytes under way. */
const RESET_DELAY_MS = 200;
/** How long a client has for a head before its connection may make room for another one. */
const HEAD_GRACE_MS = 1000;

/**
 * One timeout. It is never early: setting it reads no clock, since that takes too long for each request, so a timeout
 * counts from the next tick.
 */
export class Timeout {
  /** Set since the last tick; 0 when `atMs` holds. */
  private timeoutMs = 0;
  private atMs = Number.POSITIVE_INFINITY;

  /** @param timeoutMs from now on, at least 1 */
  set(timeoutMs: number): void {
    this.timeoutMs = timeoutMs;
  }

  /** @param atMs by the clock that the ticks tell */
  setAt(atMs: number): void {
    this.timeoutMs = 0;
    this.atMs = atMs;
  }

  /**
   * Counts a new timeout from here on.
   * @param nowMs the time, rounded down
   * @returns whether the time is up
   */
  tick(nowMs: number): boolean {
    if (this.timeoutMs > 0) this.setAt(nowMs + 1 + this.timeoutMs);
    return this.atMs <= nowMs;
  }

  /** Whether the time was up at that tick, and has not been set since. */
  passed(nowMs: number): boolean {
    return this.timeoutMs === 0 && this.atMs <= nowMs;
  }
}

/**
 * When content must have moved on: every byte buys time, but no silence is longer than the timeout.
 * @param startedMs when the content began
 * @param bytes how much of it has come
 */
export function contentDeadline(
  { bodyTimeoutMs, bodyRateMin }: Deadlines,
  nowMs: number,
  startedMs: number,
  bytes: number,
): number {
  const paidMs = bodyRateMin === 0 ? Number.POSITIVE_INFINITY : (bytes / bodyRateMin) * 1000;
  return Math.ceil(Math.min(nowMs + bodyTimeoutMs, startedMs + bodyTimeoutMs + paidMs));
}

/** What the deadlines of a plane share. */
export interface Timing {
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  /** Rises whenever a connection begins to wait for its client. */
  waits: number;
}

export class Deadline extends Timeout {
  /** The value of `waits` when the connection began to wait for its client: for a request, or for the rest of a head. */
  waitsSince: number;
  private headSinceMs: number;
  private awaited = REQUEST;
  /** What else is awaited has its time when the peer has read. */
  private peerFirst = false;
  private contentStartedMs = 0;
  private contentBytes = 0;

  /** A client that has connected has the time of a head for its first request. */
  constructor(private readonly times: Timing) {
    super();
    this.set(times.deadlines.headTimeoutMs);
    this.waitsSince = times.waits++;
    this.headSinceMs = times.clock.nowMs;
  }

  /** Awaits the next request. */
  awaitRequest(): void {
    this.awaited = REQUEST;
    if (this.peerFirst) return;
    this.set(this.times.deadlines.idleTimeoutMs);
    this.waitsSince = this.times.waits++;
  }

  /**
   * Awaits the rest of a head. Its time counts from its first byte: more bytes buy none.
   * @param anew it is not the head that was awaited before
   */
  awaitHead(anew: boolean): void {
    const { awaited, times } = this;
    this.awaited = HEAD;
    if (this.peerFirst || (awaited === HEAD && !anew)) return;
    this.set(times.deadlines.headTimeoutMs);
    this.waitsSince = times.waits++;
    this.headSinceMs = times.clock.nowMs;
  }

  /** Awaits more content. @param bytes how many have just come */
  awaitContent(bytes: number): void {
    const { deadlines, clock } = this.times;
    const nowMs = clock.readMs();
    if (this.awaited !== CONTENT) {
      this.contentStartedMs = nowMs;
      this.contentBytes = 0;
    }
    this.awaited = CONTENT;
    this.contentBytes += bytes;
    if (!this.peerFirst)
      this.setAt(contentDeadline(deadlines, nowMs, this.contentStartedMs, this.contentBytes));
  }

  /** Awaits the response. @param departed the client, which has closed its side, and is not waited for long */
  awaitApplication(departed: boolean): void {
    this.awaited = APPLICATION;
    if (!this.peerFirst) this.set(departed ? LINGER_MS : this.times.deadlines.handlerTimeoutMs);
  }

  /** The application has been given a request. Its time counts when the turn has ended. */
  handedOver(): void {
    this.awaited = APPLICATION;
  }

  get awaitsApplication(): boolean {
    return this.awaited === APPLICATION;
  }

  /** The kernel has not taken all of a response: its peer must read. */
  awaitPeer(): void {
    this.peerFirst = true;
    this.set(this.times.deadlines.writeTimeoutMs);
  }

  /** The kernel has taken everything. What is awaited now gets its time when it is awaited again. */
  peerHasRead(): void {
    this.peerFirst = false;
  }

  /** Our half is closed: the peer has some time to close its own. */
  linger(): void {
    this.peerFirst = true;
    this.set(LINGER_MS);
  }

  /** The connection is about to be reset. */
  resetSoon(): void {
    this.peerFirst = true;
    this.set(RESET_DELAY_MS);
  }

  /** The client has had its time for a head when connections have to make room. */
  headGraceOver(nowMs: number): boolean {
    return nowMs - this.headSinceMs >= HEAD_GRACE_MS;
  }
}
