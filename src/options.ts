// The options of a server: defaults, ranges, and what the command line says of them. Sizes are in bytes,
// durations in milliseconds.

import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { parseAllowedHost } from './app/allowed-hosts.ts';
import { PROXY_FIELDS, type ProxyField } from './connection/access.ts';
import { SOCKET_CHOICES, type SocketChoice } from './connection/bind.ts';
import { hostToListen } from './connection/listener.ts';
import { LOG_LEVELS, type LogLevel } from './connection/log.ts';
import { IO_CHOICES, type IoChoice } from './connection/selftest.ts';
import { ENGINES, type EngineName } from './protocol/codec.ts';
import { LEASE_NUMBERS_MAX } from './wasm/leases.ts';
import { LIMITS } from './wasm/memory.ts';
import { REQUESTS_MAX } from './wasm/slot.ts';

export const MODELS = ['event-loop', 'sequential', 'process', 'thread'] as const;
export type ModelName = (typeof MODELS)[number];
export const COUNTERS = ['atomic', 'mutex', 'none'] as const;
export type CounterName = (typeof COUNTERS)[number];

export interface ServerOptions {
  /** URL of the application's module; without it the built-in one answers. */
  app: string | undefined;
  /** The threads of an application have the light classes as globals. */
  globals: boolean;
  /** How many proxies stand before the server, whose word on the client is taken. */
  trustProxy: number;
  /** The fields that these proxies write. */
  trustProxyField: readonly ProxyField[];
  /** The hosts that requests may be for; undefined: any. */
  allowedHosts: readonly string[] | undefined;
  host: string;
  model: ModelName;
  workers: number | 'auto';
  engine: EngineName;
  counter: CounterName;
  /** The folder that the named state is kept in; without it, and without Redis, it ends with the process. */
  state: string | undefined;
  /** URL of the Redis that many machines have their numbers from. */
  redis: string | undefined;
  /** Numbers of a counter that are leased together. */
  lease: number;
  io: IoChoice;
  log: LogLevel;
  maxHead: number;
  maxTarget: number;
  maxFields: number;
  maxBody: number;
  maxConnections: number;
  maxConnectionsPerAddress: number;
  maxRequests: number;
  headTimeout: number;
  idleTimeout: number;
  bodyTimeout: number;
  bodyRate: number;
  writeTimeout: number;
  handlerTimeout: number;
  /** Milliseconds for the application to load, and for its start() to end. */
  loadTimeout: number;
  /** Milliseconds for requests under way to finish when the server stops or reloads. */
  drainTimeout: number;
  /** As far as it is known: 0 picks one. */
  port: number;
}

export interface ListenOptions {
  sockets: SocketChoice;
}

export type Options = ServerOptions & ListenOptions;

/** Two generations of workers share the slots. */
export const WORKERS_MAX = LIMITS.slotCountMax / 2;

/** A mistake in the options: its message names the option and the fix. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

interface OptionKind<T> {
  /** What the value is, for the help: `N`, `HOST`, `wasm|js`; undefined for a flag without one. */
  value: string | undefined;
  byDefault: T;
  says: string;
  /** A program may give a list of texts, which is read as if commas stood between them. */
  list?: true;
  /** @throws OptionError */
  read(text: string, name: string): T;
}

/** All but the application, which has no name on the command line. */
type OptionName = Exclude<keyof Options, 'app'>;

