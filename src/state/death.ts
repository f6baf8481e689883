// A thread has ended: what it held in the named state goes on without it.

import { fitsVersion, viewsOf } from '../wasm/memory.ts';
import { inThisThread, ownerOf } from './bound.ts';
import { sharedState } from './shared.ts';

/** To be told of every thread that could use the named state, once it is gone, whatever ended it. */
export function threadEnded(threadId: number): void {
  const state = sharedState();
  // Where another version of this package made the state, its threads could not use it.
  if (state === undefined || !fitsVersion(viewsOf(state.memory))) return;
  inThisThread('what a thread held').exports.ownerDied(ownerOf(threadId));
}
