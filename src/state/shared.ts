// Named state is one set a process: it lives in the memory of the process's first server, and every thread
// of every server is handed that one. Where it is, globalThis tells, so that two copies of this package in
// one process agree.

import type { WasmMemory, WasmModule } from '../wasm/instance.ts';

/** The memory that holds the named state, and the module that works on it. */
export interface SharedState {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
}

const PLACE = Symbol.for('hotpath');
const places = globalThis as { [PLACE]?: SharedState };

/** Makes this the process's named state, if it has none yet; returns the one it has. */
export function shareState(state: SharedState): SharedState {
  places[PLACE] ??= { module: state.module, memory: state.memory };
  return places[PLACE];
}

/** The process's named state, once a server has been started. */
export function sharedState(): SharedState | undefined {
  return places[PLACE];
}
