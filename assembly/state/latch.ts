// A latch is a lock for a few instructions that is released even if its holder dies. One word holds the owner and a count
// of releases. A thread takes at most one latch at a time and first records it in its scratch page. After the thread has
// ended, another thread releases the recorded latch. No thread waits long: takeLatch() gives up, and its caller continues
// without the latch.

import { LATCH_GENERATION, LATCH_OWNER, SCRATCH_LATCH, SCRATCH_OWNER } from '../../src/memory/state-layout';

/** Number of attempts without waiting. A holder that is running releases the latch within them. */
const LOOKS = 100;
/** Number and length of the waits after that, for a holder that is not running. */
const WAITS = 10;
const WAIT_NS: i64 = 1000000;

/** Takes the latch for the thread that has this scratch page; false when the holder does not release it in time. */
export function takeLatch(latch: usize, scratch: usize): bool {
  const owner = <i64>load<u32>(scratch, SCRATCH_OWNER);
  atomic.store<usize>(scratch, latch, SCRATCH_LATCH);
  for (let tries = 0; tries < LOOKS + WAITS; tries++) {
    const word = atomic.load<i64>(latch);
    if (<i32>word == 0) {
      if (atomic.cmpxchg<i64>(latch, word, word | owner) == word) return true;
    } else if (tries >= LOOKS) atomic.wait<i32>(latch + LATCH_OWNER, <i32>word, WAIT_NS);
  }
  return false;
}

/** Releases the latch, which this thread must hold. */
export function releaseLatch(latch: usize): void {
  atomic.store<i64>(latch, (<i64>(load<u32>(latch, LATCH_GENERATION) + 1)) << 32);
}

/** Releases the latch that a dead thread held; `scratch` is the page of that thread. */
export function releaseLatchOf(scratch: usize): void {
  const latch = atomic.load<usize>(scratch, SCRATCH_LATCH);
  if (latch != 0 && atomic.load<i32>(latch, LATCH_OWNER) == load<i32>(scratch, SCRATCH_OWNER))
    releaseLatch(latch);
}
