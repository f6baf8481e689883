// The test in the place of the supervisor: it holds the sockets and commands a server process, so it can
// kill threads in it.

import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import { once } from 'node:events';
import { type Bound, bind, type SocketChoice } from '../../src/connection/bind.ts';
import type { ToServer, ToSupervisor } from '../../src/messages.ts';
import type { ServerOptions } from '../../src/options.ts';
import { TIMES } from '../../src/times.ts';
import type { Death } from '../../src/workers/generation.ts';
import { eventually } from './client.ts';
import { atEnd } from './fixtures.ts';

export interface Supervised {
  child: ChildProcess;
  bound: Bound;
  notes: string[];
  heard: ToSupervisor[];
  tell(message: ToServer): void;
  killWorker(ordinal: number, how?: Death): void;
  stop(): Promise<ToSupervisor & { type: 'drained' }>;
}

const OPTIONS: ServerOptions = {
  app: undefined,
  globals: true,
  trustProxy: 0,
  trustProxyField: ['x-forwarded-for'],
  allowedHosts: undefined,
  host: '127.0.0.1',
  workers: 2,
  model: 'event-loop',
  engine: 'wasm',
  counter: 'atomic',
  state: undefined,
  redis: undefined,
  lease: 4096,
  io: 'auto',
  log: 'silent',
  maxHead: 16384,
  maxTarget: 8192,
  maxFields: 100,
  maxBody: 1_048_576,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 0,
  maxRequests: 1_000_000,
  headTimeout: 10_000,
  idleTimeout: 60_000,
  bodyTimeout: 30_000,
  bodyRate: 500,
  writeTimeout: 30_000,
  handlerTimeout: 30_000,
  loadTimeout: 30_000,
  drainTimeout: 10_000,
  port: 0,
};

/** Starts a server process, which is stopped at the end of the test. */
export async function startSupervised(
  options: Partial<ServerOptions> & { workers: number },
  choice: SocketChoice = 'auto',
): Promise<Supervised> {
  const bound = await bind('127.0.0.1', 0, options.workers, choice);
  const child = fork('dist/server-main.js', { stdio: 'inherit' });
  const supervised: Supervised = {
    child,
    bound,
    notes: [],
    heard: [],
    tell: (message) => child.send(message),
    killWorker: (ordinal, how = 'terminate') =>
      child.send({ type: 'kill-worker', ordinal, how } satisfies ToServer),
    stop: async () => {
      const exit = once(child, 'exit');
      child.send({ type: 'drain', timeoutMs: 5000 } satisfies ToServer);
      await exit;
      bound.close();
      const drained = supervised.heard.find((message) => message.type === 'drained');
      if (drained?.type !== 'drained') throw new Error('not drained');
      return drained;
    },
  };
  child.on('message', (message: ToSupervisor) => {
    supervised.heard.push(message);
    if (message.type === 'note' || message.type === 'warning') supervised.notes.push(message.text);
    if (message.type === 'take')
      child.send(
        { type: 'socket', request: message.request } satisfies ToServer,
        bound.handleOf(message.ordinal) as unknown as SendHandle,
      );
  });
  const address = bound.way === 'own' ? { host: bound.host, port: bound.port } : undefined;
  child.send({
    type: 'start',
    options: { ...OPTIONS, port: bound.port, ...options },
    times: TIMES,
    ...(address && { address }),
  } satisfies ToServer);
  atEnd(() => (child.exitCode === null && child.signalCode === null ? supervised.stop() : undefined));
  await eventually('listening', () => supervised.heard.some(({ type }) => type === 'listening'));
  return supervised;
}
