// A lock in shared memory: one word, and the threads that wait for it sleep in the kernel. A thread may only
// take it when it may be kept waiting: an event loop with other connections may not.
//
//   FREE       nobody has it
//   HELD       somebody has it, nobody waits
//   CONTENDED  somebody has it, somebody may wait: whoever lets go must wake one

const FREE = 0;
const HELD = 1;
const CONTENDED = 2;
const FOR_EVER: i64 = -1;

/** Returns when the lock at `mutex` is this thread's. */
export function lock(mutex: usize): void {
  if (atomic.cmpxchg<i32>(mutex, FREE, HELD) == FREE) return;
  // From here on it is taken as contended, since others may be waiting beside this thread.
  while (atomic.xchg<i32>(mutex, CONTENDED) != FREE) atomic.wait<i32>(mutex, CONTENDED, FOR_EVER);
}

/** Lets go of the lock at `mutex`, which must be this thread's, and wakes one that waits. */
export function unlock(mutex: usize): void {
  if (atomic.xchg<i32>(mutex, FREE) == CONTENDED) atomic.notify(mutex, 1);
}
