// The threads that a server starts: they are passed the named state, and when a thread ends, what it held is released.
// The starter of a thread sees its end, unless the starter is a thread itself and ends first: then the threads that it
// started end with it. So each thread that a thread started records its starter in the shared memory.

import { viewsOf } from '../memory/views.ts';
import { fitsVersion, newGeneration } from '../wasm/header.ts';
import { IS_MAIN, inThisThread, OWNER, ownerOf } from './binding.ts';
import { type SharedState, sharedState, shareState } from './shared.ts';

/** The named state as it is passed to a new thread. */
export interface ThreadState extends SharedState {
  readonly generation: number;
  /** Owner number of the thread that started this one; 0 when the main thread did. */
  readonly parent: number;
}

/** Allocates the number of a new generation: threads that serve one application together. It is negative while they load it. */
export function newLoad({ memory }: SharedState): number {
  return newGeneration(viewsOf(memory));
}

/** Makes the named state that is passed to a thread that this thread starts. */
export function stateForThread({ module, memory }: SharedState, generation: number): ThreadState {
  return { module, memory, generation, parent: IS_MAIN ? 0 : OWNER };
}

/** Takes over the named state that this thread was passed. Call it before anything uses named state. */
export function takeState({ generation, parent, ...state }: ThreadState): void {
  shareState(state, generation);
  if (parent !== 0) inThisThread('the named state').exports.ownerStarted(OWNER, parent);
}

/** Releases what a thread held in the named state. Call it for every thread that has ended, for whatever reason. */
export function threadEnded(threadId: number): void {
  const state = sharedState();
  // Threads can't have used the state of another version of this package.
  if (state === undefined || !fitsVersion(viewsOf(state.memory))) return;
  inThisThread('what a thread held').exports.ownerDied(ownerOf(threadId));
}
