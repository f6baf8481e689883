// The scratch page of this thread, for the functions of named state that take a text.

import type { Exports } from '../wasm/instance.ts';
import { Scratch } from '../wasm/state/scratch.ts';
import { OWNER } from './binding.ts';
import type { SharedState } from './shared.ts';

let scratch: { state: SharedState; page: Scratch } | undefined;

/** Returns the page. @throws RangeError when the memory has no room for it */
export function scratchHere(state: SharedState, exports: Exports): Scratch {
  if (scratch?.state !== state) scratch = { state, page: new Scratch(state.memory, exports, OWNER) };
  return scratch.page;
}
