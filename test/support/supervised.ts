// The test takes the place of the supervisor: it holds the sockets and commands a server process, so it can
// kill threads in it.

import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import { once } from 'node:events';
import { type Address, type ListenerOptions, portOf } from '../../src/connection/address.ts';
import { type Bound, bindAll, type SocketChoice } from '../../src/connection/bind.ts';
import type { ToServer, ToSupervisor } from '../../src/messages.ts';
import type { ServerOptions } from '../../src/options.ts';
import { readOptions } from '../../src/read-options.ts';
import { TIMES } from '../../src/times.ts';
import type { Kill } from '../../src/workers/generation.ts';
import { eventually } from './client.ts';
import { atEnd } from './fixtures.ts';

export interface Supervised {
  child: ChildProcess;
  /** The sockets of each listener. */
  bound: Bound[];
  /** The port of the first listener. */
  port: number;
  notes: string[];
  heard: ToSupervisor[];
  tell(message: ToServer): void;
  killWorker(ordinal: number, how?: Kill): void;
  stop(): Promise<ToSupervisor & { type: 'drained' }>;
}

const OPTIONS: ServerOptions = readOptions({ log: 'silent', workers: 2 }, {}, () => '');

/** Starts a server process, which is stopped at the end of the test. */
export async function startSupervised(
  options: Partial<ServerOptions> & { workers: number },
  choice: SocketChoice = 'auto',
  addresses: Address[] = [{ host: '127.0.0.1', port: 0 }],
): Promise<Supervised> {
  const wanted = addresses.map(
    (address): ListenerOptions => ({
      address,
      protocol: options.tls === undefined ? 'plain' : 'tls',
      serves: 'public',
    }),
  );
  const bound = await bindAll(wanted, options.workers, choice);
  const listeners = wanted.map((listener, i) => ({ ...listener, address: (bound[i] as Bound).address }));
  const child = fork('dist/server-main.js', { stdio: 'inherit' });
  const supervised: Supervised = {
    child,
    bound,
    port: portOf((listeners[0] as ListenerOptions).address),
    notes: [],
    heard: [],
    tell: (message) => child.send(message),
    killWorker: (ordinal, how = 'terminate') =>
      child.send({ type: 'kill-worker', ordinal, how } satisfies ToServer),
    stop: async () => {
      const exit = once(child, 'exit');
      child.send({ type: 'drain', timeoutMs: 5000 } satisfies ToServer);
      await exit;
      for (const one of bound) one.close();
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
        bound[message.listener]?.handleOf(message.socket) as unknown as SendHandle,
      );
  });
  child.send({
    type: 'start',
    options: { ...OPTIONS, ...options },
    times: TIMES,
    listeners,
    ways: bound.map(({ way }) => way),
  } satisfies ToServer);
  atEnd(() => (child.exitCode === null && child.signalCode === null ? supervised.stop() : undefined));
  await eventually('listening', () => supervised.heard.some(({ type }) => type === 'listening'));
  await Promise.all(bound.map((one) => one.publish()));
  return supervised;
}
