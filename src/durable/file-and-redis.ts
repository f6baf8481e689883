// Redis beside a state folder: Redis leases the numbers, and the file `counters` records how far this server's leases go.
// So numbers that the file leased before Redis was used are not leased again, and a Redis that has lost its count is
// noticed even after a restart. The folder is marked, since it must not be used without Redis later: other servers may
// have the numbers that follow.

import { join } from 'node:path';
import type { CountersFile } from './counters-file.ts';
import { type Files, readIfThere, replaceFile, SYSTEM_FILES } from './files.ts';
import type { Grant, Lessor, Refusals } from './lessor.ts';
import type { RedisCounters } from './redis.ts';
import { seal, unseal } from './sealed-file.ts';

/** The file that marks a folder whose numbers have come from Redis. */
const MARK = 'redis';
const BYTES_MAX = 2 ** 16;

/** Checks that a folder may be used without Redis. @throws Error in one line when its numbers have come from Redis */
export function checkWithoutRedis(folder: string, files: Files = SYSTEM_FILES): void {
  const path = join(folder, MARK);
  const bytes = readIfThere(files, path, BYTES_MAX);
  if (bytes === undefined) return;
  const { url } = (unseal(MARK, path, bytes) ?? {}) as { url?: string };
  throw new Error(
    `the counters of ${folder} got their numbers from Redis at ${url}, and other servers may have got the numbers that follow: give --redis, too, or, if no other server uses that Redis, remove ${path}`,
  );
}

export class FileAndRedis implements Lessor {
  /** The counts in Redis have been raised to those of the file. */
  private carried = false;

  constructor(
    private readonly folder: string,
    private readonly file: CountersFile,
    private readonly redis: RedisCounters,
    private readonly files: Files = SYSTEM_FILES,
  ) {}

  async lease(
    wanted: ReadonlyMap<string, number>,
    grant: Grant,
    floorOf: (name: string) => number = () => 0,
  ): Promise<Refusals> {
    if (!this.carried) await this.carry();
    const bases = new Map<string, number>();
    let failure: Error | undefined;
    let refusals: Refusals = new Map();
    try {
      refusals = await this.redis.lease(
        wanted,
        (name, base) => bases.set(name, base),
        (name) => Math.max(floorOf(name), this.file.leased.get(name) ?? 0),
      );
    } catch (error) {
      failure = error as Error;
    }
    if (bases.size > 0)
      this.file.raise(new Map([...bases].map(([name, base]) => [name, base + (wanted.get(name) ?? 0)])));
    for (const [name, base] of bases) grant(name, base);
    if (failure !== undefined) throw failure;
    return refusals;
  }

  /** Redis takes no numbers back, so the counts stay as they are. */
  async end(): Promise<void> {
    await this.redis.end(new Map());
    this.file.end(new Map());
  }

  /**
   * Raises the counts in Redis to those of the file, for all names, since the next server may not have this folder. When
   * Redis refuses one counter, only the leases of that counter fail later.
   */
  private async carry(): Promise<void> {
    const path = join(this.folder, MARK);
    const before = readIfThere(this.files, path, BYTES_MAX) !== undefined;
    await this.redis.raise(this.file.leased, before);
    // The mark must be on the disk before Redis leases the first number.
    if (!before) replaceFile(this.files, path, [seal(MARK, { url: this.redis.place })]);
    this.carried = true;
  }
}
