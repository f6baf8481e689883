// Load over HTTP/2, by h2load.

import { Child } from './children.ts';
import { endedChildrenCpuMicros } from './cpu.ts';
import { type LoadResult, urlOf } from './load.ts';

export interface Http2Load {
  port: number;
  connections: number;
  /** Requests in flight on each connection. */
  streams: number;
  /** The number of requests. After so many seconds instead, h2load would cut off requests that the server works on. */
  requests: number;
}

/** The estimated time to start and end h2load, and its estimated speed. */
const OVERHEAD_SECONDS = 0.1;
const REQUESTS_PER_SECOND = 25_000;
/** Units of h2load's duration, in seconds. */
const UNITS: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1 };

/** Runs the load. @throws Error if h2load failed, an answer was wrong, or the server does not speak HTTP/2 */
export async function runHttp2Load(load: Http2Load, core: number | undefined): Promise<LoadResult> {
  const before = endedChildrenCpuMicros();
  const { stdout, failure } = await new Child('h2load', h2loadCommand(load), core).ended;
  if (failure !== undefined) throw new Error(failure);
  const after = endedChildrenCpuMicros();
  const cpuMicros = after === undefined || before === undefined ? undefined : after - before;
  return { ...readH2loadResult(stdout), cpuMicros };
}

/** Estimates how long runHttp2Load() takes. */
export function http2Seconds({ requests }: Pick<Http2Load, 'requests'>): number {
  return requests / REQUESTS_PER_SECOND + OVERHEAD_SECONDS;
}

function h2loadCommand({ port, connections, streams, requests }: Http2Load): string[] {
  const options = ['-t', 1, '-c', connections, '-m', streams, '-n', requests].map(String);
  return ['h2load', ...options, '--npn-list=h2', urlOf({ port, secure: true })];
}

/** Reads h2load's result. @throws Error if a request failed, or the server does not speak HTTP/2 */
export function readH2loadResult(text: string): LoadResult {
  const [, time, unit = ''] = /^finished in ([\d.]+)(us|ms|s),/m.exec(text) ?? [];
  const [, total] = /^requests: (\d+) total,/m.exec(text) ?? [];
  const [, answers] = /^status codes: (\d+) 2xx,/m.exec(text) ?? [];
  const requests = Number(answers ?? 0);
  const errors = Number(total ?? 0) - requests;
  if (errors > 0 || requests === 0) throw new Error(`h2load: ${errors} errors, ${requests} answers`);
  if (!text.includes('Application protocol: h2\n'))
    throw new Error('h2load: the server does not speak HTTP/2');
  return { requests, seconds: Number(time) * (UNITS[unit] as number), errors };
}
