// A server inside any program: threads that load an application, or handlers in the calling thread. It
// handles no signal, ends no process, and replaces no global unless an option asks for it.

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Admin, openAdmin } from './admin/admin.ts';
import { Readiness } from './admin/readiness.ts';
import { APP_KEYS, hintFor, strangeKeys } from './app/app-keys.ts';
import { appOf } from './app/load.ts';
import type { App } from './app/types.ts';
import { DEVELOPMENT, developmentOf } from './configuration/environment.ts';
import { readModule } from './configuration/probe.ts';
import { givenOf, settingsFrom, without } from './configuration/settings.ts';
import {
  type Address,
  type ListenerOptions,
  listenersOf,
  mainListener,
  portOf,
  urlOf,
  withPort,
} from './connection/address.ts';
import { bindAll } from './connection/bind.ts';
import { placeAt, type TakePlace } from './connection/listener.ts';
import { logOf } from './connection/log.ts';
import { checkAccessLog } from './logs/access-file.ts';
import { countWorkers } from './models/counts.ts';
import { descriptorsMax } from './models/descriptors.ts';
import { eventLoop } from './models/event-loop.ts';
import { inThread } from './models/in-thread.ts';
import type { ModelStart, Server as RunningServer } from './models/model.ts';
import { nodeEnv } from './node-env.ts';
import { OptionError } from './option-kinds.ts';
import { OPTION_NAMES, OPTIONS, type Options } from './options.ts';
import { appFile, defaultsOfServe, readOptions, readProperties, readTexts } from './read-options.ts';
import type { ServeAppOptions, ServeHandlersOptions } from './serve-options.ts';
import { TIMES } from './times.ts';
import { readTls, type TlsPair } from './tls-options.ts';
import type { Statistics } from './wasm/statistics.ts';

/** A server that runs in this program. */
export interface Server extends AsyncDisposable {
  /** The URL without a slash at the end: `http://127.0.0.1:8080`. Begins with https if the server speaks TLS. */
  readonly url: string;
  readonly port: number;
  /** The address or name that the server listens on; empty if it listens at a path alone. */
  readonly hostname: string;
  /** The URL of the admin listener; undefined without the option `admin`. */
  readonly admin: string | undefined;
  /** Totals and gauges over all threads of the server. */
  stats(): Statistics;
  /**
   * Stops accepting, finishes requests under way, and resolves when they are done or drainTimeout has passed.
   * Idle connections close at once. Further calls resolve at the same time.
   */
  close(): Promise<void>;
  /** The name that Bun has for close(). */
  stop(): Promise<void>;
  /**
   * Reads the certificates and keys of a server of HTTPS anew, or takes others. Resolves when new connections get them;
   * open connections go on.
   * @param tls replaces the option `tls`; by default its files are read again
   * @throws Error of one line if the server has no HTTPS, or if they can't be used; then the old ones stay
   */
  reloadTls(tls?: TlsPair | readonly TlsPair[]): Promise<void>;
  /**
   * Opens the file of the access log at its path anew, for a tool that has moved the old file. No line is lost.
   * @throws Error of one line if the server has no access log, or if the file can't be opened; then the old one is written on
   */
  reopenLogs(): Promise<void>;
  /** close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface AppServer extends Server {
  /**
   * Starts new threads, which load the application anew, in place of the old threads; counters keep their values. A
   * connection that waits to be accepted is lost with the thread that would accept it. If this Node can't let
   * two threads listen on one port, the server refuses connections for a moment; the command line loses none.
   * Resolves when the new threads serve; the old threads finish their requests.
   *
   * A server of HTTPS reads its certificates anew. If they have changed and the files of the application have not, the
   * threads get the certificates and stay.
   * @throws Error if the certificates can't be used, or if the new threads fail to start; then the old threads keep
   *   serving
   */
  reload(): Promise<void>;
}

