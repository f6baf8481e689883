// The command line: from arguments and the environment to options. node:util's parseArgs takes arguments apart; this file
// reports a mistake in one line that names the flag as the user wrote it.

import { parseArgs } from 'node:util';
import { readEnvironment } from './configuration/environment.ts';
import {
  calledIn,
  givenOf,
  type Setting,
  type Settings,
  settingsFrom,
  without,
} from './configuration/settings.ts';
import type { InheritedSocket } from './connection/inherited.ts';
import { inheritedSockets } from './listen-fds.ts';
import { nearest } from './nearest.ts';
import { escaped } from './one-line.ts';
import { optionMeant } from './option-hints.ts';
import { NUL, OptionError } from './option-kinds.ts';
import { flagOf, OPTION_NAMES, OPTIONS, type OptionName, type Options } from './options.ts';
import { appFile, readAll } from './read-options.ts';

/** The parsed command. */
export type Command = { print: 'help' | 'version' } | { init: string } | { asked: Asked };

/** The name of a command. A file of this name is served as ./init. */
const INIT = 'init';

/** The request of a command line, before its options are read. */
export interface Asked {
  /** URL of the application's module. */
  app: string | undefined;
  /** The application as the user wrote it. */
  appCalled: string;
  flags: Settings;
  variables: Settings;
  common: Settings;
  inherited: readonly InheritedSocket[] | undefined;
  mistakes: OptionError[];
  /** Checks everything, and serves nothing. */
  check: boolean;
  /** Prints the options, and serves nothing. */
  printConfig: boolean;
  /** Lines about what has no effect. */
  warnings: string[];
}

/** The options of a command. */
export interface Configuration {
  options: Options;
  settings: Settings;
  mistakes: OptionError[];
}

/** The options that a .socket unit of systemd takes the place of. */
const DECIDED_BY_UNIT = ['host', 'port', 'unix', 'unixMode', 'redirectHttp', 'sockets'] as const;

/** Flags that are no options of a server, with their short forms. */
const OTHER_FLAGS = { help: 'h', version: 'v', check: undefined, 'print-config': undefined } as const;

const NONE: Settings = new Map();

/**
 * Takes the command line and the environment apart.
 * @param argv without node and the script
 * @param pid of this process, for which the environment may describe sockets
 * @throws Error if the environment describes inherited sockets wrongly; OptionError if `hotpath init` is used wrongly
 */
export function readCommand(argv: string[], environment: NodeJS.ProcessEnv, pid = 0): Command {
  const { flags, others, paths, mistakes } = takeApart(argv);
  const [word] = paths;
  if (others.has('help') || (word === 'help' && !isFile(word))) return { print: 'help' };
  if (others.has('version') || (word === 'version' && !isFile(word))) return { print: 'version' };
  if (word === INIT) {
    if (mistakes[0] !== undefined) throw mistakes[0];
    return { init: initFolder(paths, flags) };
  }
  if (paths.length > 1)
    mistakes.push(
      new OptionError(
        `unexpected argument '${escaped(paths[1] as string)}': hotpath takes one app and options; see hotpath --help`,
      ),
    );
  const { variables, common, warnings, mistakes: wrong } = readEnvironment(environment);
  mistakes.push(...wrong);
  const inherited = inheritedSockets(environment, pid);
  if (inherited !== undefined) mistakes.push(...decidedByUnit(flags, variables));
  let app: string | undefined;
  try {
    app = word === undefined ? undefined : appFile(word);
  } catch (error) {
    mistakes.push(error as OptionError);
  }
  const asked: Asked = {
    app,
    appCalled: escaped(word ?? ''),
    flags,
    variables,
    // The unit takes their place.
    common: inherited === undefined ? common : NONE,
    inherited,
    mistakes,
    check: others.has('check'),
    printConfig: others.has('print-config'),
    warnings,
  };
  return { asked };
}

/** Reads the options of a command. @param given the settings of the application's module */
export function configurationOf(asked: Asked, given = NONE): Configuration {
  const { app, flags, variables, common, inherited } = asked;
  const module = inherited === undefined ? given : without(given, DECIDED_BY_UNIT);
  const settings = settingsFrom({ flags, variables, common, module });
  const { options, mistakes } = readAll(givenOf(app, settings));
  return { options: { ...options, inherited }, settings, mistakes: [...asked.mistakes, ...mistakes] };
}

