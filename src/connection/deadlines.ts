// The deadline of a connection: the event that the connection waits for, and the time limit. Only this class moves its state:
//
//   REQUEST       waits for the client's next request
//   HEAD          waits for the rest of a head
//   CONTENT       waits for more content
//   APPLICATION   waits for the application's response, or for more of it
//
// While a response leaves, the time that the peer has to read it, or to close, counts instead.

import type { Clock } from './clock.ts';

export interface Deadlines {
  /** Time from accepting to the end of the TLS handshake. Then the connection is cut. */
  handshakeTimeoutMs: number;
  /** Time from the first byte of a head, or from accepting, to the end of the head. Then the client gets 408. */
  headTimeoutMs: number;
  /** Time between two requests. Then the connection closes without a response. */
  idleTimeoutMs: number;
  /** Longest pause between two bytes of content. Then the client gets 408. */
  bodyTimeoutMs: number;
  /** The least upload rate: bytes of content a second on average, once bodyTimeoutMs have passed. */
  bodyRateMin: number;
  /** Time for the application to respond, or to continue its response. Then the client gets 503, or the response is cut. */
  handlerTimeoutMs: number;
  /** Time for a peer to read a response, or enough of it that the kernel takes 64 KiB more. Then the response is cut. */
  writeTimeoutMs: number;
}

const REQUEST = 0;
const HEAD = 1;
const CONTENT = 2;
const APPLICATION = 3;

/** Time that a connection stays open when it closes, or its client has closed its side, so that the client can read. */
const LINGER_MS = 2000;
/** Time for the last bytes of a response that broke off to reach the peer: a reset discards bytes under way. */
const RESET_DELAY_MS = 200;
/** Time that a client has for a head before its connection may make room for another one. */
const HEAD_GRACE_MS = 1000;

/**
 * A timeout. It never ends early: it counts from the tick after it was set, since reading a clock for each request takes too
 * long.
 */
export class Timeout {
  /** The duration of a timeout set since the last tick; 0 if `atMs` holds. */
  private timeoutMs = 0;
  private atMs = Number.POSITIVE_INFINITY;

  /** @param timeoutMs from now on, at least 1 */
  set(timeoutMs: number): void {
    this.timeoutMs = timeoutMs;
  }

  /** @param atMs in the time of the ticks */
  setAt(atMs: number): void {
    this.timeoutMs = 0;
    this.atMs = atMs;
  }

  /**
   * Starts a timeout that has been set since the last tick.
   * @param nowMs the time, rounded down
   * @returns true if the time is up
   */
  tick(nowMs: number): boolean {
    if (this.timeoutMs > 0) this.setAt(nowMs + 1 + this.timeoutMs);
    return this.atMs <= nowMs;
  }

  /** Returns true if the time was up at that tick, and has not been set since. */
  passed(nowMs: number): boolean {
    return this.timeoutMs === 0 && this.atMs <= nowMs;
  }
}

/**
 * Returns when more content must have been received: every byte gives more time, but no pause is longer than the timeout.
 * Exported for tests.
 * @param startedMs when the content began
 * @param bytes of the content received so far
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

/** The part of a plane that its deadlines share. */
export interface Timing {
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  /** Counts how often a connection has begun to wait for its client. */
  waits: number;
}

export class Deadline extends Timeout {
  /** The value of `waits` when the connection began to wait for its client: for a request, or for the rest of a head. */
  waitsSince: number;
  private headSinceMs: number;
  private awaited = REQUEST;
  /** The peer has to read first: the time of anything else counts afterwards. */
  private peerFirst = false;
  private contentStartedMs = 0;
  private contentBytes = 0;

  /** Gives a client that has connected the head timeout for its first request. */
  constructor(private readonly times: Timing) {
    super();
    this.set(times.deadlines.headTimeoutMs);
    this.waitsSince = times.waits++;
    this.headSinceMs = times.clock.nowMs;
  }

  /** Gives a client that has connected the time of a TLS handshake. */
  awaitHandshake(): void {
    this.set(this.times.deadlines.handshakeTimeoutMs);
  }

  /** Waits for the next request. */
  awaitRequest(): void {
    this.awaited = REQUEST;
    if (this.peerFirst) return;
    this.set(this.times.deadlines.idleTimeoutMs);
    this.waitsSince = this.times.waits++;
  }

  /**
   * Waits for the rest of a head. Its time counts from its first byte: further bytes give no more time.
   * @param anew this is not the head that the connection waited for before
   */
  awaitHead(anew: boolean): void {
    const { awaited, times } = this;
    this.awaited = HEAD;
    if (this.peerFirst || (awaited === HEAD && !anew)) return;
    this.set(times.deadlines.headTimeoutMs);
    this.waitsSince = times.waits++;
    this.headSinceMs = times.clock.nowMs;
  }

  /** Waits for more content. @param bytes received since the last call */
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

  /** Waits for the response. @param departed the client has closed its side, so the time is short */
  awaitApplication(departed: boolean): void {
    this.awaited = APPLICATION;
    if (!this.peerFirst) this.set(departed ? LINGER_MS : this.times.deadlines.handlerTimeoutMs);
  }

  /** Notes that the application has been given a request. Its time starts when the turn has ended. */
  handedOver(): void {
    this.awaited = APPLICATION;
  }

  get awaitsApplication(): boolean {
    return this.awaited === APPLICATION;
  }

  /** Waits for the peer to read: the kernel has not taken all of a response. */
  awaitPeer(): void {
    this.peerFirst = true;
    this.set(this.times.deadlines.writeTimeoutMs);
  }

  /** Notes that the kernel has taken everything. The next call starts the time of what the connection waits for then. */
  peerHasRead(): void {
    this.peerFirst = false;
  }

  /** Waits for the peer to close its half: ours is closed. */
  linger(): void {
    this.peerFirst = true;
    this.set(LINGER_MS);
  }

  /** Waits for the moment of a reset. */
  resetSoon(): void {
    this.peerFirst = true;
    this.set(RESET_DELAY_MS);
  }

  /** Waits for nothing any more. */
  never(): void {
    this.peerFirst = true;
    this.setAt(Number.POSITIVE_INFINITY);
  }

  /** Returns true if the client has had its time for a head, so that its connection may make room for another one. */
  headGraceOver(nowMs: number): boolean {
    return nowMs - this.headSinceMs >= HEAD_GRACE_MS;
  }
}
