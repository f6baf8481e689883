// Redis, as a lessor: each INCRBY allocates several blocks of a counter's numbers, unique across all servers that use this
// Redis. No request waits for Redis. While Redis is unreachable, nothing is leased.

import type { RedisClientType } from 'redis';
import { Backoff } from '../backoff.ts';
import { LATE, within } from '../within.ts';
import type { Grant, Lessor, Refusals } from './lessor.ts';
import { isForAll, reasonOf, withoutPassword } from './redis-reasons.ts';

const KEY_PREFIX = 'hotpath:counter:';
/** How long to wait for a reply. Numbers that a later reply brings are skipped. */
const ANSWER_MS = 2000;
/** How long to wait for a connection: less than ANSWER_MS, so that the reason of its failure is known by then. */
const CONNECT_MS = 1500;
const RECONNECT = new Backoff(50, 1000, 0);
/** How often to raise a count that Redis loses again meanwhile. */
const RAISES_MAX = 3;
/**
 * When Redis has lost a count, other servers may have numbers beyond those of this server, so it skips at least this
 * many.
 */
const BEYOND = 2 ** 20;
/** The server skips this many times what all servers together have used since its last lease. */
const BEYOND_TIMES = 8;
/** It skips at most this many numbers, so that 2^53 last more than a day even if Redis loses the count every second. */
const BEYOND_MAX = 2 ** 36;

/** The counters in Redis. */
export interface RedisCounters extends Lessor {
  /** The URL without its password. */
  readonly place: string;
  /**
   * Raises the counts in Redis to at least these, so that no number up to them is leased again.
   * @param lost whether these counts came from Redis, so that Redis has lost its count if it is lower
   * @returns the counters whose count could not be raised
   * @throws Error when Redis can't be used
   */
  raise(ends: ReadonlyMap<string, number>, lost: boolean): Promise<Refusals>;
}

/**
 * Connects to Redis, now or as soon as it is reachable.
 * @param url such as `redis://127.0.0.1:6379/0`
 * @param note called with one line when Redis has lost a count
 * @throws Error in one line when the package `redis` is not installed, or the URL is malformed
 */
export async function openRedis(url: string, note: (text: string) => void): Promise<RedisCounters> {
  const { createClient, ErrorReply } = await import('redis').catch((error: Error) => {
    throw new Error(`Redis needs the package redis: npm i redis (${error.message.split('\n')[0]})`);
  });
  const connect = (): RedisClientType =>
    createClient({
      url,
      // A command that can't be sent now fails at once, and the keeper tries again.
      disableOfflineQueue: true,
      socket: {
        connectTimeout: CONNECT_MS,
        reconnectStrategy: (triesBefore) => RECONNECT.after(triesBefore + 1),
      },
    }) as RedisClientType;
  const connection = new RedisConnection(url, connect);
  await connection.settled();
  return new Redis(connection, (error) => error instanceof ErrorReply, note);
}

/** A connection that reconnects by itself, and knows the reason when it is not connected. */
class RedisConnection {
  readonly place: string;
  client: RedisClientType;
  private problem: Error | undefined;
  /** Whether a client has been connected once. */
  private used = false;
  /** When the current client was made or last reported an error. */
  private silentMs = performance.now();
  private settle = (): void => {};

  constructor(
    private readonly url: string,
    private readonly connect: () => RedisClientType,
  ) {
    this.place = withoutPassword(url);
    this.client = this.begin();
  }

  /** Resolves when it is known whether Redis can be used, at the latest after ANSWER_MS. */
  async settled(): Promise<void> {
    if (this.client.isReady || this.problem !== undefined) return;
    await within(ANSWER_MS, new Promise<void>((resolve) => (this.settle = resolve)));
  }

  /** Checks the connection. @throws Error with the reason when Redis can't be used now */
  check(): void {
    if (this.client.isReady) return;
    if (performance.now() - this.silentMs >= ANSWER_MS) this.renew(new Late());
    throw this.failure(this.problem ?? new Late());
  }

  /** Converts an error of this connection to one that names the URL and the reason. */
  failure(error: Error): Error {
    const reason = reasonOf(error, { url: this.url, used: this.used });
    return new Error(`Redis at ${this.place} can't be used: ${reason}`);
  }

  /** The last problem of the connection, which has caused this error; without one, the error itself. */
  rather(error: Error): Error {
    return this.problem ?? error;
  }

  /** Replaces the connection: one that has gone silent may never fail by itself. */
  renew(problem: Error): void {
    this.close();
    this.problem = problem;
    this.client = this.begin();
  }

  close(): void {
    try {
      this.client.destroy();
    } catch {
      // The client was closed already.
    }
  }

