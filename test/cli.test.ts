// The command line: its output, its exit codes, and its reaction to signals.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { childrenOf, runCli } from './support/cli.ts';
import { ask, connect, eventually, GET, sleep } from './support/client.ts';
import { appFiles, launchServer, startServer, startServerWith } from './support/fixtures.ts';
import { readResponses } from './support/responses.ts';

describe('wrong usage is one line and exit code 2', () => {
  test.each([
    [['--prot', '1'], 'there is no option --prot: did you mean --port?'],
    [['--port'], '--port needs a value: --port N; see hotpath --help'],
    [['--port', 'http'], "--port must be a whole number from 0 to 65535, not 'http'"],
    [['--port', '65536'], "--port must be a whole number from 0 to 65535, not '65536'"],
    [['--port=-1'], "--port must be a whole number from 0 to 65535, not '-1'"],
    [['--workers', '0'], "--workers must be auto or a whole number from 1 to 256, not '0'"],
    [['--workers', '1.5'], "--workers must be auto or a whole number from 1 to 256, not '1.5'"],
    [['--engine', 'php'], "--engine must be wasm or js, not 'php'"],
    [['--log', 'loud'], "--log must be silent, errors, start, connections or requests, not 'loud'"],
    [
      ['--max-head', '9999999'],
      "--max-head must be a whole number of bytes from 256 to 65000, not '9999999'",
    ],
    [
      ['--max-head', '512', '--max-target', '512'],
      '--max-target must be less than --max-head (512), not 512',
    ],
    [['--max-fields', '257'], "--max-fields must be a whole number from 1 to 256, not '257'"],
    [['--max-requests', '0'], "--max-requests must be a whole number from 1 to 2147483647, not '0'"],
    [['--host', ''], '--host needs an address, such as 127.0.0.1 or ::'],
    [
      ['--handler-timeout', '0'],
      "--handler-timeout must be a whole number of milliseconds from 1 to 86400000, not '0'",
    ],
    [['--trust-proxy', '-1'], "--trust-proxy must be a whole number from 0 to 100, not '-1'"],
    [['--trust-proxy', 'yes'], "--trust-proxy must be a whole number from 0 to 100, not 'yes'"],
    [['--no-globals=1'], '--no-globals takes no value: write --no-globals alone'],
    [['nothing.js'], "there is no app 'nothing.js': give the path of a module"],
    [['test'], "there is no app 'test': give the path of a module"],
    [
      ['dist/cli.js', 'more'],
      "unexpected argument 'more': hotpath takes one app and options; see hotpath --help",
    ],
    [
      ['dist/cli.js', '--model', 'thread'],
      '--model thread has only the built-in app: leave out the app or --model',
    ],
    [
      ['dist/cli.js', '--counter', 'none'],
      '--counter is how the built-in app counts: leave it out with an app',
    ],
  ])('%j', async (args, line) => {
    expect(await runCli(args)).toEqual({ code: 2, output: '', errors: `hotpath: ${line}\n` });
  });

  test('a variable that is no option is a line, and no failure', async () => {
    const { code, output, errors } = await runCli(['--version'], { HOTPATH_PROT: '1' });
    expect([code, errors]).toEqual([0, '']);
    expect(output).toMatch(/^\d+\./);
    const wrong = await runCli(['--port', 'x'], { HOTPATH_PROT: '1' });
    expect(wrong.code).toBe(2);
    expect(wrong.errors).toBe(
      'hotpath: HOTPATH_PROT in the environment is no option: did you mean HOTPATH_PORT?\n' +
        "hotpath: --port must be a whole number from 0 to 65535, not 'x'\n",
    );
  });

  test('an address that the environment gives is named by its variable', async () => {
    const { code, errors } = await runCli(['--port', '0'], { HOTPATH_HOST: '192.0.2.1' });
    expect(code).toBe(1);
    expect(errors).toBe(
      'hotpath: the address of HOTPATH_HOST is not one of this machine: use 127.0.0.1, or 0.0.0.0 for all of its addresses\n',
    );
  });

  test('PORT in the environment is checked, too', async () => {
    const { code, errors } = await runCli([], { PORT: 'x' });
    expect(code).toBe(2);
    expect(errors).toBe("hotpath: PORT in the environment must be a whole number from 0 to 65535, not 'x'\n");
  });
});

