// How sockets arrive: a listening server over a descriptor that the supervisor bound, or an address.

import net from 'node:net';
import type { Plane } from './plane.ts';
import { serverOptions } from './reader.ts';

/** Where a worker listens: on its own duplicate of a bound socket, or at an address that it binds itself. */
export type ListenAt = { fd: number } | { host: string; port: number; reusePort: boolean };

/** Connections that may wait to be accepted; the kernel has a maximum of its own. */
const BACKLOG = 4096;

export interface Listener {
  port: number;
  /** Stops accepting. */
  close(): void;
}

/** Starts accepting for a plane. @throws what listening fails with, EADDRINUSE among others */
export async function listen(plane: Plane, at: ListenAt): Promise<Listener> {
  const server = net.createServer(serverOptions(plane.io.read));
  server.on('connection', (socket) => plane.accept(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...at, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => plane.acceptFailed(error));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => server.close(),
  };
}
