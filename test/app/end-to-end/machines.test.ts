// The example of several machines, as its README has it: a Redis, two servers, an nginx.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, expect, test } from 'vitest';

const isInstalled = (command: string) =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
const missing = ['redis-server', 'nginx'].filter((command) => !isInstalled(command));

let example: ChildProcess | undefined;
afterEach(async () => {
  if (example === undefined || example.exitCode !== null) return;
  example.kill('SIGTERM');
  await once(example, 'exit');
});

/** The first of this many consecutive free ports. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 12_000);
    const servers = Array.from({ length: count }, () => net.createServer());
    const listening = await Promise.allSettled(
      servers.map((server, i) => {
        server.listen(first + i, '127.0.0.1');
        return once(server, 'listening');
      }),
    );
    for (const server of servers) if (server.listening) await new Promise((resolve) => server.close(resolve));
    if (listening.every(({ status }) => status === 'fulfilled')) return first;
  }
}

test.skipIf(missing.length > 0)(
  'numbers are unique across all servers',
  async () => {
    const port = await freePorts(4);
    example = spawn(process.execPath, ['examples/machines/start.js', String(port)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [example.stdout, example.stderr])
      stream?.on('data', (text: Buffer) => {
        output += text;
        example?.emit('output');
      });
    const ended = once(example, 'exit').then(() => {
      throw new Error(`it ended: ${output}`);
    });
    while (!output.includes('All servers are running')) await Promise.race([once(example, 'output'), ended]);

    const order = async (at: number): Promise<{ order: number; server: string }> => {
      const response = await fetch(`http://127.0.0.1:${at}/orders`, { method: 'POST' });
      return (await response.json()) as { order: number; server: string };
    };
    const orders = await Promise.all(Array.from({ length: 200 }, () => order(port)));
    const direct = await Promise.all([order(port + 1), order(port + 2)]);
    const numbers = [...orders, ...direct].map((one) => one.order);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(new Set(orders.map(({ server }) => server)).size).toBe(2);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toMatch(/^Order \d+$/);

    ended.catch(() => {});
    example.kill('SIGINT');
    const [code] = await once(example, 'exit');
    expect(code).toBe(0);
  },
  60_000,
);
