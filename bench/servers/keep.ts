// Keeps its connections in one of three ways, and reports their memory.
//
//   socket    only a net.Socket each, as net.Server creates them
//   direct    the same, wrapped once more as hotpath does it
//   hotpath   the data plane of one worker
//
// The first argument is the way. It is started with --expose-gc, and obeys the suite `connections` over IPC.

import net, { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connections } from '#dist/connection/connections.js';
import { plainEndpoint } from '#dist/connection/endpoint.js';
import { SERVER_OPTIONS } from '#dist/connection/handle.js';
import { listen } from '#dist/connection/listener.js';
import { Log } from '#dist/connection/log.js';
import { Plane } from '#dist/connection/plane.js';
import { Reader } from '#dist/connection/reader.js';
import { dateLine } from '#dist/protocol/prepared.js';
import { REQUESTS_MAX } from '#dist/wasm/slot.js';
import { readStatistics } from '#dist/wasm/statistics.js';
import { createEngine } from '../measure/engine.ts';
import type { KeepWay, Kept } from '../suites/connections.ts';

/** So long that no connection times out during a measurement. */
const LONG_MS = 600_000;
const LIMITS = { connectionsMax: 1_000_000, refusalsMax: 1, requestsMax: REQUESTS_MAX };
/** Several collections, because finalizers and closing handles keep objects until the next one. */
const COLLECTIONS = 5;
const COLLECTION_PAUSE_MS = 50;

const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${dateLine(Date.now())}Content-Length: 6\r\n\r\nHello1`,
);
const HEAD_END = '\r\n\r\n';

interface Keeper {
  port: number;
  open(): number;
}

const keeper = await keep(process.argv[2] as KeepWay);

process.on('message', async () => {
  for (let i = 0; i < COLLECTIONS; i++) {
    globalThis.gc?.();
    await sleep(COLLECTION_PAUSE_MS);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const kept: Kept = { port: keeper.port, open: keeper.open(), heap: heapUsed + external, resident: rss };
  process.send?.(kept);
});
process.on('disconnect', () => process.exit());

function keep(way: KeepWay): Promise<Keeper> {
  return way === 'hotpath' ? keepInPlane() : keepSockets(way);
}

async function keepInPlane(): Promise<Keeper> {
  const { codec, slot } = createEngine('wasm');
  const deadlines = {
    headTimeoutMs: LONG_MS,
    idleTimeoutMs: LONG_MS,
    bodyTimeoutMs: LONG_MS,
    bodyRateMin: 0,
    writeTimeoutMs: LONG_MS,
    handshakeTimeoutMs: LONG_MS,
    handlerTimeoutMs: LONG_MS,
  };
  const io = { accept: 'direct', read: 'direct', write: 'direct' } as const;
  const connections = new Connections(new Plane(codec, slot, new Log('silent'), deadlines, LIMITS));
  const { port } = await listen(
    connections,
    { host: '127.0.0.1', port: 0, reusePort: false },
    plainEndpoint(io),
  );
  return { port, open: () => readStatistics(slot.views).open };
}

async function keepSockets(way: 'socket' | 'direct'): Promise<Keeper> {
  const { slot } = createEngine('wasm');
  const reader = new Reader(slot);
  const sockets = new Set<net.Socket>();
  const server = net.createServer(SERVER_OPTIONS);
  server.on('connection', (accepted) => {
    let socket = accepted;
    if (way === 'socket') accepted.on('data', socketOnData).resume();
    else
      socket = reader.open('direct', accepted, {
        received(bytes) {
          answer(socket, Buffer.from(slot.read.subarray(0, bytes)));
          return true;
        },
      });
    socket.on('end', socketOnEnd);
    socket.on('error', socketOnError);
    socket.on('close', socketOnClose);
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve));
  const { port } = server.address() as AddressInfo;
  return { port, open: () => sockets.size };

  function socketOnClose(this: net.Socket): void {
    sockets.delete(this);
  }
}

/** One listener for all sockets, so that a socket holds no closure. */
function socketOnData(this: net.Socket, bytes: Buffer): void {
  answer(this, bytes);
}

function answer(socket: net.Socket, bytes: Buffer): void {
  if (bytes.includes(HEAD_END)) socket.write(RESPONSE);
}

function socketOnEnd(this: net.Socket): void {
  this.end();
}

function socketOnError(this: net.Socket): void {
  this.destroy();
}
