// The threads that were started together: each replaced when it dies, all drained together. A reload makes
// the next generation, over the same memory.

import { fileURLToPath } from 'node:url';
import type { StopReason } from '../app/types.ts';
import { Backoff } from '../backoff.ts';
import { reclaimAddresses } from '../connection/addresses.ts';
import type { ListenAt, TakePlace } from '../connection/listener.ts';
import { viewsOf } from '../memory/views.ts';
import type { SharedState } from '../state/shared.ts';
import { newLoad, stateForThread, threadEnded } from '../state/threads.ts';
import type { Times } from '../times.ts';
import { openConnections, reclaimSlot } from '../wasm/statistics.ts';
import { within } from '../within.ts';
import type { FromWorker, WorkerStart } from './messages.ts';
import { Thread } from './thread.ts';
import { whileAnswering } from './under-way.ts';

export interface GenerationOptions {
  workers: number;
  start: Omit<WorkerStart, 'slot' | 'ordinal' | 'first' | 'state'> & { state: SharedState };
  takePlace: TakePlace;
  /** Milliseconds for a thread to load its application and to listen; then its start has failed. */
  loadMs: number;
  times: Times;
  /** Told what happens to threads, a line each. */
  note: (text: string) => void;
  /** Told what goes wrong, a line each. */
  warn: (text: string) => void;
  /** Told each time a thread listens. */
  listening?: (port: number) => void;
}

export type Death = 'terminate' | 'exception';

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5000;
/** For a thread that reads its modules when it shall end: one that ends meanwhile leaves their files open. */
const LOADING_MS = 500;
/** The same when its generation could not be started and the process goes on. */
const LOADING_FAILED_MS = 2000;
/** Behind the drain timeout, for a thread to cut connections, to stop its application and to end. */
const ENDING_MS = 2000;
/** For a thread to end whose start has failed; one that takes longer is reported. */
const STUCK_MS = 2000;
/** For a thread to stop listening; one that is blocked does not. */
const STOP_LISTENING_MS = 2000;

/** A thread on its way to listening. */
interface Start {
  stage: 'import' | 'start()' | 'listen';
  /** Ends the thread, and the start with it. */
  fail(error: Error): void;
}

/** The messages of a thread about its end. */
interface Ending {
  code: number;
  requests: string[];
  told: boolean;
}

export class Generation {
  /** The start takes long. */
  slow = false;
  private readonly threads: (Thread | undefined)[];
  private readonly places: (ListenAt | undefined)[] = [];
  private readonly starting = new Map<Thread, Start>();
  /** Those that have heard that they shall drain, and those that have nothing under way any more. */
  private readonly hearing = new Set<Thread>();
  private readonly drained = new Set<Thread>();
  private readonly stoppedListening = new Map<Thread, () => void>();
  /** A thread whose start has failed does not end. */
  private stuck = false;
  private draining = false;
  private cut = 0;
  private readonly backoff = new Backoff(BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
  /** Of the application, by the threads that are started together or by the one that is. Negative until it is committed. */
  private load = 0;

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
  }

  /** Starts all threads. Resolves with the port when every one listens. @throws what the first fails with */
  async start(): Promise<number> {
    this.load = -newLoad(this.options.start.state);
    const ports = await Promise.all(
      this.threads.map((_, ordinal) => this.startThread(ordinal, ordinal === 0)),
    );
    return ports[0] as number;
  }

  /** Puts the options that the threads ask of the named state, such as limits, in force. */
  commit(): void {
    this.load = newLoad(this.options.start.state);
    for (const thread of this.living) thread.tell({ type: 'in-force', generation: this.load });
  }

  /** Ends a start that is under way: it fails with this error. */
  abandon(error: Error): void {
    for (const { fail } of this.starting.values()) fail(error);
  }

