// The messages of the command to systemd. A script stands in for the socket of systemd.

import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { takeServiceManager } from '../src/systemd-notify.ts';
import { childrenOf } from './support/cli.ts';
import { ask, eventually, sleep } from './support/client.ts';
import { appFiles, atEnd, startServer, temporaryFolder } from './support/fixtures.ts';
import { readResponses } from './support/responses.ts';

const tools = ['python3', 'systemd-notify'].every(
  (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined,
);
const WATCHDOG_MS = 200;
const WATCHDOG = 'WATCHDOG=1';

interface Manager {
  /** The variables for the command. */
  environment: NodeJS.ProcessEnv;
  messages: string[];
  /** The messages that are not of the watchdog. */
  readonly news: string[];
}

async function startManager(): Promise<Manager> {
  const path = join(temporaryFolder('notify'), 'notify');
  const child = spawn('python3', ['test/support/notified.py', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(() => child.kill('SIGKILL'));
  let output = '';
  const manager: Manager = {
    environment: { NOTIFY_SOCKET: path, WATCHDOG_USEC: `${WATCHDOG_MS * 1000}` },
    get messages() {
      return output
        .split('\n')
        .slice(1, -1)
        .map((line) => JSON.parse(line));
    },
    get news() {
      return this.messages.filter((message) => message !== WATCHDOG);
    },
  };
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  await eventually('bound', () => output.includes('\n'));
  return manager;
}

const monotonicOf = (message = ''): number =>
  Number(/^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(message)?.[1]);

describe.skipIf(!tools)('systemd', () => {
  test('learns when the server listens, reloads and stops', async () => {
    const manager = await startManager();
    const app = appFiles().write(
      'app.mjs',
      "export default { fetch: () => Response.json([process.env.NOTIFY_SOCKET ?? '', process.env.WATCHDOG_USEC ?? '']) };",
    );
    const run = await startServer([app, '--workers', '1'], manager.environment);
    const ready = `READY=1\nMAINPID=${run.child.pid}`;
    await eventually('ready', () => manager.news.length === 1);
    expect(manager.news).toEqual([ready]);
    expect(readResponses(await ask(run.port))[0]?.content).toBe('["",""]');
    const before = process.hrtime.bigint() / 1000n;
    run.child.kill('SIGHUP');
    await eventually('reloaded', () => manager.news.length === 3);
    expect(manager.news[2]).toBe(ready);
    expect(monotonicOf(manager.news[1])).toBeGreaterThanOrEqual(Number(before));
    expect(monotonicOf(manager.news[1])).toBeLessThanOrEqual(Number(process.hrtime.bigint() / 1000n));
    await run.stop();
    await eventually('stopping', () => manager.news.length === 4);
    expect(manager.news[3]).toBe('STOPPING=1');
    expect(run.errors).toBe('');
  });

  test('learns that the server is alive as long as the server process answers', async () => {
    const manager = await startManager();
    const run = await startServer(['--workers', '1'], manager.environment);
    const alive = () => manager.messages.length - manager.news.length;
    await eventually('alive', () => alive() >= 3);
    const server = childrenOf(run.child.pid as number)[0] as number;
    process.kill(server, 'SIGSTOP');
    let still = false;
    for (let i = 0; i < 10 && !still; i++) {
      const before = alive();
      await sleep(5 * WATCHDOG_MS);
      still = alive() === before;
    }
    expect(still).toBe(true);
    const before = alive();
    process.kill(server, 'SIGCONT');
    await eventually('alive again', () => alive() > before);
  });
});

test('without systemd-notify the log has one line, and the server serves', async () => {
  const run = await startServer(['--workers', '1'], {
    NOTIFY_SOCKET: '/nowhere',
    WATCHDOG_USEC: '20000',
    PATH: temporaryFolder('empty'),
  });
  await eventually('the line', () => run.errors.includes('\n') || run.output.includes('not notified'));
  expect(readResponses(await ask(run.port))[0]?.content).toBe('Hello1');
  await sleep(100);
  expect(await run.stop()).toBe(0);
  expect((run.output + run.errors).match(/The service manager is not notified.*/g)).toEqual([
    'The service manager is not notified, since systemd-notify failed: spawn systemd-notify ENOENT; install it, or use Type=exec in the unit',
  ]);
});

test('the variables are taken out of the environment, and a watchdog of another process is left alone', () => {
  const asked = (environment: NodeJS.ProcessEnv): number => {
    let count = 0;
    const manager = takeServiceManager(environment, 7);
    expect(environment).toEqual({});
    const { setInterval } = globalThis;
    globalThis.setInterval = (() => {
      count++;
      return { unref() {} };
    }) as unknown as typeof setInterval;
    manager?.begin(
      () => {},
      () => {},
    );
    globalThis.setInterval = setInterval;
    return count;
  };
  const NOTIFY_SOCKET = '/run/notify';
  const WATCHDOG_USEC = '1000000';
  expect(asked({ WATCHDOG_USEC, WATCHDOG_PID: '7' })).toBe(0);
  expect(asked({ NOTIFY_SOCKET })).toBe(0);
  expect(asked({ NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID: '8' })).toBe(0);
  expect(asked({ NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID: '7' })).toBe(1);
  expect(asked({ NOTIFY_SOCKET, WATCHDOG_USEC })).toBe(1);
});
