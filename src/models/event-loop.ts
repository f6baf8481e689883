// The model of hotpath: an event loop on every core, each with its own connections. This is the control plane, which makes
// the shared memory, and starts and drains the worker threads over it.

import type { ListenerOptions } from '../connection/address.ts';
import { SOCKETS_OF_WORKER } from '../connection/bind.ts';
import { type Kept, keepState } from '../durable/keeper.ts';
import { viewsOf } from '../memory/views.ts';
import { plural } from '../plural.ts';
import { joinState } from '../state/shared.ts';
import { readStatistics } from '../wasm/statistics.ts';
import { Pool } from '../workers/pool.ts';
import { SpareThreads } from '../workers/spare-threads.ts';
import { stackOfThread } from '../workers/stack-of-thread.ts';
import { Watchdog } from '../workers/watchdog.ts';
import { openAccessLog } from './access-log.ts';
import { countWorkers } from './counts.ts';
import {
  addTls,
  DESCRIPTORS_OF_THREAD,
  IN_DEVELOPMENT,
  type ModelStart,
  openCertificates,
  preparePlanes,
  type Server,
} from './model.ts';
import { Renewal } from './renewal.ts';

/** Two generations of threads overlap while a reload drains the old one. */
const GENERATIONS = 2;
/** While files are watched, requests that a reload finds under way have this time, so that old code is gone soon. */
const WATCH_DRAIN_MS = 2000;

export async function eventLoop(start: ModelStart): Promise<Server> {
  const { options, times, takePlace, note, warn, listening, watch } = start;
  if (options.dev && options.app !== undefined) note(IN_DEVELOPMENT);
  const workers = countWorkers(options.workers);
  const socketsMax = GENERATIONS * start.listeners.length * SOCKETS_OF_WORKER['per-worker'];
  const descriptors = workers * (DESCRIPTORS_OF_THREAD + socketsMax);
  const prepared = await preparePlanes(start, descriptors, workers * GENERATIONS, workers);
  const certificates = await openCertificates(start);
  const secured = certificates ? await addTls(prepared, certificates, options) : prepared;
  const log = await openAccessLog(start, workers * GENERATIONS);
  const planes = { ...secured, accessLog: log?.start };
  const { state, keep, leave } = joinState(planes);
  const pool = new Pool({
    workers,
    start: { ...planes, listeners: start.listeners, state },
    takePlace,
    loadMs: options.loadTimeout,
    times,
    watcher: watch,
    spares: watch && new SpareThreads(workers),
    watchdog: new Watchdog({
      views: viewsOf(planes.memory),
      timeoutMs: options.stallTimeout,
      replaces: options.replaceStalled,
      note,
      warn,
      stackOf: stackOfThread,
    }),
    note,
    warn,
    ...(listening && { listening }),
  });
  const renewal =
    certificates &&
    new Renewal({ certificates, app: options.app, apply: (material) => pool.renewTls(material), note });
  const load = (reload: () => Promise<void>): Promise<void> =>
    renewal ? renewal.whileLoading(reload) : reload();
  watch?.attach({
    reload: () => load(() => pool.reload(Math.min(options.drainTimeout, WATCH_DRAIN_MS), true)),
    abandon: () => pool.abandonLoad(),
  });
  let kept: Kept | undefined;
  let listeners: readonly ListenerOptions[];
  try {
    kept = await keepState(options, state, warn);
    listeners = await (renewal ? renewal.whileLoading(() => pool.start()) : pool.start());
  } catch (error) {
    certificates?.close();
    await kept?.stop();
    await log?.writer.stop();
    leave();
    throw error;
  }
  keep();
  return {
    listeners,
    who: plural(workers, 'worker'),
    io: planes.io,
    statistics: () => readStatistics(viewsOf(planes.memory), listeners.length),
    reload: async (timeoutMs) => {
      if (await renewal?.suffices()) return false;
      await load(() => pool.reload(timeoutMs));
      return true;
    },
    ...(renewal && { renewTls: (sources) => renewal.renew(sources) }),
    drain: async (timeoutMs) => {
      watch?.close();
      certificates?.close();
      const late = await pool.drain(timeoutMs);
      await kept?.stop();
      await log?.writer.stop();
      return late;
    },
    ...(log && { reopenLogs: () => log.writer.reopen() }),
    killWorker: (ordinal, how) => pool.kill(ordinal, how),
  };
}
