// Threads that a server starts: how they get the named state, and how the state gets back what a thread holds when it
// ends. A thread's starter sees its end, unless the starter is a thread itself and ends first: then all threads that it
// has started end with it. So a thread that a thread has started says in the memory which one that was.

import { viewsOf } from '../memory/views.ts';
import { fitsVersion, newGeneration } from '../wasm/header.ts';
import { IS_MAIN, inThisThread, OWNER, ownerOf } from './bound.ts';
import { type SharedState, sharedState, shareState } from './shared.ts';

/** The named state as a thread is handed it. */
export interface ThreadState extends SharedState {
  readonly generation: number;
  /** Number of the thread that started it, where another one sees the end of that; else 0. */
  readonly parent: number;
}

/** Number of one more generation of threads, which serve an application together; negative while they load it. */
export function newLoad({ memory }: SharedState): number {
  return newGeneration(viewsOf(memory));
}

/** The named state for a thread that this one starts. */
export function stateForThread({ module, memory }: SharedState, generation: number): ThreadState {
  return { module, memory, generation, parent: IS_MAIN ? 0 : OWNER };
}

/** Makes the named state that of this thread, before anything uses it. */
export function takeState({ generation, parent, ...state }: ThreadState): void {
  shareState(state, generation);
  if (parent !== 0) inThisThread('the named state').exports.ownerStarted(OWNER, parent);
}

/** To be told of every thread that could use the named state, once it is gone, whatever ended it. */
export function threadEnded(threadId: number): void {
  const state = sharedState();
  // Where another version of this package made the state, its threads could not use it.
  if (state === undefined || !fitsVersion(viewsOf(state.memory))) return;
  inThisThread('what a thread held').exports.ownerDied(ownerOf(threadId));
}