  /**
   * Lets every thread finish what is under way, cuts what has not finished after `timeoutMs`, and has the
   * application of each stop. A reload leaves idle connections until then; else they close at once.
   * @returns how many connections were cut
   */
  async drain(timeoutMs: number, reason: StopReason): Promise<number> {
    this.draining = true;
    const { living } = this;
    const closeIdle = reason !== 'reload';
    for (const thread of living) thread.tell({ type: 'drain', closeIdle, timeoutMs, reason });
    const timers = [
      setTimeout(
        () => this.end([...this.starting.keys()]),
        reason === 'failure' ? LOADING_FAILED_MS : LOADING_MS,
      ),
      // A thread that has not heard it by then is blocked.
      setTimeout(
        () => this.end(living.filter((thread) => !this.hearing.has(thread))),
        timeoutMs + LOADING_MS,
      ),
      setTimeout(() => this.end(this.living), timeoutMs + ENDING_MS),
    ];
    await Promise.all(living.map(({ ended }) => ended));
    for (const timer of timers) clearTimeout(timer);
    return this.cut;
  }

  /**
   * Has all threads stop accepting, so that others may listen at the same address. A thread that is blocked goes on
   * listening.
   */
  async stopListening(): Promise<void> {
    await Promise.all(
      this.living.map(async (thread) => {
        const stopped = new Promise<void>((resolve) => this.stoppedListening.set(thread, resolve));
        thread.tell({ type: 'stop-listening' });
        await within(STOP_LISTENING_MS, Promise.race([stopped, thread.ended]));
        this.stoppedListening.delete(thread);
      }),
    );
  }

  /** After stopListening(): where each did. */
  listenAgain(): void {
    this.threads.forEach((thread, ordinal) => {
      const at = this.places[ordinal];
      if (thread !== undefined && at !== undefined) thread.tell({ type: 'listen', at });
    });
  }

  /** Ends the thread in the middle of whatever it does, from outside or by an exception. For tests. */
  async kill(ordinal: number, how: Death = 'terminate'): Promise<void> {
    const thread = this.threads[ordinal];
    if (thread === undefined) return;
    if (how === 'terminate') await thread.terminate();
    else thread.tell({ type: 'fail' });
  }

  private get living(): Thread[] {
    return this.threads.filter((thread) => thread !== undefined);
  }

  /** Ends threads from outside; their connections are cut, unless they have drained. */
  private end(threads: Thread[]): void {
    for (const thread of threads) {
      const ordinal = this.threads.indexOf(thread);
      if (ordinal < 0) continue;
      if (!this.drained.has(thread)) this.cut += openConnections(this.views, this.slotFirst + ordinal);
      void thread.terminate();
    }
  }

  /** Node ends a thread between two steps of its JavaScript, so one that waits inside of a call of the system goes on. */
  private async endStart(thread: Thread, error: Error): Promise<void> {
    await within(STUCK_MS, thread.terminate(error));
    // One line for all threads, which load the same.
    if (!this.starting.has(thread) || this.stuck) return;
    this.stuck = true;
    this.options.warn(
      'A worker that loads the app waits in a blocking call, such as execSync(), and cannot be ended: reloads wait until that call returns; end what it waits for, or restart the server',
    );
  }

  private get views() {
    return viewsOf(this.options.start.memory);
  }

  /** Resolves with the port when the thread listens; from then on it is replaced when it ends. */
  private async startThread(ordinal: number, first: boolean): Promise<number> {
    const { options } = this;
    const slot = this.slotFirst + ordinal;
    const state = stateForThread(options.start.state, this.load);
    const startedMs = Date.now();
    let listened = false;
    const ending: Ending = { code: 0, requests: [], told: false };
    let exits = false;

    return new Promise((resolve, reject) => {
      const thread = new Thread({ ...options.start, state, slot, ordinal, first }, (message) =>
        hear(message),
      );
      const start: Start = { stage: 'import', fail: (error) => void this.endStart(thread, error) };
      this.threads[ordinal] = thread;
      this.starting.set(thread, start);
      const timers = [
        setTimeout(() => this.reportSlow(start), options.times.slowMs),
        setTimeout(() => start.fail(this.tooSlow(start)), options.loadMs),
      ];
      const started = (): void => {
        for (const timer of timers) clearTimeout(timer);
        this.starting.delete(thread);
      };

      const hear = (message: FromWorker): void => {
        switch (message?.type) {
          case 'imported':
            start.stage = 'start()';
            break;
          case 'ready':
            start.stage = 'listen';
            this.place(thread, ordinal).catch((error: Error) => start.fail(error));
            break;
          case 'listening': {
            started();
            listened = true;
            const at = this.places[ordinal];
            // Port 0 has become this one.
            if (at !== undefined && 'host' in at) this.places[ordinal] = { ...at, port: message.port };
            options.listening?.(message.port);
            resolve(message.port);
            break;
          }
          case 'stopped-listening':
            this.stoppedListening.get(thread)?.();
            break;
          case 'draining':
            this.hearing.add(thread);
            break;
          case 'drained':
            this.drained.add(thread);
            this.cut += message.cut;
            break;
          case 'failed':
            start.fail(Object.assign(new Error(message.message), { code: message.code }));
            break;
          case 'crashed':
            ending.told = message.told;
            break;
          case 'exiting':
            exits = true;
            Object.assign(ending, { code: message.code, requests: message.requests });
            break;
          case 'warning':
            options.warn(message.text);
        }
      };

      void thread.ended.then(() => {
        started();
        this.threads[ordinal] = undefined;
        reclaimSlot(this.views, slot);
        const { addresses } = options.start;
        if (addresses !== undefined) reclaimAddresses(addresses, slot);
        threadEnded(thread.id);
        const { cause } = thread;
        if (listened) {
          const told = cause !== undefined && ending.told;
          this.replaceLater(ordinal, startedMs, causeOfDeath(cause, exits ? ending : undefined), told);
        } else reject(cause ?? this.endedEarly(exits ? ending : undefined));
      });
    });
  }

