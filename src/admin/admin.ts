// The admin listener: a plane of its own, over a memory of its own, in the thread that controls the server. So its
// requests are counted nowhere, and a server that is full has room for them. Its memory never becomes the named state of
// the process.

import { prepareApp } from '../app/dispatcher.ts';
import { serverView } from '../app/server-view.ts';
import { type Address, type ListenerOptions, urlOf, withPort } from '../connection/address.ts';
import { createConnections } from '../connection/create.ts';
import { endpointOf, PUBLIC } from '../connection/endpoint.ts';
import { type ListenAt, listen } from '../connection/listener.ts';
import type { ServerOptions } from '../options.ts';
import { compileModule } from '../wasm/instance.ts';
import { createMemory } from '../wasm/memory.ts';
import { readStatistics } from '../wasm/statistics.ts';
import { type AdminSources, adminApp } from './application.ts';
import { Guard } from './guard.ts';
import { readToken } from './token.ts';

/** Short, since clients are near and few. */
const TIMEOUT_MS = 5000;
const LIMITS = { connectionsMax: 64, refusalsMax: 4, requestsMax: 1_000_000 };
const MEMORY = {
  slotCount: 1,
  headBytesMax: 16_384,
  targetBytesMax: 8192,
  fieldCountMax: 100,
  contentBytesMax: 1024,
};

/** An open admin listener. */
export interface Admin {
  /** `http://127.0.0.1:9090`, or `unix:` and the path. */
  readonly url: string;
  /** Stops listening, and closes the connections. */
  close(): void;
}

export interface AdminStart {
  options: Pick<ServerOptions, 'log' | 'adminToken'>;
  /** The address as the user gave it, with its known port. */
  address: Address;
  /** Where to listen for it. */
  place: ListenAt;
  sources: AdminSources;
  /** Returns the name of an option as the user writes it. */
  called(name: 'admin' | 'adminToken'): string;
}

/** Opens the admin listener. @throws Error of one line that names the option */
export async function openAdmin({ options, address, place, sources, called }: AdminStart): Promise<Admin> {
  const tokenOption = called('adminToken');
  const token = options.adminToken === undefined ? undefined : readToken(options.adminToken, tokenOption);
  const connections = createConnections({
    module: compileModule(),
    memory: createMemory(MEMORY),
    slot: 0,
    engine: 'wasm',
    io: PUBLIC,
    log: options.log === 'silent' ? 'silent' : 'errors',
    deadlines: {
      handshakeTimeoutMs: TIMEOUT_MS,
      headTimeoutMs: TIMEOUT_MS,
      // Longer than the usual pause between two scrapes of Prometheus.
      idleTimeoutMs: 75_000,
      bodyTimeoutMs: TIMEOUT_MS,
      bodyRateMin: 0,
      writeTimeoutMs: TIMEOUT_MS,
      handlerTimeoutMs: TIMEOUT_MS,
    },
    limits: LIMITS,
    access: { trustProxy: 0 },
  });
  const { plane } = connections;
  let listener: ListenerOptions = { address, protocol: 'plain', serves: 'public' };
  const server = serverView(
    () => [listener],
    new AbortController().signal,
    () => readStatistics(plane.slot.views),
  );
  const host = 'path' in address ? undefined : address.host;
  const guard = new Guard({ token, host, tokenOption });
  try {
    const serve = await prepareApp(plane, adminApp(sources, guard), { worker: 0, server, trustProxy: 0 });
    serve();
    const open = await listen(connections, place, endpointOf(listener, PUBLIC, undefined));
    listener = withPort(listener, open.port);
    return {
      url: urlOf(listener),
      close: () => {
        open.close();
        connections.destroy();
        connections.stop();
      },
    };
  } catch (error) {
    connections.stop();
    throw adminError(error as Error, address, called('admin'));
  }
}

/** The error of binding or listening at the admin address, which names the option. */
export function adminError(error: NodeJS.ErrnoException, address: Address, option: string): Error {
  const { code, message } = error;
  const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
  if (message.startsWith('--') || message.startsWith('admin')) return error;
  const reason = code === 'EADDRINUSE' ? 'the address is in use' : message;
  return new Error(`${option} ${where}: ${reason}: give another address`);
}
