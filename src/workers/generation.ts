// The threads that were started together: each replaced when it dies, all drained together. A reload makes
// the next generation, over the same memory.

import { Worker } from 'node:worker_threads';
import { reclaimAddresses } from '../connection/addresses.ts';
import type { ListenAt, TakePlace } from '../connection/listener.ts';
import type { SharedState } from '../state/shared.ts';
import { newLoad, stateForThread, threadEnded } from '../state/threads.ts';
import { reclaimSlot, viewsOf } from '../wasm/memory.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';

export interface GenerationOptions {
  workers: number;
  start: Omit<WorkerStart, 'slot' | 'ordinal' | 'state'> & { state: SharedState };
  takePlace: TakePlace;
  /** Told what happens to threads, a line each. */
  note: (text: string) => void;
  /** Told each time a thread listens. */
  listening?: (port: number) => void;
}

export type Death = 'terminate' | 'exception';

/** A thread that lived this long died of something else than its start. */
const HEALTHY_MS = 5000;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5000;
/** For a drained thread to end by itself; what its application holds open would keep it. */
const DRAINED_GRACE_MS = 500;
/** For a thread that is too late to reset the responses that it cuts off: ending it would close them as if they were complete. */
const CUT_GRACE_MS = 100;

export class Generation {
  private readonly threads: (Worker | undefined)[];
  private readonly places: (ListenAt | undefined)[] = [];
  /** Those that have nothing under way any more. */
  private readonly drained = new Set<Worker>();
  private draining = false;
  private earlyDeaths = 0;
  /** Of the application, by the threads that are started together or by the one that is. Negative until it is committed. */
  private load = 0;

  /** @param slotFirst the slot of its first thread */
  constructor(
    private readonly options: GenerationOptions,
    private readonly slotFirst: number,
  ) {
    this.threads = new Array(options.workers).fill(undefined);
  }

  /** Starts all threads. Resolves with the port when every one listens. @throws what the first fails with */
  async start(): Promise<number> {
    this.load = -newLoad(this.options.start.state);
    const ports = await Promise.all(this.threads.map((_, ordinal) => this.startThread(ordinal)));
    return ports[0] as number;
  }

  /** What the threads ask of the named state, such as limits, is in force from now on. */
  commit(): void {
    this.load = newLoad(this.options.start.state);
    for (const thread of this.living) tell(thread, { type: 'in-force', generation: this.load });
  }

  /**
   * Lets every thread finish what is under way, and ends those that have not after `timeoutMs`.
   * @param closeIdle close idle connections at once; else they are left until then
   * @returns how many were ended
   */
  async drain(timeoutMs: number, closeIdle: boolean): Promise<number> {
    this.draining = true;
    const ends = this.living.map((thread) => endOf(thread));
    for (const thread of this.living) tell(thread, { type: 'drain', closeIdle });
    let late = 0;
    const timer = setTimeout(() => {
      for (const thread of this.living) {
        if (!this.drained.has(thread)) late++;
        tell(thread, { type: 'cut' });
        setTimeout(() => void thread.terminate(), CUT_GRACE_MS).unref();
      }
    }, timeoutMs);
    await Promise.all(ends);
    clearTimeout(timer);
    return late;
  }

  /** Has nobody accept any more, so that others may listen at the same address. */
  async stopListening(): Promise<void> {
    await Promise.all(
      this.living.map((thread) => {
        const stopped = new Promise<void>((resolve) =>
          thread.on('message', ({ type }: FromWorker) => type === 'stopped-listening' && resolve()),
        );
        tell(thread, { type: 'stop-listening' });
        return Promise.race([stopped, endOf(thread)]);
      }),
    );
  }

  /** After stopListening(): where each did. */
  listenAgain(): void {
    this.threads.forEach((thread, ordinal) => {
      const at = this.places[ordinal];
      if (thread !== undefined && at !== undefined) tell(thread, { type: 'listen', at });
    });
  }

