// All metrics that a scrape gets.

import { pid, uptime, versions } from 'node:process';
import type { ListenerOptions } from '../connection/address.ts';
import { urlOf } from '../connection/address.ts';
import { listState } from '../state/inspect.ts';
import { version } from '../version.ts';
import type { Statistics } from '../wasm/statistics.ts';
import { type Family, family, single } from './families.ts';
import { processFamilies } from './process-families.ts';
import { PHASES, type Phase } from './readiness.ts';
import { serverFamilies } from './server-families.ts';
import { stateFamilies } from './state-families.ts';

/** A server that runs, as its figures are read. */
export interface RunningServer {
  readonly listeners: readonly ListenerOptions[];
  statistics(): Statistics;
}

/** Properties of a server that never change. */
export interface About {
  engine: string;
  model: string;
  /** How many files and sockets the process may have open. */
  descriptorsMax: number;
}

/** @param server undefined until it runs */
export function metricsOf(server: RunningServer | undefined, phase: Phase, about: About): Family[] {
  const { engine, model, descriptorsMax } = about;
  const build = { version: version(), node: versions.node, engine, model };
  return [
    family('info', 'hotpath_build', 'The version of hotpath and of Node, and how the server runs', [
      { labels: build, value: 1 },
    ]),
    single('gauge', 'hotpath_ready', '1 while the server is ready for requests', phase === 'ready' ? 1 : 0),
    family(
      'gauge',
      'hotpath_phase',
      '1 for the phase that the server is in',
      PHASES.map((each) => ({ labels: { phase: each }, value: each === phase ? 1 : 0 })),
    ),
    ...(server === undefined ? [] : serverFamilies(server.statistics(), server.listeners.map(urlOf))),
    ...processFamilies(descriptorsMax),
    ...stateFamilies(listState()),
  ];
}

/** The same figures as stats() of a program returns, with those of the process; only the latter until the server runs. */
export function statsOf(server: RunningServer | undefined, phase: Phase): object {
  return { version: version(), pid, uptimeSeconds: uptime(), phase, ...server?.statistics() };
}