const KINDS: { [Name in OptionName]: OptionKind<Options[Name]> } = {
  host: {
    value: 'HOST',
    byDefault: '127.0.0.1',
    says: 'the address to listen on',
    read: readHost,
  },
  port: wholeNumber(0, 65535, 8080, 'the port to listen on; 0 picks one'),
  model: oneOf(
    MODELS,
    'event-loop',
    'the server that serves connections: an event loop, or one of the tutorial',
  ),
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
  state: {
    value: 'DIR',
    byDefault: undefined,
    says: 'the folder to keep named state in, so that counters survive the server',
    read: (text, name) => {
      if (text === '') throw new OptionError(`${name} needs the path of a folder`);
      return resolve(text);
    },
  },
  redis: {
    value: 'URL',
    byDefault: undefined,
    says: 'Redis that allocates counter numbers, unique across all servers that use it',
    read: readRedisUrl,
  },
  lease: {
    value: 'N',
    byDefault: 4096,
    says: 'fewest numbers that a counter is leased at a time with --state or --redis, a power of two',
    read: (text, name) => {
      const size = readNumber(text, name, 1, LEASE_NUMBERS_MAX, '');
      if (!Number.isInteger(Math.log2(size)))
        throw new OptionError(`${name} must be a power of two, such as 1024 or 4096, not '${text}'`);
      return size;
    },
  },
  log: oneOf(LOG_LEVELS, 'start', 'how much is printed'),
  maxHead: wholeNumber(256, LIMITS.headBytesMax, 16384, 'largest head of a request in bytes, 431 beyond'),
  maxTarget: wholeNumber(16, LIMITS.headBytesMax, 8192, 'longest request target in bytes, 414 beyond'),
  maxFields: wholeNumber(1, LIMITS.fieldCountMax, 100, 'most field lines of a request, 431 beyond'),
  maxBody: wholeNumber(0, 2 ** 40, 1_048_576, 'largest content of a request in bytes, 413 beyond'),
  maxConnections: wholeNumber(
    1,
    1_000_000,
    16_384,
    'open connections over all workers; beyond, the longest idle one is closed, or the new one gets 503',
  ),
  maxConnectionsPerAddress: wholeNumber(
    0,
    1_000_000,
    0,
    'open connections of one client address over all workers, 503 beyond; 0: no such limit',
  ),
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
  handlerTimeout: duration(30_000, 'for a handler to answer, 503 beyond'),
  loadTimeout: duration(30_000, 'for the app to load and its start() to end, else the start or reload fails'),
  drainTimeout: wholeNumber(
    0,
    3_600_000,
    10_000,
    'milliseconds that requests under way have to finish when the server stops or reloads',
  ),
  trustProxy: wholeNumber(
    0,
    100,
    0,
    'proxies before the server; as many entries of their field are believed',
  ),
  trustProxyField: {
    value: 'FIELDS',
    byDefault: ['x-forwarded-for'],
    says: 'the fields that these proxies write: x-forwarded-for, with x-forwarded-proto behind a comma, or forwarded',
    list: true,
    read: readProxyFields,
  },
  allowedHosts: {
    value: 'HOSTS',
    byDefault: undefined,
    says: 'the hosts that requests may be for, such as example.com,*.example.com,localhost:8080; 421 for others',
    list: true,
    read: readAllowedHosts,
  },
  globals: {
    value: undefined,
    byDefault: true,
    says: "leave Response, Request and fetch in the threads of an app as they are; without it they are hotpath's own",
    read: (text, name) => {
      if (text !== 'true' && text !== 'false')
        throw new OptionError(`${name} must be true or false, not '${text}'`);
      return text === 'true';
    },
  },
  io: oneOf(IO_CHOICES, 'auto', 'how bytes get in and out; public: by documented calls only'),
  sockets: oneOf(SOCKET_CHOICES, 'auto', 'how the workers share the port'),
};

const NAMES = Object.keys(KINDS) as OptionName[];

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
  if (positionals.length > 1)
    throw new OptionError(
      `unexpected argument '${positionals[1]}': hotpath takes one app and options; see hotpath --help`,
    );
  const options = readValues(values, (name) => `--${flagOf(name)}`);
  options.app = positionals[0] === undefined ? undefined : appFile(positionals[0]);
  if (values.port === undefined && environment.PORT)
    options.port = KINDS.port.read(environment.PORT, 'PORT in the environment');
  if (options.app !== undefined) fitApp(options, values);
  fitModel(options, values);
  fitState(options, values);
  if (values['trust-proxy-field'] !== undefined && options.trustProxy === 0)
    throw new OptionError('--trust-proxy-field belongs to --trust-proxy: say how many proxies there are');
  return { run: options };
}

/**
 * Reads options that a program gives.
 * @param given values by name; what is undefined has its default
 * @param without those that mean nothing there
 * @param defaults where they are others than the command line's
 * @param hintFor called with a name that is unknown; returns the end of the message
 * @throws OptionError with one line
 */
