// A lock that one at a time has, of all threads of the process, by name.

import { checkName } from '../wasm/state/names.ts';
import { bind } from './bound.ts';
import type { Hold } from './hold.ts';
import { type Turns, turnsOf } from './turns.ts';

/**
 * One at a time has it, of all that ask in all threads. Within a thread, first come first served; among threads, too, and none
 * that waits is passed over. Waiting holds up nothing else in the thread. It can't be taken once more by who has it already:
 * that waits for ever.
 */
export interface Mutex {
  readonly name: string;
  /** Waits until it is the caller's, who then must call unlock(). */
  lock(): Promise<Hold>;
  /** Takes it if it is free; undefined when it is not, or others of this thread wait for it. */
  tryLock(): Hold | undefined;
  /**
   * Lets go of it. It goes to the next who waits.
   * @throws Error when nobody in this thread has it
   */
  unlock(): void;
  /** Waits, calls the function, and lets go when that has returned or its promise has settled; resolves as it does. */
  runExclusive<Result>(act: (hold: Hold) => Result | PromiseLike<Result>): Promise<Result>;
}

/**
 * The mutex of this name: the same one in every thread. It takes its place when it is first used. A thread that ends
 * while it has it lets go of it, and the next one is told: see {@link Hold}.
 * @param name up to 111 bytes of UTF-8; names that begin with `hotpath:` are the server's own
 * @throws TypeError or RangeError when it can't be a name
 */
export function mutex(name: string): Mutex {
  checkName('mutex', name);
  return new NamedMutex(name);
}

class NamedMutex implements Mutex {
  private turns: Turns | undefined;
  /** Its turns are in named state that no server has started with: a thread that has it may still let go of it. */
  private stale = false;

  constructor(readonly name: string) {}

  lock(): Promise<Hold> {
    return this.current().take();
  }

  tryLock(): Hold | undefined {
    return this.current().tryTake();
  }

  unlock(): void {
    if (!this.current().leave()) throw new Error(`mutex '${this.name}' is not locked by this thread`);
  }

  async runExclusive<Result>(act: (hold: Hold) => Result | PromiseLike<Result>): Promise<Result> {
    const hold = await this.lock();
    try {
      return await act(hold);
    } finally {
      this.unlock();
    }
  }

  private current(): Turns {
    return this.turns === undefined || (this.stale && this.turns.idle) ? this.bind() : this.turns;
  }

  private bind(): Turns {
    const { pointer, ...bound } = bind('mutex', this.name, () => (this.stale = true));
    this.turns = turnsOf(bound, pointer);
    this.stale = false;
    return this.turns;
  }
}
