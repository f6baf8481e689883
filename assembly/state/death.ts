// Releases what a thread held in the named state when it ended. The thread may have ended at any instruction.

import { KIND_HISTOGRAM, KIND_MUTEX } from '../../src/memory/codes';
import { STATE, STATE_COUNT_MAX, STATE_ROW_BYTES } from '../../src/memory/layout';
import { STATE_KIND } from '../../src/memory/state-layout';
import { histogramOwnerDied } from './histogram';
import { limiterOwnerDied } from './limiter';
import { mutexOwnerDied } from './mutex';
import { childOf } from './scratch';

/** Releases everything that the dead thread `owner` held, and everything that the threads it started held. */
export function recover(owner: i32): void {
  for (let child = childOf(owner); child != 0; child = childOf(owner)) recover(child);
  limiterOwnerDied(owner);
  for (let i = 0; i < STATE_COUNT_MAX; i++) {
    const row: usize = STATE + i * STATE_ROW_BYTES;
    const kind = atomic.load<i32>(row, STATE_KIND);
    if (kind == KIND_MUTEX) mutexOwnerDied(row, owner);
    else if (kind == KIND_HISTOGRAM) histogramOwnerDied(row, owner);
  }
}
