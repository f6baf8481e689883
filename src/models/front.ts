// The common part of the tutorial's models: listeners, one queue behind them, and a plane that answers the connections
// for which there is no room.

import type { ListenerOptions } from '../connection/address.ts';
import { createConnections, type PlaneStart } from '../connection/create.ts';
import { type Acceptor, listenAtAll } from '../connection/listener.ts';
import type { ModelStart } from './model.ts';
import { type Arrival, Queue } from './queue.ts';

export interface Front {
  listeners: ListenerOptions[];
  /** Stops accepting, closes the connections that wait, and resolves when no connection is served any more. */
  close(): Promise<void>;
  /** Closes at once the connections that are being turned away. */
  destroy(): void;
}

/** Serves a connection, or turns it away; resolves when the connection is over. */
export type ServeOne = (arrival: Arrival, turnAway: (arrival: Arrival) => void) => Promise<void>;

/**
 * Listens, and passes connections to `serve`. The queue limits them, so the planes that serve them need no limit.
 * @param refusalSlot the slot of the plane that turns connections away
 * @param servedMax how many connections are served at a time
 * @throws the error of listening
 */
export async function openFront(
  planes: Omit<PlaneStart, 'slot'>,
  refusalSlot: number,
  { listeners, takePlace }: ModelStart,
  servedMax: number,
  serve: ServeOne,
): Promise<Front> {
  const refusals = createConnections({ ...planes, slot: refusalSlot });
  const turnAway = ({ accepted, endpoint }: Arrival): void => refusals.turnAway(accepted, endpoint);
  const queue = new Queue({
    serve: (arrival) => serve(arrival, turnAway),
    turnAway,
    servedMax,
    waitingMax: planes.limits.connectionsMax - servedMax,
  });
  const acceptor: Acceptor = {
    accept: (accepted, endpoint) => queue.enter({ accepted, endpoint }),
    acceptFailed: (error) => {
      if (error.code === 'EMFILE' || error.code === 'ENFILE') queue.makeRoom();
      refusals.acceptFailed(error);
    },
  };
  const listening = await listenAtAll(listeners, acceptor, takePlace, planes.io);
  return {
    listeners: listening.listeners,
    close: async () => {
      listening.close();
      await Promise.all([queue.drain(), refusals.drain()]);
    },
    destroy: () => refusals.destroy(),
  };
}