export interface HandlersServer extends Server {
  /**
   * Replaces the handlers of the server.
   * @throws Error if these are no handlers; then the old handlers keep serving
   */
  reload(app: App): Promise<void>;
}

/**
 * Starts a server in this program: with `app` over threads, with `fetch` and `routes` in the calling thread.
 * Resolves when the server listens. Handlers import Response from hotpath: a request that is answered with Node's own
 * Response costs two to three times the CPU time.
 * @throws OptionError with one line that names the option; Error if the application fails to load, or
 *   the error of listening
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
  const file = appFile(app);
  const options = await withModuleOptions(file, { ...given });
  options.app = file;
  return await startThreads(options);
}

/** Options of a module that only the command line has. Certificates are a property of their own in a program. */
const NOT_IN_PROGRAM = OPTION_NAMES.filter((name) => OPTIONS[name].property === false && !/^tls/.test(name));
const TLS_FILES = ['tlsCert', 'tlsKey', 'tlsCa', 'tlsClient'] as const;

/** Reads the options of a program, then those in the application's module that the program leaves out. */
async function withModuleOptions(file: string, given: Readonly<Record<string, unknown>>): Promise<Options> {
  const own = readOptions(given, {}, hintFor);
  const called = basename(fileURLToPath(file));
  const { settings: found, mistakes } = await readModule(file, called, own.loadTimeout);
  if (mistakes[0] !== undefined) throw new OptionError(mistakes[0]);
  const { tls, ...others } = given;
  const flags = new Map(
    [...readProperties(others, hintFor)].map(([name, one]) => [name, { ...one, source: 'serve()' }]),
  );
  const left = [...NOT_IN_PROGRAM, ...(tls === undefined ? [] : TLS_FILES)];
  const settings = settingsFrom({
    flags,
    variables: new Map(),
    common: developmentOf(nodeEnv()),
    module: without(new Map(found), left),
  });
  return readTexts(
    { ...givenOf(undefined, settings), called: (name) => settings.get(name)?.called ?? name },
    { ...defaultsOfServe(), tls: own.tls },
  );
}

/**
 * Starts a server of threads, each of which binds the listeners' addresses for itself. Exported for tests of several
 * listeners.
 */
export async function startThreads(options: Options, listeners = listenersOf(options)): Promise<AppServer> {
  const start = startOf(options, listeners);
  const wanted = countWorkers(options.workers);
  const bound = await bindAll(listeners, wanted, 'own');
  const workersMax = Math.min(...bound.map((one) => one.workersMax));
  options.workers = Math.min(wanted, workersMax);
  if (wanted > workersMax) {
    const what = bound.some(({ address }) => 'path' in address) ? 'path' : 'port';
    start.note(`Threads can't share a ${what} here: 1 worker, not ${wanted}`);
  }
  // If the port is 0, the first thread picks one, and the others use it.
  const picks = listeners.map((listener) => new PortPick(listener));
  const { server, administration } = await administered(options, () =>
    eventLoop({
      ...start,
      takePlace: async (listener, ordinal) =>
        placeAt(await (picks[listener] as PortPick).addressFor(ordinal), workersMax > 1),
      listening: (listener, port) => picks[listener]?.picked(port),
    }),
  );
  return {
    ...handleOf(options, server, administration),
    reload: async () => void (await server.reload?.(options.drainTimeout)),
  };
}

async function serveHandlers({ workers, ...given }: ServeHandlersOptions): Promise<HandlersServer> {
  if (workers !== undefined)
    throw new OptionError('workers belongs to app: functions do not travel to other threads');
  for (const name of ['stallTimeout', 'replaceStalled'] as const)
    if (given[name] !== undefined)
      throw new OptionError(`${name} belongs to app: the calling thread can't watch itself`);
  const others = Object.entries(given).filter(([name]) => !(APP_KEYS as readonly string[]).includes(name));
  // Check unknown names first: a misspelt `fetch` would be reported as missing below, without its name.
  const options = readOptions(
    Object.fromEntries(others),
    { globals: false, dev: nodeEnv() === DEVELOPMENT },
    hintFor,
  );
  return await startInThread(options, appOf(given, 'serve()'));
}

