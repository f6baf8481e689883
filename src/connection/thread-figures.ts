// The figures of a thread itself: its event loop, garbage collection and memory, as of each tick of the clock.

import { constants, type EventLoopUtilization, PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { COLLECTION_KINDS, type CollectionKind } from '../wasm/statistics.ts';
import { TICK_MS } from './clock.ts';
import type { Plane } from './plane.ts';

/** An entry of type gc, which the types don't describe. */
interface WithKind {
  detail?: { kind: number };
}

const KINDS: Readonly<Record<number, CollectionKind>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/**
 * Records the figures of the calling thread in the plane's slot from now on.
 * @param worker the index of the thread in its generation
 * @returns a function that ends this
 */
export function watchThread(plane: Plane, worker: number): () => void {
  const { figures } = plane.slot;
  let tickMs = performance.now();
  let loop: EventLoopUtilization = performance.eventLoopUtilization();
  figures.begin(worker);
  plane.onTick = () => {
    const nowMs = performance.now();
    figures.beats();
    figures.loopDelayed(Math.max(0, nowMs - tickMs - TICK_MS));
    tickMs = nowMs;
    const before = loop;
    loop = performance.eventLoopUtilization();
    figures.loopTurned(loop.active - before.active, loop.idle - before.idle);
    plane.recordTurns();
    const heap = getHeapStatistics();
    figures.usesMemory(heap.used_heap_size, heap.total_heap_size, heap.external_memory);
  };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = COLLECTION_KINDS.indexOf(KINDS[(entry as WithKind).detail?.kind ?? 0] ?? 'minor');
      figures.collected(kind, entry.duration);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => {
    plane.onTick = undefined;
    observer.disconnect();
  };
}
