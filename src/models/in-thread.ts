// One data plane in the calling thread, beside whatever else its program does: for handlers that are functions
// of that program, which can't be sent to a thread.

import type { App } from '../app/app.ts';
import { attach } from '../app/application.ts';
import { createPlane, type PlaneStart } from '../connection/create.ts';
import { listen, urlOf } from '../connection/listener.ts';
import { type Kept, keepState } from '../durable/keep.ts';
import { beginLoad, joinState } from '../state/shared.ts';
import { readStatistics } from '../wasm/memory.ts';
import { drainWithin, type ModelStart, preparePlanes, type Server } from './model.ts';

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
async function open(
  { options: { host }, takePlace }: ModelStart,
  planes: Omit<PlaneStart, 'slot'>,
  app: App,
): Promise<ServerInThread> {
  const plane = createPlane({ ...planes, slot: 0 });
  const load = beginLoad();
  let port = 0;
  const server = {
    get url() {
      return urlOf(host, port);
    },
    get port() {
      return port;
    },
    stats: () => readStatistics(plane.slot.views),
  };
  const around = { worker: 0, server, ...planes.access };
  try {
    await attach(plane, app, around);
    const listener = await listen(plane, await takePlace(0));
    port = listener.port;
    load.commit();
    return {
      port,
      who: 'the calling thread',
      io: planes.io,
      statistics: server.stats,
      swap: async (other) => {
        const load = beginLoad();
        try {
          await attach(plane, other, around);
          load.commit();
        } catch (error) {
          load.abandon();
          throw error;
        }
      },
      drain: async (timeoutMs) => {
        listener.close();
        await drainWithin(timeoutMs, plane.drain(), () => plane.destroy());
        return 0;
      },
    };
  } catch (error) {
    load.abandon();
    plane.stop();
    throw error;
  }
}
