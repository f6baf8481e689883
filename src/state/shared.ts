// Named state is one set a process: it lives in the memory of the process's first server, and every thread
// of every server is handed that one. Where it is, globalThis tells, so that two copies of this package in
// one process agree.

import { viewsOf } from '../memory/views.ts';
import { FIRST_GENERATION, newGeneration } from '../wasm/header.ts';
import type { WasmMemory, WasmModule } from '../wasm/instance.ts';

/** The memory that holds the named state, and the module that works on it. */
export interface SharedState {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
}

/** The named state of this thread's process. */
interface Place extends SharedState {
  /** Of this thread: which load of an application it serves; negative as long as that may still fail. */
  generation: number;
  /** The same of applications that this thread loads while it serves others, and how many those are. */
  load?: number | undefined;
  loads?: number | undefined;
  /** How many servers are starting, as long as none has started; undefined from then on. */
  starts?: number | undefined;
  /** Unbinds the handles that were bound while no server had started. */
  unbind?: Set<() => void> | undefined;
}

/** An application that a thread loads beside what it serves. */
export interface Load {
  /** It is loaded: from now on the thread belongs to its generation. */
  commit(): void;
  /** It could not be loaded. */
  abandon(): void;
}

/** A server's part in the named state of its process, from the beginning of its start. */
export interface Joined {
  readonly state: SharedState;
  /** The server has started: its process keeps this named state. */
  keep(): void;
  /** The server has failed to start. If no other server uses the named state, the process has none again. */
  leave(): void;
}

const PLACE = Symbol.for('hotpath');
const places = globalThis as { [PLACE]?: Place };

/** Makes this the process's named state, if it has none yet; returns the one it has. */
export function shareState(state: SharedState, generation = FIRST_GENERATION): SharedState {
  places[PLACE] ??= { module: state.module, memory: state.memory, generation };
  return places[PLACE];
}

/** The same for a server that starts, and may fail to. */
export function joinState({ module, memory }: SharedState): Joined {
  places[PLACE] ??= { module, memory, generation: FIRST_GENERATION, starts: 0, unbind: new Set() };
  const place = places[PLACE];
  if (place.starts !== undefined) place.starts++;
  return {
    // Without what can't be sent to a thread.
    state: { module: place.module, memory: place.memory },
    keep: () => {
      place.starts = undefined;
      place.unbind = undefined;
    },
    leave: () => {
      if (place.starts === undefined || --place.starts > 0) return;
      if (places[PLACE] === place) delete places[PLACE];
      for (const unbind of place.unbind ?? []) unbind();
    },
  };
}

/** The process's named state, once a server has been started. */
export function sharedState(): SharedState | undefined {
  return places[PLACE];
}

/**
 * The generation that this thread belongs to. The options of a younger one's limiters are in force; a negative one is
 * still being loaded, and has whatever options are in force.
 */
export function generationHere(): number {
  const place = places[PLACE];
  return place?.load ?? place?.generation ?? FIRST_GENERATION;
}

/** Has this thread belong to a generation from now on. */
export function setGeneration(generation: number): void {
  const place = places[PLACE];
  if (place !== undefined) place.generation = generation;
}

/** Begins a generation of this thread alone, which is being loaded until it is committed or abandoned. */
export function beginLoad(): Load {
  const place = places[PLACE] as Place;
  const views = viewsOf(place.memory);
  place.loads = (place.loads ?? 0) + 1;
  place.load = -newGeneration(views);
  const end = (): void => {
    place.loads = (place.loads as number) - 1;
    if (place.loads === 0) place.load = undefined;
  };
  return {
    commit: () => {
      end();
      // A thread that is itself being loaded is committed by its starter.
      if (place.generation > 0) place.generation = newGeneration(views);
    },
    abandon: end,
  };
}

/** Has a handle unbound in case that no server comes to use the named state that it has been bound to. */
export function unbindLater(unbind: () => void): void {
  places[PLACE]?.unbind?.add(unbind);
}
