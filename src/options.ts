// The table of options: kinds of values, defaults, and the sentences that describe them. `--help`, the table in
// docs/command-line.md and the docstrings of ServeOptions are made from it (`npm run docs`, test/options.test.ts). Sizes are
// in bytes, durations in milliseconds.

import type { ProxyField } from './connection/access.ts';
import type { Address } from './connection/address.ts';
import { SOCKET_CHOICES, type SocketChoice } from './connection/bind.ts';
import type { InheritedSocket } from './connection/inherited.ts';
import { LOG_LEVELS, type LogLevel } from './connection/log.ts';
import { IO_CHOICES, type IoChoice } from './connection/selftest.ts';
import { LOG_FORMATS, type LogFormat } from './logs/formats.ts';
import {
  ADMIN_ADDRESS,
  bytes,
  FIELD_NAME,
  FILE,
  FILE_MODE,
  FILES,
  FOLDER,
  HOST,
  HOST_LIST,
  LOG_FILE,
  milliseconds,
  type OptionKind,
  oneOf,
  PORT,
  PROXY_FIELD_LIST,
  powerOfTwo,
  REDIS_URL,
  SOCKET_PATH,
  SWITCH_OFF,
  SWITCH_ON,
  wholeNumber,
  wholeNumberOrAuto,
} from './option-kinds.ts';
import { ENGINES, type EngineName } from './protocol/codec.ts';
import { CLIENT_CERTIFICATES, type ClientCertificates, type TlsSources } from './tls/sources.ts';
import { LIMITS } from './wasm/memory.ts';
import { REQUESTS_MAX } from './wasm/slot.ts';
import { LEASE_NUMBERS_MAX } from './wasm/state/leasing.ts';

/** Exported for tests, which try each model. */
export const MODELS = ['event-loop', 'sequential', 'process', 'thread'] as const;
export type ModelName = (typeof MODELS)[number];
export const COUNTERS = ['atomic', 'mutex', 'none'] as const;
export type CounterName = (typeof COUNTERS)[number];

/** The options of a server process; the table below describes each. */
export interface ServerOptions {
  /** URL of the application's module; undefined for the built-in application. */
  app: string | undefined;
  workers: number | 'auto';
  model: ModelName;
  counter: CounterName;
  globals: boolean;
  dev: boolean;
  watch: boolean;
  state: string | undefined;
  redis: string | undefined;
  lease: number;
  maxHead: number;
  maxTarget: number;
  maxFields: number;
  maxBody: number;
  maxConnections: number;
  maxConnectionsPerAddress: number;
  maxRequests: number;
  handshakeTimeout: number;
  headTimeout: number;
  idleTimeout: number;
  bodyTimeout: number;
  bodyRate: number;
  writeTimeout: number;
  handlerTimeout: number;
  loadTimeout: number;
  drainTimeout: number;
  shutdownDelay: number;
  stallTimeout: number;
  replaceStalled: boolean;
  trustProxy: number;
  trustProxyField: readonly ProxyField[];
  allowedHosts: readonly string[] | undefined;
  log: LogLevel;
  logFormat: LogFormat;
  accessLog: string | undefined;
  logQuery: boolean;
  requestIdField: string;
  serverTiming: boolean;
  /** Where the administrators of the server connect. */
  admin: Address | undefined;
  adminToken: string | undefined;
  engine: EngineName;
  io: IoChoice;
  http2: boolean;
  /** The certificates of the server, from the options of the command line or from the property `tls`. */
  tls: TlsSources | undefined;
}

/** Where a server listens, and how its threads share the sockets. */
export interface ListenOptions {
  host: string;
  /** Undefined for a server that listens on no TCP port. */
  port: number | undefined;
  /** The path of a unix socket. */
  unix: string | undefined;
  unixMode: number | undefined;
  /** Sockets that systemd passes, in place of addresses. */
  inherited?: readonly InheritedSocket[] | undefined;
  sockets: SocketChoice;
  /** The port of a listener that redirects to HTTPS. */
  redirectHttp: number | undefined;
  tlsCert: readonly string[] | undefined;
  tlsKey: readonly string[] | undefined;
  tlsCa: string | undefined;
  tlsClient: ClientCertificates | undefined;
}

export type Options = ServerOptions & ListenOptions;

const DAY_MS = 86_400_000;

/** Two generations of workers share the slots. */
export const WORKERS_MAX = LIMITS.slotCountMax / 2;