test('--help names every option with its default, --version the version', async () => {
  const help = await runCli(['--help']);
  expect(help.code).toBe(0);
  for (const option of ['--host HOST', '--port N', '--workers N|auto', '--engine wasm|js', '--no-globals  '])
    expect(help.output).toContain(option);
  expect(help.output).toContain('[$HOST or 127.0.0.1]');
  expect(await runCli(['--version'])).toEqual({
    code: 0,
    output: `${packageJson.version}\n`,
    errors: '',
  });
});

describe('a failed start is one line and exit code 1', () => {
  test('a port in use', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as net.AddressInfo;
    const { code, errors } = await runCli(['--port', `${port}`]);
    other.close();
    expect(code).toBe(1);
    expect(errors).toBe(
      `hotpath: address already in use 127.0.0.1:${port}: choose another port with --port\n`,
    );
  });

  test('a port in use by another hotpath', async () => {
    const run = await startServer();
    const { code, errors } = await runCli(['--port', `${run.port}`]);
    expect(code).toBe(1);
    expect(errors).toContain('address already in use');
    expect(readResponses(await ask(run.port))[0]?.content).toBe('Hello1');
  });

  test.each([
    ['is not there once it is imported', 'import "./gone.mjs";', /Cannot find module .*gone\.mjs/],
    ['has wrong syntax', 'export default {\n  fetch( { };', /SyntaxError: .*app\.mjs:2\)/],
    ['throws', 'throw new Error("no database");', /Error: no database \(.*app\.mjs:1\)/],
    ['exports nothing', 'export const a = 1;', /app\.mjs has neither fetch nor routes: an app is/],
  ])('an app that %s', async (_, text, says) => {
    const files = appFiles();
    const { code, output, errors } = await runCli(['--port', '0', files.write('app.mjs', text)]);
    expect([code, output]).toEqual([1, '']);
    expect(errors).toMatch(/^hotpath: .*\n$/);
    expect(errors).toMatch(says);
  });

  test('an address of another machine', async () => {
    const { code, errors } = await runCli(['--port', '0', '--host', '192.0.2.1']);
    expect(code).toBe(1);
    expect(errors).toBe(
      'hotpath: the address of --host is not one of this machine: use 127.0.0.1, or 0.0.0.0 for all of its addresses\n',
    );
  });
});

