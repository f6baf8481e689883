// Redis, as a lessor: INCRBY gives a counter's numbers away a block at a time, so they are unique over all servers
// that ask the same Redis, and no request waits for it. While Redis is away, nothing is leased.

import type { RedisClientType } from 'redis';
import { Backoff } from '../backoff.ts';
import { LATE, within } from '../within.ts';
import type { Grant, Lessor, Refusals } from './lessor.ts';
import { isForAll, reasonOf, withoutPassword } from './redis-reasons.ts';

const KEY_PREFIX = 'hotpath:counter:';
/** For Redis to answer; what it does all the same is skipped. */
const ANSWER_MS = 2000;
/** For a connection: less, so that its own reason is known when nothing is waited for any longer. */
const CONNECT_MS = 1500;
const RECONNECT = new Backoff(50, 1000, 0);
/** A count that is lost while it is brought back. */
const RAISES_MAX = 3;
/**
 * When Redis has lost a count, other servers may have numbers beyond those of this one, so it goes on as far beyond
 * its own, and where all servers together use many, as far as in so many times since its last lease.
 */
const BEYOND = 2 ** 20;
const BEYOND_TIMES = 8;
/** At most as far, so that a count that is lost every second lasts for more than a day: 2^53 numbers are all there are. */
const BEYOND_MAX = 2 ** 36;

/** Redis, without the package. */
export interface RedisCounters extends Lessor {
  /** The URL without its password. */
  readonly place: string;
  /**
   * Sees to it that no number up to these is ever leased: the counts in Redis are raised where they are less.
   * @param lost whether Redis had said these numbers itself, and so has lost them where it has less
   * @returns why some could not be
   * @throws Error when Redis can't be used
   */
  raise(ends: ReadonlyMap<string, number>, lost: boolean): Promise<Refusals>;
}

/**
 * Connects, now or as soon as Redis is there.
 * @param url as `redis://127.0.0.1:6379/0`
 * @param note passed a line when Redis has lost a count
 * @throws Error in one line when the package `redis` is not installed, or the URL is none
 */
export async function openRedis(url: string, note: (text: string) => void): Promise<RedisCounters> {
  const { createClient, ErrorReply } = await import('redis').catch((error: Error) => {
    throw new Error(`--redis needs the package redis: npm i redis (${error.message.split('\n')[0]})`);
  });
  const connect = (): RedisClientType =>
    createClient({
      url,
      // A command that can't be sent now is not kept: the keeper asks again.
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

/** A client that is connected, or connects again and again; and why it isn't. */
class RedisConnection {
  readonly place: string;
  client: RedisClientType;
  private problem: Error | undefined;
  /** It has been ready since it was made. */
  private used = false;
  /** Since when nothing has been heard of it. */
  private silentMs = performance.now();
  private settle = (): void => {};

  constructor(
    private readonly url: string,
    private readonly connect: () => RedisClientType,
  ) {
    this.place = withoutPassword(url);
    this.client = this.begin();
  }

  /** Resolves when it is known whether Redis can be used, or that takes too long. */
  async settled(): Promise<void> {
    if (this.client.isReady || this.problem !== undefined) return;
    await within(ANSWER_MS, new Promise<void>((resolve) => (this.settle = resolve)));
  }

  /** @throws Error with the reason when Redis can't be used now */
  check(): void {
    if (this.client.isReady) return;
    if (performance.now() - this.silentMs >= ANSWER_MS) this.renew(new Late());
    throw this.failure(this.problem ?? new Late());
  }

  /** Makes the error to report of an error of this connection: it names the place and the reason. */
  failure(error: Error): Error {
    const reason = reasonOf(error, { url: this.url, used: this.used });
    return new Error(`Redis at ${this.place} can't be used: ${reason}`);
  }

  /** The last problem of the connection, which is the cause of this error; without one, this error. */
  rather(error: Error): Error {
    return this.problem ?? error;
  }

  /** A connection over which nothing comes may never fail by itself. */
  renew(problem: Error): void {
    this.close();
    this.problem = problem;
    this.client = this.begin();
  }

  close(): void {
    try {
      this.client.destroy();
    } catch {
      // It was closed.
    }
  }

  private begin(): RedisClientType {
    const client = this.connect();
    this.silentMs = performance.now();
    client.on('error', (error: Error) => {
      if (client !== this.client) return;
      this.silentMs = performance.now();
      // That it was closed is the end of what was wrong with it.
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

  /** Does all at once. @throws Error when Redis can't be used */
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
   * The number before the first of `count`, at least `floor`.
   * @param lost whether Redis has lost its count when it stands below the floor
   */
  private async take(name: string, count: number, floor: number, lost: boolean): Promise<number> {
    let end = await this.add(name, count);
    // A count that begins below 0 is none that was lost.
    const beyond = lost && floor > 0 ? this.beyond(name, count) : 0;
    let raised = false;
    for (let raises = 0; end - count < floor; raises++) {
      if (raises === RAISES_MAX)
        throw new RangeError(`Redis at ${this.place} loses its count of it again and again`);
      const stood = end - count;
      raised = true;
      // All in one step: the end of what this takes is this server's, whatever other servers take meanwhile.
      end = await this.add(name, floor - Math.min(end, floor) + beyond + count);
      if (beyond > 0)
        this.note(
          `Redis has lost its count of '${name}': it stood at ${stood}, and this server had numbers up to ${floor}; they go on behind ${end - count}`,
        );
    }
    if (count > 0) this.saw(name, end, raised);
    return end - count;
  }

  private async add(name: string, count: number): Promise<number> {
    const end = await within(ANSWER_MS, this.connection.client.incrBy(KEY_PREFIX + name, count));
    if (end === LATE) throw new Late();
    if (end > Number.MAX_SAFE_INTEGER) throw new RangeError('it has come to its last number');
    return end;
  }

  /** How far beyond its own numbers this server takes others to be. */
  private beyond(name: string, count: number): number {
    const { perMs, atMs } = this.seen.get(name) ?? { perMs: 0, atMs: 0 };
    const beyond = BEYOND + BEYOND_TIMES * Math.ceil(count + perMs * (performance.now() - atMs));
    return Math.min(beyond, BEYOND_MAX);
  }

  /** @param raised numbers were passed over, which no server has used */
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
  /** Numbers a millisecond that all servers together had, between the last two leases of this one. */
  perMs: number;
}

class Late extends Error {
  constructor() {
    super(`it did not answer within ${ANSWER_MS} ms`);
  }
}
