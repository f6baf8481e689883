// The servers that take part in a suite: how they are started, and that they answer what they should.

import net, { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, type End } from '../measure/children.ts';
import { PLAIN } from './requests.ts';

const START_TIMEOUT_MS = 10_000;
const START_RETRY_MS = 20;
const ANSWER_TIMEOUT_MS = 2000;

/** All servers of a suite have to do the same work. */
const ANSWER = /^HTTP\/1\.1 200 .*content-type: text\/plain.*\r\n\r\nHello\d*$/is;

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

/**
 * Starts all that are there, at the same time. They are to be ended by endServers().
 * @param core the core to pin them to, if any
 * @throws Error when one of ours does not start or does not answer as it should
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

/** @returns why it is missing, or, for one of ours, why it failed, when it could not be started */
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

/** @throws Error when it ends or does not answer in time, or answers something else */
async function startServer(contestant: Contestant, core: number | undefined): Promise<Server> {
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

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

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
