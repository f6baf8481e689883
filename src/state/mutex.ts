// Mutexes: named locks that one caller at a time holds, among all threads of the process.

import { checkName } from '../wasm/state/names.ts';
import { bindRow } from './binding.ts';
import type { Hold } from './mutex-hold.ts';
import { type MutexQueue, queueOf } from './mutex-queue.ts';

/**
 * A lock with one holder at a time, among all callers in all threads. Callers of one thread get it in the order in which
 * they asked, and so do the threads; no thread starves. Waiting does not block the thread. The lock is not re-entrant: a
 * holder that locks it again waits for ever.
 */
export interface Mutex {
  readonly name: string;
  /** Resolves when the caller holds the lock. The caller must then call unlock(). */
  lock(): Promise<Hold>;
  /** Acquires the lock if it is free; returns undefined when it is not, or when other callers of this thread wait. */
  tryLock(): Hold | undefined;
  /**
   * Releases the lock. The next waiting caller gets it.
   * @throws Error when this thread does not hold the lock
   */
  unlock(): void;
  /** Acquires the lock, calls and awaits the function, and releases the lock. Resolves or rejects as the function does. */
  runExclusive<Result>(act: (hold: Hold) => Result | PromiseLike<Result>): Promise<Result>;
}

/**
 * Returns the mutex of this name: the same one in every thread. It is allocated when it is first used. When a thread ends
 * while it holds the lock, the lock is released, and the next holder learns of it: see {@link Hold}.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are reserved for the server
 * @throws TypeError or RangeError when the name is invalid
 */
export function mutex(name: string): Mutex {
  checkName('mutex', name);
  return new NamedMutex(name);
}

class NamedMutex implements Mutex {
  #queue: MutexQueue | undefined;
  /** The process has dropped the named state of #queue. A holder may still unlock it; the next lock() binds anew. */
  #stale = false;

  constructor(readonly name: string) {}

  lock(): Promise<Hold> {
    return this.#current().take();
  }

  tryLock(): Hold | undefined {
    return this.#current().tryTake();
  }

  unlock(): void {
    if (!this.#current().leave()) throw new Error(`mutex '${this.name}' is not locked by this thread`);
  }

  async runExclusive<Result>(act: (hold: Hold) => Result | PromiseLike<Result>): Promise<Result> {
    const hold = await this.lock();
    try {
      return await act(hold);
    } finally {
      this.unlock();
    }
  }

  #current(): MutexQueue {
    return this.#queue === undefined || (this.#stale && this.#queue.idle) ? this.#bind() : this.#queue;
  }

  #bind(): MutexQueue {
    const { pointer, ...bound } = bindRow('mutex', this.name, () => (this.#stale = true));
    this.#queue = queueOf(bound, pointer);
    this.#stale = false;
    return this.#queue;
  }
}
