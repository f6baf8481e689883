// Load with a connection for each request: by ab, as in the tutorial, or by a client of our own where ab is not
// installed, and for TLS, because ab cannot resume a session. autocannon cannot do either: it writes its next request
// before it sees that the connection ends.

import { fileURLToPath } from 'node:url';
import { Child, isInstalled } from './children.ts';
import { endedChildrenCpuMicros } from './cpu.ts';

/** How many connections are open at the same time, as in the tutorial. */
export const CONNECTIONS_AT_ONCE = 10;

/** The number of requests, or of seconds. */
export type Bound = { requests: number } | { seconds: number };

/** How a connection over TLS begins. */
export interface Handshake {
  version: 'TLSv1.2' | 'TLSv1.3';
  resumed: boolean;
}

export interface OneShotLoad {
  port: number;
  bound: Bound;
  /** Undefined without TLS. */
  handshake?: Handshake;
}

export interface OneShotResult {
  requests: number;
  seconds: number;
  /** User and system time of the client, in microseconds; undefined if the system does not tell. */
  cpuMicros?: number | undefined;
}

const OWN_CLIENT = fileURLToPath(new URL('../clients/one-shot.js', import.meta.url));
/** With -t alone, ab ends after 50,000 requests. */
const AB_REQUESTS_MAX = 1_000_000;
/** The estimated time to start and end a client, and its estimated speed. */
const OVERHEAD_SECONDS = { ab: 0.05, 'own client': 0.3 } as const satisfies Record<Client, number>;
const REQUESTS_PER_SECOND = { ab: 15_000, 'own client': 3000 } as const satisfies Record<Client, number>;

type Client = 'ab' | 'own client';

/** Returns the client of loads without TLS. */
export function oneShotClient(): Client {
  return isInstalled('ab') ? 'ab' : 'own client';
}

export function describeOneShotClient(): string {
  return oneShotClient() === 'ab'
    ? 'ab'
    : 'a client of our own, because ab is not installed (apt install apache2-utils)';
}

/** Runs the load. @throws Error if the client failed or an answer was wrong */
export async function runOneShotLoad(load: OneShotLoad, core: number | undefined): Promise<OneShotResult> {
  const client = clientFor(load);
  const command = client === 'ab' ? abCommand(load) : [process.execPath, OWN_CLIENT, JSON.stringify(load)];
  const before = endedChildrenCpuMicros();
  const { stdout, failure } = await new Child(client, command, core).ended;
  if (failure !== undefined) throw new Error(failure);
  if (client === 'own client') return JSON.parse(stdout) as OneShotResult;
  const after = endedChildrenCpuMicros();
  const cpuMicros = after === undefined || before === undefined ? undefined : after - before;
  return { ...readAbResult(stdout), cpuMicros };
}

/** Estimates how long runOneShotLoad() takes. */
export function oneShotSeconds(load: Omit<OneShotLoad, 'port'>): number {
  const client = clientFor(load);
  const { bound } = load;
  const seconds = 'seconds' in bound ? bound.seconds : bound.requests / REQUESTS_PER_SECOND[client];
  return seconds + OVERHEAD_SECONDS[client];
}

function clientFor({ handshake }: Omit<OneShotLoad, 'port'>): Client {
  return handshake === undefined ? oneShotClient() : 'own client';
}

function abCommand({ port, bound }: OneShotLoad): string[] {
  const end =
    'requests' in bound
      ? ['-n', String(bound.requests)]
      : ['-t', String(bound.seconds), '-n', String(AB_REQUESTS_MAX)];
  // -l: answers may differ in length, because they count.
  return ['ab', '-l', '-q', ...end, '-c', String(CONNECTIONS_AT_ONCE), `http://127.0.0.1:${port}/`];
}

/** Reads ab's result. @throws Error if a request failed, or the server answered no request */
export function readAbResult(text: string): OneShotResult {
  const figure = (label: string) => Number(new RegExp(`^${label}:\\s*([\\d.]+)`, 'm').exec(text)?.[1] ?? 0);
  const requests = figure('Complete requests');
  const errors = figure('Failed requests') + figure('Non-2xx responses');
  if (errors > 0 || requests === 0) throw new Error(`ab: ${errors} errors, ${requests} answers`);
  return { requests, seconds: figure('Time taken for tests') };
}
