// A data plane in the test's own thread, behind a real socket. Released memory is overwritten: see poison.ts.

import type { Socket } from 'node:net';
import { expect } from 'vitest';
import type { ServerView } from '../../src/app/types.ts';
import type { AddressCounts } from '../../src/connection/addresses.ts';
import { Connections } from '../../src/connection/connections.ts';
import type { Deadlines } from '../../src/connection/deadlines.ts';
import { type Endpoint, plainEndpoint } from '../../src/connection/endpoint.ts';
import type { ConnectionLimits } from '../../src/connection/limits.ts';
import { type Listener, listen } from '../../src/connection/listener.ts';
import { Log, type LogLevel } from '../../src/connection/log.ts';
import { Plane } from '../../src/connection/plane.ts';
import { SecureContexts } from '../../src/tls/secure-contexts.ts';
import { guardsIntact } from '../../src/wasm/memory.ts';
import { REQUESTS_MAX } from '../../src/wasm/slot.ts';
import { readStatistics, type Statistics } from '../../src/wasm/statistics.ts';
import { pair } from './certificates.ts';
import { type Client, connect } from './client.ts';
import { createEngine, type Engine, EPOCH_MS, type TestedEngine } from './engines.ts';
import { atEnd } from './fixtures.ts';
import { poisonAfterTurns, poisoning, poisonReturned } from './poison.ts';
import { DIRECT, type Way } from './ways.ts';

/** Long timeouts, which a slow machine doesn't reach by accident. */
export const DEADLINES: Deadlines = {
  headTimeoutMs: 100_000,
  idleTimeoutMs: 200_000,
  bodyTimeoutMs: 300_000,
  bodyRateMin: 10,
  writeTimeoutMs: 400_000,
  handshakeTimeoutMs: 600_000,
  handlerTimeoutMs: 500_000,
};

const LIMITS: ConnectionLimits = {
  connectionsMax: 10_000,
  refusalsMax: 128,
  requestsMax: REQUESTS_MAX,
};

export interface PlaneOptions {
  engine?: TestedEngine;
  io?: Way;
  log?: LogLevel;
  limits?: Partial<ConnectionLimits>;
  deadlines?: Partial<Deadlines>;
  addresses?: AddressCounts;
  /** Limits of the memory that replace the limits of the cases. */
  contentBytesMax?: number;
  /** The limit of a target is one byte less. */
  headBytesMax?: number;
  /** The port of HTTPS that all requests are redirected to; by default they are answered. */
  redirectPort?: number;
  /** Tick of the clock, 50 ms by default. A server's clock ticks less often. */
  tickMs?: number;
}

export interface TestedPlane {
  plane: Plane;
  connections: Connections;
  engine: Engine;
  listener: Listener;
  port: number;
  lines: string[];
  /** Begins a connection on a socket that no listener accepted. */
  accept(socket: Socket): void;
  /** Moves the clock forward at once. */
  pass(ms: number): void;
  /** Makes the next tick find that this much time has passed since the last one. */
  block(ms: number): void;
  statistics(): Statistics;
  /** Drains, and throws if a guard was overwritten. */
  stop(): Promise<void>;
}

/** Secure contexts with one certificate. */
let contexts: SecureContexts | undefined;

function testContexts(): SecureContexts {
  const { cert, key } = pair();
  contexts ??= new SecureContexts({ pairs: [{ cert, key, serverNames: [] }], client: undefined });
  return contexts;
}

/**
 * The plane of a test. At the end its clients close and it stops, which must leave nothing of any connection. Each request
 * must be counted once among the responses, and once among the times.
 */
export interface OpenedPlane extends TestedPlane {
  /** Connects a client that closes at the end. @param localAddress the client's address, such as 127.0.0.2 */
  connect(localAddress?: string): Promise<Client>;
}

export async function openPlane(options: PlaneOptions = {}): Promise<OpenedPlane> {
  const server = await startPlane(options);
  const { spare } = server.plane.outputs;
  atEnd(async () => {
    await server.stop();
    expect(server.statistics().open).toBe(0);
    expect(server.plane.outputs.spare).toBe(spare);
    server.plane.recordTurns();
    const { requests, requestTimes, responses } = server.statistics();
    expect(responses.reduce((sum, { count }) => sum + count, 0)).toBe(requests);
    expect(requestTimes.count).toBe(requests);
  });
  const open = async (localAddress?: string): Promise<Client> => {
    const client = await connect(server.port, localAddress, options.io?.tls);
    atEnd(client.close);
    return client;
  };
  return { ...server, connect: open };
}

export async function startPlane({
  engine: name = 'wasm',
  io = DIRECT,
  log = 'silent',
  limits,
  deadlines,
  addresses,
  contentBytesMax,
  headBytesMax,
  redirectPort = 0,
  tickMs = 50,
}: PlaneOptions = {}): Promise<TestedPlane> {
  const engine = createEngine(name, {
    ...(contentBytesMax !== undefined && { contentBytesMax }),
    ...(headBytesMax !== undefined && { headBytesMax, targetBytesMax: headBytesMax - 1 }),
  });
  const plain = { ...plainEndpoint(io), redirectPort };
  const endpoint: Endpoint = io.tls ? { ...plain, scheme: 'https', secure: testContexts() } : plain;
  const lines: string[] = [];
  const time = { nowMs: 1_000 };
  const plane = new Plane(
    poisoning(engine.codec, engine.slot),
    engine.slot,
    new Log(log, (line) => lines.push(line)),
    { ...DEADLINES, ...deadlines },
    { ...LIMITS, ...limits },
    { monotonicMs: () => time.nowMs + performance.now(), epochMs: () => EPOCH_MS, tickMs },
  );
  const connections = new Connections(plane, addresses);
  poisonReturned(plane.outputs, engine.slot);
  poisonAfterTurns(plane, engine.slot);
  const listener = await listen(connections, { host: '127.0.0.1', port: 0, reusePort: false }, endpoint);
  return {
    plane,
    connections,
    engine,
    listener,
    port: listener.port,
    lines,
    accept: (socket) => connections.accept(socket, endpoint),
    pass: (ms) => {
      // A timeout that was set since the last tick counts from here; deadlines are whole milliseconds, rounded up.
      plane.clock.tick();
      time.nowMs += ms + 2;
      plane.clock.tick();
      connections.expire(plane.clock.nowMs);
    },
    block: (ms) => {
      time.nowMs += ms;
      plane.clock.tick();
    },
    statistics: () => readStatistics(engine.slot.views),
    stop: async () => {
      listener.close();
      await connections.drain();
      if (!guardsIntact(engine.slot.views, 0)) throw new Error('guard overwritten');
    },
  };
}

/** Describes the server as its handlers see it. */
export function viewOf({ port, statistics }: TestedPlane): ServerView {
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    draining: new AbortController().signal,
    stats: statistics,
  };
}