/** Starts a server in the calling thread. Exported for tests of several listeners. */
export async function startInThread(
  options: Options,
  handlers: App,
  listeners = listenersOf(options),
): Promise<HandlersServer> {
  const uninstall = options.globals ? (await import('./app/globals.ts')).installGlobals() : undefined;
  const start = startOf(options, listeners);
  try {
    const takePlace: TakePlace = async (listener) =>
      placeAt((listeners[listener] as ListenerOptions).address, false);
    const { server, administration } = await administered(options, () =>
      inThread({ ...start, takePlace }, handlers),
    );
    return {
      ...handleOf(options, server, administration),
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

function startOf(options: Options, listeners: ListenerOptions[]): Omit<ModelStart, 'takePlace'> {
  if (options.accessLog !== undefined) checkAccessLog(options.accessLog, 'accessLog');
  const log = logOf(options);
  return {
    options,
    times: TIMES,
    listeners,
    descriptorsMax: descriptorsMax(),
    note: (text) => log.note(text),
    warn: (text) => log.warn(text),
  };
}

/** The admin listener of a server, if it has one, and what the listener says of it. */
interface Administration {
  readiness: Readiness;
  admin: Admin | undefined;
}

/** Opens the admin listener, then starts the server. @throws the error of either; then nothing listens */
async function administered<S extends RunningServer>(
  options: Options,
  startServer: () => Promise<S>,
): Promise<{ server: S; administration: Administration }> {
  const readiness = new Readiness();
  const { admin: address } = options;
  let running: S | undefined;
  const admin =
    address &&
    (await openAdmin({
      options,
      address,
      place: placeAt(address, false),
      sources: {
        readiness,
        server: () => running,
        about: { engine: options.engine, model: options.model, descriptorsMax: descriptorsMax() },
      },
      called: (name) => name,
    }));
  try {
    running = await startServer();
    readiness.enter('ready');
    return { server: running, administration: { readiness, admin } };
  } catch (error) {
    admin?.close();
    throw error;
  }
}

function handleOf(
  { accessLog, drainTimeout, tls }: Options,
  running: RunningServer,
  { readiness, admin }: Administration,
): Server {
  const listener = mainListener(running.listeners);
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    readiness.enter('draining');
    closed ??= running.drain(drainTimeout).then(() => admin?.close());
    await closed;
  };
  return {
    url: urlOf(listener),
    port: portOf(listener.address),
    hostname: 'host' in listener.address ? listener.address.host : '',
    admin: admin?.url,
    stats: () => running.statistics(),
    reloadTls: async (given) => {
      if (tls === undefined)
        throw new Error('reloadTls(): the server has no HTTPS: start it with the option tls');
      await running.renewTls?.(given === undefined ? undefined : readTls(given));
    },
    reopenLogs: async () => {
      if (running.reopenLogs === undefined || accessLog === undefined)
        throw new Error('reopenLogs(): the server has no access log: start it with the option accessLog');
      await running.reopenLogs();
    },
    close,
    stop: close,
    [Symbol.asyncDispose]: close,
  };
}

/** The address of one listener, whose port the first thread picks if it is 0. */
class PortPick {
  private pick: () => void = () => {};
  private readonly isPicked: Promise<void>;

  constructor(private listener: ListenerOptions) {
    const { address } = listener;
    this.isPicked = new Promise((resolve) => (this.pick = resolve));
    if ('path' in address || address.port > 0) this.pick();
  }

  /** Where a thread listens. Waits until the first one does. */
  async addressFor(ordinal: number): Promise<Address> {
    if (ordinal > 0) await this.isPicked;
    return this.listener.address;
  }

  picked(port: number): void {
    this.listener = withPort(this.listener, port);
    this.pick();
  }
}
