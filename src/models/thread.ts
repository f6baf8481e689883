// A thread for each connection: the one that listens hands the accepted socket to a fresh thread and goes on
// accepting. The third server of the tutorial: the threads share memory, the counter with it, and a mutex
// keeps two of them from adding at the same time (--counter none shows what happens without).
//
// Newer Node lets a socket move to another thread. Where it does not, this thread keeps the socket and relays
// its bytes, which the start line says.

import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { PlaneStart } from '../connection/create.ts';
import type { Io } from '../connection/endpoint.ts';
import { viewsOf } from '../memory/views.ts';
import { readStatistics, reclaimSlot } from '../wasm/statistics.ts';
import { countLiving } from './counts.ts';
import { openFront, type ServeOne } from './front.ts';
import { DESCRIPTORS_OF_THREAD, drainWithin, type ModelStart, preparePlanes, type Server } from './model.ts';
import { relay } from './relay.ts';

/** What the thread of a connection is started with. */
export interface ConnectionThreadStart extends PlaneStart {
  /** Set when the bytes are relayed: where they come from. */
  peer?: { remoteAddress: string | undefined; remotePort: number | undefined };
}

export type ToConnectionThread = { type: 'serve'; socket: Socket } | { type: 'drain' };

/** A relayed socket is no socket of Node's. */
const RELAYED: Io = { read: 'public', write: 'public' };

export async function threads(start: ModelStart): Promise<Server> {
  const { options, note } = start;
  const wanted = countLiving(options.workers);
  // The last slot is for those that are turned away.
  const planes = await preparePlanes(start, wanted * DESCRIPTORS_OF_THREAD, wanted + 1);
  const livingMax = Math.min(wanted, planes.limits.connectionsMax);
  const limits = { ...planes.limits, connectionsMax: Number.POSITIVE_INFINITY };
  const views = viewsOf(planes.memory);
  const freeSlots = Array.from({ length: livingMax }, (_, slot) => slot);
  const living = new Set<Worker>();
  const moves = await socketsMove();
  let draining = false;
  if (!moves && options.io === 'direct')
    throw new Error('--io direct does not work with --model thread on this Node: its sockets can not move');

  const startThread = (socket: Socket, slot: number): Worker => {
    const { remoteAddress, remotePort } = socket;
    const workerData: ConnectionThreadStart = moves
      ? { ...planes, slot, limits }
      : { ...planes, slot, limits, io: RELAYED, peer: { remoteAddress, remotePort } };
    const thread = new Worker(new URL('./thread-main.js', import.meta.url), { workerData });
    thread.on('error', (error) => note(`The thread of a connection failed: ${(error as Error).message}`));
    return thread;
  };
  const serve: ServeOne = async (socket, turnAway) => {
    const slot = freeSlots.pop() as number;
    let ended: Promise<unknown> | undefined;
    let handedOver = false;
    try {
      const thread = startThread(socket, slot);
      ended = new Promise((resolve) => thread.once('exit', resolve)).then(() => living.delete(thread));
      living.add(thread);
      if (moves)
        // Only when the thread is there: what is on its way to one that never will be is nobody's.
        thread.once('message', () => {
          handedOver = true;
          thread.postMessage({ type: 'serve', socket } satisfies ToConnectionThread, [socket as never]);
          if (draining) thread.postMessage({ type: 'drain' } satisfies ToConnectionThread);
        });
      else {
        handedOver = true;
        relay(socket, thread);
      }
    } catch (error) {
      note(`No thread could be started for a connection: ${(error as Error).message}`);
    }
    await ended;
    if (!handedOver) turnAway(socket);
    reclaimSlot(views, slot);
    freeSlots.push(slot);
  };

  const front = await openFront(planes, wanted, start.takePlace, livingMax, serve);
  return {
    port: front.port,
    who: `a thread for each connection, up to ${livingMax}, ${moves ? 'sockets move' : 'bytes are relayed'}`,
    io: moves ? planes.io : RELAYED,
    statistics: () => readStatistics(views),
    drain: async (timeoutMs) => {
      let late = 0;
      draining = true;
      for (const thread of living) thread.postMessage({ type: 'drain' } satisfies ToConnectionThread);
      await drainWithin(timeoutMs, front.close(), () => {
        late = living.size;
        for (const thread of living) void thread.terminate();
        front.destroy();
      });
      return late;
    },
  };
}

/** Whether an accepted socket can be sent to another thread: Node 24.20, 26.6 and later. */
async function socketsMove(): Promise<boolean> {
  const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(socket, [socket as never]);
    return true;
  } catch {
    socket.destroy();
    return false;
  } finally {
    port2.close();
    client.destroy();
    server.close();
  }
}
