// A server that may open only a limited number of files: it turns other connections away, serves those it has, and
// neither dies nor spins.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Client, connect, eventually, GET, sleep } from './support/client.ts';
import { readResponses } from './support/responses.ts';

const LIMIT = 200;
const FLOOD = 400;

test.runIf(process.platform === 'linux')('twice as many connections as descriptors', async () => {
  const shell = spawn(
    'sh',
    ['-c', `ulimit -n ${LIMIT} && exec "${process.execPath}" dist/cli.js --port 0 --workers 2`],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const exit = once(shell, 'exit');
  try {
    await eventually('listening', () => /listening on .*:\d+ /.test(output));
    expect(output).toMatch(/^Only \d+ connections, not 16384, fit the limit of open files, 200: raise it/);
    const room = Number(/^Only (\d+)/.exec(output)?.[1]);
    expect(room).toBeGreaterThan(LIMIT / 3);
    const port = Number(/listening on .*:(\d+) /.exec(output)?.[1]);
    const server = serverOf(shell);

    const clients = await Promise.all(Array.from({ length: FLOOD }, () => connect(port)));
    for (const client of clients) client.send(GET);
    const settled = ({ received, ended, socket }: Client): boolean =>
      received !== '' || ended || socket.destroyed;
    await eventually('an outcome for each', () => clients.every(settled));
    const statuses = clients.map(({ received }) => readResponses(received)[0]?.statusCode);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(room);
    // Some connections have got their response, and have then made room for others.
    await sleep(200);
    const kept = clients.filter(({ ended, socket }, i) => statuses[i] === 200 && !ended && !socket.destroyed);
    // The two threads count without a lock: each may miss the latest connection of the other.
    expect(kept.length).toBeGreaterThanOrEqual(room - 2);
    expect(kept.length).toBeLessThanOrEqual(room + 2);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(0);
    expect(readdirSync(`/proc/${server}/fd`).length).toBeLessThan(LIMIT);

    // The accepted connections are served, and no thread spins while the limit is reached.
    const busy = cpuTicks(server);
    await sleep(1000);
    expect(cpuTicks(server) - busy).toBeLessThan(50);
    for (const client of kept) {
      client.received = '';
      client.send(GET);
    }
    await Promise.all(kept.map((client) => client.until(/Hello\d+$/)));

    for (const client of clients) client.close();
    await sleep(200);
    const late = await connect(port);
    late.send(GET);
    await late.until(/Hello\d+$/);
    late.close();
  } finally {
    shell.kill('SIGTERM');
    await exit;
  }
  expect(output).not.toContain('Worker');
});

/** Returns the only child of the supervisor, which replaced the shell. */
function serverOf({ pid }: ChildProcess): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

/** Returns user and system time in hundredths of a second: a spinning core takes 100 of them in a second. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') as string[];
  return Number(fields[11]) + Number(fields[12]);
}