describe.each([
  ['1', 'wasm', 'auto', 'auto'],
  ['2', 'wasm', 'auto', 'auto'],
  ['2', 'js', 'shared', 'auto'],
  ['2', 'wasm', 'auto', 'public'],
  ['1', 'wasm', 'own', 'auto'],
])('%s workers, %s engine, %s sockets, %s I/O', (workers, engine, sockets, io) => {
  test('serves, prints one start line, and stops with 0', async () => {
    const run = await startServer([
      ...['--workers', workers, '--engine', engine, '--sockets', sockets, '--io', io],
    ]);
    const [line, ...more] = run.output.split('\n');
    expect(line).toMatch(/^Server listening on http:\/\/127\.0\.0\.1:\d+ \(/);
    expect(line).toContain(`${workers} worker`);
    expect(line).toContain(`${engine} engine`);
    expect(line).toContain(io === 'public' ? 'public I/O' : 'direct I/O');
    expect(more).toEqual(['']);
    for (let i = 1; i <= 10; i++) expect(readResponses(await ask(run.port))[0]?.content).toBe(`Hello${i}`);
    expect(await run.stop()).toBe(0);
    expect(run.output).toMatch(
      /Stopping on SIGTERM.*\nServer stopped after 10 requests on 10 connections\n$/,
    );
    expect(run.errors).toBe('');
  });
});

test.each([[], ['--no-globals']])('an app, %s', async (...flags) => {
  const files = appFiles();
  const file = files.write('app.mjs', 'export default { routes: { "/": new Response("mine") } };');
  const run = await startServer([file, '--workers', '2', ...flags]);
  expect(run.output).toMatch(/^Server listening on .* \(2 workers, /);
  for (let i = 0; i < 4; i++) expect(readResponses(await ask(run.port))[0]?.content).toBe('mine');
  expect(await run.stop()).toBe(0);
  expect(run.errors).toBe('');
});

test('PORT in the environment is the default port', async () => {
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as net.AddressInfo;
  free.close();
  const run = launchServer([], { PORT: `${port}` });
  await eventually('listening', () => run.port === port);
  expect(await run.stop()).toBe(0);
});

test('limits over a real socket', async () => {
  const run = await startServer(['--max-head', '600', '--max-target', '50', '--max-body', '10']);
  const status = async (request: string): Promise<number | undefined> =>
    readResponses(await ask(run.port, request))[0]?.statusCode;
  const head = (target: string, fields = ''): string =>
    `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;
  expect(await status(head('/'))).toBe(200);
  expect(await status(head(`/${'t'.repeat(50)}`))).toBe(414);
  expect(await status(head('/', `A: ${'x'.repeat(600)}\r\n`))).toBe(431);
  expect(await status(head('/').replace('1.1', '2.0'))).toBe(505);
  expect(await status(`${head('/', 'Content-Length: 10\r\n')}0123456789`)).toBe(200);
  expect(await status(head('/', 'Content-Length: 11\r\n'))).toBe(413);
  expect(await status('\0')).toBe(400);
});

test('a reader of standard output that goes away does not stop the server', async () => {
  const run = await startServer(['--log', 'requests']);
  run.child.stdout?.destroy();
  for (let i = 1; i <= 5; i++) expect(readResponses(await ask(run.port))[0]?.content).toBe(`Hello${i}`);
  expect(await run.stop()).toBe(0);
  expect(run.errors).toBe('');
});

test('IPv6', async () => {
  const run = await startServer(['--host', '::1', '--workers', '2']);
  expect(run.output).toMatch(/^Server listening on http:\/\/\[::1\]:\d+ /);
});

test('a client that speaks TLS to the plain port is named in the log', async () => {
  const run = await startServer(['--log', 'requests']);
  const client = tls.connect({ host: '127.0.0.1', port: run.port, rejectUnauthorized: false });
  await once(client, 'error');
  const line = /Refused request from \S+: this is TLS, and this port speaks plain HTTP: use http:\/\/\n/;
  await eventually('the line', () => line.test(run.output));
});

test('--log silent prints nothing, --log requests the tutorial lines', async () => {
  const silent = launchServer(['--port', '0', '--log', 'silent']);
  await sleep(1000);
  expect(await silent.stop()).toBe(0);
  expect(silent.output + silent.errors).toBe('');

  const run = await startServer(['--log', 'requests', '--workers', '2']);
  await ask(run.port);
  await eventually('the lines', () => /Closed connection/.test(run.output));
  expect(
    run.output
      .replace(/:\d{4,5}\b/g, ':PORT')
      .split('\n')
      .slice(1),
  ).toEqual([
    'Accepted connection from 127.0.0.1:PORT',
    'Received request from 127.0.0.1:PORT: GET / HTTP/1.1',
    'Sent response to 127.0.0.1:PORT: 200 "Hello1"',
    'Closed connection from 127.0.0.1:PORT',
    '',
  ]);
});

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s finishes requests under way and exits with 0',
    async (signal) => {
      const run = await startServer(['--workers', '2']);
      const client = await connect(run.port);
      client.send(GET.slice(0, 20));
      await sleep(100);
      run.child.kill(signal);
      // npm passes on a signal that the terminal has already sent to every process: the same signal, not a second one.
      // Without a pause the kernel would merge the two.
      await sleep(30);
      run.child.kill(signal);
      await sleep(200);
      client.send(GET.slice(20));
      const [response] = readResponses(await client.end());
      client.close();
      expect(response?.content).toBe('Hello1');
      expect(response?.fields.get('connection')).toBe('close');
      expect(await run.exit).toBe(0);
      await expect(connect(run.port)).rejects.toThrow('ECONNREFUSED');
    },
  );

  test('a signal to the whole process group, as Ctrl-C sends it, counts once', async () => {
    const run = await startServer(['--workers', '2']);
    const client = await connect(run.port);
    client.send(GET.slice(0, 20));
    await sleep(100);
    const children = childrenOf(run.child.pid as number);
    for (const pid of [run.child.pid as number, ...children]) process.kill(pid, 'SIGINT');
    await sleep(200);
    client.send(GET.slice(20));
    expect(readResponses(await client.end())[0]?.content).toBe('Hello1');
    client.close();
    expect(await run.exit).toBe(0);
  });

  test('a connection attempt while the server stops is refused', async () => {
    const run = await startServer(['--workers', '2']);
    const client = await connect(run.port);
    client.send(GET.slice(0, 20));
    await sleep(100);
    run.child.kill('SIGTERM');
    await sleep(200);
    await expect(connect(run.port)).rejects.toThrow('ECONNREFUSED');
    client.send(GET.slice(20));
    expect(readResponses(await client.end())[0]?.content).toBe('Hello1');
    client.close();
    expect(await run.exit).toBe(0);
  });

  test('a second signal stops at once', async () => {
    const run = await startServer();
    const client = await connect(run.port);
    client.send(GET.slice(0, 20));
    await sleep(100);
    run.child.kill('SIGTERM');
    await sleep(700);
    expect(run.child.exitCode).toBe(null);
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(128 + 15);
    expect(run.output).toContain('Stopping at once on another SIGTERM');
    client.close();
  });

  test('the drain timeout cuts requests that do not finish', async () => {
    const run = await startServer(['--drain-timeout', '300']);
    const client = await connect(run.port);
    client.send(GET.slice(0, 20));
    await sleep(100);
    expect(await run.stop()).toBe(0);
    expect(run.output).toContain('; 1 connection had to be cut');
    client.close();
  });

  test('a killed supervisor leaves no server behind', async () => {
    const run = await startServer();
    const [server] = childrenOf(run.child.pid as number);
    run.child.kill('SIGKILL');
    await eventually('end of the server process', () => !isAlive(server as number));
  });

  test('a server process that is killed again and again is started again each time, after a growing pause', async () => {
    const run = await startServer(['--workers', '1']);
    for (let deaths = 1; deaths <= 4; deaths++) {
      const [server] = childrenOf(run.child.pid as number);
      process.kill(server as number, 'SIGKILL');
      await eventually('listening again', () => run.output.split('Server listening').length === deaths + 2);
      expect(readResponses(await ask(run.port))[0]?.statusCode).toBe(200);
    }
    const pauses = [...run.output.matchAll(/ended by SIGKILL; starting it again(.*)\n/g)].map(
      ([, pause]) => pause,
    );
    expect(pauses).toEqual(['', ' in 100 ms', ' in 200 ms', ' in 400 ms']);
    expect(await run.stop()).toBe(0);
  });

  test('a stop while the server process waits to be started again ends at once', async () => {
    const run = await startServer(['--workers', '1']);
    for (let deaths = 1; !/in (800|1600|3200) ms\n$/.test(run.output); deaths++) {
      const [server] = childrenOf(run.child.pid as number);
      process.kill(server as number, 'SIGKILL');
      await eventually('the end', () => run.output.split('starting it again').length > deaths);
      if (/in (800|1600|3200) ms\n$/.test(run.output)) break;
      await eventually('listening again', () => run.output.split('Server listening').length === deaths + 2);
    }
    expect(await run.stop()).toBe(0);
    expect(run.output).toMatch(
      /starting it again in \d+ ms\nStopping on SIGTERM: finishing requests under way\n$/,
    );
  });

  test('a killed server process is started again, over the same socket', async () => {
    const healthyMs = 200;
    const run = await startServerWith({ healthyMs });
    for (let deaths = 1; deaths <= 2; deaths++) {
      await sleep(healthyMs + 100);
      const [server] = childrenOf(run.child.pid as number);
      process.kill(server as number, 'SIGKILL');
      expect(readResponses(await ask(run.port))[0]?.statusCode).toBe(200);
      // Each process is started again at once, since each had lived long enough.
      expect(run.output.split('Server process ended by SIGKILL; starting it again\n')).toHaveLength(
        deaths + 1,
      );
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    // A zombie has ended, although its new parent may not have asked for the exit code yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
