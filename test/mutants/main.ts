// `npm run mutants`: puts single defects into copies of the tree, one at a time, and looks whether the tests
// catch them. Exit code 0 when all are caught, 1 when one survived or nothing could be said, 2 for wrong
// usage.

import { parseArgs } from 'node:util';
import { endCommands } from './command.ts';
import { Copy } from './copy.ts';
import { type Located, locateAll } from './locate.ts';
import type { Outcome } from './report.ts';
import { DEFECTS, tableErrors } from './table.ts';
import { readTexts } from './texts.ts';

const FAILED = 1;
const USAGE = 2;
/** As shells count it: 128 and the number of SIGINT. */
const INTERRUPTED = 130;
const HELP = `Usage: npm run mutants [-- [--list] [--lanes N] [PATTERN]...]

Tries all defects, or those whose file or name holds a pattern. --list prints them and checks only
that each still fits the sources.`;

const copies: Copy[] = [];
process.on('exit', () => {
  endCommands();
  for (const copy of copies) copy.remove();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => process.exit(INTERRUPTED));

process.exitCode = await main();

async function main(): Promise<number> {
  const { patterns, list, lanes } = readArguments();
  const defects = DEFECTS.filter(
    ({ file, name }) =>
      patterns.length === 0 || patterns.some((pattern) => `${file}: ${name}`.toLowerCase().includes(pattern)),
  );
  const errors = tableErrors();
  for (const error of errors) console.error(error);
  if (errors.length > 0) return FAILED;
  if (defects.length === 0) {
    console.error(`no defect has ${patterns.join(' or ')} in its file or name`);
    return USAGE;
  }
  const { located, misfits } = locateAll(defects, readTexts('.'));
  if (list)
    for (const { defect, place, moved } of located)
      console.log(`${place.file}: ${defect.name}${moved ? ` (moved from ${defect.file})` : ''}`);
  for (const { defect, reason } of misfits) console.error(`${defect.file}: ${defect.name}: ${reason}`);
  const unfit = misfits.length === 0 ? 'each' : `${misfits.length} of them no longer`;
  if (list || misfits.length > 0) console.log(`${defects.length} defects, ${unfit} fit the sources`);
  if (list) return misfits.length === 0 ? 0 : FAILED;

  for (let i = 0; i < lanes; i++) copies.push(new Copy());
  const good = (await standWithout(located)) && (await tryAll(located));
  return good && misfits.length === 0 ? 0 : FAILED;
}

/** A tree that fails without any defect would seem to catch them all. */
async function standWithout(located: readonly Located[]): Promise<boolean> {
  let good = true;
  const files = [...new Set(located.flatMap(({ tests }) => tests))];
  await inLanes(files, async (copy, file) => {
    const concerned = located.filter(({ tests }) => tests.includes(file));
    const names = concerned.map(({ defect }) => defect.only);
    const only = names.every((name) => name !== undefined) ? [...new Set(names)] : [];
    // Once more, since two lanes and other people's load may have been too much for it.
    for (let attempt = 1; attempt <= 2; attempt++) {
      const { kind, by, message = '' } = await copy.test([file], only);
      if (kind === 'survived') return;
      console.error(`${file} fails without any defect: ${by}: ${message}`);
    }
    good = false;
  });
  return good;
}

async function tryAll(located: readonly Located[]): Promise<boolean> {
  const sum: Record<Outcome['kind'], number> = { caught: 0, hung: 0, survived: 0, broken: 0 };
  await inLanes(located, async (copy, row) => {
    const startedMs = Date.now();
    const { kind, by } = await copy.attempt(row);
    sum[kind]++;
    const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
    const verdict = kind === 'survived' ? 'SURVIVED' : kind === 'broken' ? `BROKEN: ${by}` : `${kind}: ${by}`;
    console.log(`${row.place.file}: ${row.defect.name}\n    ${verdict} (${seconds} s)`);
  });
  console.log(
    `\n${located.length} defects: ${sum.caught} caught, ${sum.hung} hung, ${sum.survived} SURVIVED, ${sum.broken} broken`,
  );
  return sum.survived + sum.broken === 0;
}

/** Does something with every item, in as many copies as there are, each of them at one item at a time. */
async function inLanes<Item>(
  items: readonly Item[],
  act: (copy: Copy, item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    copies.map(async (copy) => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(copy, item);
    }),
  );
}

/** Ends the process when the usage is wrong. */
function readArguments(): { patterns: string[]; list: boolean; lanes: number } {
  try {
    const { values, positionals } = parseArgs({
      options: {
        list: { type: 'boolean', default: false },
        lanes: { type: 'string', default: '2' },
        help: { type: 'boolean', short: 'h' },
      },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(HELP);
      process.exit();
    }
    const lanes = Number(values.lanes);
    if (!Number.isInteger(lanes) || lanes < 1) throw new Error('--lanes must be a whole number from 1 on');
    return { patterns: positionals.map((pattern) => pattern.toLowerCase()), list: values.list, lanes };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(USAGE);
  }
}
