// The worker threads that were started together. If a thread dies, a new one takes its place and its socket. All threads
// drain together. A reload makes the next generation, over the same memory.

import type { StopReason } from '../app/types.ts';
import { Backoff } from '../backoff.ts';
import type { TakePlace } from '../connection/listener.ts';
import { viewsOf } from '../memory/views.ts';
import type { SharedState } from '../state/shared.ts';
import { newLoad, stateForThread } from '../state/threads.ts';
import type { Times } from '../times.ts';
import type { TlsMaterial } from '../tls/material.ts';
import { countRestart } from '../wasm/header.ts';
import type { WorkerStart } from './messages.ts';
import type { SpareThreads } from './spare-threads.ts';
import { type Death, StartedThread, type ThreadHost } from './started-thread.ts';
import type { Watchdog } from './watchdog.ts';

export interface GenerationOptions {
  workers: number;
  start: Omit<WorkerStart, 'slot' | 'ordinal' | 'first' | 'state'> & { state: SharedState };
  takePlace: TakePlace;
  /** Time for a thread to load its application and to listen, in milliseconds. After that its start has failed. */
  loadMs: number;
  times: Times;
  watchdog?: Watchdog;
  /** Called with each event of a thread, one line each. */
  note: (text: string) => void;
  /** Called with each failure, one line each. */
  warn: (text: string) => void;
  /** Called each time that a thread listens. @param listener index in the server's list of listeners */
  listening?: (listener: number, port: number) => void;
  /** Called with files that a thread imports, in a server that watches them. @param atMs before they are read */
  imported?: (files: string[], atMs: number) => void;
  /** Threads that wait for their data, in the same server. */
  spares?: SpareThreads | undefined;
}

/** How a test ends a thread. */
export type Kill = 'terminate' | 'exception';

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5000;
/** Milliseconds for a thread to finish reading modules before it is ended: otherwise their files stay open. */
const LOADING_MS = 500;
/** The same time after a failed start, when there is more of it. */
const LOADING_FAILED_MS = 2000;
/** Milliseconds after the drain timeout for a thread to cut connections, to stop its application and to end. */
const ENDING_MS = 2000;

