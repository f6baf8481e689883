// A mutex in shared memory: one word of a row, and a first-in, first-out queue of waiting threads.
//
//   FREE          no thread holds the mutex, no thread waits
//   HANDOFF       the mutex is reserved for the woken thread; newcomers wait
//   owner << 2    the thread `owner` holds the mutex
//   … | WAITED    added to the last two: threads may wait, so unlock() hands the mutex over
//
// A newcomer cannot take a mutex that is reserved for a woken thread, so no thread starves. Threads do not block while
// they wait: acquire() returns a word, the caller waits asynchronously until the word changes, then calls acquire() again.

import { MUTEX_ABANDONED, MUTEX_ACQUIRED, MUTEX_BUSY } from '../../src/memory/codes';
import { STATE_ABANDONED, STATE_MUTEX } from '../../src/memory/state-layout';

const FREE: i32 = 0;
const HANDOFF: i32 = 1;
const WAITED: i32 = 2;
const OWNER_SHIFT: i32 = 2;
const FOR_EVER: i64 = -1;
/** The owner of every lock taken by sleepUntilLocked(): a thread holds such a lock only for a few instructions. */
const SLEEPER: i32 = 1 << OWNER_SHIFT;

/** Acquires the mutex if it is free. Returns MUTEX_ACQUIRED or MUTEX_ABANDONED if so, else MUTEX_BUSY. */
export function tryLock(row: usize, owner: i32): i32 {
  if (atomic.cmpxchg<i32>(row, FREE, owner << OWNER_SHIFT, STATE_MUTEX) != FREE) return MUTEX_BUSY;
  return taken(row);
}

/**
 * Acquires the mutex, or marks it as waited for. Returns MUTEX_ACQUIRED, MUTEX_ABANDONED, or the word that must change
 * before the thread tries again.
 * @param woken whether this thread has waited and was woken
 */
export function acquire(row: usize, owner: i32, woken: bool): i32 {
  let word: i32;
  let next: i32;
  let mine: bool;
  do {
    word = atomic.load<i32>(row, STATE_MUTEX);
    mine = word == FREE || (woken && (word & HANDOFF) != 0);
    if (!mine && (word & WAITED) != 0) return word;
    // Other threads may wait behind the woken one, so it keeps WAITED.
    next = !mine ? word | WAITED : (owner << OWNER_SHIFT) | (word == FREE ? 0 : WAITED);
  } while (atomic.cmpxchg<i32>(row, word, next, STATE_MUTEX) != word);
  return mine ? taken(row) : next;
}

/**
 * Releases the mutex, which this thread must hold, and hands it to the next waiting thread.
 * @param keep keep the mutex for another waiter in this thread, unless another thread waits
 * @returns whether the mutex was kept
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
 * Wakes one more thread if the woken thread has not taken the mutex since the last call. Waiting threads call this from
 * time to time.
 * @param before the result of the last call
 * @returns whether the mutex is reserved for a woken thread
 */
export function remind(row: usize, before: bool): bool {
  const now = (atomic.load<i32>(row, STATE_MUTEX) & HANDOFF) != 0;
  if (now && before) atomic.notify(row + STATE_MUTEX, 1);
  return now;
}

/**
 * Recovers the mutex from a dead thread that held it, or was about to acquire it or to hand it over. Its word may lack
 * WAITED although threads wait, so the mutex is handed over as if they did.
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

/** Acquires the lock and blocks the thread until then, so only use it for locks that are held very briefly. */
export function sleepUntilLocked(row: usize): void {
  if (atomic.cmpxchg<i32>(row, FREE, SLEEPER, STATE_MUTEX) == FREE) return;
  // From here on this thread sets WAITED, since other threads may be asleep too.
  while (atomic.xchg<i32>(row, SLEEPER | WAITED, STATE_MUTEX) != FREE)
    atomic.wait<i32>(row + STATE_MUTEX, SLEEPER | WAITED, FOR_EVER);
}

/** Releases a lock of sleepUntilLocked(). Any thread may take it next, since a handoff would make every thread sleep. */
export function unlockSleeper(row: usize): void {
  if (atomic.xchg<i32>(row, FREE, STATE_MUTEX) != SLEEPER) atomic.notify(row + STATE_MUTEX, 1);
}

/** Returns MUTEX_ABANDONED once after a holder has died, else MUTEX_ACQUIRED. */
function taken(row: usize): i32 {
  if (atomic.load<i32>(row, STATE_ABANDONED) == 0) return MUTEX_ACQUIRED;
  atomic.store<i32>(row, 0, STATE_ABANDONED);
  return MUTEX_ABANDONED;
}

/** Wakes the thread that has waited longest, or sets the mutex free when no thread waits. The word must be in HANDOFF. */
function handOn(row: usize): void {
  let word: i32;
  do {
    if (atomic.notify(row + STATE_MUTEX, 1) > 0) return;
    word = atomic.cmpxchg<i32>(row, HANDOFF, FREE, STATE_MUTEX);
    // A thread came meanwhile. Either it already waits, and notify finds it now, or it sees a changed word and retries.
    if (word == (HANDOFF | WAITED)) atomic.cmpxchg<i32>(row, word, HANDOFF, STATE_MUTEX);
  } while (word == (HANDOFF | WAITED));
}
