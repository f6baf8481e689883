// The worker threads of one server: one generation, or two while the old one drains after a reload.

import { type ListenerOptions, withPort } from '../connection/address.ts';
import { isExclusive, type TakePlace } from '../connection/listener.ts';
import { viewsOf } from '../memory/views.ts';
import type { TlsMaterial } from '../tls/material.ts';
import { countReload } from '../wasm/header.ts';
import { Generation, type GenerationOptions, type Kill } from './generation.ts';

/** The drain timeout of a generation that could not start, in milliseconds. */
const FAILED_MS = 2000;

/** Knows when the files of the application change. */
export interface FileWatcher {
  /** A thread imports these files. @param load counts the generations */
  imported(load: number, files: string[], atMs: number): void;
  /** All threads of a generation have loaded the application. */
  loaded(load: number): void;
  /** The application has failed to load at the first start. Resolves when it should be tried again. */
  failed(error: Error): Promise<void>;
}

export interface PoolOptions extends GenerationOptions {
  /** Given if the server reloads whenever a file has changed. */
  watcher?: FileWatcher | undefined;
}

export class Pool {
  private current: Generation;
  /** Counts generations. */
  private loads = 0;
  private started = false;
  /** The generation that a reload is starting. */
  private next: Generation | undefined;
  /** The generation before the current one, while it drains. */
  private old: Generation | undefined;
  private oldEnds: Promise<unknown> = Promise.resolve();
  private reloads = 0;
  /** Reloads that wait for their turn. */
  private waiting = 0;
  private turn: Promise<void> = Promise.resolve();
  private draining = false;

  constructor(private readonly options: PoolOptions) {
    this.current = this.generation(options, 0);
  }

  /**
   * Starts all threads. Resolves with the listeners and their ports when every thread listens. If files are watched, an
   * application that fails to load is loaded again when one has changed.
   * @throws the first thread's error
   */
  async start(): Promise<readonly ListenerOptions[]> {
    const { options } = this;
    const { start, watcher } = options;
    for (;;) {
      try {
        const ports = await this.current.start();
        this.current.commit();
        this.started = true;
        watcher?.loaded(this.loads);
        options.spares?.refill();
        // If a thread has picked a port, the next threads get it before they listen.
        start.listeners = start.listeners.map((one, i) => withPort(one, ports[i] as number));
        return start.listeners;
      } catch (error) {
        await this.current.drain(FAILED_MS, 'failure');
        // Only errors of the system have a code: no change of the application mends these.
        if (watcher === undefined || (error as NodeJS.ErrnoException).code) throw error;
        await watcher.failed(error as Error);
        this.current = this.generation(options, 0);
      }
    }
  }

  private generation(options: PoolOptions, slotFirst: number): Generation {
    const { watcher } = options;
    const load = ++this.loads;
    const imported =
      watcher && ((files: string[], atMs: number): void => watcher.imported(load, files, atMs));
    return new Generation({ ...options, ...(imported && { imported }) }, slotFirst, () => this.giveWay());
  }

  /**
   * Starts a new generation, with fresh modules, over the same memory. Resolves when all its threads listen and the
   * threads of the old generation no longer do. The old generation finishes requests under way. One reload runs at a
   * time: the next begins when the old generation has ended. A generation whose start takes long gives way to the next
   * reload.
   * @param timeoutMs after this time the connections of the old generation are cut
   * @param hasty the old generation closes its idle connections at once, not at the timeout; and a generation before it
   *   that still drains is cut
   * @throws the error of starting the new generation; the old one then keeps serving
   */
  reload(timeoutMs: number, hasty = false): Promise<void> {
    this.waiting++;
    if (hasty) void this.old?.drain(0, 'reload', true);
    const reloaded = this.turn.then(() => {
      this.waiting--;
      return this.renew(timeoutMs, hasty);
    });
    this.turn = reloaded.catch(() => {});
    this.giveWay();
    return reloaded;
  }

  /** Ends the load under way, because a file has changed meanwhile. */
  abandonLoad(): void {
    const starting = this.next ?? (this.started ? undefined : this.current);
    starting?.abandon(new Error('a newer change takes over'));
  }

  private giveWay(): void {
    if (this.waiting > 0 && this.next?.slow) this.next.abandon(new Error('a newer reload takes over'));
  }

  /**
   * Makes every thread finish requests under way, and cuts those that have not finished after `timeoutMs`.
   * @returns how many connections were cut
   */
  async drain(timeoutMs: number): Promise<number> {
    this.draining = true;
    this.options.spares?.close();
    const late = await Promise.all(
      [this.current, this.next, this.old].map((generation) => generation?.drain(timeoutMs, 'stop') ?? 0),
    );
    return late.reduce((sum, n) => sum + n);
  }

  /**
   * Gives new certificates to all threads, and waits until new connections have them. Threads that start later must have
   * them in their data.
   */
  async renewTls(material: TlsMaterial): Promise<void> {
    const generations = [this.old, this.current, this.next];
    await Promise.all(generations.map((generation) => generation?.renewTls(material)));
  }

  /** Ends a thread of the current generation at once. For tests only. */
  async kill(ordinal: number, how?: Kill): Promise<void> {
    await this.current.kill(ordinal, how);
  }

  private async renew(timeoutMs: number, hasty: boolean): Promise<void> {
    await this.oldEnds;
    if (this.draining) throw new Error('the server is stopping');
    const { current, options } = this;
    const slotFirst = options.workers * (++this.reloads % 2);
    const vacated = new Set<number>();
    const takePlace: TakePlace = async (listener, ordinal) => {
      const at = await options.takePlace(listener, ordinal);
      if (isExclusive(at) && !vacated.has(listener)) {
        vacated.add(listener);
        await current.stopListening([listener]);
      }
      return at;
    };
    const next = this.generation({ ...options, takePlace }, slotFirst);
    this.next = next;
    try {
      await next.start();
    } catch (error) {
      await next.drain(FAILED_MS, 'failure');
      options.spares?.refill();
      this.reloads--;
      if (this.draining) throw new Error('the server is stopping');
      current.listenAgain([...vacated]);
      throw error;
    } finally {
      this.next = undefined;
    }
    next.commit();
    countReload(viewsOf(options.start.memory));
    options.watcher?.loaded(this.loads);
    this.current = next;
    this.old = current;
    if (this.draining) return;
    // A connection in the queue of a socket that only old threads have would be lost when they end.
    await current.stopListening([...options.start.listeners.keys()]);
    options.spares?.refill();
    this.oldEnds = current.drain(timeoutMs, 'reload', hasty).finally(() => {
      this.old = undefined;
    });
  }
}
