// A server under load that is reloaded, whose process is killed, and that runs for long: what its clients notice, and what it
// keeps.

import { readdirSync, readFileSync } from 'node:fs';
import { childrenOf, type Run, startCli } from '../support/cli.ts';
import { eventually, sleep } from '../support/client.ts';
import { type Account, type Clients, type Habit, startClients } from './clients.ts';

/** The application of runSoak(). */
export const SOAK_APP = `
export default {
  routes: { '/': () => new Response('Hello') },
  fetch: () => {
    setTimeout(() => { throw new Error('told to'); }, 10);
    return new Response('dying');
  },
};
`;

export type Say = (line: string) => void;

const CONNECTIONS = 8;
/** Connections that are open when descriptors are counted, and threads of two generations. */
const DESCRIPTOR_GROWTH_MAX = 20;
const RELOAD_PAUSE_MS = 50;
const RESTART_TIMES = { healthyMs: 0 };

/** Reloads a loaded server. Resolves with what its clients noticed: nothing, if all is well. */
export async function runReloads(reloads: number, habit: Habit, say?: Say): Promise<Account> {
  const run = await startCli(['--workers', '2']);
  const clients = startClients(run.port, CONNECTIONS, habit);
  for (let i = 1; i <= reloads; i++) {
    await sleep(RELOAD_PAUSE_MS);
    await reload(run, i);
    say?.(`reload ${i}, connections ${habit}: ${describe(clients.account)}`);
  }
  return finish(run, clients);
}

/**
 * Kills the server process of a loaded server. Resolves with what its clients noticed: at most CONNECTIONS requests cut for
 * each kill, if all is well.
 */
export async function runKills(
  kills: number,
  habit: Habit,
  say?: Say,
): Promise<Account & { cutMax: number }> {
  const run = await startCli(['--workers', '2'], {}, false, RESTART_TIMES);
  const clients = startClients(run.port, CONNECTIONS, habit);
  for (let i = 1; i <= kills; i++) {
    const before = clients.account.answered;
    await eventually('load', () => clients.account.answered > before + 100);
    const [server] = childrenOf(run.child.pid as number);
    process.kill(server as number, 'SIGKILL');
    await eventually(`start ${i + 1}`, () => run.output.split('Server listening').length === i + 2);
    say?.(`kill ${i}, connections ${habit}: ${describe(clients.account)}`);
  }
  return { ...(await finish(run, clients)), cutMax: kills * CONNECTIONS };
}

export interface Soak {
  /** A second takes longer on a busy machine. */
  seconds: number;
  /** The path of SOAK_APP. */
  app: string;
  say?: Say;
}

export interface Soaked {
  account: Account;
  reloads: number;
  deaths: number;
  scrapes: number;
  /** Resident memory of the server process in bytes, over the second and over the last quarter: the median. */
  memoryBefore: number;
  memoryAfter: number;
  descriptorsBefore: number;
  descriptorsAfter: number;
}

