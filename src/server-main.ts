// The entry of a server process, which obeys the supervisor that forked it. It ignores signals: Ctrl-C reaches the whole
// process group, and only the supervisor interprets it. When the supervisor is gone, the server drains and ends.

import { openAdmin } from './admin/admin.ts';
import { Readiness } from './admin/readiness.ts';
import type { ListenerOptions } from './connection/address.ts';
import { type Handle, SOCKETS_OF_WORKER, type SocketWay } from './connection/bind.ts';
import { type ListenAt, placeAt } from './connection/listener.ts';
import type { ServerStart, ToServer, ToSupervisor } from './messages.ts';
import { countListeners } from './models/counts.ts';
import { descriptorsMax } from './models/descriptors.ts';
import { eventLoop } from './models/event-loop.ts';
import type { Model, Server } from './models/model.ts';
import { processes } from './models/process.ts';
import { sequential } from './models/sequential.ts';
import { threads } from './models/thread.ts';
import { flagOf, type ModelName, type ServerOptions } from './options.ts';
import type { Watch } from './watch/watch.ts';

const MODELS: Record<ModelName, Model> = {
  'event-loop': eventLoop,
  sequential,
  process: processes,
  thread: threads,
};
const ORPHAN_DRAIN_MS = 10_000;

/** Threads listen on the descriptors of these handles. Closing a handle here would close the socket of a thread. */
const kept: Handle[] = [];
const waiting = new Map<number, (handle: Handle) => void>();
let requests = 0;
let server: Server | undefined;
let starting: Promise<void> | undefined;
let watch: Watch | undefined;
const readiness = new Readiness();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {});
process.stdout.on('error', () => {});
// Messages of any other kind are ignored, null included.
process.on('message', (message: ToServer | null, handle: unknown) => void obey(message, handle));
process.on('disconnect', () => void drain(ORPHAN_DRAIN_MS));

async function obey(message: ToServer | null, handle: unknown): Promise<void> {
  switch (message?.type) {
    case 'start':
      await (starting = start(message));
      break;
    case 'socket':
      waiting.get(message.request)?.(handle as Handle);
      break;
    case 'stopping':
      readiness.enter('stopping');
      break;
    case 'drain':
      await drain(message.timeoutMs);
      break;
    case 'reload':
      await reload(message.timeoutMs);
      tell({ type: 'reloaded' });
      break;
    case 'ping':
      tell({ type: 'pong' });
      break;
    case 'reopen-logs':
      await starting;
      // The writer logs a failure.
      await server?.reopenLogs?.().catch(() => {});
      break;
    case 'kill-worker':
      await server?.killWorker?.(message.ordinal, message.how);
  }
}

async function start(message: ServerStart): Promise<void> {
  const { options, times, listeners, ways } = message;
  const reusePort = countListeners(options) > 1;
  try {
    await administer(message);
    watch = await watchFor(options);
    server = await MODELS[options.model]({
      options,
      times,
      listeners,
      takePlace: async (listener, ordinal) =>
        ways[listener] === 'own'
          ? placeAt((listeners[listener] as ListenerOptions).address, reusePort)
          : takeSockets(listener, ordinal, SOCKETS_OF_WORKER[ways[listener] as SocketWay]),
      descriptorsMax: descriptorsMax(),
      note,
      warn,
      watch,
    });
    readiness.enter('ready');
    tell({ type: 'listening', listeners: server.listeners, who: server.who, io: server.io });
    watch?.begin();
  } catch (error) {
    fail(error as Error);
  }
}

/** Only a server that watches files loads the code for it. */
async function watchFor({ watch: wanted, app }: ServerOptions): Promise<Watch | undefined> {
  if (!wanted || app === undefined) return undefined;
  const { Watch } = await import('./watch/watch.ts');
  return new Watch({ app, note, warn });
}

/** Opens the admin listener, which answers before the threads do, and until the process ends. */
async function administer({ options, listeners, admin }: ServerStart): Promise<void> {
  if (admin === undefined) return;
  const { address, way } = admin;
  const { url } = await openAdmin({
    options,
    address,
    place: way === 'own' ? placeAt(address, false) : { fds: [await takeSocket(listeners.length, 0)] },
    sources: {
      readiness,
      server: () => server,
      about: { engine: options.engine, model: options.model, descriptorsMax: descriptorsMax() },
    },
    called: (name) => `--${flagOf(name)}`,
  });
  tell({ type: 'administered', url });
}

/** Logs the outcome, since a signal has no answer. */
async function reload(timeoutMs: number): Promise<void> {
  watch?.retry();
  // Threads that are starting have read the application already.
  await starting;
  if (server === undefined) return;
  try {
    if (server.reload === undefined) throw new Error('this model serves only the built-in app');
    if (await server.reload(timeoutMs))
      note('Reloaded: new workers serve, the old ones finish requests under way');
  } catch (error) {
    note(`Could not reload: ${(error as Error).message}; the old workers keep serving`);
  }
}

async function takeSockets(listener: number, ordinal: number, count: number): Promise<ListenAt> {
  const sockets = Array.from({ length: count }, (_, i) => ordinal * count + i);
  return { fds: await Promise.all(sockets.map((socket) => takeSocket(listener, socket))) };
}

/** Asks the supervisor for a new duplicate of a socket: two threads must never share a descriptor. */
async function takeSocket(listener: number, socket: number): Promise<number> {
  const request = requests++;
  tell({ type: 'take', request, listener, socket });
  const handle = await new Promise<Handle>((resolve) => waiting.set(request, resolve));
  waiting.delete(request);
  kept.push(handle);
  return handle.fd;
}

async function drain(timeoutMs: number): Promise<void> {
  readiness.enter('draining');
  const late = (await server?.drain(timeoutMs)) ?? 0;
  if (server) tell({ type: 'drained', statistics: server.statistics(), late }, end);
  else end();
}

function fail({ code, message }: NodeJS.ErrnoException): void {
  tell({ type: 'failed', code, message }, end);
}

function note(text: string): void {
  tell({ type: 'note', text });
}

function warn(text: string): void {
  tell({ type: 'warning', text });
}

function tell(message: ToSupervisor, sent?: () => void): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => sent?.());
  else sent?.();
}

function end(): void {
  process.exit();
}
