// `npm run fuzz`: runs random inputs through all engines for some time. Exit codes: 0 if no input failed; 1 if an input
// failed, which is then saved as a case in test/cases/found/; 2 for wrong usage.

import { parseArgs } from 'node:util';
import * as codes from '../../src/memory/codes.ts';
import { Checker, END_ANSWERED, END_UNFINISHED } from './check.ts';
import { writeFound } from './found.ts';
import { partsOf } from './input.ts';
import { BATCH_INPUTS } from './inputs.ts';
import { batchSeed, type Finding, runBatch } from './run.ts';

const FOUND = 1;
const USAGE = 2;
const PROGRESS_MS = 10_000;
const HELP = `Usage: npm run fuzz -- --seconds N [--seed S]

Compares the WASM engine, its debug build, the JS engine and llhttp on inputs at random, for N seconds.
The same seed makes the same inputs.`;

process.exitCode = main(process.argv.slice(2));

function main(argv: string[]): number {
  const { seconds, seed } = readArguments(argv);
  const checker = new Checker();
  const start = performance.now();
  const report = (batches: number): void => {
    const ran = (performance.now() - start) / 1000;
    const inputs = batches * BATCH_INPUTS;
    console.log(
      `${ran.toFixed(0).padStart(5)} s  ${thousands(inputs).padStart(13)} inputs  ${thousands(inputs / ran)}/s`,
    );
  };

  console.log(`seed ${seed}`);
  let batches = 0;
  let reported = start;
  do {
    const finding = runBatch(checker, batchSeed(seed, batches++));
    if (finding) return tell(finding);
    const now = performance.now();
    if (now - reported < PROGRESS_MS) continue;
    reported = now;
    report(batches);
  } while (performance.now() - start < seconds * 1000);
  report(batches);
  console.log(describeEnds(checker.ends));
  console.log('nothing found');
  return 0;
}

function tell({ failure, input, seed }: Finding): number {
  const path = writeFound(input, failure);
  console.error(`\n${failure}\n`);
  for (const part of partsOf(input)) console.error(JSON.stringify(part));
  console.error(
    `\nlimits ${input.limits}${input.draining ? ', draining' : ''}, from batch ${seed}; written to ${path}`,
  );
  return FOUND;
}

/** Prints how the inputs ended: an ending that no input reached has not been tested. */
function describeEnds(ends: ReadonlyMap<number, number>): string {
  const total = [...ends.values()].reduce((sum, count) => sum + count, 0);
  const share = (end: number): string => `${(((ends.get(end) ?? 0) / total) * 100).toFixed(1)} %`;
  const errors = Object.entries(codes)
    .filter(([name, code]) => name.startsWith('ERROR_') && ends.has(code))
    .map(([name, code]) => `${name.slice('ERROR_'.length)} ${share(code)}`);
  return `ended: answered ${share(END_ANSWERED)}, unfinished ${share(END_UNFINISHED)}, ${errors.join(', ')}`;
}

function thousands(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** Ends the process when the usage is wrong. */
function readArguments(argv: string[]): { seconds: number; seed: number } {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        seconds: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const seconds = Number(values.seconds);
    const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
    if (!(seconds > 0 && seconds < Infinity)) throw new Error('--seconds takes a number above 0.');
    if (!Number.isSafeInteger(seed)) throw new Error('--seed takes a whole number.');
    return { seconds, seed };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(USAGE);
  }
}
