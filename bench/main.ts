// `npm run bench`: runs suites, prints and saves their results, and writes a report; or works with results that
// were saved before. Exit code 0 for success, 1 if a suite failed, 2 for wrong usage, 130 if interrupted.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endChildren } from './measure/children.ts';
import { describeMachine, inspectMachine } from './measure/machine.ts';
import { FULL, QUICK } from './measure/pace.ts';
import { compareText } from './report/compare.ts';
import { reportPage } from './report/page.ts';
import { createProgress, duration } from './report/progress.ts';
import { updatePages, withSuites } from './report/readme.ts';
import {
  checkout,
  fileName,
  find,
  load,
  README_RESULTS,
  RESULTS_FOLDER,
  reportPath,
  save,
} from './report/store.ts';
import { suiteText } from './report/text.ts';
import { RESULTS_FORMAT, type Results, type SuiteName } from './results.ts';
import { Run } from './run.ts';
import { SUITES } from './suites/all.ts';

const FAILED = 1;
const USAGE = 2;
/** The exit code that shells use: 128 and the number of SIGINT. */
const INTERRUPTED = 130;
const PARENT_CHECK_MS = 500;
/**
 * npm passes on a signal that the terminal has already sent to all processes. A repetition within this time is
 * the same signal.
 */
const SAME_SIGNAL_MS = 1000;

const SUITE_NAMES = SUITES.map(({ name }) => name);
const HELP = `Usage: npm run bench [-- [--quick] [--out FOLDER] [SUITE...]]
       npm run bench -- compare A B
       npm run bench -- report FILE
       npm run bench -- readme FILE [SUITE...]

Runs the named suites, or ${listed(SUITES.filter(({ byDefault }) => byDefault).map(({ name }) => name))}.
All suites: ${listed(SUITE_NAMES)}.
Writes results and a report to ${RESULTS_FOLDER}, or to the folder of --out.
--quick measures the most important cases, each for a moment; it is too short to judge a change by.

compare   compares two results: measure before and after a change
report    prints results and writes their report again
readme    writes the figures of results into README.md and other pages, and keeps the file;
          with suites, it renews only their figures

A, B and FILE are a path, a name in ${RESULTS_FOLDER}, the beginning of a commit, or 'latest'.`;

type Values = ReturnType<typeof readArguments>['values'];

interface Command {
  /** The number of results. */
  files: number;
  /** Whether names of suites may follow. */
  suites?: true;
  run(operands: string[], values: Values): number;
}

/** The commands. Any other word is the name of a suite. */
const COMMANDS: Record<string, Command> = {
  compare: {
    files: 2,
    run: ([a, b], { out }) => compareFiles(find(a as string, out), find(b as string, out)),
  },
  report: { files: 1, run: ([file], { out }) => reportFile(find(file as string, out)) },
  readme: {
    files: 1,
    suites: true,
    run: ([file, ...suites], { out }) => readmeFile(find(file as string, out), suites as SuiteName[]),
  },
};

// A run continues when the reader of its output is gone.
process.stdout.on('error', () => {});
process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  let command: ReturnType<typeof readArguments>;
  try {
    command = readArguments(argv);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return USAGE;
  }
  const { values, positionals } = command;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [name = '', ...operands] = positionals;
  const stored = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (stored === undefined) return measure(positionals, values);
  try {
    return stored.run(operands, values);
  } catch (error) {
    console.error((error as Error).message);
    return USAGE;
  }
}

async function measure(names: readonly string[], { quick, out }: Values): Promise<number> {
  const suites = SUITES.filter(({ name, byDefault }) =>
    names.length > 0 ? names.includes(name) : byDefault,
  );
  const machine = inspectMachine();
  const results: Results = {
    format: RESULTS_FORMAT,
    date: new Date().toISOString(),
    ...checkout(),
    machine,
    pace: quick ? 'quick' : 'full',
    complete: false,
    suites: [],
  };
  const path = join(out, fileName(results));
  const run = new Run(suites, quick ? QUICK : FULL, results);
  stopWhenTold(run);
  console.log(`${describeMachine(machine)}\nAbout ${duration(run.seconds)}.`);
  await run.go(createProgress(process.stdout, run.seconds), {
    measured: (result) => {
      save(results, path);
      if (result.groups.length > 0) console.log(`\n${suiteText(result, emphasis())}\n`);
    },
    failed: ({ name }, error) => console.error(`\n${name} failed: ${error.message}\n`),
  });
  save(results, path);
  writeReport(results, path);
  console.log(`Results: ${path}\nReport:  ${reportPath(path)}`);
  if (run.isStopped) {
    console.log('The run was interrupted. Both files have what was measured until then.');
    // A thread may still be measuring.
    process.exit(INTERRUPTED);
  }
  return run.failures > 0 ? FAILED : 0;
}

function compareFiles(before: string, after: string): number {
  console.log(compareText({ path: before, results: load(before) }, { path: after, results: load(after) }));
  return 0;
}

function reportFile(path: string): number {
  const results = load(path);
  for (const suite of results.suites) console.log(`${suiteText(suite, emphasis())}\n`);
  writeReport(results, path);
  console.log(`Report:  ${reportPath(path)}`);
  return 0;
}

function readmeFile(path: string, suites: readonly SuiteName[]): number {
  const results = load(path);
  console.log(updatePages(suites.length === 0 ? results : withSuites(load(README_RESULTS), results, suites)));
  return 0;
}

function writeReport(results: Results, path: string): void {
  writeFileSync(reportPath(path), reportPage(results));
}

function emphasis(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}

/** Reads the arguments. @throws Error if the usage is wrong */
function readArguments(argv: string[]) {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      out: { type: 'string', default: RESULTS_FOLDER },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  });
  const [name = '', ...operands] = positionals;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const files = command?.files ?? 0;
  const suites = command === undefined ? positionals : operands.slice(files);
  if (operands.length < files || (command !== undefined && !command.suites && suites.length > 0))
    throw new Error(`'${name}' takes ${files} of: path, name, commit, latest.`);
  const unknown = suites.find((one) => !SUITE_NAMES.some((suite) => suite === one));
  if (unknown !== undefined) throw new Error(`There is no suite '${unknown}'.`);
  return { values, positionals };
}

/**
 * Stops the run on a signal, and when npm's shell has died without passing one on, so that no process is left.
 * A second signal exits at once.
 */
function stopWhenTold(run: Run): void {
  let firstMs: number | undefined;
  const stop = () => {
    if (firstMs !== undefined && performance.now() - firstMs > SAME_SIGNAL_MS) process.exit(INTERRUPTED);
    firstMs ??= performance.now();
    void run.stop(endChildren);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent && !run.isStopped) stop();
  }, PARENT_CHECK_MS).unref();
}

function listed(names: readonly string[]): string {
  return names.join(', ');
}
