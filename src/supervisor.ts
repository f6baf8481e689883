// Holds the listening sockets, starts the server process, and interprets signals, as no other process does. Speaks no HTTP.

import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import inspector from 'node:inspector';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { Backoff } from './backoff.ts';
import { calledIn, type Settings } from './configuration/settings.ts';
import { type Address, type ListenerOptions, listenersOf, urlOf } from './connection/address.ts';
import { type Bound, bind, bindAll } from './connection/bind.ts';
import { adoptAll } from './connection/inherited.ts';
import { type Log, logOf } from './connection/log.ts';
import { NUMBERS_MS, SNAPSHOT_MS } from './durable/keeper-messages.ts';
import type { ToServer, ToSupervisor } from './messages.ts';
import { countListeners } from './models/counts.ts';
import type { Options } from './options.ts';
import { plural } from './plural.ts';
import type { ServiceManager } from './systemd-notify.ts';
import type { Times } from './times.ts';

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 10_000;
/** Milliseconds for the server process to end after the drain timeout; then it is killed. */
const GRACE_MS = 3000;

/** What the start line says behind the URL of a listener. */
const PURPOSES: Record<ListenerOptions['serves'], string> = { public: '', redirect: ' for redirects' };

/** The exit code of a server that did not stop by itself. */
const FAILED = 1;
/** A shell adds this to the number of a signal. */
const BY_SIGNAL = 128;

/**
 * Runs a server until a signal stops it.
 * @param settings in which messages find how the user wrote an option
 * @param manager learns when the server is ready, reloads and stops
 * @returns the exit code: 0; 1 if the server process failed while it stopped; 128 and the number of the signal if a
 *   second signal cut requests off
 * @throws the error that binding or starting fails with
 */
export async function supervise(
  options: Options,
  times: Times,
  settings: Settings,
  manager?: ServiceManager,
  places = listenersOf(options),
): Promise<number> {
  leaveDebuggerToServer();
  // The server process reads the certificates for itself. A mistake in them must show before a port is bound.
  if (options.tls !== undefined) (await import('./tls/read-material.ts')).readMaterial(options.tls);
  if (options.adminToken !== undefined)
    (await import('./admin/token.ts')).readToken(options.adminToken, calledIn(settings, 'adminToken'));
  if (options.accessLog !== undefined)
    (await import('./logs/access-file.ts')).checkAccessLog(
      options.accessLog,
      calledIn(settings, 'accessLog'),
    );
  const log = logOf(options);
  const wanted = countListeners(options);
  const { listeners, bound } = await openSockets(options, places, wanted);
  const admin = options.admin && (await bindAdmin(options.admin, bound, calledIn(settings, 'admin')));
  const workersMax = Math.min(...bound.map((one) => one.workersMax));
  // Every server process has as many threads as there are sockets, even if a container's quota changes.
  const possible = { ...options };
  if (options.model === 'event-loop') possible.workers = Math.min(wanted, workersMax);
  if (wanted > workersMax) {
    log.note(`Threads can't share sockets here: 1 worker, not ${wanted}`);
  }
  try {
    return await new Promise<number>((resolve, reject) =>
      new Supervisor(possible, times, listeners, bound, admin, log, manager, resolve, reject).start(),
    );
  } finally {
    // Open until here, so that a draining server answers that it is not ready.
    admin?.close();
  }
}

/** Takes over the inherited sockets, or binds the listeners' addresses. Returns the listeners with their known addresses. */
async function openSockets(
  { inherited, tls, sockets }: Options,
  listeners: ListenerOptions[],
  workers: number,
): Promise<{ listeners: ListenerOptions[]; bound: Bound[] }> {
  if (inherited !== undefined) return adoptAll(inherited, tls !== undefined);
  const bound = await bindAll(listeners, workers, sockets);
  return {
    listeners: listeners.map((listener, i) => ({ ...listener, address: (bound[i] as Bound).address })),
    bound,
  };
}

/** Binds the address of the admin listener. @throws Error of one line; then the other sockets are closed */
async function bindAdmin(address: Address, others: readonly Bound[], called: string): Promise<Bound> {
  try {
    return await bind(address, 1, 'auto');
  } catch (error) {
    for (const one of others) one.close();
    throw (await import('./admin/admin.ts')).adminError(error as Error, address, called);
  }
}

/** Frees the port of `--inspect` for the server process, which inherits the flag and runs the code of users. */
function leaveDebuggerToServer(): void {
  if (inspector.url() !== undefined) inspector.close();
}

