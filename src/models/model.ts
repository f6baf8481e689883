// The interface of server models, and the options as all models read them. A model decides which thread or process serves a
// connection: this thread, one connection at a time; a new process or thread for each; or event loops on all cores. How a
// connection is served is the same in all models.

import type { Access } from '../connection/access.ts';
import type { ListenerOptions } from '../connection/address.ts';
import { createAddressLimit } from '../connection/addresses.ts';
import type { PlaneStart } from '../connection/create.ts';
import type { Io } from '../connection/endpoint.ts';
import { limitConnections } from '../connection/limits.ts';
import type { TakePlace } from '../connection/listener.ts';
import { HELLO_COUNTER } from '../connection/plane.ts';
import { chooseEncrypted, chooseIo } from '../connection/selftest.ts';
import {
  KIND_COUNTER_ATOMIC,
  KIND_COUNTER_CARELESS,
  KIND_COUNTER_LEASED,
  KIND_COUNTER_MUTEX,
} from '../memory/codes.ts';
import { viewsOf } from '../memory/views.ts';
import type { CounterName, ServerOptions } from '../options.ts';
import type { Times } from '../times.ts';
import { Certificates } from '../tls/certificates.ts';
import { SecureContexts } from '../tls/secure-contexts.ts';
import type { TlsSources } from '../tls/sources.ts';
import { compileModule } from '../wasm/instance.ts';
import { createMemory } from '../wasm/memory.ts';
import { Slot } from '../wasm/slot.ts';
import { leaseCounters } from '../wasm/state/leasing.ts';
import { setCounting } from '../wasm/state/rows.ts';
import type { Statistics } from '../wasm/statistics.ts';
import type { Watch } from '../watch/watch.ts';
import { LATE, within } from '../within.ts';
import type { Kill } from '../workers/generation.ts';

/** Everything that a model needs to start. */
export interface ModelStart {
  options: ServerOptions;
  times: Times;
  listeners: ListenerOptions[];
  takePlace: TakePlace;
  /** Files and sockets that this process may have open. */
  descriptorsMax: number;
  /** Called with each event of the server, one line each. */
  note: (text: string) => void;
  /** Called with each failure, and when the failure is over. */
  warn: (text: string) => void;
  /** Called each time a thread listens, in models with threads. @param listener index in the list */
  listening?: (listener: number, port: number) => void;
  /**
   * A server in the calling thread that leaves nothing behind, as in a test: it does not keep the process alive, and
   * forgets named state at its end.
   */
  passing?: boolean;
  /** Watches the files of the application, in a server that reloads whenever one has changed. */
  watch?: Watch | undefined;
}

/** A running server. */
export interface Server {
  /** The listeners with the ports that they have, in their order. */
  listeners: readonly ListenerOptions[];
  /** Names the threads or processes that serve, for the start line: `2 workers`. */
  who: string;
  io: Io;
  statistics(): Statistics;
  /** Finishes requests under way, and cuts them after `timeoutMs`. @returns how many connections were cut */
  drain(timeoutMs: number): Promise<number>;
  /**
   * Replaces the threads by new ones, with fresh modules. The old threads finish requests under way, up to `timeoutMs`.
   * If only certificates have changed, the threads get them and go on.
   * @returns whether the threads were replaced
   * @throws Error when certificates can't be read, or when the new threads fail to start; then the old threads keep
   *   serving
   */
  reload?(timeoutMs: number): Promise<boolean>;
  /**
   * Reads the certificates anew, in a server that has any, and gives them to the threads. Open connections go on.
   * Resolves when new connections have them.
   * @param sources take the place of the ones before
   * @throws Error of one line; then nothing changes
   */
  renewTls?(sources?: TlsSources): Promise<void>;
  /** Opens the file of the access log anew. @throws Error of one line; then the old file is written on */
  reopenLogs?(): Promise<void>;
  /** Ends one thread as a crash would, in a model that replaces threads. For tests. */
  killWorker?(ordinal: number, how?: Kill): Promise<void>;
}

/** Starts a server. @throws the error of listening, EADDRINUSE among others */
export type Model = (start: ModelStart) => Promise<Server>;

const COUNTING: Record<CounterName, number> = {
  atomic: KIND_COUNTER_ATOMIC,
  mutex: KIND_COUNTER_MUTEX,
  none: KIND_COUNTER_CARELESS,
};

/** The line that a server in development logs before it starts. */
export const IN_DEVELOPMENT =
  'In development (--dev): clients see the stacks and source lines of failed handlers';

