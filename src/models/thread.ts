// A thread for each connection: the thread that listens sends the accepted socket to a new thread and goes on accepting.
// The third server of the tutorial: the threads share memory with the counter in it, and a mutex keeps two threads from
// adding at the same time (--counter none shows what happens without a mutex).
//
// Newer versions of Node let a socket move to another thread. With the others, the thread that listens keeps the socket
// and relays its bytes. The start line says which.

import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { MessageChannel, type Transferable, Worker } from 'node:worker_threads';
import type { PlaneStart } from '../connection/create.ts';
import type { Endpoint, Io } from '../connection/endpoint.ts';
import { asSocket } from '../connection/handle.ts';
import { viewsOf } from '../memory/views.ts';
import { readStatistics } from '../wasm/statistics.ts';
import { reclaimSlot } from '../wasm/statistics-row.ts';
import { countLiving } from './counts.ts';
import { openFront, type ServeOne } from './front.ts';
import { DESCRIPTORS_OF_THREAD, drainWithin, type ModelStart, preparePlanes, type Server } from './model.ts';
import type { Arrival } from './queue.ts';
import { relay } from './relay.ts';

/** The data that starts the thread of a connection. */
export interface ConnectionThreadStart extends PlaneStart {
  endpoint: Endpoint;
  /** The client's address, if the bytes are relayed. */
  peer?: { remoteAddress: string | undefined; remotePort: number | undefined };
}

export type ToConnectionThread = { type: 'serve'; socket: Socket } | { type: 'drain' };

/** A relayed socket is no socket of Node's. */
const RELAYED: Io = { accept: 'public', read: 'public', write: 'public' };

export async function threads(start: ModelStart): Promise<Server> {
  const { options, note } = start;
  const wanted = countLiving(options.workers);
  // The last slot is for the connections that are turned away.
  const planes = await preparePlanes(start, wanted * DESCRIPTORS_OF_THREAD, wanted + 1);
  const livingMax = Math.min(wanted, planes.limits.connectionsMax);
  const limits = { ...planes.limits, connectionsMax: Number.POSITIVE_INFINITY };
  const views = viewsOf(planes.memory);
  const freeSlots = Array.from({ length: livingMax }, (_, slot) => slot);
  const living = new Set<ConnectionThread>();
  const moves = await socketsMove();
  if (!moves && options.io === 'direct')
    throw new Error('--io direct does not work with --model thread on this Node: its sockets can not move');

  const startThread = (slot: number, arrival: Arrival): ConnectionThread | undefined => {
    // Node moves no socket that came through a path.
    const way = moves && !arrival.endpoint.unix ? 'move' : 'relay';
    try {
      return new ConnectionThread({ ...planes, slot, limits }, arrival, way, note);
    } catch (error) {
      note(`No thread could be started for a connection: ${(error as Error).message}`);
      return undefined;
    }
  };
  const serve: ServeOne = async (arrival, turnAway) => {
    const slot = freeSlots.pop() as number;
    const thread = startThread(slot, arrival);
    if (thread !== undefined) {
      living.add(thread);
      await thread.ended;
      living.delete(thread);
    }
    if (!thread?.hasConnection) turnAway(arrival);
    reclaimSlot(views, slot);
    freeSlots.push(slot);
  };

  const front = await openFront(planes, wanted, start, livingMax, serve);
  return {
    listeners: front.listeners,
    who: `a thread for each connection, up to ${livingMax}, ${moves ? 'sockets move' : 'bytes are relayed'}`,
    io: moves ? planes.io : RELAYED,
    statistics: () => readStatistics(views),
    drain: async (timeoutMs) => {
      let late = 0;
      for (const thread of living) thread.drain();
      await drainWithin(timeoutMs, front.close(), () => {
        late = living.size;
        for (const thread of living) thread.terminate();
        front.destroy();
      });
      return late;
    },
  };
}

/** The thread that serves one connection. */
class ConnectionThread {
  /** Resolves when the thread has ended. */
  readonly ended: Promise<void>;
  /** Resolves when the thread has the connection: this thread must not answer on it any more. */
  hasConnection = false;
  private drains = false;
  private readonly thread: Worker;

  /**
   * @param way how the thread gets the connection: its socket moves there, or its bytes are relayed
   * @throws Error when the system gives no more threads
   */
  constructor(
    start: PlaneStart,
    { accepted, endpoint }: Arrival,
    way: 'move' | 'relay',
    note: (text: string) => void,
  ) {
    const socket = asSocket(accepted);
    const { remoteAddress, remotePort } = socket;
    const workerData: ConnectionThreadStart =
      way === 'move'
        ? { ...start, endpoint }
        : { ...start, endpoint: { ...endpoint, io: RELAYED }, peer: { remoteAddress, remotePort } };
    this.thread = new Worker(new URL('./thread-main.js', import.meta.url), { workerData });
    this.thread.on('error', (error) =>
      note(`The thread of a connection failed: ${(error as Error).message}`),
    );
    this.ended = new Promise((resolve) => this.thread.once('exit', () => resolve()));
    // Post the socket only when the thread runs: a socket posted to a thread that fails to start is lost.
    if (way === 'move') this.thread.once('message', () => this.handOver(socket));
    else {
      this.hasConnection = true;
      relay(socket, this.thread);
    }
  }

  /** Makes the thread finish requests under way. */
  drain(): void {
    this.drains = true;
    this.tell({ type: 'drain' });
  }

  terminate(): void {
    void this.thread.terminate();
  }

  private handOver(socket: Socket): void {
    this.hasConnection = true;
    this.tell({ type: 'serve', socket }, [socket as never]);
    if (this.drains) this.tell({ type: 'drain' });
  }

  private tell(message: ToConnectionThread, transfer: Transferable[] = []): void {
    this.thread.postMessage(message, transfer);
  }
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
