// Runs `npm run mutants` from its command line to its exit code.

import { Random } from '../fuzz/random.ts';
import { HELP, readArguments, UsageError } from './arguments.ts';
import { Copy } from './copy.ts';
import { type Located, locateAll, type Misfit } from './locate.ts';
import { changedMisfits, changedRows, changesSince } from './since.ts';
import { DEFECTS, tableErrors } from './table.ts';
import { readTexts } from './texts.ts';
import { type Tally, Trial } from './trial.ts';

const FAILED = 1;
const USAGE = 2;

/** @returns the exit code: see HELP */
export async function run(args: readonly string[]): Promise<number> {
  try {
    return await runWith(readArguments(args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}; npm run mutants -- --help lists the options`);
    return USAGE;
  }
}

async function runWith(options: ReturnType<typeof readArguments>): Promise<number> {
  const { help, list, lanes, since, minutes, seed } = options;
  if (help) {
    console.log(HELP);
    return 0;
  }
  const errors = tableErrors();
  for (const error of errors) console.error(error);
  if (errors.length > 0) return FAILED;

  const { rows, misfits } = choose(options);
  for (const { defect, reason } of misfits) console.error(`${defect.file}: ${defect.name}: ${reason}`);
  if (misfits.length > 0) console.error(`${misfits.length} defects no longer fit the sources`);
  const unfit = misfits.length > 0 ? FAILED : 0;
  if (list) {
    for (const { place, defect, moved } of rows)
      console.log(`${place.file}: ${defect.name}${moved ? ` (the row says ${defect.file})` : ''}`);
    console.log(`${rows.length} defects fit the sources`);
    return unfit;
  }
  if (rows.length === 0) {
    console.log(`no defect lies in a file that has changed since ${since}`);
    return unfit;
  }

  const trial = new Trial(Array.from({ length: lanes }, () => new Copy()));
  if (minutes === undefined) return report(await trial.all(rows), false) || unfit;
  console.log(`${rows.length} defects, for at most ${minutes} minutes, with --seed ${seed}`);
  return report(await trial.until(Date.now() + minutes * 60_000, rows), true) || unfit;
}

/** Picks the rows that the options ask for, in the order in which to try them. */
function choose({ patterns, since, minutes, seed }: ReturnType<typeof readArguments>): {
  rows: readonly Located[];
  misfits: readonly Misfit[];
} {
  const defects = DEFECTS.filter(
    ({ file, name }) =>
      patterns.length === 0 || patterns.some((pattern) => `${file}: ${name}`.toLowerCase().includes(pattern)),
  );
  if (defects.length === 0)
    throw new UsageError(`no defect has ${patterns.join(' or ')} in its file or name`);
  const texts = readTexts('.');
  const { located, misfits } = locateAll(defects, texts);
  const rows = minutes === undefined ? located : shuffled(located, seed);
  if (since === undefined) return { rows, misfits };
  const changes = changesSince('.', since);
  return { rows: changedRows(rows, changes, texts), misfits: changedMisfits(misfits, changes) };
}

/** @param bounded allows defects that were not tried: the time was over, or their tests are skipped on this machine */
function report(tally: Tally, bounded: boolean): number {
  const { survived, broken, skipped, untried } = tally;
  const counts = Object.entries(tally).filter(([, count]) => count > 0);
  console.log(`\n${counts.map(([verdict, count]) => `${count} ${verdict}`).join(', ')}`);
  return survived + broken > 0 || (!bounded && skipped + untried > 0) ? FAILED : 0;
}

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const random = new Random(seed);
  const keyed = items.map((item) => ({ item, key: random.below(2 ** 31) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
