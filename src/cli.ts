#!/usr/bin/env node
// The command line: arguments in, exit code out. 0 a clean end, 1 failed to start, 2 wrong usage.

import { readFileSync } from 'node:fs';
import { helpText, OptionError, readCommand } from './options.ts';
import { supervise } from './supervisor.ts';

const USAGE = 2;
const FAILED = 1;

// A reader that goes away, as `| head` does, is no reason to stop serving.
process.stdout.on('error', () => {});
process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  try {
    const command = readCommand(argv, process.env);
    if ('run' in command) await supervise(command.run);
    else console.log(command.print === 'help' ? helpText() : version());
    return 0;
  } catch (error) {
    process.stderr.write(`hotpath: ${explain(error as NodeJS.ErrnoException)}\n`);
    return error instanceof OptionError ? USAGE : FAILED;
  }
}

/** One line that says what and what to do. */
function explain({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return `${message.replace('listen EADDRINUSE: ', '')}: choose another with --port`;
    case 'EMFILE':
      return `${message}: raise the limit of open files (ulimit -n)`;
    case 'ENOENT':
      return `${message}: run npm run build`;
    case 'EACCES':
      return 'the port may not be listened on without privileges: choose one above 1023 with --port';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'the address of --host is not one of this machine';
    default:
      return message;
  }
}

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
