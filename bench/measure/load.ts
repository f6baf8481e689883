// The load clients. A client keeps a number of connections busy for some seconds, and counts and times the answers.

import { fileURLToPath } from 'node:url';
import { Child, isInstalled } from './children.ts';

export const LOAD_CLIENTS = ['wrk', 'autocannon'] as const;
export type LoadClient = (typeof LOAD_CLIENTS)[number];

export interface Load {
  port: number;
  /** Whether the server speaks TLS. */
  secure: boolean;
  connections: number;
  /** Requests in flight on each connection. */
  pipelined: number;
  seconds: number;
  /** The bytes of one request. */
  request: string;
  /** The size of the content that follows it. */
  contentBytes?: number;
  /** Threads of the client. autocannon always has one. */
  threads: number;
}

/** The last line that a client prints. */
export interface LoadResult {
  requests: number;
  seconds: number;
  errors: number;
  /** Microseconds. */
  latency?: { p50: number; p99: number; p999: number };
  /** User and system time of the client during the load, in microseconds; undefined if the system does not tell. */
  cpuMicros?: number | undefined;
}

const AUTOCANNON = fileURLToPath(new URL('../clients/autocannon.js', import.meta.url));

/** Returns wrk if it is installed: it is written in C and brings servers to their limit that autocannon cannot. */
export function strongestClient(): LoadClient {
  return isInstalled('wrk') ? 'wrk' : 'autocannon';
}

/** Returns the address of a server on this machine. */
export function urlOf({ port, secure }: Pick<Load, 'port' | 'secure'>): string {
  return `${secure ? 'https' : 'http'}://127.0.0.1:${port}`;
}

/** Runs a load client. @throws Error if the client failed or an answer was wrong */
export async function runLoad(client: LoadClient, load: Load, core: number | undefined): Promise<LoadResult> {
  const child = new Child(client, client === 'wrk' ? wrkCommand(load) : autocannonCommand(load), core);
  // wrk accepts whole seconds only, but after an interrupt it ends as if they were over.
  const cutShort = client === 'wrk' && !Number.isInteger(load.seconds);
  const timer = cutShort ? setTimeout(interrupt, load.seconds * 1000, child.pid) : undefined;
  const { stdout, failure } = await child.ended;
  clearTimeout(timer);
  if (failure !== undefined) throw new Error(failure);
  const result = readLoadResult(client, stdout);
  // wrk corrects latencies for requests that a slow answer delayed, on the assumption that requests are not pipelined.
  if (client === 'wrk' && load.pipelined > 1) delete result.latency;
  return result;
}

/** Reads a client's result. @throws Error if an answer was wrong or missing */
export function readLoadResult(client: string, stdout: string): LoadResult {
  const result = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as LoadResult;
  if (result.errors > 0 || result.requests === 0)
    throw new Error(`${client}: ${result.errors} errors, ${result.requests} answers`);
  return result;
}

function wrkCommand(load: Load): string[] {
  const { connections, pipelined, seconds, request, contentBytes = 0, threads } = load;
  const options = [`-t${threads}`, `-c${connections}`, `-d${Math.ceil(seconds)}s`];
  const sent = [String(pipelined), request, String(contentBytes)];
  return ['wrk', ...options, '-s', 'bench/clients/wrk.lua', urlOf(load), '--', ...sent];
}

function autocannonCommand(load: Load): string[] {
  return [process.execPath, AUTOCANNON, JSON.stringify(load)];
}

function interrupt(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // The process has ended by itself.
  }
}
