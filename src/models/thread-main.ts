// The entry of the thread of one connection, which takes its slot, serves, and ends with the connection.

import type { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { serveBuiltIn } from '../app/built-in.ts';
import { createConnections } from '../connection/create.ts';
import { RelayedSocket } from './relay.ts';
import type { ConnectionThreadStart, ToConnectionThread } from './thread.ts';

const port = parentPort;
if (port === null) throw new Error('thread-main.ts runs only as a worker thread');

const { peer, endpoint, ...start } = workerData as ConnectionThreadStart;
const connections = createConnections(start);
const { plane } = connections;
serveBuiltIn(plane, start.access);
connections.onClosed = () => {
  connections.stop();
  // Nothing is referenced any more: the thread ends by itself.
  port.close();
};
port.on('message', (message: ToConnectionThread) => {
  if (message.type === 'drain') void connections.drain();
  else if (message.type === 'serve') connections.accept(message.socket, endpoint);
});
if (peer === undefined) port.postMessage({ type: 'ready' });
else {
  // RelayedSocket has every member that a connection uses of a socket.
  const socket = new RelayedSocket(port, peer.remoteAddress, peer.remotePort);
  connections.accept(socket as unknown as Socket, endpoint);
}
