// The servers that take part in a suite. Starts them, and checks that they answer correctly.

import net, { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { Child, type End } from '../measure/children.ts';
import { PLAIN } from './requests.ts';

const START_TIMEOUT_MS = 10_000;
const START_RETRY_MS = 20;
const ANSWER_TIMEOUT_MS = 2000;

/** The answer that every server of a suite must give, so that all do the same work. */
const ANSWER = /^HTTP\/1\.1 200 .*content-type: text\/plain.*\r\n\r\nHello\d*$/is;

export interface Contestant {
  name: string;
  /** Whether it is hotpath. */
  ours: boolean;
  /** The command that serves on a port of the loopback address. */
  command(port: number): string[];
  /** The request that checks it, if not the plain one. */
  request?: string;
  /** Whether it speaks TLS. */
  secure?: boolean;
  /** Returns why the server cannot be started here, and how to install it; undefined if it can be started. */
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
  /** The servers that could not be started, and why, for the results. */
  missing: string[];
}

/** Counts the servers that can be started here. */
export function countPresent(contestants: readonly Contestant[]): number {
  return contestants.filter(({ missing }) => missing?.() === undefined).length;
}

/** Returns those of the started servers that are among the contestants, and those of them that are missing. */
export function among(contestants: readonly Contestant[], { servers, missing }: Started): Started {
  return {
    servers: servers.filter(({ contestant }) => contestants.includes(contestant)),
    missing: missing.filter((line) => contestants.some(({ name }) => line.startsWith(`${name}:`))),
  };
}

/** Lists the sizes of the servers' answers. */
export function answerSizes({ servers }: Started): string {
  const sizes = servers.map(({ contestant, answerBytes }) => `${contestant.name} ${answerBytes}`);
  return `Bytes of an answer: ${sizes.join(', ')}.`;
}

/**
 * Starts all servers that are installed, at the same time. The caller ends them by endServers().
 * @param core the core to pin them to, if any
 * @throws Error if one of ours does not start or answers wrongly
 */
export async function startServers(
  contestants: readonly Contestant[],
  core: number | undefined,
): Promise<Started> {
  const outcomes = await Promise.all(contestants.map((contestant) => start(contestant, core)));
  const servers = outcomes.filter(
    (outcome): outcome is Server => typeof outcome === 'object' && 'child' in outcome,
  );
  const failure = outcomes.find((outcome): outcome is Error => outcome instanceof Error);
  if (failure === undefined)
    return { servers, missing: outcomes.filter((outcome) => typeof outcome === 'string') };
  await endServers(servers);
  throw failure;
}

export async function endServers(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map(({ child }) => child.end()));
}

/** @returns the server; or why it is missing; or, for one of ours, the error with which it failed */
async function start(contestant: Contestant, core: number | undefined): Promise<Server | string | Error> {
  const { name, ours } = contestant;
  const reason = contestant.missing?.();
  if (reason !== undefined) return `${name}: ${reason}`;
  try {
    return await startServer(contestant, core);
  } catch (error) {
    return ours ? (error as Error) : `${name}: ${(error as Error).message}`;
  }
}

/** Starts a server. @throws Error if it ends, does not answer in time, or answers wrongly */
async function startServer(contestant: Contestant, core: number | undefined): Promise<Server> {
  const port = await freePort();
  const child = new Child(contestant.name, contestant.command(port), core);
  try {
    const answerBytes = await waitUntilReady(child, port, contestant);
    return { contestant, child, port, answerBytes };
  } catch (error) {
    await child.end();
    throw error;
  }
}

/** Waits until a server answers. @returns the size of its answer */
async function waitUntilReady(child: Child, port: number, contestant: Contestant): Promise<number> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  let end: End | undefined;
  void child.ended.then((how) => (end = how));
  for (;;) {
    const answer = await answerOf(port, contestant);
    if (ANSWER.test(answer)) return answer.length;
    if (answer !== '') throw new Error(`${child.name} answers ${JSON.stringify(answer)}`);
    if (end !== undefined) throw new Error(end.failure ?? `${child.name} ended before it answered`);
    if (Date.now() > deadlineMs) throw new Error(`${child.name} does not answer`);
    await sleep(START_RETRY_MS);
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Returns a server's answer; empty while no server listens. */
function answerOf(port: number, { request = PLAIN, secure = false }: Contestant): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const to = { port, host: '127.0.0.1' };
    const send = () => socket.write(request, 'latin1');
    const socket = secure ? tls.connect({ ...to, rejectUnauthorized: false }, send) : net.connect(to, send);
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
