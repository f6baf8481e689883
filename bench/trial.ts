// Servers under load: all started, each warmed up, then measured in rounds in which they take turns, so
// that a disturbance of the machine hits all of them alike.

import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, type End } from './children.ts';
import { cpuMicros } from './cpu.ts';
import { type Load, type LoadClient, loadResult, startLoad } from './load.ts';
import type { Cores } from './machine.ts';
import type { Pace } from './pace.ts';

const START_TIMEOUT_MS = 10_000;
const START_RETRY_MS = 20;
/** The part of a load in which it is looked at how busy both sides are. */
const WATCH_FROM = 0.5;
const WATCH_TO = 0.9;

export const PIPELINED = [1, 16] as const;
/** What all servers are warmed up with: the most requests a second. */
const PIPELINED_WARM_UP = 16;

export interface Contestant {
  name: string;
  /** The command that serves on a port of the loopback address. */
  command(port: number): string[];
}

/** What one load showed of one server. What needs /proc is undefined without it. */
export interface Trial {
  requestsPerSecond: number;
  /** User and system time of the server's processes. */
  cpuMicrosPerRequest: number | undefined;
  /** Cores in use, 1 being one whole core. */
  serverBusy: number | undefined;
  clientBusy: number | undefined;
}

/** All trials of one server with so many pipelined requests. */
export interface Series {
  name: string;
  pipelined: number;
  trials: Trial[];
}

interface Server {
  child: Child;
  port: number;
}

/** @throws Error when a server does not start or a load fails */
export async function runTrials(
  contestants: readonly Contestant[],
  client: LoadClient,
  cores: Cores,
  pace: Pace,
): Promise<Series[]> {
  const servers: Server[] = [];
  try {
    for (const contestant of contestants) servers.push(await startServer(contestant, cores.server));
    for (const server of servers)
      await runTrial(server, client, cores, PIPELINED_WARM_UP, pace.warmUpSeconds);

    const series: Series[] = PIPELINED.flatMap((pipelined) =>
      contestants.map(({ name }) => ({ name, pipelined, trials: [] })),
    );
    for (let round = 0; round < pace.loadRounds; round++)
      for (const [i, { pipelined, trials }] of series.entries()) {
        const server = servers[i % servers.length] as Server;
        trials.push(await runTrial(server, client, cores, pipelined, pace.loadSeconds));
      }
    return series;
  } finally {
    await Promise.all(servers.map(({ child }) => child.end()));
  }
}

async function runTrial(
  { child: server, port }: Server,
  client: LoadClient,
  cores: Cores,
  pipelined: number,
  seconds: number,
): Promise<Trial> {
  const before = cpuMicros(server.pid);
  const load: Load = { port, pipelined, seconds };
  const child = startLoad(client, load, cores.client);
  const [result, [serverBusy, clientBusy]] = await Promise.all([
    loadResult(child),
    watchBusy([server.pid, child.pid], seconds),
  ]);
  const cpu = difference(cpuMicros(server.pid), before);
  return {
    requestsPerSecond: result.requests / result.seconds,
    cpuMicrosPerRequest: cpu === undefined ? undefined : cpu / result.requests,
    serverBusy,
    clientBusy,
  };
}

/** How many cores each of the processes keeps busy in the second half of a load. */
async function watchBusy(pids: readonly number[], seconds: number): Promise<(number | undefined)[]> {
  await sleep(seconds * WATCH_FROM * 1000);
  const fromMs = performance.now();
  const from = pids.map(cpuMicros);
  await sleep(seconds * (WATCH_TO - WATCH_FROM) * 1000);
  const to = pids.map(cpuMicros);
  const micros = (performance.now() - fromMs) * 1000;
  return pids.map((_, i) => {
    const cpu = difference(to[i], from[i]);
    return cpu === undefined ? undefined : cpu / micros;
  });
}

function difference(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before;
}

/** @throws Error when it ends or does not answer in time */
async function startServer({ name, command }: Contestant, core: number | undefined): Promise<Server> {
  const port = await freePort();
  const child = new Child(name, command(port), core);
  try {
    await waitUntilReady(child, port);
    return { child, port };
  } catch (error) {
    await child.end();
    throw error;
  }
}

async function waitUntilReady(child: Child, port: number): Promise<void> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  let end: End | undefined;
  void child.ended.then((how) => (end = how));
  while (!(await answers(port))) {
    if (end !== undefined) throw new Error(end.failure ?? `${child.name} ended before it answered`);
    if (Date.now() > deadlineMs) throw new Error(`${child.name} does not answer`);
    await sleep(START_RETRY_MS);
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether a request is answered with Hello. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve(response.statusCode === 200 && text.startsWith('Hello'));
    });
    request.on('error', () => resolve(false));
    request.setTimeout(START_TIMEOUT_MS, () => request.destroy());
  });
}
