// One connection at a time; the others wait. The first server of the tutorial: accept, answer, close, accept
// the next. This server needs no second thread and no lock, but a slow client makes all others wait.

import { serveBuiltIn } from '../app/built-in.ts';
import { createConnections } from '../connection/create.ts';
import type { Member } from '../connection/member.ts';
import { viewsOf } from '../memory/views.ts';
import { readStatistics } from '../wasm/statistics.ts';
import { openFront } from './front.ts';
import { drainWithin, type ModelStart, preparePlanes, type Server } from './model.ts';
import type { Arrival } from './queue.ts';

export async function sequential(start: ModelStart): Promise<Server> {
  const planes = await preparePlanes(start, 0, 2);
  const limits = { ...planes.limits, connectionsMax: Number.POSITIVE_INFINITY };
  const connections = createConnections({ ...planes, slot: 0, limits });
  serveBuiltIn(connections.plane, planes.access);
  let served: Member | undefined;
  let over: () => void = () => {};
  connections.onClosed = (connection) => {
    if (connection === served) over();
  };

  const serve = async ({ accepted, endpoint }: Arrival): Promise<void> => {
    served = connections.accept(accepted, endpoint);
    if (served !== undefined) await new Promise<void>((resolve) => (over = resolve));
  };
  const front = await openFront(planes, 1, start, 1, serve);
  return {
    listeners: front.listeners,
    who: 'one connection at a time',
    io: planes.io,
    statistics: () => readStatistics(viewsOf(planes.memory)),
    drain: async (timeoutMs) => {
      let cut = 0;
      await drainWithin(timeoutMs, Promise.all([front.close(), connections.drain()]), () => {
        cut = connections.destroy();
        front.destroy();
      });
      return cut;
    },
  };
}
