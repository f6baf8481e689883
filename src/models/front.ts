// What the tutorial's models have in common: one listener, a queue behind it, and somebody who tells those
// for whom there is no room that there is none.

import type { Socket } from 'node:net';
import { createPlane, type PlaneStart } from '../connection/create.ts';
import { plainEndpoint } from '../connection/endpoint.ts';
import { listen, type TakePlace } from '../connection/listener.ts';
import { Queue } from './queue.ts';

export interface Front {
  port: number;
  /** Stops accepting, lets go of those that wait, and resolves when nobody is served any more. */
  close(): Promise<void>;
  /** Ends at once those that are being told that there is no room. */
  destroy(): void;
}

/** Serves one connection, or turns it away; resolves when it is over. */
export type ServeOne = (socket: Socket, turnAway: (socket: Socket) => void) => Promise<void>;

/**
 * Listens, and has connections served: their planes need no limit of connections of their own.
 * @param refusalSlot a slot for the answers to those that are turned away
 * @param servedMax connections served at a time
 * @throws what listening fails with
 */
export async function openFront(
  planes: Omit<PlaneStart, 'slot'>,
  refusalSlot: number,
  takePlace: TakePlace,
  servedMax: number,
  serve: ServeOne,
): Promise<Front> {
  const refusals = createPlane({ ...planes, slot: refusalSlot });
  const endpoint = plainEndpoint(planes.io);
  const turnAway = (socket: Socket): void => refusals.turnAway(socket, endpoint);
  const queue = new Queue({
    serve: (socket) => serve(socket, turnAway),
    turnAway,
    servedMax,
    waitingMax: planes.limits.connectionsMax - servedMax,
  });
  const listener = await listen(
    {
      accept: (socket) => queue.enter(socket),
      acceptFailed: (error) => {
        if (error.code === 'EMFILE' || error.code === 'ENFILE') queue.makeRoom();
        refusals.acceptFailed(error);
      },
    },
    await takePlace(0),
    endpoint,
  );
  return {
    port: listener.port,
    close: async () => {
      listener.close();
      await Promise.all([queue.drain(), refusals.drain()]);
    },
    destroy: () => refusals.destroy(),
  };
}