export function readOptions(
  given: Readonly<Record<string, unknown>>,
  without: readonly OptionName[],
  defaults: Partial<Options> = {},
  hintFor: (name: string) => string = () => '',
): Options {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const known = NAMES.find((one) => one === name && !without.includes(one));
    if (known === undefined) throw new OptionError(`there is no option '${name}'${hintFor(name)}`);
    if (KINDS[known].list && Array.isArray(value) && value.every((item) => typeof item === 'string')) {
      texts[flagOf(known)] = value.join(',');
      continue;
    }
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw new OptionError(`${name} must be text or a number, not ${value === null ? null : typeof value}`);
    texts[flagOf(known)] = String(value);
  }
  const options = { ...readValues(texts, (name) => name), app: undefined };
  if (given.lease !== undefined && options.state === undefined && options.redis === undefined)
    throw new OptionError('lease belongs to state or redis');
  if (given.trustProxyField !== undefined && options.trustProxy === 0)
    throw new OptionError('trustProxyField belongs to trustProxy: say how many proxies there are');
  for (const name of Object.keys(defaults) as OptionName[])
    if (given[name] === undefined) Object.assign(options, { [name]: defaults[name] });
  return options;
}

/**
 * The URL of an application's module.
 * @param from the folder that a relative path starts from; the working directory by default
 * @throws OptionError when there is no such file
 */
export function appFile(path: string | URL, from = '.'): string {
  const url = path instanceof URL ? path : pathToFileURL(resolve(from, path));
  if (url.protocol !== 'file:') throw new OptionError(`an app is a file, not '${url}'`);
  let found: Stats | undefined;
  try {
    found = statSync(url, { throwIfNoEntry: false });
    if (found !== undefined) accessSync(url, constants.R_OK);
  } catch (error) {
    throw new OptionError(`the app '${path}' can't be read: ${(error as Error).message}`);
  }
  if (!found?.isFile()) throw new OptionError(`there is no app '${path}': give the path of a module`);
  return url.href;
}

/** @param texts by flag @param called how a message names an option */
function readValues(texts: Readonly<Record<string, unknown>>, called: (name: OptionName) => string): Options {
  const options = Object.fromEntries(
    NAMES.map((name) => {
      const text = texts[flagOf(name)];
      return [
        name,
        text === undefined ? KINDS[name].byDefault : KINDS[name].read(textOf(text), called(name)),
      ];
    }),
  ) as unknown as Options;
  // A smaller head makes the default target smaller, too.
  if (texts[flagOf('maxTarget')] === undefined)
    options.maxTarget = Math.min(options.maxTarget, Math.floor(options.maxHead / 2));
  if (options.maxTarget >= options.maxHead)
    throw new OptionError(
      `${called('maxTarget')} must be less than ${called('maxHead')} (${options.maxHead}), not ${options.maxTarget}`,
    );
  return options;
}

