// The same conversation with every model, as a user starts it, and the features of each.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { MODELS, type ModelName } from '../../src/options.ts';
import { type Run, runCli, startCli } from '../support/cli.ts';
import { ask, type Client, connect, eventually, GET, sleep } from '../support/client.ts';
import { readResponses } from '../support/responses.ts';

let run: Run | undefined;
let clients: Client[] = [];
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  if (run && run.child.exitCode === null && run.child.signalCode === null) await run.stop();
  run = undefined;
});
const start = async (model: ModelName, ...args: string[]): Promise<Run> => {
  run = await startCli(['--model', model, ...args]);
  return run;
};
const open = async (): Promise<Client> => {
  const client = await connect((run as Run).port);
  clients.push(client);
  return client;
};
const numberOf = (text: string): number => {
  const [response] = readResponses(text);
  expect(response?.content).toMatch(/^Hello\d+$/);
  return Number(response?.content.slice(5));
};
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const sorted = (numbers: number[]): number[] => [...numbers].sort((a, b) => a - b);
/** Lists the processes below a process, without the process itself. */
function descendants(pid: number): number[] {
  let children: string;
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  } catch {
    return [];
  }
  return children === '' ? [] : children.split(' ').flatMap((child) => [+child, ...descendants(+child)]);
}