  /** Asks for a place only now: a socket that was taken for a thread that never listens is lost. */
  private async place(thread: Thread, ordinal: number): Promise<void> {
    if (this.draining) return;
    const at = await this.options.takePlace(ordinal);
    this.places[ordinal] = at;
    thread.tell({ type: 'listen', at });
  }

  /** One line for all threads, which load the same. */
  private reportSlow({ stage }: Start): void {
    if (this.slow || this.draining) return;
    this.slow = true;
    this.options.warn(`${this.unfinished(stage)} after ${this.options.times.slowMs / 1000} s`);
    this.becameSlow();
  }

  private tooSlow({ stage }: Start): Error {
    return new Error(
      `${this.unfinished(stage)} after ${this.options.loadMs} ms: settle it, or raise the load timeout (--load-timeout)`,
    );
  }

  private unfinished(stage: Start['stage']): string {
    const { app } = this.options.start;
    if (app === undefined || stage === 'listen') return 'A worker has not begun to listen';
    const path = fileURLToPath(app.file);
    return stage === 'start()'
      ? `start() of ${path} has not ended`
      : `${path} has not finished loading (a top-level await, or code that is busy)`;
  }

  private endedEarly(ending: Ending | undefined): Error {
    const { app } = this.options.start;
    return new Error(
      ending === undefined || app === undefined
        ? 'a worker thread ended before it listened'
        : `${fileURLToPath(app.file)} ended its thread with exit code ${ending.code} before it listened`,
    );
  }

  /**
   * The first is replaced at once; a burst of deaths backs off.
   * @param told the thread has printed why itself
   */
  private replaceLater(ordinal: number, startedMs: number, cause: string, told: boolean): void {
    if (this.draining) return;
    const delayMs = this.backoff.next(Date.now() - startedMs >= this.options.times.healthyMs);
    const pause = delayMs > 0 ? ` in ${delayMs} ms` : '';
    if (told) this.options.note(`Worker ${ordinal} failed; replacing it${pause}`);
    else this.options.warn(`Worker ${ordinal} ${cause}; replacing it${pause}`);
    setTimeout(() => this.replace(ordinal), delayMs);
  }

  private replace(ordinal: number): void {
    if (this.draining) return;
    const startedMs = Date.now();
    if (this.load > 0) this.load = newLoad(this.options.start.state);
    this.slow = false;
    this.startThread(ordinal, false).catch((error: Error) =>
      this.replaceLater(ordinal, startedMs, causeOfDeath(error, undefined), false),
    );
  }
}

function causeOfDeath(cause: Error | undefined, ending: Ending | undefined): string {
  const answered = ending === undefined ? '' : whileAnswering(ending.requests);
  if (cause !== undefined) return `failed${answered}: ${cause.message}`;
  return ending === undefined ? 'ended' : `ended with exit code ${ending.code}${answered}`;
}
