// `npm run bench`: runs the suites one after another and prints their tables. Exit code 0 when all ran,
// 1 when one failed, 2 for wrong usage.

import { parseArgs } from 'node:util';
import { endChildren } from './children.ts';
import { counter } from './counter.ts';
import { ladder } from './ladder.ts';
import { describeMachine, inspectMachine } from './machine.ts';
import { models } from './models.ts';
import { FULL, type Pace, QUICK } from './pace.ts';
import { parse } from './parse.ts';
import type { SuiteResult } from './results.ts';
import { scale } from './scale.ts';
import { server } from './server.ts';
import type { Suite } from './suite.ts';

const FAILED = 1;
const USAGE = 2;
/** As shells count it: 128 and the number of SIGINT. */
const INTERRUPTED = 130;
const PARENT_CHECK_MS = 500;

const SUITES: Record<string, Suite> = { parse, server, models, counter, ladder, scale };
const HELP = `Usage: npm run bench [-- [--quick] [${Object.keys(SUITES).join('|')}]...]

Measures what is named, or everything. --quick takes under a minute, a full run under five.`;

let stopping = false;
stopWhenTold();
process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = readArguments(argv);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  console.log(describeMachine(inspectMachine()));
  let failures = 0;
  for (const name of positionals.length > 0 ? positionals : Object.keys(SUITES))
    if (!(await runSuite(name, values.quick ? QUICK : FULL))) failures++;
  return failures > 0 ? FAILED : 0;
}

/** One that fails does not keep the others from running. */
async function runSuite(name: string, pace: Pace): Promise<boolean> {
  const suite = SUITES[name] as Suite;
  const result: SuiteResult = { name: suite.name, title: suite.title, groups: [], notes: [] };
  const progress = {
    at: (what: string, done: number) =>
      console.error(`${name} ${done.toFixed(1)}/${suite.seconds(pace).toFixed(1)} ${what}`),
    get stopped() {
      return stopping;
    },
  };
  try {
    await suite.run(result, progress, pace);
    console.log(JSON.stringify(result, null, 2));
    return true;
  } catch (error) {
    if (!stopping) console.error(`\n${name} failed: ${(error as Error).message}`);
    return false;
  }
}

/** Ends the process when the usage is wrong. */
function readArguments(argv: string[]) {
  try {
    const command = parseArgs({
      args: argv,
      options: { quick: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    const unknown = command.positionals.find((name) => !Object.hasOwn(SUITES, name));
    if (unknown !== undefined) throw new Error(`There is no suite '${unknown}'.`);
    return command;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(USAGE);
  }
}

/** Leaves no process behind, also when npm's shell is ended and does not pass it on. */
function stopWhenTold(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) void stop();
  }, PARENT_CHECK_MS).unref();
}

async function stop(): Promise<void> {
  stopping = true;
  await endChildren();
  process.exit(INTERRUPTED);
}
