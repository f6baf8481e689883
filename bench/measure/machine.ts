// The machine of a run: its description, and the cores of the server and the load client.

import { readFileSync } from 'node:fs';
import os from 'node:os';
import { isInstalled } from './children.ts';

export interface Cores {
  server: number | undefined;
  client: number | undefined;
}

export interface Machine {
  processor: string;
  cores: number;
  architecture: string;
  memoryBytes: number;
  kernel: string;
  node: string;
}

export function inspectMachine(): Machine {
  return {
    processor: os.cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: os.availableParallelism(),
    architecture: os.arch(),
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
  };
}

export function describeMachine({ processor, cores, architecture, kernel, node }: Machine): string {
  const load = os.loadavg().map((figure) => figure.toFixed(2));
  return [
    `${processor}, ${cores} cores, ${architecture}`,
    `Node ${node}, ${kernel}, load average ${load.join(' ')}`,
  ].join('\n');
}

/** Chooses a core for each side; returns no cores if processes cannot be pinned or there is only one core. */
export function chooseCores(): Cores {
  const [server, client] = allowedCores();
  if (client === undefined || !isInstalled('taskset')) return { server: undefined, client: undefined };
  return { server, client };
}

export function describeCores({ server, client }: Cores): string {
  return server === undefined
    ? 'Server and load client are not pinned, and may slow each other down.'
    : `Server pinned to core ${server}, load client to core ${client}.`;
}

/** Lists the usable cores; in a container they need not begin at 0. */
function allowedCores(): number[] {
  try {
    const status = readFileSync('/proc/self/status', 'latin1');
    return readList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '');
  } catch {
    return [];
  }
}

/** `0,2-4` */
function readList(text: string): number[] {
  return text.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    if (first === undefined || last === undefined || Number.isNaN(first)) return [];
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
