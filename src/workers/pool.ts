// The worker threads of one server process: started, replaced when they die, drained.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ListenAt } from '../connection/listener.ts';
import { reclaimSlot, viewsOf } from '../wasm/memory.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';

/** Where worker number `ordinal` shall listen; asked anew for every thread, since descriptors are not shared. */
export type TakePlace = (ordinal: number) => Promise<ListenAt>;

export interface PoolOptions {
  workers: number;
  start: Omit<WorkerStart, 'slot' | 'at'>;
  takePlace: TakePlace;
  /** Told what happens to threads, a line each. */
  note: (text: string) => void;
  /** Told when a thread can't be replaced. */
  failed: (error: Error) => void;
}

/** A thread that lived this long died of something else than its start. */
const HEALTHY_MS = 5000;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5000;

export class Pool {
  private readonly threads: (Worker | undefined)[];
  private draining = false;
  private earlyDeaths = 0;

  constructor(private readonly options: PoolOptions) {
    this.threads = new Array(options.workers).fill(undefined);
  }

  /** Starts all threads. Resolves with the port when every one listens. @throws what the first fails with */
  async start(): Promise<number> {
    const ports = await Promise.all(this.threads.map((_, ordinal) => this.startThread(ordinal)));
    return ports[0] as number;
  }

  /**
   * Lets every thread finish what is under way, and ends those that have not after `timeoutMs`.
   * @returns how many were ended
   */
  async drain(timeoutMs: number): Promise<number> {
    this.draining = true;
    const threads = this.threads.filter((thread) => thread !== undefined);
    const ends = threads.map((thread) => once(thread, 'exit'));
    for (const thread of threads) thread.postMessage({ type: 'drain' } satisfies ToWorker);
    let late = 0;
    const timer = setTimeout(() => {
      for (const thread of this.threads)
        if (thread !== undefined) {
          late++;
          void thread.terminate();
        }
    }, timeoutMs);
    await Promise.all(ends);
    clearTimeout(timer);
    return late;
  }

  /** Ends the thread at once, as if it had crashed. For tests. */
  async kill(ordinal: number): Promise<void> {
    await this.threads[ordinal]?.terminate();
  }

  private async startThread(ordinal: number): Promise<number> {
    const at = await this.options.takePlace(ordinal);
    const workerData: WorkerStart = { ...this.options.start, slot: ordinal, at };
    const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    this.threads[ordinal] = thread;
    const startedMs = Date.now();
    let cause: Error | undefined;
    thread.on('error', (error) => {
      cause = error as Error;
    });

    return new Promise((resolve, reject) => {
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'listening') {
          thread.on('exit', () => this.threadEnded(ordinal, startedMs, cause));
          resolve(message.port);
        } else {
          reject(Object.assign(new Error(message.message), { code: message.code }));
        }
      });
      thread.once('exit', () => {
        this.threads[ordinal] = undefined;
        reject(cause ?? new Error('a worker thread ended before it listened'));
      });
    });
  }

  private threadEnded(ordinal: number, startedMs: number, cause: Error | undefined): void {
    reclaimSlot(viewsOf(this.options.start.memory), ordinal);
    if (this.draining) return;
    this.earlyDeaths = Date.now() - startedMs < HEALTHY_MS ? this.earlyDeaths + 1 : 0;
    // The first is replaced at once; a burst backs off.
    const delayMs =
      this.earlyDeaths < 2 ? 0 : Math.min(BACKOFF_FIRST_MS * 2 ** (this.earlyDeaths - 2), BACKOFF_MAX_MS);
    const reason = cause === undefined ? 'ended' : `failed: ${cause.message}`;
    this.options.note(`Worker ${ordinal} ${reason}; replacing it${delayMs > 0 ? ` in ${delayMs} ms` : ''}`);
    setTimeout(() => this.replace(ordinal), delayMs);
  }

  private replace(ordinal: number): void {
    if (this.draining) return;
    this.startThread(ordinal).catch((error: Error) => {
      if (!this.draining) this.options.failed(error);
    });
  }
}
