// Which lessor the options ask for.

import { CountersFile } from './counters-file.ts';
import { checkWithoutRedis, FileAndRedis } from './file-and-redis.ts';
import type { Lessor } from './lessor.ts';

/**
 * Opens the state folder, connects to Redis, or both.
 * @param note passed a line when Redis has lost a count
 * @throws Error in one line when what is in the folder can't be believed, or when its numbers come from Redis and no
 *   Redis is given
 */
export async function openLessor(
  { folder, redis }: { folder: string | undefined; redis: string | undefined },
  note: (text: string) => void,
): Promise<Lessor> {
  if (redis === undefined) {
    checkWithoutRedis(folder as string);
    return new CountersFile(folder as string);
  }
  // Before Redis is asked: a file that can't be believed is a reason not to start.
  const file = folder === undefined ? undefined : new CountersFile(folder);
  const { openRedis } = await import('./redis.ts');
  const counters = await openRedis(redis, note);
  return file === undefined ? counters : new FileAndRedis(folder as string, file, counters);
}