describe.each(MODELS)('%s', (model) => {
  test('a conversation', async () => {
    const { port } = await start(model, '--max-body', '1000');
    const close = 'Connection: close\r\n';
    expect(numberOf(await ask(port))).toBe(1);
    expect(numberOf(await ask(port, 'GET /a?b HTTP/1.0\r\n\r\n'))).toBe(2);
    const [head] = readResponses(await ask(port, `HEAD / HTTP/1.1\r\nHost: a\r\n${close}\r\n`), new Set([0]));
    expect(head).toMatchObject({ statusCode: 200, content: '' });
    expect(head?.fields.get('content-length')).toBe('6');
    const post = `POST / HTTP/1.1\r\nHost: a\r\n${close}Content-Length: 5\r\n\r\n12345`;
    expect(numberOf(await ask(port, post))).toBe(4);
    const refusals: [string, number][] = [
      ['GET / HTTP/1.1\r\n\r\n', 400],
      ['GET / HTTP/2.0\r\n\r\n', 505],
      [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n${'x'.repeat(1001)}`, 413],
    ];
    for (const [request, statusCode] of refusals)
      expect(readResponses(await ask(port, request))[0]?.statusCode).toBe(statusCode);
    const slow = await open();
    for (let at = 0; at < GET.length; at += 7) {
      slow.send(GET.slice(at, at + 7));
      await sleep(5);
    }
    const number = numberOf(await slow.until(/Hello\d+$/));
    // The refused connection has not used its number, but the process may not have returned it yet.
    if (model === 'process') expect(number).toBeGreaterThan(4);
    else expect(number).toBe(5);
    slow.close();
    const { output, exit } = run as Run;
    run?.child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output).toMatch(/^Server listening on /);
    expect(run?.errors).toBe('');
  });

  test('30 connections at once: every number is handed out once', async () => {
    const { port } = await start(model);
    const answers = await Promise.all(upTo(30).map(() => ask(port)));
    expect(sorted(answers.map(numberOf))).toEqual(upTo(30));
    await run?.stop();
    expect(run?.output).toMatch(/Server stopped after 30 requests on 30 connections\n$/);
  });

  test('clients that vanish use no number and harm no other client', async () => {
    const { port } = await start(model);
    const numbers: number[] = [];
    for (let round = 0; round < 3; round++) {
      const vanishing = await Promise.all(upTo(3).map(() => connect(port)));
      vanishing[1]?.send(GET.slice(0, 9));
      vanishing[2]?.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
      const asked = upTo(3).map(() => ask(port));
      for (const client of vanishing) client.socket.resetAndDestroy();
      numbers.push(...(await Promise.all(asked)).map(numberOf));
    }
    // When a process has ended, it returns the number that it has not used: a later connection gets it.
    for (let later = 0; later < 20 && Math.max(...numbers) > numbers.length; later++)
      numbers.push(numberOf(await ask(port)));
    expect(sorted(numbers)).toEqual(upTo(numbers.length));
    if (model !== 'process') expect(numbers).toHaveLength(9);
  });

  test('the log has the lines of the tutorial', async () => {
    const { port } = await start(model, '--log', 'requests');
    const client = await open();
    const peer = `127.0.0.1:${client.socket.localPort}`;
    client.send('GET /x HTTP/1.0\r\n\r\n');
    await client.end();
    client.close();
    await eventually('the last line', () => run?.output.includes(`Closed connection from ${peer}`) === true);
    const lines = run?.output.split('\n').filter((line) => line.includes(peer));
    expect(lines).toEqual([
      `Accepted connection from ${peer}`,
      `Received request from ${peer}: GET /x HTTP/1.0`,
      `Sent response to ${peer}: 200 "Hello1"`,
      `Closed connection from ${peer}`,
    ]);
    expect(port).toBeGreaterThan(0);
  });

  test.runIf(process.platform === 'linux')(
    'a stop finishes requests under way and leaves no process behind',
    async () => {
      await start(model, '--drain-timeout', '20000', '--head-timeout', '60000');
      const client = await open();
      client.send(GET.slice(0, 9));
      const idle = await open();
      const { pid } = (run as Run).child as { pid: number };
      await eventually('accepted', () => descendants(pid).length >= (model === 'process' ? 3 : 1));
      await sleep(300);
      const all = descendants(pid);
      run?.child.kill('SIGTERM');
      await eventually('stopping', () => run?.output.includes('Stopping on SIGTERM') === true);
      await eventually('the idle one closed', () => idle.ended || idle.socket.destroyed);
      client.send(GET.slice(9));
      const [response] = readResponses(await client.end());
      expect(response?.content).toBe('Hello1');
      expect(response?.fields.get('connection')).toBe('close');
      client.close();
      expect(await run?.exit).toBe(0);
      const alive = readdirSync('/proc').filter((name) => all.includes(Number(name)));
      expect(alive).toEqual([]);
    },
  );

  test('a stop ends connections that do not finish in time', async () => {
    await start(model, '--drain-timeout', '300');
    const client = await open();
    client.send(GET.slice(0, 9));
    await sleep(500);
    expect(await run?.stop()).toBe(0);
  });
});

describe.each(['sequential', 'process', 'thread'] as const)('%s, as in the tutorial', (model) => {
  test('one request a connection', async () => {
    await start(model);
    const client = await open();
    client.send(GET + GET);
    const responses = readResponses(await client.end());
    expect(responses.map(({ content }) => content)).toEqual(['Hello1']);
    expect(responses[0]?.fields.get('connection')).toBe('close');
  });

  test('a limited number is served at a time; others wait, and beyond the limit they get 503', async () => {
    await start(model, '--max-connections', '3', ...(model === 'sequential' ? [] : ['--workers', '1']));
    const first = await open();
    await sleep(300);
    const waiting = [await open(), await open()];
    for (const client of waiting) client.send(GET);
    await sleep(300);
    const [refused] = readResponses(await ask((run as Run).port));
    expect(refused?.statusCode).toBe(503);
    expect(waiting.map(({ received }) => received)).toEqual(['', '']);
    first.send(GET);
    const numbers = [first, ...waiting].map(async (client) => {
      const number = numberOf(await client.end());
      client.close();
      return number;
    });
    expect(await Promise.all(numbers)).toEqual([1, 2, 3]);
  });
});

test.runIf(process.platform === 'linux')(
  'process: the number of children never exceeds its limit',
  async () => {
    const { port, child } = await start('process', '--workers', '2');
    let most = 0;
    const watch = setInterval(() => {
      const [server] = descendants(child.pid as number);
      most = Math.max(most, descendants(server as number).length);
    }, 5);
    const answers = await Promise.all(upTo(8).map(() => ask(port)));
    clearInterval(watch);
    expect(sorted(answers.map(numberOf))).toEqual(upTo(8));
    expect(most).toBe(2);
  },
);

test.runIf(process.platform === 'linux')(
  'process: a child process that crashes ends its own connection and no other',
  async () => {
    const { port, child } = await start('process');
    const victim = await open();
    victim.send(GET.slice(0, 9));
    const [server] = descendants(child.pid as number) as [number];
    await eventually('a child', () => descendants(server).length === 1);
    await sleep(300);
    process.kill(descendants(server)[0] as number, 'SIGKILL');
    await eventually('the end of its connection', () => victim.ended || victim.socket.destroyed);
    expect(victim.received).toBe('');
    expect(numberOf(await ask(port))).toBeGreaterThan(0);
  },
);

test.runIf(existsSync('/usr/bin/prlimit')).each(['process', 'thread'] as const)(
  '%s: turns connections away when it is out of descriptors, and serves again later',
  async (model) => {
    const { port, child } = await start(model);
    const server = descendants(child.pid as number)[0] as number;
    const before = readdirSync(`/proc/${server}/fd`).length;
    const limit = (files: number): void =>
      void execFileSync('prlimit', ['--pid', `${server}`, `--nofile=${files}:20000`]);
    // Enough descriptors to accept, too few for a process's channel or a thread's loop.
    limit(before + 2);
    const answer = await ask(port).catch(() => '');
    if (answer !== '') expect(readResponses(answer)[0]?.statusCode).toBe(503);
    limit(20_000);
    expect(numberOf(await ask(port))).toBe(1);
    expect(run?.output).toMatch(/No (process|thread) could be started|thread of a connection failed|accept/);
  },
);

test.runIf(process.platform === 'linux')(
  'process: a server that is killed takes its children with it',
  async () => {
    const { child } = await start('process');
    const held = await open();
    held.send(GET.slice(0, 9));
    const [server] = descendants(child.pid as number) as [number];
    await eventually('a child', () => descendants(server).length === 1);
    await sleep(300);
    const [grandchild] = descendants(server) as [number];
    process.kill(server, 'SIGKILL');
    await eventually('its end', () => !readdirSync('/proc').includes(`${grandchild}`));
  },
);

test('sequential and thread answer several requests on one connection if an option allows it', async () => {
  for (const model of ['sequential', 'thread'] as const) {
    await start(model, '--max-requests', '100000');
    const client = await open();
    client.send(GET.repeat(20_000));
    await client.until(/Hello20000$/);
    expect(readResponses(client.received).map(({ content }) => content)).toEqual(
      upTo(20_000).map((n) => `Hello${n}`),
    );
    client.close();
    await run?.stop();
  }
});

test('the start line names the model', async () => {
  await start('process', '--workers', '3');
  expect(run?.output).toContain('a process for each connection, up to 3');
  await run?.stop();
  await start('thread');
  expect(run?.output).toMatch(/a thread for each connection, up to \d+, (sockets move|bytes are relayed)/);
});

test.each([
  [['--model', 'sequential', '--workers', '2'], 'one connection at a time: leave out --workers'],
  [['--model', 'process', '--counter', 'none'], 'counts in one place: leave out --counter'],
  [['--counter', 'mutex'], 'belongs to --model thread: an event loop must not wait'],
])('%j is a wrong usage', async (args, reason) => {
  const { code, errors } = await runCli(args);
  expect(code).toBe(2);
  expect(errors).toContain(reason);
});

test('an option that the process model can not obey is wrong usage', async () => {
  expect(await runCli(['--model', 'process', '--max-requests', '2'])).toEqual({
    code: 2,
    output: '',
    errors: 'hotpath: --model process answers one request a connection: leave out --max-requests\n',
  });
});