class Supervisor {
  private child: ChildProcess | undefined;
  /** The time at which the server process began to listen. */
  private listenedMs: number | undefined;
  /** A server process has listened. From then on a server process that ends is started again. */
  private proved = false;
  private readonly backoff = new Backoff(BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
  /** Runs while the server process waits to be started again. */
  private pause: NodeJS.Timeout | undefined;
  /** The time of the last signal to stop. */
  private signalledMs = Number.NEGATIVE_INFINITY;
  /** Runs while the server goes on after the first signal. */
  private delay: NodeJS.Timeout | undefined;
  /** The sockets are closed, and the server process drains. */
  private stopping = false;
  /** The exit code, once it is not that of a clean end. */
  private code = 0;
  private failure: Error | undefined;
  private adminUrl: string | undefined;
  /** Standard input, output or error is a terminal. */
  private readonly attended = [0, 1, 2].some((descriptor) => isatty(descriptor));

  constructor(
    private readonly options: Options,
    private readonly times: Times,
    private readonly listeners: ListenerOptions[],
    /** The sockets of each listener. */
    private readonly bound: Bound[],
    private readonly admin: Bound | undefined,
    private readonly log: Log,
    private readonly manager: ServiceManager | undefined,
    private readonly stopped: (code: number) => void,
    private readonly failed: (error: Error) => void,
  ) {}

  start(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.stop(signal));
    // SIGHUP also reports that a terminal has been closed.
    process.on('SIGHUP', () => (this.attended ? this.stop('SIGHUP') : this.reload()));
    process.on('SIGUSR2', () => this.reopenLogs());
    this.manager?.begin(
      (text) => this.log.warn(text),
      () => this.tell({ type: 'ping' }),
    );
    this.startServer();
  }

  private startServer(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
    const child = fork(new URL('./server-main.js', import.meta.url), { stdio: 'inherit' });
    this.child = child;
    this.listenedMs = undefined;
    this.failure = undefined;
    child.on('message', (message: ToSupervisor | null) => this.hear(message));
    child.on('error', (error) => {
      // After a fork that failed no 'exit' follows. Other errors come from messages to a process that has ended.
      if (child.pid === undefined) this.serverEnded(error.message, error);
    });
    child.on('exit', (code, signal) => this.serverEnded(signal ?? `code ${code}`, undefined, code === 0));
    const { options, times, listeners, bound, admin } = this;
    this.tell({
      type: 'start',
      options,
      times,
      listeners,
      ways: bound.map(({ way }) => way),
      admin: admin && { address: admin.address, way: admin.way },
    });
    // A process that starts during the shutdown delay serves, and is not ready.
    if (this.delay !== undefined) this.tell({ type: 'stopping' });
  }

  private hear(message: ToSupervisor | null): void {
    switch (message?.type) {
      case 'take':
        if (this.stopping) break;
        this.tell(
          { type: 'socket', request: message.request },
          (this.bound[message.listener] ?? this.admin)?.handleOf(message.socket) as unknown as SendHandle,
        );
        break;
      case 'administered':
        this.adminUrl = message.url;
        void this.publish(this.admin === undefined ? [] : [this.admin]);
        break;
      case 'listening':
        this.listenedMs = Date.now();
        void this.opened(message);
        break;
      case 'failed':
        this.failure = Object.assign(new Error(message.message), { code: message.code });
        break;
      case 'reloaded':
        this.manager?.reloaded();
        break;
      case 'pong':
        this.manager?.alive();
        break;
      case 'note':
        this.log.note(message.text);
        break;
      case 'warning':
        this.log.warn(message.text);
        break;
      case 'drained': {
        const { requests, accepted } = message.statistics;
        const cut = message.late > 0 ? `; ${this.describeLate(message.late)}` : '';
        this.log.note(
          `Server stopped after ${plural(requests, 'request')} on ${plural(accepted, 'connection')}${cut}`,
        );
      }
    }
  }

  /** All threads of a server process listen, so clients may find the addresses. */
  private async opened(message: ToSupervisor & { type: 'listening' }): Promise<void> {
    if (!(await this.publish(this.bound))) return;
    this.proved = true;
    this.announce(message);
    this.manager?.ready();
  }

  /** Publishes sockets. @returns false if it fails; then the server process is ended */
  private async publish(sockets: readonly Bound[]): Promise<boolean> {
    try {
      // One after the other: each finds those before it, if a path stands twice.
      for (const one of sockets) await one.publish();
      return true;
    } catch (error) {
      // A stop has closed the sockets.
      if (this.stopping) return false;
      this.failure = error as Error;
      this.child?.kill('SIGKILL');
      return false;
    }
  }

  /** Logs the start line, for which scripts wait. */
  private announce({ listeners, who, io }: ToSupervisor & { type: 'listening' }): void {
    const { engine, model } = this.options;
    const sockets = {
      'per-worker': model === 'event-loop' ? 'sockets for each worker' : 'several sockets',
      shared: 'one shared socket',
      own: 'workers bind for themselves',
    };
    const [way, ...others] = new Set(this.bound.map((one) => sockets[one.way]));
    const { accept, read, write, encrypted } = io;
    const ways =
      accept === read && read === write ? `${read} I/O` : `${accept} accepts, ${read} reads, ${write} writes`;
    const overTls = this.options.tls !== undefined && read === 'direct' && !encrypted;
    const how = [
      who,
      `${engine} engine`,
      ...this.counting(),
      [way, ...others].join(' or '),
      overTls ? `${ways}, but public over TLS` : ways,
    ].join(', ');
    const [first, ...more] = listeners.map((one) => `${urlOf(one)}${PURPOSES[one.serves]}`);
    const last = more.pop();
    const where = last === undefined ? first : `${[first, ...more].join(', ')} and ${last}`;
    const admin = this.adminUrl === undefined ? '' : `; admin on ${this.adminUrl}`;
    this.log.note(`Server listening on ${where} (${how})${admin}`);
  }

