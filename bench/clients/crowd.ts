// Holds many connections open. It obeys the suite `connections` over IPC: it opens them, sends the same bytes on
// each, and closes them all.

import net from 'node:net';
import type { CrowdOrder } from '../suites/connections.ts';

/** How many connections are being opened at the same time. */
const OPENING = 256;

const sockets: net.Socket[] = [];

process.on('message', async (order: CrowdOrder) => {
  if (order.type === 'open') await open(order.port, order.count);
  else if (order.type === 'send') await send(order.text, order.answered);
  else close();
  process.send?.({});
});
process.on('disconnect', () => process.exit());

async function open(port: number, count: number): Promise<void> {
  let left = count;
  const openSome = async (): Promise<void> => {
    while (left-- > 0) sockets.push(await connect(port));
  };
  await Promise.all(Array.from({ length: OPENING }, openSome));
}

function connect(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', fail);
      socket.resume();
      resolve(socket);
    });
  });
}

/**
 * Sends bytes on every connection. Resolves when they are sent and, if answers are expected, each connection
 * has received some.
 */
async function send(text: string, answered: boolean): Promise<void> {
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          if (answered) socket.once('data', () => resolve());
          socket.write(text, 'latin1', () => {
            if (!answered) resolve();
          });
        }),
    ),
  );
}

function close(): void {
  for (const socket of sockets.splice(0)) socket.destroy();
}

/** Fails the run if the server closes a connection. */
function fail(error: Error): void {
  console.error(error.message);
  process.exit(1);
}