  private begin(): RedisClientType {
    const client = this.connect();
    this.silentMs = performance.now();
    client.on('error', (error: Error) => {
      if (client !== this.client) return;
      this.silentMs = performance.now();
      // The close follows from the problem before it, which says more.
      const closed = error.constructor.name === 'SocketClosedUnexpectedlyError';
      if (!closed || this.problem === undefined) this.problem = error;
      this.settle();
    });
    client.on('ready', () => {
      this.problem = undefined;
      this.used = true;
      this.settle();
    });
    client.connect().catch(() => {});
    return client;
  }
}

class Redis implements RedisCounters {
  /** The last count of each counter in Redis, by its name. */
  private readonly seen = new Map<string, Seen>();

  constructor(
    private readonly connection: RedisConnection,
    private readonly isReply: (error: Error) => boolean,
    private readonly note: (text: string) => void,
  ) {}

  get place(): string {
    return this.connection.place;
  }

  async lease(
    wanted: ReadonlyMap<string, number>,
    grant: Grant,
    floorOf: (name: string) => number = () => 0,
  ): Promise<Refusals> {
    return await this.forAll(wanted, async (name, count) => {
      grant(name, await this.take(name, count, floorOf(name), true));
    });
  }

  async raise(ends: ReadonlyMap<string, number>, lost: boolean): Promise<Refusals> {
    return await this.forAll(ends, async (name, end) => void (await this.take(name, 0, end, lost)));
  }

  async end(): Promise<void> {
    this.connection.close();
  }

  /** Runs an action for all counters at the same time. @throws Error when Redis can't be used */
  private async forAll(
    numbers: ReadonlyMap<string, number>,
    act: (name: string, number: number) => Promise<void>,
  ): Promise<Refusals> {
    this.connection.check();
    const refusals = new Map<string, Error>();
    let failure: Error | undefined;
    const all = [...numbers].map(async ([name, number]) => {
      try {
        await act(name, number);
      } catch (error) {
        if (error instanceof RangeError) refusals.set(name, error);
        else if (this.isReply(error as Error) && !isForAll(error as Error))
          refusals.set(name, new Error(this.refusalOf(name, error as Error)));
        else failure ??= error as Error;
      }
    });
    await Promise.all(all);
    if (failure === undefined) return refusals;
    if (failure instanceof Late) this.connection.renew(failure);
    throw this.connection.failure(this.isReply(failure) ? failure : this.connection.rather(failure));
  }

  private refusalOf(name: string, { message }: Error): string {
    return `Redis at ${this.place} refuses INCRBY ${KEY_PREFIX}${name}: ${message.split('\n')[0]}`;
  }

  /**
   * Takes `count` numbers. Raises the count first when it is below `floor`.
   * @param lost whether Redis has lost its count if it is below the floor
   * @returns the number before the first one taken, at least `floor`
   */
  private async take(name: string, count: number, floor: number, lost: boolean): Promise<number> {
    let end = await this.add(name, count);
    // With a floor of 0 no number of this server can have been lost.
    const beyond = lost && floor > 0 ? this.beyond(name, count) : 0;
    let raised = false;
    for (let raises = 0; end - count < floor; raises++) {
      if (raises === RAISES_MAX)
        throw new RangeError(`Redis at ${this.place} loses its count again and again`);
      const stood = end - count;
      raised = true;
      // One INCRBY raises the count and takes the numbers, so the last ones are this server's, whatever others take.
      end = await this.add(name, floor - Math.min(end, floor) + beyond + count);
      if (beyond > 0)
        this.note(
          `Redis has lost its count of '${name}': it stood at ${stood}, and this server had numbers up to ${floor}; the numbers go on after ${end - count}`,
        );
    }
    if (count > 0) this.saw(name, end, raised);
    return end - count;
  }

  private async add(name: string, count: number): Promise<number> {
    const end = await within(ANSWER_MS, this.connection.client.incrBy(KEY_PREFIX + name, count));
    if (end === LATE) throw new Late();
    if (end > Number.MAX_SAFE_INTEGER) throw new RangeError('it has reached its last number');
    return end;
  }

  /** How many numbers to skip after Redis has lost a count. */
  private beyond(name: string, count: number): number {
    const { perMs, atMs } = this.seen.get(name) ?? { perMs: 0, atMs: 0 };
    const beyond = BEYOND + BEYOND_TIMES * Math.ceil(count + perMs * (performance.now() - atMs));
    return Math.min(beyond, BEYOND_MAX);
  }

  /** Remembers a count. @param raised whether numbers were skipped, which then don't count for the rate */
  private saw(name: string, end: number, raised: boolean): void {
    const atMs = performance.now();
    const before = this.seen.get(name);
    const passedMs = atMs - (before?.atMs ?? atMs);
    const perMs = raised ? before?.perMs : (end - (before?.end ?? end)) / Math.max(passedMs, 1);
    this.seen.set(name, { end, atMs, perMs: perMs ?? 0 });
  }
}

interface Seen {
  end: number;
  atMs: number;
  /** How many numbers a millisecond all servers together took between the last two leases of this server. */
  perMs: number;
}

class Late extends Error {
  constructor() {
    super(`it did not answer within ${ANSWER_MS} ms`);
  }
}
