// The command line: from arguments to options, and the text of --help. node:util's parseArgs takes arguments apart; this
// file reports a mistake in one line that names the flag as the user wrote it.

import { parseArgs } from 'node:util';
import { inheritedSockets, type ListenVariables } from './listen-fds.ts';
import { nearest } from './nearest.ts';
import { escaped } from './one-line.ts';
import { NUL, OptionError } from './option-kinds.ts';
import {
  flagOf,
  OPTION_GROUPS,
  OPTION_NAMES,
  OPTIONS,
  type OptionName,
  type Options,
  withNames,
} from './options.ts';
import { appFile, readTexts } from './read-options.ts';

/** The parsed command. */
export type Command = { run: Options } | { print: 'help' | 'version' } | { init: string };

/** The name of a command. A file of this name is served as ./init. */
const INIT = 'init';

const HELP_WIDTH = 100;
/** A longer flag has its description on the next line. */
const FLAG_WIDTH = 32;

/** What the command reads of the environment. PORT is the default of --port. */
interface Environment extends ListenVariables {
  PORT?: string | undefined;
}

/** The options that a .socket unit of systemd takes the place of. */
const DECIDED_BY_UNIT = ['host', 'port', 'unix', 'unixMode', 'redirectHttp', 'sockets'] as const;

/**
 * Reads the command line.
 * @param argv without node and the script
 * @param pid of this process, for which the environment may describe sockets
 * @throws OptionError with one line for the user; Error if the environment describes inherited sockets wrongly
 */
export function readCommand(argv: string[], environment: Environment, pid = 0): Command {
  const { flags, paths } = takeApart(argv);
  if (flags.has('help')) return { print: 'help' };
  if (flags.has('version')) return { print: 'version' };
  if (paths[0] === INIT) return { init: initFolder(paths, flags) };
  if (paths.length > 1)
    throw new OptionError(
      `unexpected argument '${escaped(paths[1] as string)}': hotpath takes one app and options; see hotpath --help`,
    );
  const texts = new Map<OptionName, string>();
  for (const name of OPTION_NAMES) {
    const text = flags.get(flagOf(name));
    if (text !== undefined) texts.set(name, text);
  }
  const inherited = inheritedSockets(environment, pid);
  for (const name of DECIDED_BY_UNIT)
    if (inherited !== undefined && texts.has(name))
      throw new OptionError(
        `${flagNamed(name)} has no effect on the sockets that systemd passes: leave it out, and set the .socket unit`,
      );
  const wantsPort = inherited === undefined && (!texts.has('unix') || texts.has('host'));
  const fromEnvironment = wantsPort && !texts.has('port') && Boolean(environment.PORT);
  if (fromEnvironment) texts.set('port', environment.PORT as string);
  const called = (name: OptionName): string =>
    name === 'port' && fromEnvironment ? 'PORT in the environment' : flagNamed(name);
  const app = paths[0] === undefined ? undefined : appFile(paths[0]);
  return { run: { ...readTexts({ app, texts, called }), inherited } };
}

/** Returns the folder of `hotpath init`. @throws OptionError if there is anything else */
function initFolder([, folder = '.', more]: string[], flags: ReadonlyMap<string, string>): string {
  const [flag] = flags.keys();
  if (flag !== undefined)
    throw new OptionError(`hotpath init takes no --${flag}: add it to the scripts of package.json`);
  if (more !== undefined)
    throw new OptionError(`unexpected argument '${escaped(more)}': hotpath init takes one folder`);
  if (folder === '' || folder.includes(NUL)) throw new OptionError('hotpath init needs the name of a folder');
  return folder;
}

/**
 * Returns flags with their values and the remaining arguments. Of a repeated flag the last value counts, unless the option
 * takes several.
 * @throws OptionError for a flag that is unknown, lacks its value, or has a value that it doesn't take
 */
function takeApart(argv: string[]): { flags: Map<string, string>; paths: string[] } {
  const valued = new Map(OPTION_NAMES.map((name) => [flagOf(name), OPTIONS[name].value]));
  const repeats = new Set(OPTION_NAMES.filter((name) => OPTIONS[name].repeats).map(flagOf));
  for (const flag of ['help', 'version']) valued.set(flag, undefined);
  const { tokens } = parseArgs({
    args: argv,
    options: Object.fromEntries([
      ...[...valued].map(([flag, value]) => [flag, { type: value === undefined ? 'boolean' : 'string' }]),
      ['help', { type: 'boolean', short: 'h' }],
      ['version', { type: 'boolean', short: 'v' }],
    ]),
    strict: false,
    tokens: true,
  });
  const flags = new Map<string, string>();
  const paths: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') paths.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    if (!valued.has(name)) throw unknown(argv[token.index] as string, [...valued.keys()]);
    const wanted = valued.get(name);
    if (wanted === undefined) {
      if (value !== undefined) throw new OptionError(`${rawName} takes no value: write ${rawName} alone`);
      // The flags of options that are on by default begin with this.
      flags.set(name, String(!name.startsWith('no-')));
    } else {
      // An argument that looks like a flag is one, unless it follows an equals sign or can only be a number.
      if (value === undefined || (!inlineValue && /^-(?!\d)./.test(value)))
        throw new OptionError(`${rawName} needs a value: ${rawName} ${wanted}; see hotpath --help`);
      const before = repeats.has(name) ? flags.get(name) : undefined;
      flags.set(name, before === undefined ? value : before + NUL + value);
    }
  }
  return { flags, paths };
}

/** @param argument as the user wrote it: `--prot=80`, or `-port`, which is no group of short flags */
function unknown(argument: string, flags: readonly string[]): OptionError {
  const [flag = ''] = argument.split('=');
  const meant = nearest(flag, flags);
  const hint = meant === undefined ? '; see hotpath --help' : `: did you mean --${meant}?`;
  return new OptionError(`there is no option ${escaped(flag)}${hint}`);
}

/** Returns the text of --help. */
export function helpText(): string {
  const groups = Object.entries(OPTION_GROUPS).map(([heading, names]) => [
    `${heading}:`,
    ...names.flatMap(helpRow),
  ]);
  return [
    'Usage: hotpath [app] [options]',
    '       hotpath init [folder]     writes a first application',
    '',
    'Serves the application that the module `app` exports: { fetch, routes, error, start, stop }.',
    'Without an app, the built-in app answers every path with Hello1, Hello2, ... and counts exactly',
    'over all threads. MS is a time in milliseconds.',
    '',
    ...groups.flatMap((lines) => [...lines, '']),
    'Other:',
    ...helpLines('--help, -h', 'Print this help'),
    ...helpLines('--version, -v', 'Print the version'),
  ].join('\n');
}

function helpRow(name: OptionName): string[] {
  const { value, says, byDefault } = OPTIONS[name];
  const text = withNames(says, flagNamed);
  if (value === undefined) return helpLines(flagNamed(name), text);
  const standard = name === 'port' ? `$PORT or ${byDefault}` : byDefault;
  return helpLines(`${flagNamed(name)} ${value}`, standard === undefined ? text : `${text} [${standard}]`);
}

/** Formats a flag and its description in two columns. */
function helpLines(flag: string, text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line !== '' && FLAG_WIDTH + line.length + word.length + 1 > HELP_WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  const first = `  ${flag}`;
  const rows = lines.map((line) => ' '.repeat(FLAG_WIDTH) + line);
  if (first.length > FLAG_WIDTH - 2) return [first, ...rows];
  return [first.padEnd(FLAG_WIDTH) + lines[0], ...rows.slice(1)];
}

function flagNamed(name: OptionName): string {
  return `--${flagOf(name)}`;
}
