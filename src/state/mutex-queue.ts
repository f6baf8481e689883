// The callers of one thread that wait for a mutex, first come first served. Only the first caller competes with other
// threads. While no other thread waits, the mutex passes from caller to caller within the thread.

import { MUTEX_ABANDONED, MUTEX_ACQUIRED, MUTEX_BUSY } from '../memory/codes.ts';
import { mutexWoken } from '../wasm/state/mutex.ts';
import { type Binding, OWNER } from './binding.ts';
import type { Hold } from './mutex-hold.ts';
import type { SharedState } from './shared.ts';

/** Shared by all holders, so that acquiring a free mutex allocates nothing. */
const HELD: Hold = Object.freeze({ abandoned: false });
const ABANDONED: Hold = Object.freeze({ abandoned: true });
const HELD_AT_ONCE = Promise.resolve(HELD);

/** How often to check whether a thread that was woken has taken the lock. */
const REMIND_MS = 100;

export class MutexQueue {
  private held = false;
  private readonly waiting: ((hold: Hold) => void)[] = [];

  constructor(
    private readonly bound: Binding,
    private readonly pointer: number,
  ) {}

  /** Whether no caller of this thread holds the mutex or waits for it. */
  get idle(): boolean {
    return !this.held && this.waiting.length === 0;
  }

  /** Acquires the mutex if it is free and no caller of this thread waits for it. */
  tryTake(): Hold | undefined {
    // While a caller waits, the mutex is free only for the moment after its holder has died.
    if (this.held || this.waiting.length > 0) return undefined;
    const got = this.bound.exports.mutexTryLock(this.pointer, OWNER);
    if (got === MUTEX_BUSY) return undefined;
    this.held = true;
    return got === MUTEX_ACQUIRED ? HELD : ABANDONED;
  }

  take(): Promise<Hold> {
    const hold = this.tryTake();
    if (hold !== undefined) return hold === HELD ? HELD_AT_ONCE : Promise.resolve(hold);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (!this.held && this.waiting.length === 1) void this.ask();
    });
  }

  /** Releases the mutex; returns false when no caller of this thread holds it. */
  leave(): boolean {
    if (!this.held) return false;
    const wanted = this.waiting.length > 0;
    if (this.bound.exports.mutexUnlock(this.pointer, OWNER, wanted)) this.waiting.shift()?.(HELD);
    else {
      this.held = false;
      if (wanted) void this.ask();
    }
    return true;
  }

  /** Competes with the other threads for the mutex, on behalf of the first waiting caller. */
  private async ask(): Promise<void> {
    const { exports, views } = this.bound;
    let stalled = 0;
    // The interval also keeps the thread alive, which a promise of Atomics.waitAsync() does not.
    const reminder = setInterval(() => {
      stalled = exports.mutexRemind(this.pointer, stalled);
    }, REMIND_MS);
    let woken = false;
    let got = exports.mutexAcquire(this.pointer, OWNER, woken);
    while (got !== MUTEX_ACQUIRED && got !== MUTEX_ABANDONED) {
      const waking = mutexWoken(views, this.pointer, got);
      if (waking !== undefined) await waking;
      woken = waking !== undefined;
      got = exports.mutexAcquire(this.pointer, OWNER, woken);
    }
    clearInterval(reminder);
    this.held = true;
    this.waiting.shift()?.(got === MUTEX_ACQUIRED ? HELD : ABANDONED);
  }
}

const known = new WeakMap<SharedState, Map<number, MutexQueue>>();

/** Returns the queue of the mutex whose row is at `pointer`. All handles in this thread share it. */
export function queueOf(bound: Binding, pointer: number): MutexQueue {
  const queuesHere = known.get(bound.state) ?? new Map<number, MutexQueue>();
  known.set(bound.state, queuesHere);
  const turns = queuesHere.get(pointer) ?? new MutexQueue(bound, pointer);
  queuesHere.set(pointer, turns);
  return turns;
}
