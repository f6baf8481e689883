// Whose turn it is to have a mutex, among those of one thread that ask for it. They queue here, first come first
// served, and only the first of them waits among the other threads. As long as no other thread waits, the mutex
// goes from one to the next without one.

import { MUTEX_ABANDONED, MUTEX_HELD, MUTEX_TAKEN } from '../memory/codes.ts';
import { mutexWoken } from '../wasm/state/mutex.ts';
import { type Bound, OWNER } from './bound.ts';
import type { Hold } from './hold.ts';
import type { SharedState } from './shared.ts';

/** The same for everybody, so that taking a mutex that is free allocates nothing. */
const HELD: Hold = Object.freeze({ abandoned: false });
const ABANDONED: Hold = Object.freeze({ abandoned: true });
const HELD_AT_ONCE = Promise.resolve(HELD);

/** Between two looks at whether one that was woken has come. */
const REMIND_MS = 100;

export class Turns {
  private held = false;
  private readonly waiting: ((hold: Hold) => void)[] = [];

  constructor(
    private readonly bound: Bound,
    private readonly pointer: number,
  ) {}

  /** Whether no caller in this thread has the mutex or waits for it. */
  get idle(): boolean {
    return !this.held && this.waiting.length === 0;
  }

  /** Takes the mutex if it is free, and nobody waits for it here. */
  tryTake(): Hold | undefined {
    // Where somebody waits it is free only in the moment after a thread has died over it.
    if (this.held || this.waiting.length > 0) return undefined;
    const got = this.bound.exports.mutexTryLock(this.pointer, OWNER);
    if (got === MUTEX_TAKEN) return undefined;
    this.held = true;
    return got === MUTEX_HELD ? HELD : ABANDONED;
  }

  take(): Promise<Hold> {
    const hold = this.tryTake();
    if (hold !== undefined) return hold === HELD ? HELD_AT_ONCE : Promise.resolve(hold);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (!this.held && this.waiting.length === 1) void this.ask();
    });
  }

  /** Lets go of it; returns false when nobody here has it. */
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

  /** Waits among the threads, for the first of those who wait here. */
  private async ask(): Promise<void> {
    const { exports, views } = this.bound;
    let stalled = 0;
    // It keeps the thread alive, too: a promise of Atomics.waitAsync() does not.
    const reminder = setInterval(() => {
      stalled = exports.mutexRemind(this.pointer, stalled);
    }, REMIND_MS);
    let woken = false;
    let got = exports.mutexAcquire(this.pointer, OWNER, woken);
    while (got !== MUTEX_HELD && got !== MUTEX_ABANDONED) {
      const waking = mutexWoken(views, this.pointer, got);
      if (waking !== undefined) await waking;
      woken = waking !== undefined;
      got = exports.mutexAcquire(this.pointer, OWNER, woken);
    }
    clearInterval(reminder);
    this.held = true;
    this.waiting.shift()?.(got === MUTEX_HELD ? HELD : ABANDONED);
  }
}

const known = new WeakMap<SharedState, Map<number, Turns>>();

/** Those of the mutex whose row is at `pointer`: the same for every handle in this thread. */
export function turnsOf(bound: Bound, pointer: number): Turns {
  const turnsHere = known.get(bound.state) ?? new Map<number, Turns>();
  known.set(bound.state, turnsHere);
  const turns = turnsHere.get(pointer) ?? new Turns(bound, pointer);
  turnsHere.set(pointer, turns);
  return turns;
}
