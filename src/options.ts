// The options of a server: defaults, ranges, and what the command line says of them. Sizes are in bytes,
// durations in milliseconds.

import { parseArgs } from 'node:util';
import { SOCKET_CHOICES, type SocketChoice } from './connection/bind.ts';
import { LOG_LEVELS, type LogLevel } from './connection/log.ts';
import { IO_CHOICES, type IoChoice } from './connection/selftest.ts';
import { ENGINES, type EngineName } from './protocol/codec.ts';
import { LIMITS } from './wasm/memory.ts';
import { REQUESTS_MAX } from './wasm/slot.ts';

export const MODELS = ['event-loop', 'sequential', 'process', 'thread'] as const;
export type ModelName = (typeof MODELS)[number];
export const COUNTERS = ['atomic', 'mutex', 'none'] as const;
export type CounterName = (typeof COUNTERS)[number];

export interface ServerOptions {
  model: ModelName;
  workers: number | 'auto';
  engine: EngineName;
  counter: CounterName;
  io: IoChoice;
  log: LogLevel;
  maxHead: number;
  maxTarget: number;
  maxFields: number;
  maxBody: number;
  maxConnections: number;
  maxRequests: number;
  headTimeout: number;
  idleTimeout: number;
  bodyTimeout: number;
  bodyRate: number;
  writeTimeout: number;
}

export interface ListenOptions {
  host: string;
  port: number;
  sockets: SocketChoice;
  drainTimeout: number;
}

export type Options = ServerOptions & ListenOptions;

/** Two generations of workers share the slots. */
export const WORKERS_MAX = LIMITS.slotCountMax / 2;

/** A mistake in the options: its message names the option and the fix. */
export class OptionError extends Error {}

interface OptionKind<T> {
  /** What the value is, for the help: `N`, `HOST`, `wasm|js`. */
  value: string;
  byDefault: T;
  says: string;
  /** @throws OptionError */
  read(text: string, name: string): T;
}

const KINDS: { [Name in keyof Options]: OptionKind<Options[Name]> } = {
  host: {
    value: 'HOST',
    byDefault: '127.0.0.1',
    says: 'the address to listen on',
    read: (text, name) => {
      if (text === '') throw new OptionError(`${name} needs an address, such as 127.0.0.1 or ::`);
      return text;
    },
  },
  port: wholeNumber(0, 65535, 8080, 'the port to listen on; 0 picks one'),
  model: oneOf(MODELS, 'event-loop', 'who serves a connection: an event loop, or a server of the tutorial'),
  workers: {
    value: 'N|auto',
    byDefault: 'auto',
    says: `threads, up to ${WORKERS_MAX}; auto: as many as Node says can run at once; with --model process or thread how many live at a time, auto being 8 a core`,
    read: (text, name) => (text === 'auto' ? 'auto' : readNumber(text, name, 1, WORKERS_MAX, ' or auto')),
  },
  engine: oneOf(ENGINES, 'wasm', 'what parses and builds'),
  counter: oneOf(
    COUNTERS,
    'atomic',
    'how threads add to the number; none loses some, mutex is the default of --model thread',
  ),
  log: oneOf(LOG_LEVELS, 'start', 'how much is printed'),
  maxHead: wholeNumber(256, LIMITS.headBytesMax, 16384, 'largest head of a request in bytes, 431 beyond'),
  maxTarget: wholeNumber(16, LIMITS.headBytesMax, 8192, 'longest request target in bytes, 414 beyond'),
  maxFields: wholeNumber(1, LIMITS.fieldCountMax, 100, 'most field lines of a request, 431 beyond'),
  maxBody: wholeNumber(0, 2 ** 40, 1_048_576, 'largest content of a request in bytes, 413 beyond'),
  maxConnections: wholeNumber(1, 1_000_000, 16_384, 'open connections over all workers, 503 beyond'),
  maxRequests: wholeNumber(
    1,
    REQUESTS_MAX,
    1_000_000,
    'requests on one connection, then it is closed; 1 with a server of the tutorial',
  ),
  headTimeout: duration(10_000, 'for the head of a request to arrive, 408 beyond'),
  idleTimeout: duration(60_000, 'that a connection stays open between requests'),
  bodyTimeout: duration(30_000, 'without a byte of content, 408 beyond'),
  bodyRate: wholeNumber(0, 1_000_000_000, 500, 'bytes a second that content must come to on average'),
  writeTimeout: duration(30_000, 'for a peer to read what it was sent, cut beyond'),
  drainTimeout: wholeNumber(
    0,
    3_600_000,
    10_000,
    'milliseconds that requests under way have to finish when the server stops',
  ),
  io: oneOf(IO_CHOICES, 'auto', 'how bytes get in and out; public: by documented calls only'),
  sockets: oneOf(SOCKET_CHOICES, 'auto', 'how the workers share the port'),
};

