// The control plane of one server process: makes the shared memory, starts the worker threads over it,
// drains them. Never on a request's way; knows no signals.

import { availableParallelism } from 'node:os';
import type { Io } from './connection/plane.ts';
import { chooseIo } from './connection/selftest.ts';
import type { ServerOptions } from './options.ts';
import { compileModule } from './wasm/instance.ts';
import { createMemory, readStatistics, type Statistics, viewsOf } from './wasm/memory.ts';
import { Slot } from './wasm/slot.ts';
import { Pool, type TakePlace } from './workers/pool.ts';

export interface Server {
  port: number;
  workers: number;
  io: Io;
  statistics(): Statistics;
  /** Lets requests under way finish, up to `timeoutMs`; how many threads had to be ended. */
  drain(timeoutMs: number): Promise<number>;
  /** Ends one thread at once, as a crash would. */
  killWorker(ordinal: number): Promise<void>;
}

/** Two generations of threads overlap while a reload drains the old one. */
const GENERATIONS = 2;
const FIELD_COUNT_MAX = 100;

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
  note: (text: string) => void,
): Promise<Server> {
  const workers = countWorkers(options.workers);
  const memory = createMemory({
    slotCount: workers * GENERATIONS,
    headBytesMax: options.maxHead,
    targetBytesMax: options.maxTarget,
    fieldCountMax: FIELD_COUNT_MAX,
    contentBytesMax: options.maxBody,
  });
  const views = viewsOf(memory);
  const io = await chooseIo(options.io, new Slot(views, 0));
  const pool = new Pool({
    workers,
    start: {
      module: compileModule(),
      memory,
      engine: options.engine,
      io,
      log: options.log,
      connectionsMax: Math.ceil(options.maxConnections / workers),
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
    killWorker: (ordinal) => pool.kill(ordinal),
  };
}