export class Generation {
  /** The start of this generation takes long. */
  slow = false;
  private readonly threads: (StartedThread | undefined)[];
  /** The log has reported that a thread whose start failed does not end. */
  private stuck = false;
  private draining = false;
  private cut = 0;
  private readonly backoff = new Backoff(BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
  /** The number of the last load of the application in the named state; negative until it is committed. */
  private load = 0;
  /** Receives the questions and reports of all threads. */
  private readonly host: ThreadHost;

  /**
   * @param slotFirst the slot of its first thread
   * @param becameSlow called when the start takes long
   */
  constructor(
    private readonly options: GenerationOptions,
    private readonly slotFirst: number,
    private readonly becameSlow: () => void = () => {},
  ) {
    this.threads = new Array(options.workers).fill(undefined);
    this.host = {
      spares: options.spares,
      loadMs: options.loadMs,
      slowMs: options.times.slowMs,
      takePlace: options.takePlace,
      listening: (listener, port) => options.listening?.(listener, port),
      slow: (text) => this.reportSlow(text),
      stuck: () => this.reportStuck(),
      warn: options.warn,
      imported: (files, atMs) => options.imported?.(files, atMs),
      ended: (thread) => this.threadEnded(thread),
    };
  }

  /** Starts all threads. Resolves with the port of each listener when every thread listens. @throws the first thread's error */
  async start(): Promise<number[]> {
    this.load = -newLoad(this.options.start.state);
    const ports = await Promise.all(
      this.threads.map((_, ordinal) => this.startThread(ordinal, ordinal === 0)),
    );
    return ports[0] as number[];
  }

  /** Puts in force the options that the threads ask of the named state, such as those of limiters. */
  commit(): void {
    this.load = newLoad(this.options.start.state);
    for (const thread of this.living) thread.tell({ type: 'in-force', generation: this.load });
  }

  /** Makes the start fail with this error, if it has not ended. */
  abandon(error: Error): void {
    for (const thread of this.starting) void thread.endStart(error);
  }

  /**
   * Makes every thread finish requests under way, cut those that have not finished after `timeoutMs`, and call the
   * application's stop().
   * @param closeIdle idle connections close at once, not at the timeout
   * @returns how many connections were cut
   */
  async drain(timeoutMs: number, reason: StopReason, closeIdle = reason !== 'reload'): Promise<number> {
    this.draining = true;
    const { living } = this;
    // A thread that drains has the drain timeout instead.
    for (const thread of living) this.options.watchdog?.forget(thread);
    for (const thread of living) thread.drain({ type: 'drain', closeIdle, timeoutMs, reason });
    const timers = [
      setTimeout(() => cutOff(this.starting), reason === 'failure' ? LOADING_FAILED_MS : LOADING_MS),
      // A thread that has not answered by then is blocked.
      setTimeout(() => cutOff(this.living.filter(({ hearsDrain }) => !hearsDrain)), timeoutMs + LOADING_MS),
      setTimeout(() => cutOff(this.living), timeoutMs + ENDING_MS),
    ];
    await Promise.all(living.map(({ ended }) => ended));
    for (const timer of timers) clearTimeout(timer);
    return this.cut;
  }

  /**
   * Makes all threads stop accepting for these listeners, so that other threads may listen at their addresses. A thread
   * that is blocked keeps listening.
   */
  async stopListening(listeners: number[]): Promise<void> {
    await Promise.all(this.living.map((thread) => thread.stopListening(listeners)));
  }

  /** Makes all threads listen again where they did before stopListening(). */
  listenAgain(listeners: number[]): void {
    for (const thread of this.living) thread.listenAgain(listeners);
  }

  /** Gives new certificates to all threads, and waits until new connections have them. */
  async renewTls(material: TlsMaterial): Promise<void> {
    await Promise.all(this.living.map((thread) => thread.renewTls(material)));
  }

  /** Ends a thread from outside, or by an exception in it. For tests. */
  async kill(ordinal: number, how: Kill = 'terminate'): Promise<void> {
    const thread = this.threads[ordinal];
    if (how === 'terminate') await thread?.terminate();
    else thread?.tell({ type: 'fail' });
  }

  private get living(): StartedThread[] {
    return this.threads.filter((thread) => thread !== undefined);
  }

  private get starting(): StartedThread[] {
    return this.living.filter(({ starting }) => starting);
  }

  /** Resolves with the ports when the thread listens. From then on another thread replaces it when it ends. */
  private startThread(ordinal: number, first: boolean): Promise<number[]> {
    const { start } = this.options;
    const state = stateForThread(start.state, this.load);
    const slot = this.slotFirst + ordinal;
    const thread = new StartedThread({ ...start, state, slot, ordinal, first }, this.host);
    this.threads[ordinal] = thread;
    thread.started.then(
      () => !this.draining && this.options.watchdog?.watch(thread),
      () => {},
    );
    return thread.started;
  }

  private threadEnded(thread: StartedThread): void {
    const { listened, startedMs, death, cut } = thread;
    const ordinal = this.threads.indexOf(thread);
    this.threads[ordinal] = undefined;
    this.options.watchdog?.forget(thread);
    this.cut += cut;
    if (listened) this.replaceLater(ordinal, startedMs, death);
  }

  /** Logs one line for all threads, since they load the same module. */
  private reportSlow(text: string): void {
    if (this.slow || this.draining) return;
    this.slow = true;
    this.options.warn(text);
    this.becameSlow();
  }

  /** Logs one line for all threads, since they load the same module. */
  private reportStuck(): void {
    if (this.stuck) return;
    this.stuck = true;
    this.options.warn(
      'A worker that loads the app waits in a blocking call, such as execSync(), and cannot be ended: reloads wait until that call returns; end what it waits for, or restart the server',
    );
  }

  /** Replaces a thread: at once after a first death, after growing pauses in a burst of deaths. */
  private replaceLater(ordinal: number, startedMs: number, { text, told }: Death): void {
    if (this.draining) return;
    countRestart(viewsOf(this.options.start.memory));
    const delayMs = this.backoff.next(Date.now() - startedMs >= this.options.times.healthyMs);
    const pause = delayMs > 0 ? ` in ${delayMs} ms` : '';
    if (told) this.options.note(`Worker ${ordinal} failed; replacing it${pause}`);
    else this.options.warn(`Worker ${ordinal} ${text}; replacing it${pause}`);
    setTimeout(() => this.replace(ordinal), delayMs);
  }

  private replace(ordinal: number): void {
    if (this.draining) return;
    const startedMs = Date.now();
    if (this.load > 0) this.load = newLoad(this.options.start.state);
    this.slow = false;
    this.startThread(ordinal, false).catch((error: Error) =>
      this.replaceLater(ordinal, startedMs, { text: `failed: ${error.message}`, told: false }),
    );
  }
}

/** Ends threads that have not drained in time. */
function cutOff(threads: StartedThread[]): void {
  for (const thread of threads) thread.cutOff();
}
