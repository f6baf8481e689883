// One connection at a time; the others wait. The first server of the tutorial: accept, answer, close, accept
// the next. It needs no second thread and no lock, and whoever is slow makes everybody wait.

import type { Socket } from 'node:net';
import { serveBuiltIn } from '../app/built-in.ts';
import type { Connection } from '../connection/connection.ts';
import { createPlane } from '../connection/create.ts';
import { plainEndpoint } from '../connection/endpoint.ts';
import { viewsOf } from '../memory/views.ts';
import { readStatistics } from '../wasm/statistics.ts';
import { openFront } from './front.ts';
import { drainWithin, type ModelStart, preparePlanes, type Server } from './model.ts';

export async function sequential(start: ModelStart): Promise<Server> {
  const planes = await preparePlanes(start, 0, 2);
  const limits = { ...planes.limits, connectionsMax: Number.POSITIVE_INFINITY };
  const endpoint = plainEndpoint(planes.io);
  const plane = createPlane({ ...planes, slot: 0, limits });
  serveBuiltIn(plane, planes.access);
  let served: Connection | undefined;
  let over: () => void = () => {};
  plane.onClosed = (connection) => {
    if (connection === served) over();
  };

  const serve = async (socket: Socket): Promise<void> => {
    served = plane.accept(socket, endpoint);
    if (served !== undefined) await new Promise<void>((resolve) => (over = resolve));
  };
  const front = await openFront(planes, 1, start.takePlace, 1, serve);
  return {
    port: front.port,
    who: 'one connection at a time',
    io: planes.io,
    statistics: () => readStatistics(viewsOf(planes.memory)),
    drain: async (timeoutMs) => {
      let cut = 0;
      await drainWithin(timeoutMs, Promise.all([front.close(), plane.drain()]), () => {
        cut = plane.destroy();
        front.destroy();
      });
      return cut;
    },
  };
}
