// Servers under load: started together, each warmed up, then loaded in turns. The measurements of a load come from the
// client and from the system.

import { setTimeout as sleep } from 'node:timers/promises';
import type { MeasureName } from '../results.ts';
import {
  type Contestant,
  endServers,
  type Server,
  type Started,
  startServers,
} from '../suites/contestants.ts';
import { PLAIN } from '../suites/requests.ts';
import type { Child } from './children.ts';
import { ACCOUNTS_KEPT, cpuMicros, forgetPeak, peakBytes, processTree } from './cpu.ts';
import { type Http2Load, runHttp2Load } from './http2.ts';
import { type Load, type LoadClient, type LoadResult, runLoad } from './load.ts';
import type { Cores } from './machine.ts';
import { type OneShotLoad, runOneShotLoad } from './one-shot.ts';
import type { Pace } from './pace.ts';
import type { Contest, Rounds, Subject, Values } from './rounds.ts';

export const CONNECTIONS = 64;
/** The measure that decides where the load client is often the limit of the requests a second. */
export const DECIDING: MeasureName = ACCOUNTS_KEPT ? 'cpuMicros' : 'requestsPerSecond';
/** The load that warms up all servers: the most requests a second. */
const PIPELINED_WARM_UP = 16;
/** The estimated time to start and end a client. */
const OVERHEAD_SECONDS = { wrk: 0.1, autocannon: 0.4 } as const satisfies Record<LoadClient, number>;
/** The estimated time until all servers of a suite answer. */
const START_SECONDS = 1;
const SETTLE_MS = 3000;
const SETTLE_CHECK_MS = 20;

/** The common settings of a suite's loads. */
export interface Field {
  rounds: Rounds;
  /** Undefined to load the servers without a warm-up. */
  client: LoadClient | undefined;
  cores: Cores;
  pace: Pace;
}

/**
 * Starts all servers that are installed, warms them up, calls `use` to load them, and ends them in any case.
 * @throws Error if one of ours does not start or answers wrongly
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

/** Estimates how long withServers() takes before it calls `use`. */
export function preparingSeconds(serverCount: number, client: LoadClient | undefined, pace: Pace): number {
  return START_SECONDS + (client === undefined ? 0 : serverCount * warmUpSeconds(client, pace));
}

/** Estimates how long measureLoad() takes. */
export function trialSeconds(client: LoadClient, pace: Pace): number {
  return loadingSeconds(client, pace.loadSeconds);
}

/** Estimates the same for a load of another length. */
export function loadingSeconds(client: LoadClient, seconds: number): number {
  return seconds + OVERHEAD_SECONDS[client];
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
    secure: contestant.secure ?? false,
    connections: CONNECTIONS,
    pipelined: PIPELINED_WARM_UP,
    seconds: pace.warmUpSeconds,
    request: contestant.request ?? PLAIN,
    threads: 1,
  };
  await rounds.unlessStopped(() => runLoad(client, load, cores.client));
}

/** A group of servers that one kind of load measures. */
export interface Trial {
  name: string;
  started: Started;
  /** The estimated time of one load. */
  seconds: number;
  measure(server: Server): Promise<Values>;
}

/** Warms each server up by one load, then measures all of them in rounds. */
export async function runTrial(
  { name, started, seconds, measure }: Trial,
  { rounds, pace }: Pick<Field, 'rounds' | 'pace'>,
): Promise<void> {
  const { servers, missing } = started;
  const subjects = servers.map((server): Subject => {
    const { name, ours } = server.contestant;
    return { name, ours, measure: () => measure(server) };
  });
  const contest: Contest = { name, measure: DECIDING, missing, subjects };
  await rounds.warmUp(contest, seconds);
  await rounds.run(contest, pace.loadRounds, seconds);
}

/** Estimates how long runTrial() takes. @param seconds the estimated time of one load */
export function runTrialSeconds(serverCount: number, seconds: number, pace: Pace): number {
  return serverCount * (1 + pace.loadRounds) * seconds;
}

/** Loads one server once. Measures that need /proc are undefined without it. */
export function measureLoad(
  { child, port, contestant }: Server,
  client: LoadClient,
  load: Omit<Load, 'port' | 'secure'>,
  cores: Cores,
): Promise<Values> {
  const whole = { ...load, port, secure: contestant.secure ?? false };
  return measuring(child, () => runLoad(client, whole, cores.client));
}

/** Loads one server once over HTTP/2. */
export function measureHttp2(
  { child, port }: Server,
  load: Omit<Http2Load, 'port'>,
  cores: Cores,
): Promise<Values> {
  return measuring(child, () => runHttp2Load({ ...load, port }, cores.client));
}

async function measuring(server: Child, run: () => Promise<LoadResult>): Promise<Values> {
  forgetPeak(server.pid);
  const before = cpuMicros(server.pid);
  const result = await run();
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
    clientBusy: result.cpuMicros === undefined ? undefined : result.cpuMicros / 1e6 / seconds,
    peakBytes: peakBytes(server.pid),
  };
}

/** Loads one server once with a connection for each request. Measures that need /proc are undefined without it. */
export async function measureOneShots(
  server: Server,
  load: Omit<OneShotLoad, 'port'>,
  cores: Cores,
): Promise<Values> {
  const { seconds: _, ...values } = await timeOneShots(server, load, cores);
  return values;
}

/** Does the same, and returns the time of the load, too. */
export async function timeOneShots(
  { child: server, port }: Server,
  load: Omit<OneShotLoad, 'port'>,
  cores: Cores,
): Promise<Values> {
  const processes = processTree(server.pid).length;
  const before = cpuMicros(server.pid);
  const {
    requests,
    seconds,
    cpuMicros: clientMicros,
  } = await runOneShotLoad({ ...load, port }, cores.client);
  await settled(server.pid, processes);
  const after = cpuMicros(server.pid);
  const cpu = after === undefined || before === undefined ? undefined : after - before;
  return {
    seconds,
    requestsPerSecond: requests / seconds,
    cpuMicros: cpu === undefined ? undefined : cpu / requests,
    serverBusy: cpu === undefined ? undefined : cpu / 1e6 / seconds,
    clientBusy: clientMicros === undefined ? undefined : clientMicros / 1e6 / seconds,
  };
}

/**
 * Waits for the processes of requests that the end of a load cut off, because they would slow the next subject
 * down.
 */
async function settled(pid: number, processes: number): Promise<void> {
  const deadlineMs = Date.now() + SETTLE_MS;
  while (processTree(pid).length > processes && Date.now() < deadlineMs) await sleep(SETTLE_CHECK_MS);
}

function millis(micros: number | undefined): number | undefined {
  return micros === undefined ? undefined : micros / 1000;
}
