// Load with a connection for each request: by ab, as in the tutorial, or, if ab is not installed, by a client of our
// own that does the same. autocannon cannot do it: it writes its next request before it sees that the connection
// ends.

import { fileURLToPath } from 'node:url';
import { Child, isInstalled } from './children.ts';

/** The number of requests, or of seconds. */
export type Bound = { requests: number } | { seconds: number };

export interface OneShotLoad {
  port: number;
  connections: number;
  bound: Bound;
}

export interface OneShotResult {
  requests: number;
  seconds: number;
}

const OWN_CLIENT = fileURLToPath(new URL('../clients/one-shot.js', import.meta.url));

export function oneShotClient(): string {
  return isInstalled('ab')
    ? 'ab'
    : 'a client of our own, because ab is not installed (apt install apache2-utils)';
}

/** Runs the load. @throws Error if the client failed or an answer was wrong */
export async function runOneShotLoad(load: OneShotLoad): Promise<OneShotResult> {
  const byAb = isInstalled('ab');
  const command = byAb ? abCommand(load) : [process.execPath, OWN_CLIENT, JSON.stringify(load)];
  const { stdout, failure } = await new Child(byAb ? 'ab' : 'one-shot', command, undefined).ended;
  if (failure !== undefined) throw new Error(failure);
  return byAb ? readAbResult(stdout) : (JSON.parse(stdout) as OneShotResult);
}

function abCommand({ port, connections, bound }: OneShotLoad): string[] {
  const end = 'requests' in bound ? ['-n', String(bound.requests)] : ['-t', String(bound.seconds)];
  // -l: answers may differ in length, because they count.
  return ['ab', '-l', '-q', ...end, '-c', String(connections), `http://127.0.0.1:${port}/`];
}

/** Reads ab's result. @throws Error if a request failed, or the server answered no request */
export function readAbResult(text: string): OneShotResult {
  const figure = (label: string) => Number(new RegExp(`^${label}:\\s*([\\d.]+)`, 'm').exec(text)?.[1] ?? 0);
  const requests = figure('Complete requests');
  const errors = figure('Failed requests') + figure('Non-2xx responses');
  if (errors > 0 || requests === 0) throw new Error(`ab: ${errors} errors, ${requests} answers`);
  return { requests, seconds: figure('Time taken for tests') };
}
