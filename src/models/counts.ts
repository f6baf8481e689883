// Numbers of threads, processes and sockets that follow from the options.

import { type ServerOptions, WORKERS_MAX } from '../options.ts';
import { countCpus } from './cpus.ts';

/** A core has several threads or processes that each serve one connection, since they mostly wait. */
const LIVING_PER_CORE = 8;

/** Returns the count of event loops: `auto` means as many as can run at once. */
export function countWorkers(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(countCpus(), WORKERS_MAX) : workers;
}

/** Returns how many processes or threads of one connection may live at a time. */
export function countLiving(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(countCpus() * LIVING_PER_CORE, WORKERS_MAX) : workers;
}

/** Returns the count of threads that accept: each event loop, or one thread in the other models. */
export function countListeners({ model, workers }: Pick<ServerOptions, 'model' | 'workers'>): number {
  return model === 'event-loop' ? countWorkers(workers) : 1;
}
