// Servers under load: started together, each warmed up, then loaded in turns. What a load showed of its
// server comes from the client and from the system.

import net, { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, type End } from './children.ts';
import { cpuMicros, forgetPeak, peakBytes } from './cpu.ts';
import { type Load, type LoadClient, runLoad } from './load.ts';
import type { Cores } from './machine.ts';
import type { Pace } from './pace.ts';
import { PLAIN } from './requests.ts';
import type { Rounds, Values } from './rounds.ts';

const START_TIMEOUT_MS = 10_000;
const START_RETRY_MS = 20;
const ANSWER_TIMEOUT_MS = 2000;
export const CONNECTIONS = 64;
/** What all servers are warmed up with: the most requests a second. */
const PIPELINED_WARM_UP = 16;
/** Starting a client and ending it, by estimate. */
const OVERHEAD_SECONDS = { wrk: 0.1, autocannon: 0.4 } as const satisfies Record<LoadClient, number>;
/** Until all servers of a suite answer, by estimate. */
const START_SECONDS = 1;

export interface Contestant {
  name: string;
  /** One of hotpath's own ways. */
  ours: boolean;
  /** The command that serves on a port of the loopback address. */
  command(port: number): string[];
  /** What it is asked, when not a plain request. */
  request?: string;
  /** What it lacks here, and how to get it; undefined when it can be started. */
  missing?(): string | undefined;
}

export interface Server {
  contestant: Contestant;
  child: Child;
  port: number;
  answerBytes: number;
}

export interface Started {
  servers: Server[];
  /** What could not be started and why, for the results. */
  missing: string[];
}

/** What the loads of a suite have in common. */
export interface Field {
  rounds: Rounds;
  /** Undefined when servers shall be loaded cold. */
  client: LoadClient | undefined;
  cores: Cores;
  pace: Pace;
}

/**
 * Starts all servers that are there, warms them up, lets `use` load them, and ends them however that went.
 * @throws Error when one of ours does not start or does not answer as it should
 */
export async function withServers(
  contestants: readonly Contestant[],
  field: Field,
  use: (started: Started) => Promise<void>,
): Promise<void> {
  const { rounds, cores } = field;
  rounds.at('starting the servers', START_SECONDS);
  const started = await rounds.unlessStopped(() => startServers(contestants, cores.server));
  if (started === undefined) return;
  try {
    const { client } = field;
    if (client !== undefined) for (const server of started.servers) await warmUp(server, client, field);
    await use(started);
  } finally {
    await endServers(started.servers);
  }
}

/** How long withServers() takes with so many before they are used, by estimate. */
export function preparingSeconds(serverCount: number, client: LoadClient | undefined, pace: Pace): number {
  return START_SECONDS + (client === undefined ? 0 : serverCount * warmUpSeconds(client, pace));
}

/** How long measureLoad() takes, by estimate. */
export function trialSeconds(client: LoadClient, pace: Pace): number {
  return pace.loadSeconds + OVERHEAD_SECONDS[client];
}

function warmUpSeconds(client: LoadClient, pace: Pace): number {
  return pace.warmUpSeconds + OVERHEAD_SECONDS[client];
}

async function warmUp(
  { contestant, port }: Server,
  client: LoadClient,
  { rounds, cores, pace }: Field,
): Promise<void> {
  rounds.at(`warming up ${contestant.name}`, warmUpSeconds(client, pace));
  const load: Load = {
    port,
    connections: CONNECTIONS,
    pipelined: PIPELINED_WARM_UP,
    seconds: pace.warmUpSeconds,
    request: contestant.request ?? PLAIN,
    threads: 1,
  };
  await rounds.unlessStopped(() => runLoad(client, load, cores.client));
}

async function startServers(contestants: readonly Contestant[], core: number | undefined): Promise<Started> {
  const servers: Server[] = [];
  const missing: string[] = [];
  const failures: Error[] = [];
  const start = async (contestant: Contestant): Promise<void> => {
    try {
      const reason = contestant.missing?.();
      if (reason === undefined) servers.push(await startServer(contestant, core));
      else missing.push(`${contestant.name}: ${reason}`);
    } catch (error) {
      if (contestant.ours) failures.push(error as Error);
      else missing.push(`${contestant.name}: ${(error as Error).message}`);
    }
  };
  await Promise.all(contestants.map(start));
  if (failures[0] !== undefined) {
    await endServers(servers);
    throw failures[0];
  }
  const place = ({ contestant }: Server) => contestants.indexOf(contestant);
  return { servers: servers.sort((a, b) => place(a) - place(b)), missing };
}

async function endServers(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map(({ child }) => child.end()));
}

/** One load of one server. What needs /proc is undefined without it. */
export async function measureLoad(
  { child: server, port }: Server,
  client: LoadClient,
  load: Omit<Load, 'port'>,
  cores: Cores,
): Promise<Values> {
  forgetPeak(server.pid);
  const before = cpuMicros(server.pid);
  const result = await runLoad(client, { ...load, port }, cores.client);
  const after = cpuMicros(server.pid);
  const { requests, seconds, latency } = result;
  const cpu = after === undefined || before === undefined ? undefined : after - before;
  return {
    requestsPerSecond: requests / seconds,
    cpuMicros: cpu === undefined ? undefined : cpu / requests,
    latency50Millis: millis(latency?.p50),
    latency99Millis: millis(latency?.p99),
    latency999Millis: millis(latency?.p999),
    serverBusy: cpu === undefined ? undefined : cpu / 1e6 / seconds,
    clientBusy: result.cpuMicros / 1e6 / seconds,
    peakBytes: peakBytes(server.pid),
  };
}

function millis(micros: number | undefined): number | undefined {
  return micros === undefined ? undefined : micros / 1000;
}

/** @throws Error when it ends or does not answer in time, or answers something else */
export async function startServer(contestant: Contestant, core: number | undefined): Promise<Server> {
  const port = await freePort();
  const child = new Child(contestant.name, contestant.command(port), core);
  try {
    const answerBytes = await waitUntilReady(child, port, contestant.request ?? PLAIN);
    return { contestant, child, port, answerBytes };
  } catch (error) {
    await child.end();
    throw error;
  }
}

/** @returns the size of its answer */
async function waitUntilReady(child: Child, port: number, request: string): Promise<number> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  let end: End | undefined;
  void child.ended.then((how) => (end = how));
  for (;;) {
    const answer = await answerOf(port, request);
    if (ANSWER.test(answer)) return answer.length;
    if (answer !== '') throw new Error(`${child.name} answers ${JSON.stringify(answer)}`);
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

/** All servers of a suite have to do the same work. */
const ANSWER = /^HTTP\/1\.1 200 .*content-type: text\/plain.*\r\n\r\nHello\d*$/is;

/** What a server answers; empty as long as there is nobody to do so. */
function answerOf(port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(request, 'latin1'));
    socket.setEncoding('latin1');
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (text: string) => {
      answer += text;
      if (ANSWER.test(answer)) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
  });
}