  /** Ends the thread in the middle of whatever it does, from outside or by an exception. For tests. */
  async kill(ordinal: number, how: Death = 'terminate'): Promise<void> {
    const thread = this.threads[ordinal];
    if (thread === undefined) return;
    if (how === 'terminate') await thread.terminate();
    else tell(thread, { type: 'fail' });
  }

  private get living(): Worker[] {
    return this.threads.filter((thread) => thread !== undefined);
  }

  /** Resolves with the port when the thread listens; from then on it is replaced when it ends. */
  private async startThread(ordinal: number): Promise<number> {
    const slot = this.slotFirst + ordinal;
    const state = stateForThread(this.options.start.state, this.load);
    const workerData: WorkerStart = { ...this.options.start, state, slot, ordinal };
    const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    this.threads[ordinal] = thread;
    // Once it has ended it has no id any more.
    const { threadId } = thread;
    const startedMs = Date.now();
    let listened = false;
    let cause: Error | undefined;
    const fail = (error: Error): void => {
      cause = error;
      void thread.terminate();
    };
    thread.on('error', (error) => {
      cause = error as Error;
    });

    return new Promise((resolve, reject) => {
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'ready') this.place(thread, ordinal).catch(fail);
        else if (message.type === 'listening') {
          listened = true;
          const at = this.places[ordinal];
          // Port 0 has become this one.
          if (at !== undefined && 'host' in at) this.places[ordinal] = { ...at, port: message.port };
          this.options.listening?.(message.port);
          resolve(message.port);
        } else if (message.type === 'drained') {
          this.drained.add(thread);
          setTimeout(() => void thread.terminate(), DRAINED_GRACE_MS).unref();
        } else if (message.type === 'failed')
          fail(Object.assign(new Error(message.message), { code: message.code }));
      });
      thread.once('exit', () => {
        this.threads[ordinal] = undefined;
        const { memory, addresses } = this.options.start;
        reclaimSlot(viewsOf(memory), slot);
        if (addresses !== undefined) reclaimAddresses(addresses, slot);
        threadEnded(threadId);
        if (listened) this.replaceLater(ordinal, startedMs, cause);
        else reject(cause ?? new Error('a worker thread ended before it listened'));
      });
    });
  }

  /** Asks for a place only now: a socket that was taken for a thread that never listens is nobody's. */
  private async place(thread: Worker, ordinal: number): Promise<void> {
    if (this.draining) return;
    const at = await this.options.takePlace(ordinal);
    this.places[ordinal] = at;
    tell(thread, { type: 'listen', at });
  }

  /** The first is replaced at once; a burst of deaths backs off. */
  private replaceLater(ordinal: number, startedMs: number, cause: Error | undefined): void {
    if (this.draining) return;
    this.earlyDeaths = Date.now() - startedMs < HEALTHY_MS ? this.earlyDeaths + 1 : 0;
    const delayMs =
      this.earlyDeaths < 2 ? 0 : Math.min(BACKOFF_FIRST_MS * 2 ** (this.earlyDeaths - 2), BACKOFF_MAX_MS);
    const reason = cause === undefined ? 'ended' : `failed: ${cause.message}`;
    this.options.note(`Worker ${ordinal} ${reason}; replacing it${delayMs > 0 ? ` in ${delayMs} ms` : ''}`);
    setTimeout(() => this.replace(ordinal), delayMs);
  }

  private replace(ordinal: number): void {
    if (this.draining) return;
    const startedMs = Date.now();
    if (this.load > 0) this.load = newLoad(this.options.start.state);
    this.startThread(ordinal).catch((error: Error) => this.replaceLater(ordinal, startedMs, error));
  }
}

function tell(thread: Worker, message: ToWorker): void {
  thread.postMessage(message);
}

function endOf(thread: Worker): Promise<void> {
  return new Promise((resolve) => thread.once('exit', () => resolve()));
}