  /** Describes how the built-in app counts, if an option has chosen it. */
  private counting(): string[] {
    const { counter } = this.options;
    if (counter === 'none') return ['unprotected counter'];
    return counter === 'mutex' ? ['counter under a mutex'] : [];
  }

  /** Describes the connections, processes or threads that had not finished at the drain timeout. */
  private describeLate(count: number): string {
    const { model } = this.options;
    if (model === 'process') return `${plural(count, 'process', 'processes')} had to be ended`;
    if (model === 'thread') return `${plural(count, 'thread')} had to be ended`;
    return `${plural(count, 'connection')} had to be cut`;
  }

  private reload(): void {
    if (this.stopping || this.delay !== undefined) return;
    this.manager?.reloading();
    if (this.pause === undefined) this.tell({ type: 'reload', timeoutMs: this.options.drainTimeout });
    else this.startServer();
  }

  private reopenLogs(): void {
    if (this.options.accessLog === undefined) this.log.note('SIGUSR2: there is no access log to open anew');
    else this.tell({ type: 'reopen-logs' });
  }

  /** Obeys a signal: the first one begins the shutdown delay, or the drain; the next one leaves out what is left of it. */
  private stop(signal: NodeJS.Signals): void {
    const now = Date.now();
    if (now - this.signalledMs <= this.times.sameSignalMs) return;
    this.signalledMs = now;
    if (!this.stopping && this.delay === undefined) this.manager?.stopping();
    if (this.stopping) {
      this.log.note(`Stopping at once on another ${signal}`);
      this.code = BY_SIGNAL + constants.signals[signal];
      this.child?.kill('SIGKILL');
    } else if (this.delay !== undefined) {
      this.log.note(`A second ${signal} ends the shutdown delay: finishing requests under way`);
      this.drain();
    } else if (this.options.shutdownDelay > 0 && this.proved) {
      const { shutdownDelay } = this.options;
      this.log.note(
        `Stopping on ${signal} after the shutdown delay: not ready, but serving for ${shutdownDelay} ms`,
      );
      this.delay = setTimeout(() => this.drain(), shutdownDelay);
      this.tell({ type: 'stopping' });
    } else {
      this.log.note(`Stopping on ${signal}: finishing requests under way`);
      this.drain();
    }
  }

  private drain(): void {
    clearTimeout(this.delay);
    this.stopping = true;
    // From here on connecting is refused, so that clients may go elsewhere.
    this.close();
    if (this.pause !== undefined) {
      clearTimeout(this.pause);
      this.stopped(0);
      return;
    }
    this.tell({ type: 'drain', timeoutMs: this.options.drainTimeout });
    const { state, redis } = this.options;
    const keptMs = state === undefined && redis === undefined ? 0 : NUMBERS_MS + SNAPSHOT_MS;
    setTimeout(() => this.killLate(), this.options.drainTimeout + GRACE_MS + keptMs).unref();
  }

  private killLate(): void {
    if (this.child === undefined) return;
    this.log.warn('The server process did not end in time: killing it');
    this.child.kill('SIGKILL');
  }

  /**
   * @param error the cause, if it is known
   * @param clean the process ended by itself, without an error
   */
  private serverEnded(how: string, error = this.failure, clean = false): void {
    this.child = undefined;
    if (this.stopping) {
      // After a second signal the death is no news.
      if (!clean && this.code === 0) {
        this.code = FAILED;
        this.log.warn(
          `The server process ${error === undefined ? `ended by ${how}` : `failed: ${error.message}`} while it stopped`,
        );
      }
      this.stopped(this.code);
    } else if (this.proved)
      this.startLater(error === undefined ? `ended by ${how}` : `failed: ${error.message}`);
    else this.fail(error ?? new Error(`the server process ended by ${how}`));
  }

  /**
   * Starts the server process again: at once after a first death, after growing pauses in a burst of deaths. New
   * connections wait in the accept queue meanwhile.
   */
  private startLater(reason: string): void {
    const healthy = this.listenedMs !== undefined && Date.now() - this.listenedMs > this.times.healthyMs;
    const delayMs = this.backoff.next(healthy);
    this.log.warn(`Server process ${reason}; starting it again${delayMs > 0 ? ` in ${delayMs} ms` : ''}`);
    if (delayMs === 0) this.startServer();
    else this.pause = setTimeout(() => this.startServer(), delayMs);
  }

  private fail(error: Error): void {
    this.close();
    this.failed(error);
  }

  private close(): void {
    for (const one of this.bound) one.close();
  }

  private tell(message: ToServer, handle?: SendHandle): void {
    if (this.child?.connected) this.child.send(message, handle);
  }
}
