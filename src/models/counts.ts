// How many there are of what the options leave open.

import { availableParallelism } from 'node:os';
import { type ServerOptions, WORKERS_MAX } from '../options.ts';

/** Threads and processes that each serve one connection mostly wait. */
const LIVING_PER_CORE = 8;

/** Event loops: `auto` means as many as can run at once. */
export function countWorkers(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(availableParallelism(), WORKERS_MAX) : workers;
}

/** Processes or threads of one connection that may live at a time. */
export function countLiving(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(availableParallelism() * LIVING_PER_CORE, WORKERS_MAX) : workers;
}

/** Listening sockets: only event loops accept for themselves. */
export function countListeners({ model, workers }: Pick<ServerOptions, 'model' | 'workers'>): number {
  return model === 'event-loop' ? countWorkers(workers) : 1;
}
