// The control plane of one server process: makes the shared memory, starts the worker threads over it,
// drains them. Never on a request's way; knows no signals.

import { availableParallelism } from 'node:os';
import { limitConnections } from './connection/limits.ts';
import type { Io } from './connection/plane.ts';
import { chooseIo } from './connection/selftest.ts';
import type { ServerOptions } from './options.ts';
import { compileModule } from './wasm/instance.ts';
import { createMemory, readStatistics, type Statistics, viewsOf } from './wasm/memory.ts';
import { Slot } from './wasm/slot.ts';
import { type Death, Pool, type TakePlace } from './workers/pool.ts';

export interface Server {
  port: number;
  workers: number;
  io: Io;
  statistics(): Statistics;
  /** Lets requests under way finish, up to `timeoutMs`; how many threads had to be ended. */
  drain(timeoutMs: number): Promise<number>;
  /** Ends one thread as a crash would. */
  killWorker(ordinal: number, how?: Death): Promise<void>;
}

/** Two generations of threads overlap while a reload drains the old one. */
const GENERATIONS = 2;

/** How many threads `auto` means. */
export function countWorkers(workers: number | 'auto'): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

/**
 * Starts the threads; resolves when all of them listen.
 * @throws what the first thread to fail fails with, EADDRINUSE among others
 */
export async function startServer(
  options: ServerOptions,
  takePlace: TakePlace,
  descriptorsMax: number,
  note: (text: string) => void,
): Promise<Server> {
  const workers = countWorkers(options.workers);
  const memory = createMemory({
    slotCount: workers * GENERATIONS,
    headBytesMax: options.maxHead,
    targetBytesMax: options.maxTarget,
    fieldCountMax: options.maxFields,
    contentBytesMax: options.maxBody,
  });
  const views = viewsOf(memory);
  const limits = limitConnections(options.maxConnections, workers, descriptorsMax);
  if (limits.connectionsMax < options.maxConnections)
    note(
      `Only ${limits.connectionsMax} connections, not ${options.maxConnections}, fit the limit of open files, ${descriptorsMax}: raise it with ulimit -n`,
    );
  const io = await chooseIo(options.io, new Slot(views, 0));
  const pool = new Pool({
    workers,
    start: {
      module: compileModule(),
      memory,
      engine: options.engine,
      io,
      log: options.log,
      limits: { ...limits, requestsMax: options.maxRequests },
      deadlines: {
        headTimeoutMs: options.headTimeout,
        idleTimeoutMs: options.idleTimeout,
        bodyTimeoutMs: options.bodyTimeout,
        bodyRateMin: options.bodyRate,
        writeTimeoutMs: options.writeTimeout,
      },
    },
    takePlace,
    note,
  });
  const port = await pool.start();
  return {
    port,
    workers,
    io,
    statistics: () => readStatistics(views),
    drain: (timeoutMs) => pool.drain(timeoutMs),
    killWorker: (ordinal, how) => pool.kill(ordinal, how),
  };
}