/**
 * All options except the application, which is an argument of the command line, `tls`, which is made of several, and
 * inherited sockets, which the environment names.
 */
export type OptionName = Exclude<keyof Options, 'app' | 'tls' | 'inherited'>;

export interface Option<T> extends OptionKind<T> {
  /** The meaning of the option, in one sentence, which begins without an article. `{maxHead}` names another option. */
  readonly says: string;
  /** More sentences for the page and the docstring. */
  readonly more?: string;
  /** Sentences for the page only. */
  readonly onPage?: string;
  /** How the property of serve() differs; false where serve() has none. */
  readonly property?: false | { says?: string; byDefault?: T; defaultSays?: string };
}

/** The headings of the page and of the help, each with its options. */
export const OPTION_GROUPS = {
  Listening: ['host', 'port', 'unix', 'unixMode'],
  HTTPS: ['tlsCert', 'tlsKey', 'tlsCa', 'tlsClient', 'http2', 'redirectHttp'],
  Threads: ['workers', 'model', 'counter'],
  Application: ['globals', 'dev', 'watch'],
  State: ['state', 'redis', 'lease'],
  Limits: [
    'maxHead',
    'maxTarget',
    'maxFields',
    'maxBody',
    'maxConnections',
    'maxConnectionsPerAddress',
    'maxRequests',
  ],
  Timeouts: [
    'handshakeTimeout',
    'headTimeout',
    'idleTimeout',
    'bodyTimeout',
    'bodyRate',
    'writeTimeout',
    'handlerTimeout',
    'loadTimeout',
    'drainTimeout',
    'shutdownDelay',
    'stallTimeout',
    'replaceStalled',
  ],
  'Proxies and hosts': ['trustProxy', 'trustProxyField', 'allowedHosts'],
  Logging: ['log', 'logFormat', 'accessLog', 'logQuery', 'requestIdField', 'serverTiming'],
  Administration: ['admin', 'adminToken'],
  'Inner workings': ['engine', 'io', 'sockets'],
} as const satisfies Record<string, readonly OptionName[]>;

