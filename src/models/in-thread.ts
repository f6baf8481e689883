// One data plane in the calling thread, beside whatever else its program does: for handlers that are functions
// of that program, which can't be sent to a thread.

import type { App } from '../app/app.ts';
import { attach } from '../app/application.ts';
import { createPlane } from '../connection/create.ts';
import { listen, urlOf } from '../connection/listener.ts';
import { keepState } from '../durable/keep.ts';
import { shareState } from '../state/shared.ts';
import { readStatistics } from '../wasm/memory.ts';
import { drainWithin, type ModelStart, preparePlanes, type Server } from './model.ts';

export interface ServerInThread extends Server {
  /** Has other handlers answer from now on. */
  swap(app: App): Promise<void>;
}

export async function inThread(start: ModelStart, app: App): Promise<ServerInThread> {
  const { host, trustProxy } = start.options;
  const planes = await preparePlanes(start, 0, 1);
  const kept = await keepState(start.options, shareState(planes), start.warn);
  const plane = createPlane({ ...planes, slot: 0 });
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
  const around = { worker: 0, server, trustProxy };
  try {
    await attach(plane, app, around);
    const listener = await listen(plane, await start.takePlace(0));
    port = listener.port;
    return {
      port,
      who: 'the calling thread',
      io: planes.io,
      statistics: server.stats,
      swap: (other) => attach(plane, other, around),
      drain: async (timeoutMs) => {
        listener.close();
        await drainWithin(timeoutMs, plane.drain(), () => plane.destroy());
        await kept?.stop();
        return 0;
      },
    };
  } catch (error) {
    plane.stop();
    await kept?.stop();
    throw error;
  }
}
