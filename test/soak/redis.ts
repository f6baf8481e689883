// Two servers that lease their numbers from one Redis, which stops in between and starts again: no number may be issued
// twice, by either server.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Run, startCli } from '../support/cli.ts';
import { eventually } from '../support/client.ts';
import { startLoad } from './load.ts';
import { Numbers } from './numbers.ts';

/** The load keeps its connections open. */
const REQUESTS = ['--max-requests', '1000000000'];

/** Whether redis-server is installed. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

export interface Redis {
  url: string;
  port: number;
  /** Starts Redis again at the same place, with the data it had. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Sends a command of words without spaces, and resolves with the first line of the reply. */
  command(line: string): Promise<string>;
  /** Stops Redis, and removes the files that it wrote. */
  remove(): Promise<void>;
}

/**
 * Starts Redis so that each command is on the disk before its reply, as unique numbers require.
 * @param more options of redis-server
 */
export async function startRedis(more: string[] = []): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'hotpath-redis-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const redis: Redis = {
    url: `redis://127.0.0.1:${port}`,
    port,
    start: async () => {
      const options = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', ...more];
      const started = spawn('redis-server', [
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        ...options,
      ]);
      child = started;
      let output = '';
      started.stdout.setEncoding('utf8').on('data', (text) => (output += text));
      await eventually('redis', () => output.includes('Ready to accept connections'));
    },
    stop: async () => {
      if (child === undefined) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      child = undefined;
      await exit;
    },
    command: async (line) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.end(`${line}\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return answer.toString().split('\r\n')[0] as string;
    },
    remove: async () => {
      await redis.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await redis.start();
  return redis;
}

export interface RedisOutcome {
  given: number;
  /** Responses without a number, while Redis was stopped. */
  exhausted: number;
  outages: number;
}

/**
 * @param least the count of numbers to receive before the run ends
 * @param outages the count of times that Redis is stopped
 * @throws Error that names the number that came twice
 */
export async function runRedis(
  least: number,
  outages: number,
  say?: (line: string) => void,
): Promise<RedisOutcome> {
  const redis = await startRedis();
  const numbers = new Numbers('numbers');
  const servers: Run[] = [];
  let broken: Error | undefined;
  try {
    for (let i = 0; i < 2; i++)
      servers.push(await startCli(['--redis', redis.url, '--workers', '1', '--lease', '1024', ...REQUESTS]));
    const loads = servers.map(({ port }) =>
      startLoad(port, 4, ['/'], (_, number) => {
        try {
          numbers.add(number);
        } catch (error) {
          broken ??= error as Error;
        }
      }),
    );
    const exhausted = (): number => loads.reduce((sum, load) => sum + load.exhausted, 0);
    const until = async (count: number): Promise<void> => {
      while (numbers.count < count && broken === undefined)
        await new Promise((resolve) => setTimeout(resolve, 5));
    };
    for (let outage = 1; outage <= outages; outage++) {
      await until((least * outage) / (outages + 1));
      const before = loads.map((load) => load.exhausted);
      await redis.stop();
      await eventually('both have no numbers left', () =>
        loads.every((load, i) => load.exhausted > (before[i] as number)),
      );
      const given = loads.map((load) => load.responses - load.exhausted);
      await redis.start();
      await eventually('numbers again from both', () =>
        loads.every((load, i) => load.responses - load.exhausted > (given[i] as number)),
      );
      say?.(`outage ${outage}: ${numbers.count} numbers, ${exhausted()} responses without one`);
    }
    await until(least);
    await Promise.all(loads.map((load) => load.stop()));
    if (broken !== undefined) throw broken;
    return { given: numbers.count, exhausted: exhausted(), outages };
  } catch (error) {
    for (const { output, errors } of servers) say?.(output + errors);
    throw error;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await redis.remove();
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}
