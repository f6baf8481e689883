// A server inside any program: threads that load an application, or handlers in the calling thread. It
// handles no signal, ends no process, and touches no global unless asked.

import type { App } from './app/app.ts';
import { APP_KEYS, hintFor, strangeKeys } from './app/keys.ts';
import { appOf } from './app/load.ts';
import { bind } from './connection/bind.ts';
import { type ListenAt, urlOf } from './connection/listener.ts';
import { Log, type LogLevel } from './connection/log.ts';
import type { IoChoice } from './connection/selftest.ts';
import { countWorkers } from './models/counts.ts';
import { descriptorsMax } from './models/descriptors.ts';
import { eventLoop } from './models/event-loop.ts';
import { inThread } from './models/in-thread.ts';
import type { ModelStart, Server as RunningServer } from './models/model.ts';
import { appFile, OptionError, type Options, readOptions } from './options.ts';
import type { EngineName } from './protocol/codec.ts';
import type { Statistics } from './wasm/statistics.ts';

/** What both kinds of server take. Sizes are in bytes, durations in milliseconds. */
export interface ServeOptions {
  /** The address to listen on: 127.0.0.1 by default. */
  host?: string | undefined;
  /** 8080 by default; 0 picks a free one. */
  port?: number | string | undefined;
  /** What parses and builds: wasm by default. */
  engine?: EngineName | undefined;
  /** How bytes get in and out: auto by default; public uses documented calls of Node only. */
  io?: IoChoice | undefined;
  /** How much is printed: errors by default, what handlers failed with. */
  log?: LogLevel | undefined;
  /** Largest head of a request, 431 beyond: 16384 by default. */
  maxHead?: number | undefined;
  /** Longest request target, 414 beyond: 8192 by default. */
  maxTarget?: number | undefined;
  /** Most field lines of a request, 431 beyond: 100 by default. */
  maxFields?: number | undefined;
  /** Largest content of a request, 413 beyond: 1048576 by default. */
  maxBody?: number | undefined;
  /**
   * Open connections over all threads of the server: 16384 by default. Beyond, the longest idle one is closed, or the new
   * one gets 503.
   */
  maxConnections?: number | undefined;
  /** Open connections of one client address, 503 beyond: 0 by default, which is no such limit. */
  maxConnectionsPerAddress?: number | undefined;
  /** Requests on one connection, then it is closed: 1000000 by default. */
  maxRequests?: number | undefined;
  /** For the head of a request to arrive, 408 beyond: 10000 by default. */
  headTimeout?: number | undefined;
  /** That a connection stays open between requests: 60000 by default. */
  idleTimeout?: number | undefined;
  /** Without a byte of content, 408 beyond: 30000 by default. */
  bodyTimeout?: number | undefined;
  /** Bytes a second that content must come to on average: 500 by default; 0 is any. */
  bodyRate?: number | undefined;
  /** For a peer to read what it was sent, cut beyond: 30000 by default. */
  writeTimeout?: number | undefined;
  /** For a handler to answer, 503 beyond: 30000 by default. */
  handlerTimeout?: number | undefined;
  /** For the application to load and for its start() to end; else the start, or the reload, fails: 30000 by default. */
  loadTimeout?: number | undefined;
  /** What requests under way have to finish when the server closes or reloads: 10000 by default. */
  drainTimeout?: number | undefined;
  /**
   * The folder to keep named state in, so that counters go on from where they stood. It is that of one server at a
   * time, and of the first server of the process, whose memory holds the named state.
   */
  state?: string | undefined;
  /** URL of the Redis that allocates counter numbers, unique across all servers that use it. */
  redis?: string | undefined;
  /** The fewest numbers that a counter is leased at a time with state or redis, a power of two: 4096 by default. */
  lease?: number | undefined;
  /** Proxies before the server; as many entries of their field are believed: 0 by default. */
  trustProxy?: number | undefined;
  /**
   * The fields that these proxies write: x-forwarded-for (by default), x-forwarded-for and x-forwarded-proto, or
   * forwarded. A list, or text with commas.
   */
  trustProxyField?: string | readonly string[] | undefined;
  /**
   * The hosts that requests may be for, such as `['example.com', '*.example.com', 'localhost:8080']`, or text with
   * commas; 421 for others. By default any.
   */
  allowedHosts?: string | readonly string[] | undefined;
  /**
   * Makes hotpath's own Response, Request and fetch the globals of the threads that answer. By default true
   * for the threads of an `app`, false for handlers, whose thread is the program's.
   */
  globals?: boolean | undefined;
}

/** A server of threads, each of which loads the application. */
export interface ServeAppOptions extends ServeOptions {
  /** The module of the application; a path counts from the working directory. */
  app: string | URL;
  /** How many threads: auto by default, as many as Node says can run at once. */
  workers?: number | 'auto' | undefined;
}

/** A server in the calling thread. `fetch`, `routes` or both. */
export interface ServeHandlersOptions extends ServeOptions, App {
  app?: undefined;
  /** Functions don't travel to other threads. */
  workers?: undefined;
}