const NAMES = Object.keys(KINDS) as (keyof Options)[];

/** What the command line asks for. */
export type Command = { run: Options } | { print: 'help' | 'version' };

/**
 * Reads the command line.
 * @param argv without node and the script
 * @param environment for PORT, the default of --port
 * @throws OptionError with one line for the user
 */
export function readCommand(argv: string[], environment: { PORT?: string | undefined }): Command {
  const { values, positionals } = parse(argv);
  if (values.help) return { print: 'help' };
  if (values.version) return { print: 'version' };
  if (positionals.length > 0)
    throw new OptionError(`unexpected argument '${positionals[0]}': hotpath takes options only`);
  const options = Object.fromEntries(
    NAMES.map((name) => {
      const text = values[flagOf(name)];
      return [name, text === undefined ? KINDS[name].byDefault : read(name, text as string)];
    }),
  ) as unknown as Options;
  if (values.port === undefined && environment.PORT)
    options.port = KINDS.port.read(environment.PORT, 'PORT in the environment');
  // A smaller head makes the default target smaller, too.
  if (values['max-target'] === undefined)
    options.maxTarget = Math.min(options.maxTarget, Math.floor(options.maxHead / 2));
  fitModel(options, values);
  if (options.maxTarget >= options.maxHead)
    throw new OptionError(
      `--max-target must be less than --max-head (${options.maxHead}), not ${options.maxTarget}`,
    );
  return { run: options };
}

/** The tutorial's servers answer one request a connection, and its threads count under a mutex. */
function fitModel(options: Options, given: Record<string, unknown>): void {
  const { model } = options;
  if (model === 'event-loop') {
    if (options.counter === 'mutex')
      throw new OptionError('--counter mutex belongs to --model thread: an event loop must not wait');
    return;
  }
  if (given.workers !== undefined && model === 'sequential')
    throw new OptionError('--model sequential serves one connection at a time: leave --workers out');
  if (given.counter !== undefined && model !== 'thread')
    throw new OptionError(`--model ${model} counts in one place: leave --counter out`);
  if (given.counter === undefined && model === 'thread') options.counter = 'mutex';
  if (given['max-requests'] === undefined) options.maxRequests = 1;
  else if (model === 'process' && options.maxRequests !== 1)
    throw new OptionError('--model process answers one request a connection: leave --max-requests out');
}

/** The text of --help. */
export function helpText(): string {
  const rows = NAMES.map((name) => {
    const { value, byDefault, says } = KINDS[name];
    const standard = name === 'port' ? '$PORT or 8080' : byDefault;
    return [`--${flagOf(name)} ${value}`, `${says} [${standard}]`];
  });
  rows.push(['--help', 'print this'], ['--version', 'print the version']);
  const width = Math.max(...rows.map(([flag]) => (flag as string).length));
  return [
    'Usage: hotpath [options]',
    '',
    'Answers every path with Hello1, Hello2, ..., counted exactly over all threads.',
    '',
    ...rows.map(([flag, says]) => `  ${(flag as string).padEnd(width)}  ${says}`),
  ].join('\n');
}

function parse(argv: string[]): ReturnType<typeof parseArgs> {
  const options = Object.fromEntries([
    ...NAMES.map((name) => [flagOf(name), { type: 'string' }]),
    ['help', { type: 'boolean', short: 'h' }],
    ['version', { type: 'boolean', short: 'v' }],
  ]);
  try {
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    const text = (error as Error).message.split('\n')[0] as string;
    throw new OptionError(`${text.split('. ')[0]}; see hotpath --help`);
  }
}

function read<Name extends keyof Options>(name: Name, text: string): Options[Name] {
  return KINDS[name].read(text, `--${flagOf(name)}`);
}

/** maxHead -> max-head */
function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
}

function oneOf<T extends string>(choices: readonly T[], byDefault: T, says: string): OptionKind<T> {
  return {
    value: choices.join('|'),
    byDefault,
    says,
    read: (text, name) => {
      const choice = choices.find((known) => known === text);
      if (choice === undefined) throw new OptionError(`${name} must be ${choices.join(', ')}, not '${text}'`);
      return choice;
    },
  };
}

function duration(byDefault: number, says: string): OptionKind<number> {
  return wholeNumber(1, 86_400_000, byDefault, `milliseconds ${says}`);
}

function wholeNumber(least: number, most: number, byDefault: number, says: string): OptionKind<number> {
  return {
    value: 'N',
    byDefault,
    says,
    read: (text, name) => readNumber(text, name, least, most, ''),
  };
}

function readNumber(text: string, name: string, least: number, most: number, or: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new OptionError(`${name} must be a whole number from ${least} to ${most}${or}, not '${text}'`);
  return value;
}
