// Holds the listening sockets, starts the server process, and alone interprets signals. Speaks no HTTP.

import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import inspector from 'node:inspector';
import { isatty } from 'node:tty';
import { type Bound, bind } from './connection/bind.ts';
import { urlOf } from './connection/listener.ts';
import { Log } from './connection/log.ts';
import { NUMBERS_MS, SNAPSHOT_MS } from './durable/messages.ts';
import type { ToServer, ToSupervisor } from './messages.ts';
import { countListeners } from './models/counts.ts';
import type { Options } from './options.ts';
import { plural } from './plural.ts';

/** npm passes Ctrl-C on to a process that got it from the terminal already: twice within some milliseconds. */
const SAME_SIGNAL_MS = 500;
/** The server process is not started again when it lived less than this. */
const HEALTHY_MS = 5000;
/** A server that does not end in time after its drain timeout is ended. */
const GRACE_MS = 3000;

/**
 * Runs a server until it is told to stop.
 * @throws what binding or starting fails with
 */
export async function supervise(options: Options): Promise<void> {
  leaveDebuggerToServer();
  const log = new Log(options.log);
  const wanted = countListeners(options);
  const bound = await bind(options.host, options.port, wanted, options.sockets);
  const possible = { ...options };
  if (wanted > bound.workersMax) {
    possible.workers = bound.workersMax;
    log.note(`Sockets can't be shared between threads here: 1 worker, not ${wanted}`);
  }
  await new Promise<void>((resolve, reject) => new Supervisor(possible, bound, log, resolve, reject).start());
}

/**
 * `--inspect` is for the server process, which runs what users write and inherits the flag: its port must be free.
 */
function leaveDebuggerToServer(): void {
  if (inspector.url() !== undefined) inspector.close();
}

class Supervisor {
  private child: ChildProcess | undefined;
  private startedMs = 0;
  private listened = false;
  private stoppedMs: number | undefined;
  private failure: Error | undefined;
  /** Somebody sits at a terminal. */
  private readonly attended = [0, 1, 2].some((descriptor) => isatty(descriptor));

  constructor(
    private readonly options: Options,
    private readonly bound: Bound,
    private readonly log: Log,
    private readonly stopped: () => void,
    private readonly failed: (error: Error) => void,
  ) {}

  start(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.stop(signal));
    // A terminal that is closed says so by the same signal.
    process.on('SIGHUP', () => (this.attended ? this.stop('SIGHUP') : this.reload()));
    this.startServer();
  }

  private startServer(): void {
    const child = fork(new URL('./child.js', import.meta.url), { stdio: 'inherit' });
    this.child = child;
    this.startedMs = Date.now();
    this.listened = false;
    child.on('message', (message: ToSupervisor) => this.hear(message));
    child.on('error', (error) => {
      // Not even forked: no 'exit' will follow. Other errors are messages that came too late.
      if (child.pid === undefined) this.fail(error);
    });
    child.on('exit', (code, signal) => this.serverEnded(signal ?? `code ${code}`));
    const { options, bound } = this;
    const address = bound.way === 'own' ? { host: bound.host, port: bound.port } : undefined;
    this.tell({ type: 'start', options, ...(address && { address }) });
  }

  private hear(message: ToSupervisor): void {
    switch (message.type) {
      case 'take':
        if (this.stoppedMs !== undefined) break;
        this.tell(
          { type: 'socket', request: message.request },
          this.bound.handleOf(message.ordinal) as unknown as SendHandle,
        );
        break;
      case 'listening':
        this.listened = true;
        this.announce(message);
        break;
      case 'failed':
        this.failure = Object.assign(new Error(message.message), { code: message.code });
        break;
      case 'note':
        this.log.note(message.text);
        break;
      case 'warning':
        this.log.warn(message.text);
        break;
      case 'drained': {
        const { requests, accepted } = message.statistics;
        const cut = message.late > 0 ? `; ${this.lateOnes(message.late)} had to be ended` : '';
        this.log.note(
          `Server stopped after ${plural(requests, 'request')} on ${plural(accepted, 'connection')}${cut}`,
        );
      }
    }
  }

  /** The one line that scripts wait for. */
  private announce({ port, who, io }: ToSupervisor & { type: 'listening' }): void {
    const { host, engine, model } = this.options;
    const sockets = {
      'per-worker': model === 'event-loop' ? 'a socket for each worker' : 'one socket',
      shared: 'one shared socket',
      own: 'workers bind for themselves',
    }[this.bound.way];
    const ways = io.read === io.write ? `${io.read} I/O` : `${io.read} reads, ${io.write} writes`;
    const how = [who, `${engine} engine`, ...this.counting(), sockets, ways].join(', ');
    this.log.note(`Server listening on ${urlOf(host, port)} (${how})`);
  }

  /** How the built-in app counts, where that was chosen. */
  private counting(): string[] {
    const { counter } = this.options;
    if (counter === 'none') return ['unprotected counter'];
    return counter === 'mutex' ? ['counter under a mutex'] : [];
  }

  /** What had not finished when the drain timeout was over. */
  private lateOnes(count: number): string {
    const { model } = this.options;
    if (model === 'process') return plural(count, 'process', 'processes');
    return plural(count, model === 'sequential' ? 'connection' : 'thread');
  }

  private reload(): void {
    if (this.stoppedMs !== undefined) return;
    this.tell({ type: 'reload', timeoutMs: this.options.drainTimeout });
  }

  private stop(signal: NodeJS.Signals): void {
    const now = Date.now();
    if (this.stoppedMs === undefined) {
      this.stoppedMs = now;
      this.log.note(`Stopping on ${signal}: finishing what is under way`);
      // From here on connecting is refused, and who can goes elsewhere.
      this.bound.close();
      this.tell({ type: 'drain', timeoutMs: this.options.drainTimeout });
      const { state, redis } = this.options;
      const keptMs = state === undefined && redis === undefined ? 0 : NUMBERS_MS + SNAPSHOT_MS;
      setTimeout(() => this.child?.kill('SIGKILL'), this.options.drainTimeout + GRACE_MS + keptMs).unref();
    } else if (now - this.stoppedMs > SAME_SIGNAL_MS) {
      this.log.note(`Stopping at once on a second ${signal}`);
      this.child?.kill('SIGKILL');
    }
  }

  private serverEnded(how: string): void {
    this.child = undefined;
    const healthy = this.listened && Date.now() - this.startedMs > HEALTHY_MS;
    if (this.stoppedMs !== undefined) {
      this.stopped();
    } else if (this.failure === undefined && healthy) {
      this.log.note(`Server process ended by ${how}; starting it again`);
      this.startServer();
    } else {
      this.fail(this.failure ?? new Error(`the server process ended by ${how}`));
    }
  }

  private fail(error: Error): void {
    this.bound.close();
    this.failed(error);
  }

  private tell(message: ToServer, handle?: SendHandle): void {
    if (this.child?.connected) this.child.send(message, handle);
  }
}
