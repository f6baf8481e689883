// What the tutorial's models have in common: one listener, a queue behind it, and somebody who tells those
// for whom there is no room that there is none.

import type { Socket } from 'node:net';
import { createPlane, type PlaneStart } from '../connection/create.ts';
import { type Listener, listen } from '../connection/listener.ts';
import type { TakePlace } from '../workers/pool.ts';
import { Queue } from './queue.ts';

export interface Front {
  port: number;
  /** Stops accepting, lets go of those that wait, and resolves when nobody is served any more. */
  close(): Promise<void>;
}

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
  serve: (socket: Socket) => Promise<void>,
): Promise<Front> {
  const { limits } = planes;
  const living = Math.min(servedMax, limits.connectionsMax);
  const refusals = createPlane({ ...planes, slot: refusalSlot, limits: { ...limits, connectionsMax: 0 } });
  const waitingMax = limits.connectionsMax - living;
  const turnAway = (socket: Socket): void => void refusals.accept(socket);
  const queue = new Queue({ serve, turnAway, servedMax: living, waitingMax });
  let listener: Listener;
  try {
    listener = await listen(
      {
        accept: (socket) => queue.enter(socket),
        acceptFailed: (error) => refusals.acceptFailed(error),
      },
      await takePlace(0),
    );
  } catch (error) {
    await refusals.drain();
    throw error;
  }
  return {
    port: listener.port,
    close: async () => {
      listener.close();
      await Promise.all([queue.drain(), refusals.drain()]);
    },
  };
}