/** Loads a server with both kinds of clients, while it is reloaded, threads of it die, and its figures are read. */
export async function runSoak({ seconds, app, say }: Soak): Promise<Soaked> {
  const run = await startCli([app, '--workers', '2', '--drain-timeout', '500', '--admin', '127.0.0.1:0']);
  const admin = /admin on (\S+)/.exec(run.output)?.[1] as string;
  const [server] = childrenOf(run.child.pid as number) as [number];
  const kept = startClients(run.port, CONNECTIONS, 'kept');
  const single = startClients(run.port, CONNECTIONS, 'single');
  const memory: number[] = [];
  const descriptors: number[] = [];
  const soaked = { reloads: 0, deaths: 0, scrapes: 0 };
  let total = 0;
  for (let second = 1; second <= seconds; second++) {
    await sleep(1000);
    if (second % 3 === 0) await reload(run, ++soaked.reloads);
    if (second % 5 === 0) {
      soaked.deaths++;
      await fetch(`http://127.0.0.1:${run.port}/die`).then((response) => response.text());
    }
    const answered = requestsOf(await (await fetch(`${admin}/metrics`)).text());
    if (answered < total) throw new Error(`hotpath_requests_total went from ${total} to ${answered}`);
    total = answered;
    soaked.scrapes++;
    memory.push(residentBytes(server));
    descriptors.push(readdirSync(`/proc/${server}/fd`).length);
    if (second % 30 === 0)
      say?.(
        `${second} s: ${(residentBytes(server) / 1e6).toFixed(0)} MB, ${descriptors.at(-1)} descriptors, ${total} requests; ${describe(kept.account)}; ${describe(single.account)}`,
      );
  }
  const [one, other] = [await finishClients(kept), await finishClients(single)];
  await stop(run);
  const quarter = Math.floor(memory.length / 4);
  return {
    account: {
      answered: one.answered + other.answered,
      cut: one.cut + other.cut,
      refused: one.refused + other.refused,
      wrong: new Set([...one.wrong, ...other.wrong]),
    },
    ...soaked,
    memoryBefore: median(memory.slice(quarter, 2 * quarter)),
    memoryAfter: median(memory.slice(-quarter)),
    descriptorsBefore: median(descriptors.slice(quarter, 2 * quarter)),
    descriptorsAfter: median(descriptors.slice(-quarter)),
  };
}

/** @throws Error that says what clients noticed, other than at most `cutMax` requests cut */
export function checkAccount<A extends Account>(account: A, cutMax: number): A {
  const { answered, cut, refused, wrong } = account;
  if (answered === 0 || cut > cutMax || refused > 0 || wrong.size > 0)
    throw new Error(`${describe(account)}, where ${cutMax} may be cut\n${[...wrong].join('\n')}`);
  return account;
}

/**
 * Returns a line about a soak.
 * @param growthMax factor by which memory may differ, which garbage collection has not returned yet
 * @throws Error if clients lost more than the deaths explain, or the server has grown
 */
export function checkSoaked(soaked: Soaked, growthMax = 1.25): string {
  const { account, reloads, deaths, scrapes } = soaked;
  // A thread that dies has the requests of both kinds of clients, and at most one of each client is under way.
  checkAccount(account, deaths * 2 * CONNECTIONS);
  const memory = `${(soaked.memoryBefore / 1e6).toFixed(0)} MB, then ${(soaked.memoryAfter / 1e6).toFixed(0)} MB`;
  const descriptors = `${soaked.descriptorsBefore}, then ${soaked.descriptorsAfter} descriptors`;
  if (soaked.memoryAfter > soaked.memoryBefore * growthMax) throw new Error(`memory grows: ${memory}`);
  if (soaked.descriptorsAfter > soaked.descriptorsBefore + DESCRIPTOR_GROWTH_MAX)
    throw new Error(`descriptors grow: ${descriptors}`);
  return `${describe(account)}; ${reloads} reloads, ${deaths} threads ended, ${scrapes} scrapes; ${memory}; ${descriptors}`;
}

/** Reloads a server for the nth time, and waits until it has. */
async function reload(run: Run, n: number): Promise<void> {
  run.child.kill('SIGHUP');
  await eventually(`reload ${n}`, () => run.output.split('\nReloaded').length === n + 1);
}

async function finish(run: Run, clients: Clients): Promise<Account> {
  const account = await finishClients(clients);
  await stop(run);
  return account;
}

async function finishClients(clients: Clients): Promise<Account> {
  await clients.stop();
  return clients.account;
}

async function stop(run: Run): Promise<void> {
  const code = await run.stop();
  if (code !== 0) throw new Error(`stopped with ${code}: ${run.errors}`);
}

function describe({ answered, cut, refused, wrong }: Account): string {
  return `${answered} answered, ${cut} cut, ${refused} refused, ${wrong.size} wrong`;
}

/** Returns the sum of a server's answered requests. */
function requestsOf(metrics: string): number {
  let sum = 0;
  for (const [, value] of metrics.matchAll(/^hotpath_requests_total(?:\{.*\})? (\S+)$/gm))
    sum += Number(value);
  return sum;
}

function residentBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
}
