// The command line: takes arguments, returns an exit code: 0 a clean end, 1 failed to start or to stop, 2 wrong usage, more
// if a second signal stopped the server (supervisor.ts).

import { type Asked, type Configuration, configurationOf, readCommand } from './command-line.ts';
import { checkStart } from './configuration/check.ts';
import { listingOf } from './configuration/listing.ts';
import type { ModuleSettings } from './configuration/module-settings.ts';
import { Probe, readModule } from './configuration/probe.ts';
import { calledIn, type Settings } from './configuration/settings.ts';
import { helpText } from './help.ts';
import { writeFirstApp } from './init.ts';
import { forgetSockets } from './listen-fds.ts';
import { oneLine } from './one-line.ts';
import { OptionError } from './option-kinds.ts';
import { supervise } from './supervisor.ts';
import { takeServiceManager } from './systemd-notify.ts';
import { TIMES } from './times.ts';
import { version } from './version.ts';

const USAGE = 2;
const FAILED = 1;

// A reader that goes away, as `| head` does, is no reason to stop serving.
process.stdout.on('error', () => {});

/**
 * Runs one command. Resolves with its exit code when the server has stopped.
 * @param argv without node and the script
 */
export async function main(argv: string[], times = TIMES): Promise<number> {
  let settings: Settings | undefined;
  try {
    checkWorkingDirectory();
    const command = readCommand(argv, process.env, process.pid);
    if ('print' in command) {
      console.log(command.print === 'help' ? helpText() : version());
      return 0;
    }
    if ('init' in command) {
      console.log(writeFirstApp(command.init, version()));
      return 0;
    }
    const { asked } = command;
    forgetSockets(process.env);
    const manager = takeServiceManager(process.env, process.pid);
    for (const line of asked.warnings) complain(line);
    if (asked.check) return await check(asked);
    const configuration = await configure(asked);
    settings = configuration.settings;
    const { options, mistakes } = configuration;
    if (mistakes[0] !== undefined) throw mistakes[0];
    if (!asked.printConfig) return await supervise(options, times, settings, manager);
    console.log(listingOf(options, settings));
    return 0;
  } catch (error) {
    complain(explain(error as NodeJS.ErrnoException, settings));
    return error instanceof OptionError ? USAGE : FAILED;
  }
}

/** Reads all options, those in the application's module included. */
async function configure(asked: Asked): Promise<Configuration> {
  const first = configurationOf(asked);
  if (asked.app === undefined || first.mistakes.length > 0) return first;
  return withModule(asked, await readModule(asked.app, asked.appCalled, first.options.loadTimeout));
}

function withModule(asked: Asked, { settings, mistakes }: ModuleSettings): Configuration {
  const configuration = configurationOf(asked, new Map(settings));
  const wrong = mistakes.map((line) => new OptionError(line));
  return { ...configuration, mistakes: [...configuration.mistakes, ...wrong] };
}

/** Checks everything, and writes a line for each mistake. @returns the exit code */
async function check(asked: Asked): Promise<number> {
  let configuration = configurationOf(asked);
  const { app, appCalled } = asked;
  const probe = app === undefined ? undefined : new Probe(app, appCalled, configuration.options.loadTimeout);
  try {
    let failure: Error | undefined;
    try {
      if (probe !== undefined) configuration = withModule(asked, await probe.load());
    } catch (error) {
      failure = error as Error;
    }
    const { options, settings, mistakes } = configuration;
    for (const { message } of mistakes) complain(message);
    if (failure !== undefined) complain(failure.message);
    if (mistakes.length > 0) return USAGE;
    const checked = await checkStart(options, settings, failure === undefined ? probe : undefined);
    for (const line of [...checked.warnings, ...checked.mistakes]) complain(line);
    if (failure !== undefined || checked.mistakes.length > 0) return FAILED;
    if (asked.printConfig) console.log(listingOf(options, settings));
    console.log(`ok: ${app === undefined ? 'the built-in app' : appCalled} can be served`);
    return 0;
  } finally {
    await probe?.close();
  }
}

/** Writes a line to standard error. */
function complain(text: string): void {
  process.stderr.write(`hotpath: ${oneLine(text)}\n`);
}

/** Paths on the command line are relative to this folder, and a thread starts in it. */
function checkWorkingDirectory(): void {
  try {
    process.cwd();
  } catch {
    throw new Error('the working directory has been deleted: change to another one');
  }
}

const NONE: Settings = new Map();

/**
 * Describes in one line what failed and how to fix it. Only failures to listen need more than their message.
 * @param settings in which the message finds how the user wrote an option
 */
export function explain({ code, message }: NodeJS.ErrnoException, settings = NONE): string {
  // The message of a failure at a path ends in the reason.
  if (code === 'EADDRINUSE' && /:\d+$/.test(message))
    return `${message.replace('listen EADDRINUSE: ', '')}: choose another port with --port`;
  if (/^(?:listen|bind) (?:EACCES|EPERM)\b.*:\d+$/.test(message))
    return 'only a privileged user may listen on this port: choose a port above 1023 with --port';
  // At a descriptor the message has no address.
  if (message === 'listen EINVAL: invalid argument')
    return 'an inherited socket does not listen: pass listening stream sockets, with Accept=no in the .socket unit';
  if (/^(?:listen|bind) (?:EADDRNOTAVAIL|EINVAL)\b/.test(message))
    return `the address of ${calledIn(settings, 'host')} is not one of this machine: use 127.0.0.1, or 0.0.0.0 for all of its addresses`;
  const [, host] = /^getaddrinfo \w+ (.*)$/.exec(message) ?? [];
  if (host !== undefined)
    return `the name '${host}' of ${calledIn(settings, 'host')} has no address: use an address, such as 127.0.0.1`;
  if (code === 'EMFILE' || code === 'ENFILE') return `${message}: raise the limit of open files (ulimit -n)`;
  return message;
}
