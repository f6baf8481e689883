// Redis, as a lessor: INCRBY gives a counter's numbers away a block at a time, so they are unique over all servers
// that ask the same Redis, and no request waits for it. While Redis is away, nothing is leased.

import type { RedisClientType } from 'redis';
import type { Grant, Lessor } from './lessor.ts';

const KEY_PREFIX = 'hotpath:counter:';
/** For Redis to answer; what it does all the same is skipped. */
const ANSWER_MS = 2000;
const RECONNECT_FIRST_MS = 50;
const RECONNECT_MAX_MS = 1000;

/**
 * Connects, now or as soon as Redis is there.
 * @param url as `redis://127.0.0.1:6379/0`
 * @throws Error in one line when the package `redis` is not installed, or the URL is none
 */
export async function openRedis(url: string): Promise<Lessor> {
  const { createClient } = await import('redis').catch((error: Error) => {
    throw new Error(`--redis needs the package redis: npm i redis (${error.message.split('\n')[0]})`);
  });
  const client = createClient({
    url,
    // What can't be asked now is not asked later: the keeper asks again.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: ANSWER_MS,
      reconnectStrategy: (tries) => Math.min(RECONNECT_FIRST_MS * 2 ** Math.min(tries, 10), RECONNECT_MAX_MS),
    },
  }) as RedisClientType;
  // Who asks is told; without a listener it would end the thread.
  client.on('error', () => {});
  await Promise.race([client.connect().catch(() => {}), sleep(ANSWER_MS)]);
  return new RedisLessor(client);
}

class RedisLessor implements Lessor {
  /** The last number that was ever leased to this server, by the counter's name. */
  private readonly ends = new Map<string, number>();

  constructor(private readonly client: RedisClientType) {}

  async lease(wanted: ReadonlyMap<string, number>, grant: Grant): Promise<void> {
    const asked = [...wanted].map(async ([name, count]) => grant(name, await this.take(name, count)));
    const failed = (await Promise.allSettled(asked)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  }

  async end(): Promise<void> {
    this.client.destroy();
  }

  /** The number before the first of `count`. */
  private async take(name: string, count: number): Promise<number> {
    const end = await within(ANSWER_MS, this.client.incrBy(KEY_PREFIX + name, count));
    const base = end - count;
    if (!Number.isSafeInteger(end)) throw new RangeError(`counter '${name}' has come to its last number`);
    if (base < (this.ends.get(name) ?? 0))
      throw new Error(
        `Redis has lost its count of '${name}': it gives away numbers from ${base + 1} on, once more. Set ${KEY_PREFIX}${name} to more than was ever given away`,
      );
    this.ends.set(name, end);
    return base;
  }
}

/** @throws Error when the answer takes longer */
async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Redis did not answer within ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