/** Makes the shared memory, and everything that the planes over it share. Each plane still needs a slot. */
export function makePlanes(options: ServerOptions, slotCount: number): Omit<PlaneStart, 'slot'> {
  const memory = createMemory({
    slotCount,
    headBytesMax: options.maxHead,
    targetBytesMax: options.maxTarget,
    fieldCountMax: options.maxFields,
    contentBytesMax: options.maxBody,
  });
  const views = viewsOf(memory);
  const leased = options.state !== undefined || options.redis !== undefined;
  if (leased) leaseCounters(views, options.lease);
  setCounting(views, HELLO_COUNTER, leased ? KIND_COUNTER_LEASED : COUNTING[options.counter]);
  return {
    module: compileModule(),
    memory,
    engine: options.engine,
    io: { accept: 'public', read: 'public', write: 'public' },
    log: options.log,
    logFormat: options.logFormat,
    limits: { connectionsMax: options.maxConnections, refusalsMax: 1, requestsMax: options.maxRequests },
    deadlines: {
      handshakeTimeoutMs: options.handshakeTimeout,
      headTimeoutMs: options.headTimeout,
      idleTimeoutMs: options.idleTimeout,
      bodyTimeoutMs: options.bodyTimeout,
      bodyRateMin: options.bodyRate,
      writeTimeoutMs: options.writeTimeout,
      handlerTimeoutMs: options.handlerTimeout,
    },
    access: accessOf(options),
    ...(options.app !== undefined && {
      app: { file: options.app, globals: options.globals, watch: options.watch, dev: options.dev },
    }),
  };
}

/** Reads the certificates of a server, if it has any. @throws Error of one line that names the option */
export async function openCertificates({
  options,
  times,
  warn,
}: ModelStart): Promise<Certificates | undefined> {
  const { tls, http2 } = options;
  return tls && (await Certificates.open({ sources: tls, http2, warn, ticketKeyMs: times.ticketKeyMs }));
}

/** Adds the certificates to planes, with the fastest I/O over TLS that works here. @throws Error if the chosen I/O does not */
export async function addTls(
  planes: Omit<PlaneStart, 'slot'>,
  { start: tls }: Certificates,
  { io: choice }: ServerOptions,
): Promise<Omit<PlaneStart, 'slot'>> {
  const slot = new Slot(viewsOf(planes.memory), 0);
  const io = await chooseEncrypted(choice, planes.io, slot, new SecureContexts(tls.material));
  return { ...planes, tls, io };
}

/** Picks the options that decide which proxies a server trusts, and for which schemes and hosts it answers; and serverTiming. */
function accessOf({
  trustProxy,
  trustProxyField,
  allowedHosts,
  requestIdField,
  serverTiming,
  tls,
  log: logLevel,
}: ServerOptions): Access {
  return {
    trustProxy,
    trustProxyField,
    allowedHosts,
    requestIdField,
    serverTiming,
    speaksTls: tls !== undefined,
    logLevel,
  };
}

/**
 * Makes the same as makePlanes(), with the fastest I/O that works here, and a limit of connections that fits the system's
 * limit of open files.
 * @param descriptors that the model needs besides those of connections
 * @param workers how many planes accept connections
 */
export async function preparePlanes(
  { options, descriptorsMax, note }: ModelStart,
  descriptors: number,
  slotCount: number,
  workers = 1,
): Promise<Omit<PlaneStart, 'slot'>> {
  const planes = makePlanes(options, slotCount);
  const limits = limitConnections(options.maxConnections, descriptors, descriptorsMax, workers);
  if (limits.connectionsMax < options.maxConnections)
    note(
      `Only ${limits.connectionsMax} connections, not ${options.maxConnections}, fit the limit of open files, ${descriptorsMax}: raise it with ulimit -n`,
    );
  return {
    ...planes,
    io: await chooseIo(options.io, new Slot(viewsOf(planes.memory), 0)),
    limits: { ...planes.limits, ...limits },
    ...(options.maxConnectionsPerAddress > 0 && {
      addresses: createAddressLimit(options.maxConnectionsPerAddress, limits.connectionsMax),
    }),
  };
}

/** Descriptors that a thread with an event loop of its own has open, without the sockets that it listens on. */
export const DESCRIPTORS_OF_THREAD = 16;

/** Waits for `drained`. After `timeoutMs` calls `end`, which cuts the remaining connections, and waits on. */
export async function drainWithin(
  timeoutMs: number,
  drained: Promise<unknown>,
  end: () => void,
): Promise<void> {
  if ((await within(timeoutMs, drained)) !== LATE) return;
  end();
  await drained;
}
