// Holds many connections open. Obeys the suite `connections` over IPC: opens them, sends the same bytes on
// each, closes them all.

import net from 'node:net';
import type { CrowdOrder } from '../suites/connections.ts';

/** Connections that are under way to be opened at the same time. */
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

/** Resolves when all is sent and, where an answer is due, something has come back on every connection. */
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

/** A server that drops one of them has failed the run. */
function fail(error: Error): void {
  console.error(error.message);
  process.exit(1);
}
