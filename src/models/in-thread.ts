// One data plane in the calling thread, beside whatever else its program does: for handlers that are functions
// of that program, which can't be sent to a thread.

import process from 'node:process';
import { prepareApp } from '../app/dispatcher.ts';
import { Lifecycle } from '../app/lifecycle.ts';
import type { App } from '../app/types.ts';
import { mainAddress, portOf, urlOf } from '../connection/address.ts';
import type { Connections } from '../connection/connections.ts';
import { createConnections, type PlaneStart } from '../connection/create.ts';
import { listenAtAll } from '../connection/listener.ts';
import { type Kept, keepState } from '../durable/keep.ts';
import { beginLoad, joinState } from '../state/shared.ts';
import { readStatistics } from '../wasm/statistics.ts';
import { LATE, within } from '../within.ts';
import { drainWithin, type ModelStart, preparePlanes, type Server } from './model.ts';

/** All that serve in this thread. */
const serving = new Set<Connections>();

/** When the program ends, the system would close the connections as if their responses were complete. */
function destroyAll(): void {
  for (const connections of serving) connections.destroy();
}

function watch(connections: Connections): void {
  // Many servers are one listener.
  if (serving.size === 0) process.on('exit', destroyAll);
  serving.add(connections);
}

function forget(connections: Connections): void {
  serving.delete(connections);
  if (serving.size === 0) process.off('exit', destroyAll);
}

export interface ServerInThread extends Server {
  /** Has other handlers answer from now on. */
  swap(app: App): Promise<void>;
}

export async function inThread(start: ModelStart, app: App): Promise<ServerInThread> {
  const planes = await preparePlanes(start, 0, 1);
  const { state, keep, leave } = joinState(planes);
  let kept: Kept | undefined;
  try {
    kept = await keepState(start.options, state, start.warn);
    const server = await open(start, planes, app);
    keep();
    return {
      ...server,
      drain: async (timeoutMs) => {
        const late = await server.drain(timeoutMs);
        await kept?.stop();
        return late;
      },
    };
  } catch (error) {
    await kept?.stop();
    leave();
    throw error;
  }
}

/** A plane that listens, over named state that is there. */
async function open(start: ModelStart, planes: Omit<PlaneStart, 'slot'>, app: App): Promise<ServerInThread> {
  const { loadTimeout, drainTimeout } = start.options;
  const connections = createConnections({ ...planes, slot: 0 });
  const { plane } = connections;
  const load = beginLoad();
  let addresses = start.listeners.map(({ address }) => address);
  let life: Lifecycle | undefined;
  let closed = false;
  /** Applications that were replaced, until each has stopped. */
  const ends = new Set<Promise<void>>();
  let turn: Promise<void> = Promise.resolve();

  /** Starts an application, and has it answer from then on. */
  const begin = async (app: App): Promise<void> => {
    const its = new Lifecycle(app, plane.log);
    const server = {
      get url() {
        return urlOf(mainAddress(addresses));
      },
      get port() {
        return portOf(mainAddress(addresses));
      },
      draining: its.draining,
      stats: () => readStatistics(plane.slot.views),
    };
    const serve = await prepareApp(plane, app, { worker: 0, server, ...planes.access });
    if ((await within(loadTimeout, its.start({ worker: 0, server }))) === LATE)
      throw new Error(`start() has not ended after ${loadTimeout} ms: settle it, or raise loadTimeout`);
    if (closed) {
      await its.stop('failure', 0);
      throw new Error('the server is closed');
    }
    const before = life;
    life = its;
    serve();
    if (before !== undefined) {
      const ended: Promise<void> = retire(before, connections, drainTimeout).finally(() =>
        ends.delete(ended),
      );
      ends.add(ended);
    }
  };

  try {
    await begin(app);
    const listening = await listenAtAll(start.listeners, connections, start.takePlace, planes.io);
    ({ addresses } = listening);
    watch(connections);
    load.commit();
    return {
      addresses,
      who: 'the calling thread',
      io: planes.io,
      statistics: () => readStatistics(plane.slot.views),
      swap: (other) => {
        const swapped = turn.then(async () => {
          const load = beginLoad();
          try {
            await begin(other);
            load.commit();
          } catch (error) {
            load.abandon();
            throw error;
          }
        });
        turn = swapped.catch(() => {});
        return swapped;
      },
      drain: async (timeoutMs) => {
        closed = true;
        const endMs = performance.now() + timeoutMs;
        listening.close();
        life?.drain();
        let cut = 0;
        await drainWithin(timeoutMs, connections.drain(), () => {
          cut = connections.destroy();
        });
        forget(connections);
        await Promise.all([life?.stop('stop', endMs - performance.now()), ...ends]);
        return cut;
      },
    };
  } catch (error) {
    load.abandon();
    await life?.stop('failure', 0);
    connections.stop();
    throw error;
  }
}

/** How often it is looked whether the requests of an application that was replaced are over. */
const RETIRED_LOOK_MS = 50;

/** Lets an application finish the requests that it has, cuts those that have not ended at the drain timeout, and has it stop. */
async function retire(life: Lifecycle, connections: Connections, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  const { underWay } = connections;
  life.drain();
  while (underWay.some(({ over }) => !over) && performance.now() < endMs)
    await new Promise((resolve) => setTimeout(resolve, RETIRED_LOOK_MS));
  for (const exchange of underWay) if (!exchange.over) exchange.destroy();
  await life.stop('reload', endMs - performance.now());
}
