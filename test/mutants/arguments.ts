// The command line of `npm run mutants`.

import { parseArgs } from 'node:util';

export const HELP = `Usage: npm run mutants [-- [OPTION]... [PATTERN]...]

Puts single defects into copies of the tree, one at a time, and runs the tests that must catch them.

PATTERN       try only the defects whose file or name contains it
--since REV   try only the defects in files that have changed since this Git revision
--minutes N   stop after N minutes; the defects come in random order, those in changed lines first
--seed N      repeat the random order of an earlier run
--lanes N     defects to try at the same time [2]
--list        print the defects and check that each still fits the sources, without trying them

Exit code: 0 all caught, 1 a defect survived, could not be tried or no longer fits, 2 wrong usage.`;

export interface Arguments {
  help: boolean;
  list: boolean;
  lanes: number;
  /** A defect is tried only if its file or name contains one of them. Empty: all are tried. */
  patterns: readonly string[];
  since: string | undefined;
  minutes: number | undefined;
  seed: number;
}

/** Reports wrong usage in one line. */
export class UsageError extends Error {}

/** @throws UsageError */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const lanes = Number(values.lanes);
  if (!Number.isInteger(lanes) || lanes < 1) throw new UsageError('--lanes must be a whole number from 1 on');
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  if (minutes !== undefined && !(minutes > 0)) throw new UsageError('--minutes must be a number above 0');
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
  if (!Number.isInteger(seed)) throw new UsageError('--seed must be a whole number');
  const patterns = positionals.map((pattern) => pattern.toLowerCase());
  return { help: values.help, list: values.list, lanes, patterns, since: values.since, minutes, seed };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        list: { type: 'boolean', default: false },
        lanes: { type: 'string', default: '2' },
        since: { type: 'string' },
        minutes: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
}
