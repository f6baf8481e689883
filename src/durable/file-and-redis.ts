// Redis beside a state folder: numbers come from Redis, and the file `counters` says how far this server's go. So numbers
// that the file gave away before do not come again, a Redis that has lost its count is noticed after a restart, too,
// and the folder is not used without Redis unnoticed, since other servers may have had the numbers that follow.

import { join } from 'node:path';
import type { CountersFile } from './counters-file.ts';
import { type Files, readIfThere, replaceFile, SYSTEM_FILES } from './files.ts';
import type { Grant, Lessor, Refusals } from './lessor.ts';
import type { RedisCounters } from './redis.ts';
import { seal, unseal } from './sealed-file.ts';

/** There when numbers have come from Redis. */
const MARK = 'redis';
const BYTES_MAX = 2 ** 16;

/** @throws Error in one line when the numbers of this folder come from Redis */
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
  /** Redis has at least the counts of the file. */
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

  /** Redis takes nothing back, so the numbers stay where they are. */
  async end(): Promise<void> {
    await this.redis.end(new Map());
    this.file.end(new Map());
  }

  /** All names, since the next server may be without this folder. A count that Redis refuses is its counter's matter. */
  private async carry(): Promise<void> {
    const path = join(this.folder, MARK);
    const before = readIfThere(this.files, path, BYTES_MAX) !== undefined;
    await this.redis.raise(this.file.leased, before);
    // Before the first number comes from there.
    if (!before) replaceFile(this.files, path, [seal(MARK, { url: this.redis.place })]);
    this.carried = true;
  }
}
