// A process has one set of named state. It is in the memory of the process's first server, and every thread of every
// server gets that memory. A property of globalThis refers to it, so that two copies of this package share it.

import { viewsOf } from '../memory/views.ts';
import { FIRST_GENERATION, newGeneration } from '../wasm/header.ts';
import type { WasmMemory, WasmModule } from '../wasm/instance.ts';

/** The memory with the named state, and the module whose code changes it. */
export interface SharedState {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
}

/** The named state of the process, as this thread knows it. */
interface ProcessState extends SharedState {
  /** The generation that this thread serves; negative while its application is still loading, which may fail. */
  generation: number;
  /** The generation of applications that this thread loads while it serves others, and how many it is loading. */
  load?: number | undefined;
  loads?: number | undefined;
  /** How many servers are starting; undefined once one of them has started. */
  starts?: number | undefined;
  /** Unbinds the handles that were bound while no server had started. */
  unbind?: Set<() => void> | undefined;
}

/** The load of an application in a thread that may be serving another one. */
export interface Load {
  /** Ends a successful load: from now on the thread belongs to the new generation. */
  commit(): void;
  /** Ends a failed load. */
  abandon(): void;
}

/** A starting server's use of the process's named state. */
export interface Joined {
  readonly state: SharedState;
  /** To call when the server has started: the process keeps this named state from now on. */
  keep(): void;
  /** To call when the server failed to start: the process drops the named state, unless another server uses it. */
  leave(): void;
}

const STATE_KEY = Symbol.for('hotpath');
const globals = globalThis as { [STATE_KEY]?: ProcessState };

/** Makes this the process's named state, unless the process has one; returns the one that it then has. */
export function shareState(state: SharedState, generation = FIRST_GENERATION): SharedState {
  globals[STATE_KEY] ??= { module: state.module, memory: state.memory, generation };
  return globals[STATE_KEY];
}

/** Makes this the process's named state, as shareState() does, for a server whose start may still fail. */
export function joinState({ module, memory }: SharedState): Joined {
  globals[STATE_KEY] ??= { module, memory, generation: FIRST_GENERATION, starts: 0, unbind: new Set() };
  const processState = globals[STATE_KEY];
  if (processState.starts !== undefined) processState.starts++;
  return {
    // Only the members that can be sent to a thread.
    state: { module: processState.module, memory: processState.memory },
    keep: () => {
      processState.starts = undefined;
      processState.unbind = undefined;
    },
    leave: () => {
      if (processState.starts === undefined || --processState.starts > 0) return;
      if (globals[STATE_KEY] === processState) delete globals[STATE_KEY];
      for (const unbind of processState.unbind ?? []) unbind();
    },
  };
}

/** Returns the process's named state; undefined before a server has begun to start. */
export function sharedState(): SharedState | undefined {
  return globals[STATE_KEY];
}

/**
 * Returns the generation that this thread belongs to. The limiter options of the youngest generation are in force. A
 * negative generation is still loading, and uses the options in force.
 */
export function generationHere(): number {
  const processState = globals[STATE_KEY];
  return processState?.load ?? processState?.generation ?? FIRST_GENERATION;
}

/** Sets the generation of this thread. */
export function setGeneration(generation: number): void {
  const processState = globals[STATE_KEY];
  if (processState !== undefined) processState.generation = generation;
}

/** Begins a generation of this thread alone. It is loading until it is committed or abandoned. */
export function beginLoad(): Load {
  const processState = globals[STATE_KEY] as ProcessState;
  const views = viewsOf(processState.memory);
  processState.loads = (processState.loads ?? 0) + 1;
  processState.load = -newGeneration(views);
  const end = (): void => {
    processState.loads = (processState.loads as number) - 1;
    if (processState.loads === 0) processState.load = undefined;
  };
  return {
    commit: () => {
      end();
      // While the thread's own application is still loading, its starter sets the generation.
      if (processState.generation > 0) processState.generation = newGeneration(views);
    },
    abandon: end,
  };
}

/** Registers a function that unbinds a handle, called if the process drops the named state. */
export function unbindLater(unbind: () => void): void {
  globals[STATE_KEY]?.unbind?.add(unbind);
}