/** Returns the folder of `hotpath init`. @throws OptionError if there is anything else */
function initFolder([, folder = '.', more]: string[], flags: Settings): string {
  const [flag] = flags.values();
  if (flag !== undefined)
    throw new OptionError(`hotpath init takes no ${flag.called}: add it to the scripts of package.json`);
  if (more !== undefined)
    throw new OptionError(`unexpected argument '${escaped(more)}': hotpath init takes one folder`);
  if (folder === '' || folder.includes(NUL)) throw new OptionError('hotpath init needs the name of a folder');
  return folder;
}

function isFile(path: string): boolean {
  try {
    appFile(path);
    return true;
  } catch {
    return false;
  }
}

function decidedByUnit(flags: Settings, variables: Settings): OptionError[] {
  const settings = new Map([...variables, ...flags]);
  return DECIDED_BY_UNIT.filter((name) => settings.has(name)).map(
    (name) =>
      new OptionError(
        `${calledIn(settings, name)} has no effect on the sockets that systemd passes: leave it out, and set the .socket unit`,
      ),
  );
}

interface Arguments {
  flags: Map<OptionName, Setting>;
  /** Flags that are no options. */
  others: Set<string>;
  paths: string[];
  mistakes: OptionError[];
}

/**
 * Returns flags with their values and the remaining arguments. Of a repeated flag the last value counts, unless the option
 * takes several. A flag that is unknown, lacks its value, or has a value that it doesn't take is a mistake.
 */
function takeApart(argv: string[]): Arguments {
  const names = new Map(OPTION_NAMES.map((name) => [flagOf(name), name]));
  const options = Object.fromEntries([
    ...[...names].map(([flag, name]) => [
      flag,
      { type: OPTIONS[name].value === undefined ? 'boolean' : 'string' },
    ]),
    ...Object.entries(OTHER_FLAGS).map(([flag, short]) => [
      flag,
      { type: 'boolean', ...(short && { short }) },
    ]),
  ]);
  const { tokens } = parseArgs({ args: argv, options, strict: false, tokens: true });
  const read: Arguments = { flags: new Map(), others: new Set(), paths: [], mistakes: [] };
  for (const token of tokens) {
    if (token.kind === 'positional') read.paths.push(token.value);
    if (token.kind !== 'option') continue;
    try {
      takeOption(token, argv[token.index] as string, names, read);
    } catch (error) {
      read.mistakes.push(error as OptionError);
    }
  }
  return read;
}

interface OptionToken {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

/** @throws OptionError */
function takeOption(
  { name: flag, rawName, value, inlineValue }: OptionToken,
  argument: string,
  names: ReadonlyMap<string, OptionName>,
  { flags, others }: Arguments,
): void {
  const name = names.get(flag);
  if (name === undefined && !Object.hasOwn(OTHER_FLAGS, flag)) throw unknown(argument, [...names.keys()]);
  const wanted = name && OPTIONS[name].value;
  if (wanted === undefined && value !== undefined)
    throw new OptionError(`${rawName} takes no value: write ${rawName} alone`);
  if (name === undefined) {
    others.add(flag);
    return;
  }
  const setting = { called: `--${flag}`, source: 'command line' };
  if (wanted === undefined) {
    // The flags of options that are on by default begin with this.
    flags.set(name, { ...setting, text: String(!flag.startsWith('no-')) });
    return;
  }
  // An argument that looks like a flag is one, unless it follows an equals sign or can only be a number.
  if (value === undefined || (!inlineValue && /^-(?!\d)./.test(value)))
    throw new OptionError(`${rawName} needs a value: ${rawName} ${wanted}; see hotpath --help`);
  const before = OPTIONS[name].repeats ? flags.get(name)?.text : undefined;
  flags.set(name, { ...setting, text: before === undefined ? value : before + NUL + value });
}

/** @param argument as the user wrote it: `--prot=80`, or `-port`, which is no group of short flags */
function unknown(argument: string, flags: readonly string[]): OptionError {
  const [flag = ''] = argument.split('=');
  const option = optionMeant(flag);
  const meant =
    nearest(flag, [...flags, ...Object.keys(OTHER_FLAGS)]) ??
    (option === undefined ? undefined : flagOf(option));
  const hint = meant === undefined ? '; see hotpath --help' : `: did you mean --${meant}?`;
  return new OptionError(`there is no option ${escaped(flag)}${hint}`);
}
