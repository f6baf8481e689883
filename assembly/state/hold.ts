// A hold: a lock for a few instructions that survives who has it. Its one word says who that is, and how often it
// has been let go of. A thread notes in its scratch page which one it is about to take, and has at most one: when the
// thread is ended, that one is let go of in its place. Nobody waits long: who can't have it must do without.

import { HOLD_GENERATION, HOLD_OWNER, SCRATCH_HOLD, SCRATCH_OWNER } from '../../src/memory/state-layout';

/** It is held for less than that, as long as who has it is running. */
const LOOKS = 100;
/** Then it isn't running, and has to be waited for: so often, for so long. */
const WAITS = 10;
const WAIT_NS: i64 = 1000000;

/** Takes the hold for the thread that has this scratch page; false when it can't be had. */
export function takeHold(hold: usize, scratch: usize): bool {
  const owner = <i64>load<u32>(scratch, SCRATCH_OWNER);
  atomic.store<usize>(scratch, hold, SCRATCH_HOLD);
  for (let tries = 0; tries < LOOKS + WAITS; tries++) {
    const word = atomic.load<i64>(hold);
    if (<i32>word == 0) {
      if (atomic.cmpxchg<i64>(hold, word, word | owner) == word) return true;
    } else if (tries >= LOOKS) atomic.wait<i32>(hold + HOLD_OWNER, <i32>word, WAIT_NS);
  }
  return false;
}

/** Lets go of it: the thread must have it. */
export function letGo(hold: usize): void {
  atomic.store<i64>(hold, (<i64>(load<u32>(hold, HOLD_GENERATION) + 1)) << 32);
}

/** Lets go for a thread that has ended; `scratch` is the page that it had. */
export function letGoFor(scratch: usize): void {
  const hold = atomic.load<usize>(scratch, SCRATCH_HOLD);
  if (hold != 0 && atomic.load<i32>(hold, HOLD_OWNER) == load<i32>(scratch, SCRATCH_OWNER)) letGo(hold);
}
