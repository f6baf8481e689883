// The thread of one connection: takes its slot, serves, and ends with the connection.

import type { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { serveBuiltIn } from '../app/built-in.ts';
import { createPlane } from '../connection/create.ts';
import { RelayedSocket } from './relay.ts';
import type { ConnectionThreadStart, ToConnectionThread } from './thread.ts';

const port = parentPort;
if (port === null) throw new Error('thread-main.ts runs only as a worker thread');

const { peer, endpoint, ...start } = workerData as ConnectionThreadStart;
const plane = createPlane(start);
serveBuiltIn(plane, start.access);
plane.onClosed = () => {
  plane.stop();
  // Nothing is referenced any more: the thread ends by itself.
  port.close();
};
port.on('message', (message: ToConnectionThread) => {
  if (message.type === 'drain') void plane.drain();
  else if (message.type === 'serve') plane.accept(message.socket, endpoint);
});
if (peer === undefined) port.postMessage({ type: 'ready' });
else {
  // All that a connection uses of a socket.
  const socket = new RelayedSocket(port, peer.remoteAddress, peer.remotePort);
  plane.accept(socket as unknown as Socket, endpoint);
}