/** A server that runs in this program. */
export interface Server extends AsyncDisposable {
  /** Without a slash at the end: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Totals and gauges over all threads of the server. */
  stats(): Statistics;
  /**
   * Stops accepting, finishes what is under way, and resolves when that is done or drainTimeout has passed.
   * Idle connections close at once. Another call waits for the same end.
   */
  close(): Promise<void>;
  /** close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface AppServer extends Server {
  /**
   * Starts new threads, which load the application anew, in the place of those there are; counters go on. A
   * connection that waits to be accepted is lost with the thread that it waits for, and where this Node can't let
   * two threads listen on one port, connecting is refused for a moment; the command line loses none.
   * Resolves when the new ones serve; the old finish what is under way.
   * @throws Error when the new ones fail to start; then the old go on
   */
  reload(): Promise<void>;
}

export interface HandlersServer extends Server {
  /**
   * Has these handlers answer, in the place of those there are.
   * @throws Error when they are none; then the old go on
   */
  reload(app: App): Promise<void>;
}

/** Options of the command line that mean nothing here. */
const COMMAND_LINE_ONLY = ['model', 'counter', 'sockets'] as const;

/**
 * Starts a server in this program: with `app` over threads, with `fetch` and `routes` in the calling thread.
 * Resolves when it listens.
 * @throws OptionError with one line that names the option; Error when the application can't be loaded, or
 *   what listening fails with
 */
export function serve(options: ServeAppOptions): Promise<AppServer>;
export function serve(options: ServeHandlersOptions): Promise<HandlersServer>;
export async function serve(
  options: ServeAppOptions | ServeHandlersOptions,
): Promise<AppServer | HandlersServer> {
  if (typeof options !== 'object' || options === null)
    throw new OptionError('serve() needs options: { app }, or { fetch, routes }');
  return options.app !== undefined ? serveApp(options) : serveHandlers(options);
}

async function serveApp({ app, ...given }: ServeAppOptions): Promise<AppServer> {
  for (const name of APP_KEYS)
    if (name in given) throw new OptionError(`${name} comes from the app's module: leave out ${name} or app`);
  if (typeof app !== 'string' && !(app instanceof URL))
    throw new OptionError(`app must be the path or the URL of a module, not ${typeof app}`);
  const options = readOptions({ ...given }, COMMAND_LINE_ONLY, { log: 'errors' });
  options.app = appFile(app);
  const start = startOf(options);
  const wanted = countWorkers(options.workers);
  const { workersMax } = await bind(options.host, options.port, wanted, 'own');
  options.workers = Math.min(wanted, workersMax);
  if (wanted > workersMax) start.note(`Threads can't share a port here: 1 worker, not ${wanted}`);

  let { port } = options;
  // The first thread picks the port when it is 0, and the others follow.
  let pick = (): void => {};
  const picked = new Promise<void>((resolve) => (pick = resolve));
  const server = await eventLoop({
    ...start,
    takePlace: async (ordinal) => {
      if (port === 0 && ordinal > 0) await picked;
      return { host: options.host, port, reusePort: workersMax > 1 };
    },
    listening: (itsPort) => {
      port = itsPort;
      pick();
    },
  });
  return {
    ...handleOf(options, server),
    reload: async () => server.reload?.(options.drainTimeout),
  };
}

async function serveHandlers({ workers, ...given }: ServeHandlersOptions): Promise<HandlersServer> {
  if (workers !== undefined)
    throw new OptionError('workers belongs to app: functions do not travel to other threads');
  const others = Object.entries(given).filter(([name]) => !(APP_KEYS as readonly string[]).includes(name));
  const defaults = { log: 'errors', globals: false } as const;
  // First, since a misspelt fetch is missed below, where its name is not told.
  const options = readOptions(Object.fromEntries(others), COMMAND_LINE_ONLY, defaults, hintFor);
  const handlers = appOf(given, 'serve()');
  const { host, port } = options;
  const takePlace = async (): Promise<ListenAt> => ({ host, port, reusePort: false });
  const uninstall = options.globals ? (await import('./app/globals.ts')).installGlobals() : undefined;
  const start = startOf(options);
  try {
    const server = await inThread({ ...start, takePlace }, handlers);
    return {
      ...handleOf(options, server),
      reload: async (app) => {
        const next = appOf(app, 'reload()');
        for (const line of strangeKeys(app, 'reload()')) start.warn(line);
        await server.swap(next);
      },
    };
  } catch (error) {
    uninstall?.();
    throw error;
  }
}

function startOf(options: Options): Omit<ModelStart, 'takePlace'> {
  const log = new Log(options.log);
  return {
    options,
    descriptorsMax: descriptorsMax(),
    note: (text) => log.note(text),
    warn: (text) => log.warn(text),
  };
}

function handleOf({ host, drainTimeout }: Options, running: RunningServer): Server {
  const { port } = running;
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closed ??= running.drain(drainTimeout).then(() => {});
    await closed;
  };
  return {
    url: urlOf(host, port),
    port,
    stats: () => running.statistics(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
