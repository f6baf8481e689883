// Opens the lessor that the options ask for: a file, Redis, or both.

import { CountersFile } from './counters-file.ts';
import { checkWithoutRedis, FileAndRedis } from './file-and-redis.ts';
import type { Lessor } from './lessor.ts';

/**
 * Opens the file in the state folder, connects to Redis, or both.
 * @param note called with one line when Redis has lost a count
 * @throws Error in one line when a file in the folder is damaged, or when the folder's numbers come from Redis and the
 *   options name no Redis
 */
export async function openLessor(
  { folder, redis }: { folder: string | undefined; redis: string | undefined },
  note: (text: string) => void,
): Promise<Lessor> {
  if (redis === undefined) {
    checkWithoutRedis(folder as string);
    return new CountersFile(folder as string);
  }
  // The file is read before Redis is contacted, since a damaged file must stop the start.
  const file = folder === undefined ? undefined : new CountersFile(folder);
  const { openRedis } = await import('./redis.ts');
  const counters = await openRedis(redis, note);
  return file === undefined ? counters : new FileAndRedis(folder as string, file, counters);
}
