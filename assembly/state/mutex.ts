// A lock in shared memory: one word of a row, and the threads that wait for it, in the order in which they came.
//
//   FREE          nobody has it, nobody waits
//   HANDOFF       it is for the one that was woken; who comes now waits behind
//   owner << 2    that thread has it
//   … | WAITED    beside the last two: somebody may wait, so it is handed on
//
// Nobody else takes it from one that was woken, so nobody waits for ever. Who waits does so outside, and is not kept
// from other work: acquire() says which word to wait for the end of, and is called again when that has come.

import { MUTEX_ABANDONED, MUTEX_ACQUIRED, MUTEX_BUSY } from '../../src/memory/codes';
import { STATE_ABANDONED, STATE_MUTEX } from '../../src/memory/state-layout';

const FREE: i32 = 0;
const HANDOFF: i32 = 1;
const WAITED: i32 = 2;
const OWNER_SHIFT: i32 = 2;
const FOR_EVER: i64 = -1;
/** Who sleeps until a lock is free is some thread: none of these holds it longer than a few instructions. */
const SLEEPER: i32 = 1 << OWNER_SHIFT;

/** Takes the lock if it is free: MUTEX_ACQUIRED or MUTEX_ABANDONED; else MUTEX_BUSY. */
export function tryLock(row: usize, owner: i32): i32 {
  if (atomic.cmpxchg<i32>(row, FREE, owner << OWNER_SHIFT, STATE_MUTEX) != FREE) return MUTEX_BUSY;
  return taken(row);
}

/**
 * Takes the lock, or says that this thread waits: MUTEX_ACQUIRED, MUTEX_ABANDONED, or the word to wait for the end of.
 * @param woken whether this thread waited, and was woken
 */
export function acquire(row: usize, owner: i32, woken: bool): i32 {
  let word: i32;
  let next: i32;
  let mine: bool;
  do {
    word = atomic.load<i32>(row, STATE_MUTEX);
    mine = word == FREE || (woken && (word & HANDOFF) != 0);
    if (!mine && (word & WAITED) != 0) return word;
    // Others may wait behind one that was woken.
    next = !mine ? word | WAITED : (owner << OWNER_SHIFT) | (word == FREE ? 0 : WAITED);
  } while (atomic.cmpxchg<i32>(row, word, next, STATE_MUTEX) != word);
  return mine ? taken(row) : next;
}

/**
 * Lets go of the lock, which must be this thread's, and hands it on.
 * @param keep for another of this thread's, unless another thread waits
 * @returns whether it was kept
 */
export function unlock(row: usize, owner: i32, keep: bool): bool {
  const held = owner << OWNER_SHIFT;
  if (keep) {
    if (atomic.load<i32>(row, STATE_MUTEX) == held) return true;
  } else if (atomic.cmpxchg<i32>(row, held, FREE, STATE_MUTEX) == held) return false;
  atomic.store<i32>(row, HANDOFF, STATE_MUTEX);
  handOn(row);
  return false;
}

/**
 * For those that wait, now and then: wakes one more when the one that was woken has not come since the last time.
 * @param before what this returned the last time
 */
export function remind(row: usize, before: bool): bool {
  const now = (atomic.load<i32>(row, STATE_MUTEX) & HANDOFF) != 0;
  if (now && before) atomic.notify(row + STATE_MUTEX, 1);
  return now;
}

/**
 * Undoes what a thread left that has ended: it had the lock, or was about to take it or to hand it on. Then the word
 * may not tell that others wait; so the lock is handed on as if they did.
 */
export function mutexOwnerDied(row: usize, owner: i32): void {
  let word: i32;
  let next: i32;
  do {
    word = atomic.load<i32>(row, STATE_MUTEX);
    const died = word >> OWNER_SHIFT == owner;
    if (died) atomic.store<i32>(row, 1, STATE_ABANDONED);
    next = died || word == FREE ? HANDOFF : (word & HANDOFF) != 0 ? word : word | WAITED;
  } while (atomic.cmpxchg<i32>(row, word, next, STATE_MUTEX) != word);
  if ((next & HANDOFF) != 0) handOn(row);
}

/** Returns when the lock is this thread's, which sleeps until then: an event loop may not. */
export function sleepUntilLocked(row: usize): void {
  if (atomic.cmpxchg<i32>(row, FREE, SLEEPER, STATE_MUTEX) == FREE) return;
  // From here on it is taken as waited for, since others may sleep beside this thread.
  while (atomic.xchg<i32>(row, SLEEPER | WAITED, STATE_MUTEX) != FREE)
    atomic.wait<i32>(row + STATE_MUTEX, SLEEPER | WAITED, FOR_EVER);
}

/** Lets go of what sleepUntilLocked() took. It is anybody's then: handing on would cost each a sleep. */
export function unlockSleeper(row: usize): void {
  if (atomic.xchg<i32>(row, FREE, STATE_MUTEX) != SLEEPER) atomic.notify(row + STATE_MUTEX, 1);
}

/** Tells who has the lock now, once, whether another died with it. */
function taken(row: usize): i32 {
  if (atomic.load<i32>(row, STATE_ABANDONED) == 0) return MUTEX_ACQUIRED;
  atomic.store<i32>(row, 0, STATE_ABANDONED);
  return MUTEX_ABANDONED;
}

/** From HANDOFF: wakes the one that has waited longest; leaves the lock free when there is none. */
function handOn(row: usize): void {
  let word: i32;
  do {
    if (atomic.notify(row + STATE_MUTEX, 1) > 0) return;
    word = atomic.cmpxchg<i32>(row, HANDOFF, FREE, STATE_MUTEX);
    // Somebody has come since. Either that one is waiting, and is found now, or will see another word and look again.
    if (word == (HANDOFF | WAITED)) atomic.cmpxchg<i32>(row, word, HANDOFF, STATE_MUTEX);
  } while (word == (HANDOFF | WAITED));
}