/** The URL of Redis. An error does not repeat what may contain a password. */
function readRedisUrl(text: string, name: string): string {
  const shown = /[@?#]/.test(text) ? '' : `, not '${text}'`;
  if (!/^rediss?:\/\/./.test(text) || !URL.canParse(text))
    throw new OptionError(
      `${name} must be a URL such as redis://127.0.0.1:6379${shown}${shown === '' ? ': write /, ?, # and @ of a password as %2F, %3F, %23 and %40' : ''}`,
    );
  const { username, password, hostname, pathname } = new URL(text);
  if (hostname === '') throw new OptionError(`${name} needs a host, as in redis://127.0.0.1:6379`);
  if (!/^(?:\/\d{0,9})?$/.test(pathname))
    throw new OptionError(`${name} ends in the number of a database, as in redis://127.0.0.1:6379/0`);
  for (const part of [username, password])
    try {
      decodeURIComponent(part);
    } catch {
      throw new OptionError(`${name} has a % in its user or password that must be written as %25`);
    }
  return text;
}

/** A flag without a value switches off. */
function textOf(value: unknown): string {
  return value === true ? 'false' : (value as string);
}

/** An application runs in event loops, and counts as it likes. */
function fitApp({ model }: Options, given: Record<string, unknown>): void {
  if (model !== 'event-loop')
    throw new OptionError(`--model ${model} has only the built-in app: leave the app or --model out`);
  if (given.counter !== undefined)
    throw new OptionError('--counter is how the built-in app counts: leave it out with an app');
}

/** State that is kept is that of event loops: the counters of the tutorial's servers are for the tutorial. */
function fitState({ state, redis, model }: Options, given: Record<string, unknown>): void {
  const asked = state !== undefined ? '--state' : redis !== undefined ? '--redis' : undefined;
  if (asked === undefined) {
    if (given.lease !== undefined) throw new OptionError('--lease belongs to --state or --redis');
    return;
  }
  if (model !== 'event-loop')
    throw new OptionError(`--model ${model} keeps no state: leave ${asked} or the model out`);
  if (given.counter !== undefined)
    throw new OptionError(`--counter has no meaning with ${asked}, which leases numbers: leave it out`);
}

/** The tutorial's servers answer one request a connection, and its threads count under a mutex. */
function fitModel(options: Options, given: Record<string, unknown>): void {
  const { model } = options;
  if (model !== 'event-loop' && options.maxConnectionsPerAddress > 0)
    throw new OptionError(
      `--max-connections-per-address has no meaning with --model ${model}: leave one of them out`,
    );
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
    if (value === undefined) return [`--${flagOf(name)}`, says];
    const standard = name === 'port' ? '$PORT or 8080' : byDefault;
    return [`--${flagOf(name)} ${value}`, standard === undefined ? says : `${says} [${standard}]`];
  });
  rows.push(['--help', 'print this'], ['--version', 'print the version']);
  const width = Math.max(...rows.map(([flag]) => (flag as string).length));
  return [
    'Usage: hotpath [app] [options]',
    '',
    'Serves the application that the module `app` exports: { fetch, routes, error }. Without one, answers every',
    'path with Hello1, Hello2, ..., counted exactly over all threads.',
    '',
    ...rows.map(([flag, says]) => `  ${(flag as string).padEnd(width)}  ${says}`),
  ].join('\n');
}

function parse(argv: string[]): ReturnType<typeof parseArgs> {
  const options = Object.fromEntries([
    ...NAMES.map((name) => [flagOf(name), { type: KINDS[name].value === undefined ? 'boolean' : 'string' }]),
    ['help', { type: 'boolean', short: 'h' }],
    ['version', { type: 'boolean', short: 'v' }],
  ]);
  try {
    return parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    const text = (error as Error).message.split('\n')[0] as string;
    throw new OptionError(`${text.split(/\.( |$)/)[0]}; see hotpath --help`);
  }
}

/** maxHead -> max-head; what is a flag without a value is switched off by it. */
function flagOf(name: OptionName): string {
  return (KINDS[name].value === undefined ? `no-${name}` : name).replace(
    /[A-Z]/g,
    (capital) => `-${capital.toLowerCase()}`,
  );
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

function readHost(text: string, name: string): string {
  if (text === '') throw new OptionError(`${name} needs an address, such as 127.0.0.1 or ::`);
  const host = hostToListen(text);
  if (host === undefined)
    throw new OptionError(
      `${name} must be an address or a name without a port, such as 127.0.0.1, :: or localhost, not '${printable(text)}'`,
    );
  return host;
}

function readProxyFields(text: string, name: string): readonly ProxyField[] {
  const fields = text.split(',').map((field) => field.trim().toLowerCase());
  const known = PROXY_FIELDS.filter((field) => fields.includes(field));
  if (new Set(fields).size !== known.length || (known.includes('forwarded') && known.length > 1))
    throw new OptionError(
      `${name} must be x-forwarded-for, x-forwarded-for,x-forwarded-proto or forwarded, not '${printable(text)}'`,
    );
  return known;
}

function readAllowedHosts(text: string, name: string): readonly string[] {
  const hosts = text.split(',').map((host) => host.trim());
  for (const host of hosts)
    try {
      parseAllowedHost(host);
    } catch (error) {
      throw new OptionError(`${name}: ${printable((error as Error).message)}`);
    }
  return hosts;
}

/** The text in one line. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
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
