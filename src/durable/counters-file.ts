// The file `counters`, as a lessor: it records up to which number each counter is leased. After a clean stop that is the
// last number that was handed out. Names that the application no longer uses stay in the file.

import { join } from 'node:path';
import { type Files, readIfThere, replaceFile, SYSTEM_FILES } from './files.ts';
import type { Grant, Lessor, Refusals } from './lessor.ts';
import { seal, unseal } from './sealed-file.ts';

const FILE = 'counters';
/** Room for half a million names. */
const BYTES_MAX = 2 ** 26;

interface Content {
  /** The server was stopped cleanly, so every leased number has been handed out. */
  clean: boolean;
  counters: Record<string, number>;
}

export class CountersFile implements Lessor {
  private readonly path: string;
  private ends: ReadonlyMap<string, number>;

  /** @throws Error in one line when the file exists and can't be read, or is damaged */
  constructor(
    directory: string,
    private readonly files: Files = SYSTEM_FILES,
  ) {
    this.path = join(directory, FILE);
    const bytes = readIfThere(files, this.path, BYTES_MAX);
    this.ends = new Map(bytes === undefined ? [] : readEnds(this.path, bytes));
  }

  /** The last leased number of each counter, by name. */
  get leased(): ReadonlyMap<string, number> {
    return this.ends;
  }

  lease(
    wanted: ReadonlyMap<string, number>,
    grant: Grant,
    floorOf: (name: string) => number = () => 0,
  ): Refusals {
    const bases = new Map<string, number>();
    const refusals = new Map<string, Error>();
    const ends = new Map(this.ends);
    for (const [name, count] of wanted) {
      const base = Math.max(this.ends.get(name) ?? 0, floorOf(name));
      if (!Number.isSafeInteger(base + count)) {
        refusals.set(name, new RangeError('it has reached its last number'));
        continue;
      }
      bases.set(name, base);
      ends.set(name, base + count);
    }
    if (bases.size > 0) this.write(ends, false);
    for (const [name, base] of bases) grant(name, base);
    return refusals;
  }

  /** Records that the numbers up to these are leased. @throws the error of the file system */
  raise(ends: ReadonlyMap<string, number>): void {
    const all = new Map(this.ends);
    for (const [name, end] of ends) all.set(name, Math.max(end, all.get(name) ?? 0));
    this.write(all, false);
  }

  end(last: ReadonlyMap<string, number>): void {
    this.write(new Map([...this.ends, ...last]), true);
  }

  private write(ends: ReadonlyMap<string, number>, clean: boolean): void {
    const content: Content = { clean, counters: Object.fromEntries(ends) };
    replaceFile(this.files, this.path, [seal(FILE, content)]);
    this.ends = ends;
  }
}

function readEnds(path: string, bytes: Buffer): [string, number][] {
  const { counters } = (unseal(FILE, path, bytes) ?? {}) as Partial<Content>;
  if (typeof counters !== 'object' || counters === null)
    throw new Error(`${path} is damaged: it has no counters`);
  const ends = Object.entries(counters);
  for (const [name, end] of ends)
    if (!Number.isSafeInteger(end) || end < 0)
      throw new Error(`${path} is damaged: the number of counter '${name}' is ${JSON.stringify(end)}`);
  return ends;
}
