// The worker threads of one server process: started, replaced when they die, drained.

import { Worker } from 'node:worker_threads';
import type { TakePlace } from '../connection/listener.ts';
import { reclaimSlot, viewsOf } from '../wasm/memory.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';

export interface PoolOptions {
  workers: number;
  start: Omit<WorkerStart, 'slot' | 'at'>;
  takePlace: TakePlace;
  /** Told what happens to threads, a line each. */
  note: (text: string) => void;
}

export type Death = 'terminate' | 'exception';

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
    const ends = threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve)));
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

  /** Ends the thread in the middle of whatever it does, from outside or by an exception. For tests. */
  async kill(ordinal: number, how: Death = 'terminate'): Promise<void> {
    const thread = this.threads[ordinal];
    if (how === 'terminate') await thread?.terminate();
    else thread?.postMessage({ type: 'fail' } satisfies ToWorker);
  }

  /** Resolves with the port when the thread listens; from then on it is replaced when it ends. */
  private async startThread(ordinal: number): Promise<number> {
    const at = await this.options.takePlace(ordinal);
    // A thread born now would not hear that it shall drain.
    if (this.draining) throw new Error('the server is stopping');
    const workerData: WorkerStart = { ...this.options.start, slot: ordinal, at };
    const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData });
    this.threads[ordinal] = thread;
    const startedMs = Date.now();
    let listened = false;
    let cause: Error | undefined;
    thread.on('error', (error) => {
      cause = error as Error;
    });

    return new Promise((resolve, reject) => {
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'listening') {
          listened = true;
          resolve(message.port);
        } else {
          cause = Object.assign(new Error(message.message), { code: message.code });
          void thread.terminate();
        }
      });
      thread.once('exit', () => {
        this.threads[ordinal] = undefined;
        reclaimSlot(viewsOf(this.options.start.memory), ordinal);
        if (listened) this.replaceLater(ordinal, startedMs, cause);
        else reject(cause ?? new Error('a worker thread ended before it listened'));
      });
    });
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
    this.startThread(ordinal).catch((error: Error) => this.replaceLater(ordinal, startedMs, error));
  }
}