export const OPTIONS: { readonly [Name in OptionName]: Option<Options[Name]> } = {
  host: {
    ...HOST,
    says: 'Address or name to listen on',
    more: 'Use 0.0.0.0 for all IPv4 addresses of the machine, and :: for all of its addresses.',
  },
  port: {
    ...wholeNumber(0, 65535, 8080),
    says: 'Port to listen on; 0 picks a free port',
  },
  unix: {
    ...SOCKET_PATH,
    says: 'Path of a unix socket to listen on, in place of a TCP port; with {port} or {host}, too, on both',
    onPage: 'See [listening](listening.md#unix-sockets). On Windows: the path of a named pipe.',
  },
  unixMode: {
    ...FILE_MODE,
    says: 'Mode of the file of {unix}, octal, such as 660; by default the umask decides',
    property: {
      says: 'Mode of the file of {unix}, such as 0o660 or the text 660; by default the umask decides',
    },
  },
  tlsCert: {
    ...FILES,
    says: 'Certificate and its chain, in PEM; repeat it with {tlsKey} for several names',
    more: 'The first certificate serves clients that name no host, or a host that none of the certificates has.',
    property: false,
  },
  tlsKey: {
    ...FILES,
    says: 'Private key of the certificate at the same place in the list',
    property: false,
  },
  tlsCa: {
    ...FILE,
    says: 'Certificates of authorities, in PEM: clients need a certificate that one of them has signed',
    property: false,
  },
  tlsClient: {
    ...oneOf<ClientCertificates | undefined>(CLIENT_CERTIFICATES, undefined),
    says: 'Whether clients without a valid certificate are refused, with {tlsCa}',
    onPage: 'By default `require`. With `request`, the application decides: see `context.tls`.',
    property: false,
  },
  http2: {
    ...SWITCH_ON,
    says: 'Speak HTTP/2, too, with clients that offer it over TLS',
  },
  redirectHttp: {
    ...PORT,
    says: 'Port whose requests are redirected to the same place on HTTPS, by 308',
    more: 'Location names the port on which the server listens for HTTPS.',
    onPage: 'See [redirecting](listening.md#redirecting).',
  },
  workers: {
    ...wholeNumberOrAuto(1, WORKERS_MAX),
    says: 'Worker threads; auto starts as many as can run at once, by the CPUs or the CPU quota of a container',
    onPage:
      'With `--model process` or `--model thread`: how many connections are served at a time, by default 8 for each core.',
  },
  model: {
    ...oneOf(MODELS, 'event-loop'),
    says: 'Event loop on each worker, or one of the servers of the tutorial',
    onPage:
      '`sequential` serves one connection at a time; `process` and `thread` start a process or a thread for each connection.',
    property: false,
  },
  counter: {
    ...oneOf(COUNTERS, 'atomic'),
    says: 'How the built-in app counts: atomic and mutex are exact, none loses numbers',
    onPage: 'With `--model thread` the default is mutex.',
    property: false,
  },
  globals: {
    ...SWITCH_OFF,
    says: 'Leave the globals Response, Request and fetch of the app as Node made them',
    onPage: "Without the flag, the threads of an app have hotpath's own, faster ones.",
    property: {
      says: "Replaces the globals Response, Request and fetch by hotpath's own, in the threads that answer",
      defaultSays:
        'true for the threads of an `app`, false for handlers, which run in the thread of the program',
    },
  },
  dev: {
    ...SWITCH_ON,
    says: 'Answer with the stack of an error when a handler fails, for development',
    more: 'Also on if NODE_ENV is development; rejected if it is production.',
    onPage: 'See [developing](developing.md#errors).',
  },
  watch: {
    ...SWITCH_ON,
    says: 'Reload the app whenever a file that it imports has changed',
    property: false,
  },
  state: {
    ...FOLDER,
    says: 'Folder that keeps named state, so that counters survive restarts and crashes',
    more: 'One server at a time can use a folder.',
    property: {
      says: 'Folder that keeps named state, so that counters survive restarts and crashes; for the first server of a process',
    },
  },
  redis: {
    ...REDIS_URL,
    says: 'Redis that allocates counter numbers, unique across all servers that use it',
    more: 'Needs the package `redis`.',
  },
  lease: {
    ...powerOfTwo(LEASE_NUMBERS_MAX, 4096),
    says: 'Smallest block of numbers that a counter leases with {state} or {redis}',
  },
  maxHead: {
    ...bytes(256, LIMITS.headBytesMax, 16384),
    says: 'Largest head of a request; a larger one gets 431',
  },
  maxTarget: {
    ...bytes(16, LIMITS.headBytesMax, 8192),
    says: 'Longest request target; a longer one gets 414',
    more: 'It must be less than {maxHead}. The default is at most half of {maxHead}.',
  },
  maxFields: {
    ...wholeNumber(1, LIMITS.fieldCountMax, 100),
    says: 'Most field lines of a request, and of its trailers; a request with more gets 431',
  },
  maxBody: {
    ...bytes(0, 2 ** 40, 1_048_576),
    says: 'Largest content of a request; a larger one gets 413',
  },
  maxConnections: {
    ...wholeNumber(1, 1_000_000, 16_384),
    says: 'Open connections of all workers; at the limit a new one replaces the longest idle one, or gets 503',
    more: 'The limit is lower where the system allows fewer open files.',
  },
  maxConnectionsPerAddress: {
    ...wholeNumber(0, 1_000_000, 0),
    says: 'Open connections of one client address over all workers; the next one gets 503; 0 is no limit',
  },
  maxRequests: {
    ...wholeNumber(1, REQUESTS_MAX, 1_000_000),
    says: 'Requests on one connection; the last response closes it',
    onPage: 'The servers of the tutorial answer 1.',
  },
  handshakeTimeout: {
    ...milliseconds(1, DAY_MS, 10_000),
    says: 'How long a TLS handshake may take; then the connection is cut',
  },
  headTimeout: {
    ...milliseconds(1, DAY_MS, 10_000),
    says: 'How long the head of a request may take to arrive; a later one gets 408',
  },
  idleTimeout: {
    ...milliseconds(1, DAY_MS, 60_000),
    says: 'How long a connection stays open between two requests',
  },
  bodyTimeout: {
    ...milliseconds(1, DAY_MS, 30_000),
    says: 'How long a client may send no byte of content; then it gets 408',
  },
  bodyRate: {
    ...wholeNumber(0, 1_000_000_000, 500),
    says: 'Bytes a second that content must reach on average; a slower client gets 408; 0 accepts any rate',
  },
  writeTimeout: {
    ...milliseconds(1, DAY_MS, 30_000),
    says: 'How long a client may take to read a response; then the connection is cut',
    more: 'A long response has this time for each 64 KiB.',
  },
  handlerTimeout: {
    ...milliseconds(1, DAY_MS, 30_000),
    says: 'How long a handler may take to answer; then the client gets 503',
    more: 'A stream that gives nothing for this time is cut.',
  },
  loadTimeout: {
    ...milliseconds(1, DAY_MS, 30_000),
    says: 'How long the app may take to load and to run start(); then the start, or the reload, fails',
  },
  drainTimeout: {
    ...milliseconds(0, 3_600_000, 10_000),
    says: 'How long requests under way may take when the server stops or reloads; then they are cut',
  },
  shutdownDelay: {
    ...milliseconds(0, 3_600_000, 0),
    says: 'How long the server goes on after a signal to stop, while /readyz says that it is not ready',
    more: 'Load balancers take it out of service meanwhile.',
    property: false,
  },
  stallTimeout: {
    ...milliseconds(0, DAY_MS, 5000),
    says: 'How long the event loop of a worker may stand still; then the log has its stack; 0 is never',
    onPage: 'See [workers that stand still](#workers-that-stand-still).',
  },
  replaceStalled: {
    ...SWITCH_ON,
    says: 'Replace a worker whose event loop stands still for {stallTimeout}; its requests are cut',
  },
  trustProxy: {
    ...wholeNumber(0, 100, 0),
    says: 'Number of proxies in front of the server; it trusts as many entries of their field',
  },
  trustProxyField: {
    ...PROXY_FIELD_LIST,
    says: 'Fields that these proxies write: x-forwarded-for, x-forwarded-for,x-forwarded-proto or forwarded',
  },
  allowedHosts: {
    ...HOST_LIST,
    says: 'Hosts that the server answers for, such as example.com,*.example.com,localhost:8080; others get 421',
    more: 'By default the server answers for any host.',
  },
  log: {
    ...oneOf(LOG_LEVELS, 'start'),
    says: 'How much is logged; each level includes those before it',
    more: '`errors`: what handlers throw. `start`: when the server starts and stops. `connections`, `requests`: a line for each.',
    property: { byDefault: 'errors' },
  },
  logFormat: {
    ...oneOf(LOG_FORMATS, 'text'),
    says: 'Format of log lines; combined is that of nginx and Apache, for requests alone',
  },
  accessLog: {
    ...LOG_FILE,
    says: 'File that gets a line for each request; - is standard output',
  },
  logQuery: {
    ...SWITCH_ON,
    says: 'Log the query of a path, too, which may contain secrets',
  },
  requestIdField: {
    ...FIELD_NAME,
    says: 'Field in which a trusted proxy passes the id of a request',
    more: 'Without it, or without {trustProxy}, the server makes an id.',
  },
  serverTiming: {
    ...SWITCH_ON,
    says: 'Add the field Server-Timing, with the time that a handler took, to responses of handlers',
  },
  admin: {
    ...ADMIN_ADDRESS,
    says: 'Address for metrics, health checks and named state, such as 127.0.0.1:9090, or the path of a unix socket',
    more: 'An address that other machines reach needs {adminToken}.',
  },
  adminToken: {
    ...FILE,
    says: 'File with the token that requests to {admin} must carry, as Authorization: Bearer',
  },
  engine: {
    ...oneOf(ENGINES, 'wasm'),
    says: 'Engine that parses requests and builds responses',
  },
  io: {
    ...oneOf(IO_CHOICES, 'auto'),
    says: 'How sockets are read and written; public uses only documented calls of Node',
  },
  sockets: {
    ...oneOf(SOCKET_CHOICES, 'auto'),
    says: 'How workers share the port',
    onPage:
      '`per-worker` needs SO_REUSEPORT and Node 22.12 or later; `shared` is one socket for all workers; with `own` each worker binds for itself.',
    property: false,
  },
};

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

/** maxHead -> max-head; an option that is on by default is switched off by its flag: globals -> no-globals. */
export function flagOf(name: OptionName): string {
  const { value, byDefault } = OPTIONS[name];
  const flag = value === undefined && byDefault === true ? `no-${name}` : name;
  return flag.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
}

/** Returns a sentence of the table with the options that it names as its reader writes them. */
export function withNames(text: string, called: (name: OptionName) => string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: OptionName) => called(name));
}
