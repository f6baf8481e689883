// The load clients: keep so many connections busy for some seconds, and count the answers.

import { fileURLToPath } from 'node:url';
import { Child } from './children.ts';

export const LOAD_CLIENTS = ['wrk', 'autocannon'] as const;
export type LoadClient = (typeof LOAD_CLIENTS)[number];

export const CONNECTIONS = 64;

export interface Load {
  port: number;
  /** Requests in flight on each connection. */
  pipelined: number;
  seconds: number;
}

/** What a client prints as its last line. */
export interface LoadResult {
  requests: number;
  seconds: number;
  errors: number;
}

const AUTOCANNON = fileURLToPath(new URL('./clients/autocannon.js', import.meta.url));

export function startLoad(client: LoadClient, load: Load, core: number | undefined): Child {
  return new Child(client, client === 'wrk' ? wrkCommand(load) : autocannonCommand(load), core);
}

/** @throws Error when the client failed or an answer was not as it should be */
export async function loadResult(child: Child): Promise<LoadResult> {
  const { stdout, failure } = await child.ended;
  if (failure !== undefined) throw new Error(failure);
  const result = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as LoadResult;
  if (result.errors > 0 || result.requests === 0)
    throw new Error(`${child.name}: ${result.errors} errors, ${result.requests} answers`);
  return result;
}

function wrkCommand({ port, pipelined, seconds }: Load): string[] {
  const url = `http://127.0.0.1:${port}`;
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', 'bench/clients/pipeline.lua'];
  return ['wrk', ...options, url, '--', String(pipelined)];
}

function autocannonCommand({ port, pipelined, seconds }: Load): string[] {
  return [process.execPath, AUTOCANNON, ...[port, CONNECTIONS, pipelined, seconds].map(String)];
}
