// Keeps the named state of the process: locks the state folder, starts the keeper's thread, and replaces the thread when it
// dies. A new keeper continues from the files and the shared memory, as every keeper does.

import { Worker } from 'node:worker_threads';
import { Backoff } from '../backoff.ts';
import { viewsOf } from '../memory/views.ts';
import type { SharedState } from '../state/shared.ts';
import { threadEnded } from '../state/threads.ts';
import { TIMES } from '../times.ts';
import { beginKeeping, leaseSize, tellNews } from '../wasm/state/leasing.ts';
import { LATE, within } from '../within.ts';
import { openStateFolder } from './folder.ts';
import {
  type FromKeeper,
  type KeeperStart,
  NUMBERS_MS,
  SNAPSHOT_MS,
  type ToKeeper,
} from './keeper-messages.ts';
import { type Lock, lockFolder } from './lock.ts';
import { lossOf } from './snapshot.ts';

/** Where the state is kept. Without a folder and without Redis it is only in memory. */
export interface KeepOptions {
  state: string | undefined;
  redis: string | undefined;
  /** How many numbers a leased block has at least. */
  lease: number;
}

/** Named state that a keeper keeps. */
export interface Kept {
  /** Ends the leases and writes the last numbers down. Call it when no thread needs numbers any more. */
  stop(): Promise<void>;
  /** Ends the keeper's thread as a crash would. For tests. */
  killKeeper(): Promise<void>;
}

const BACKOFF_FIRST_MS = 10;
const BACKOFF_MAX_MS = 5000;

/**
 * Keeps the named state as the options say. Resolves when counters can be used; to undefined when nothing is to be kept.
 * @param note called with one line for each event
 * @param bounds how long a stop waits for the last numbers and for the snapshot
 * @throws Error in one line when another server uses the folder, or its files are damaged
 */
export async function keepState(
  { state: path, redis, lease }: KeepOptions,
  state: SharedState,
  note: (text: string) => void,
  bounds = { numbersMs: NUMBERS_MS, snapshotMs: SNAPSHOT_MS },
): Promise<Kept | undefined> {
  if (path === undefined && redis === undefined) return undefined;
  const views = viewsOf(state.memory);
  if (leaseSize(views) !== lease)
    throw new Error(
      leaseSize(views) === 0
        ? 'the named state of this process is in the memory of its first server, which does not keep it: give the option state to that server'
        : `the first server of this process leases numbers in blocks of ${leaseSize(views)}, not of ${lease}: leave the option lease out`,
    );
  if (!beginKeeping(views)) throw new Error('another server of this process keeps its named state already');
  let lock: Lock | undefined;
  try {
    const folder = path === undefined ? undefined : openStateFolder(path);
    lock = folder === undefined ? undefined : await lockFolder(folder);
    const keeper = new KeeperThread({ state, folder, redis, resumed: false }, note, bounds);
    await keeper.start();
    return {
      stop: async () => {
        await keeper.stop();
        tellNews(views, 'ended');
        // A keeper that did not stop in time may still write, so the folder stays locked until it has ended.
        if (keeper.ending === undefined) await lock?.release();
        else void keeper.ending.then(() => lock?.release());
      },
      killKeeper: () => keeper.kill(),
    };
  } catch (error) {
    tellNews(views, 'ended');
    await lock?.release();
    throw error;
  }
}

class KeeperThread {
  private thread: Worker | undefined;
  private stopping = false;
  private readonly backoff = new Backoff(BACKOFF_FIRST_MS, BACKOFF_MAX_MS, 0);
  private counted = (): void => {};
  /** Resolves when a thread that did not stop in time has ended. */
  ending: Promise<unknown> | undefined;

  constructor(
    private readonly workerData: KeeperStart,
    private readonly note: (text: string) => void,
    private readonly bounds: { numbersMs: number; snapshotMs: number },
  ) {}

  /** Starts the thread. Resolves after the first attempt to lease numbers. @throws Error in one line */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { workerData } = this;
      const thread = new Worker(new URL('./keeper-main.js', import.meta.url), { workerData });
      this.thread = thread;
      // Read now, since a thread that has ended has no id.
      const { threadId } = thread;
      let readyMs: number | undefined;
      let cause = new Error('the thread that keeps the named state ended');
      thread.on('message', (message: FromKeeper) => {
        if (message.type === 'note') this.note(message.text);
        else if (message.type === 'failed') cause = new Error(message.message);
        else if (message.type === 'counted') this.counted();
        else {
          readyMs = Date.now();
          this.workerData.resumed = true;
          resolve();
        }
      });
      thread.on('error', (error) => {
        cause = error as Error;
      });
      thread.once('exit', () => {
        this.thread = undefined;
        threadEnded(threadId);
        if (readyMs === undefined) return reject(cause);
        if (!this.stopping) this.replaceLater(cause, Date.now() - readyMs >= TIMES.healthyMs);
      });
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const { thread } = this;
    if (thread === undefined) return;
    const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
    const counted = new Promise<void>((resolve) => (this.counted = resolve));
    thread.postMessage({ type: 'stop' } satisfies ToKeeper);
    const { numbersMs, snapshotMs } = this.bounds;
    if ((await within(numbersMs, Promise.race([counted, ended]))) === LATE) {
      this.note('The last numbers could not be written down in time, so some numbers will be skipped');
      this.giveUp(thread);
    } else if ((await within(snapshotMs, ended)) === LATE) {
      this.note(`The snapshot was given up, since it was not written within ${snapshotMs} ms`);
      this.giveUp(thread);
    }
  }

  private giveUp(thread: Worker): void {
    // The thread may be in a system call that never returns.
    this.ending = thread.terminate();
    const { folder } = this.workerData;
    if (folder !== undefined) this.note(lossOf(folder));
  }

  async kill(): Promise<void> {
    await this.thread?.terminate();
  }

  private replaceLater(cause: Error, healthy: boolean): void {
    tellNews(viewsOf(this.workerData.state.memory), 'failing');
    const delayMs = this.backoff.next(healthy);
    this.note(`The keeper of the named state failed: ${cause.message}; replacing it`);
    setTimeout(() => {
      if (!this.stopping) this.start().catch((error: Error) => this.replaceLater(error, false));
    }, delayMs).unref();
  }
}
