// Socket activation: a script that stands in for systemd makes the sockets, and becomes the command.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inheritedSockets } from '../src/listen-fds.ts';
import { MODELS } from '../src/options.ts';
import { pair } from './support/certificates.ts';
import { childrenOf } from './support/cli.ts';
import { ask, eventually } from './support/client.ts';
import { appFiles, atEnd, temporaryFolder } from './support/fixtures.ts';
import { readResponses } from './support/responses.ts';
import { visit } from './support/tls-client.ts';

const python = spawnSync('python3', ['--version'], { stdio: 'ignore' }).error === undefined;

type Socket = [kind: string, place?: string];

interface Activated {
  pid: number;
  output: string;
  errors: string;
  /** The ports of the start line, in its order. */
  ports: number[];
  exit: Promise<number | NodeJS.Signals>;
  stop(): Promise<number | NodeJS.Signals>;
}

/** Runs the command with sockets that it inherits, and stops it at the end. */
function activate(sockets: Socket[], args: string[] = [], environment: NodeJS.ProcessEnv = {}): Activated {
  const order = JSON.stringify({ sockets, environment });
  const child = spawn(
    'python3',
    ['test/support/activate.py', order, process.execPath, 'dist/cli.js', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const run: Activated = {
    pid: child.pid as number,
    output: '',
    errors: '',
    get ports() {
      return [
        ...run.output
          .split('\n', 1)
          .join()
          .matchAll(/https?:\/\/\S+:(\d+)/g),
      ].map(([, port]) => Number(port));
    },
    exit: once(child, 'exit').then(([code, signal]) => code ?? signal),
    stop: () => {
      child.kill('SIGTERM');
      return run.exit;
    },
  };
  child.stdout.setEncoding('utf8').on('data', (text) => (run.output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (run.errors += text));
  atEnd(() => (child.exitCode === null && child.signalCode === null ? run.stop() : undefined));
  return run;
}

async function start(...how: Parameters<typeof activate>): Promise<Activated> {
  const run = activate(...how);
  await Promise.race([
    eventually('listening', () => run.output.includes('Server listening')),
    run.exit.then((code) => Promise.reject(new Error(`ended with ${code}: ${run.errors}`))),
  ]);
  return run;
}

const socketPath = (): string => join(temporaryFolder('systemd'), 'a.sock');

async function contentOf(to: number | string, target = '/'): Promise<string | undefined> {
  const answer = await ask(to, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  return readResponses(answer)[0]?.content;
}

/** The sockets that a process has open, as the system names them. */
function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))].filter((name) => name.startsWith('socket:'));
    } catch {
      return [];
    }
  });
}

describe.skipIf(platform() === 'win32' || !python)('sockets of systemd', () => {
  test('are served in place of a port, and the start line names their addresses', async () => {
    const path = socketPath();
    const sockets: Socket[] = [
      ['tcp', '127.0.0.1'],
      ['unix', path],
      ['tcp6', '::1'],
    ];
    const run = await start(sockets, ['--workers', '2'], { PORT: '1' });
    expect(run.output).toMatch(
      /^Server listening on http:\/\/127\.0\.0\.1:\d+, unix:\S+a\.sock and http:\/\/\[::1\]:\d+ \(2 workers, wasm engine, one shared socket, /,
    );
    expect(run.output).toContain(`unix:${path} `);
    expect([await contentOf(run.ports[0] as number), await contentOf(path)]).toEqual(['Hello1', 'Hello2']);
    expect(await (await fetch(`http://[::1]:${run.ports[1]}/`)).text()).toBe('Hello3');
    expect(await run.stop()).toBe(0);
    // The file belongs to systemd.
    expect(existsSync(path)).toBe(true);
    expect(run.errors).toBe('');
  });

  test.each(MODELS)('are served by --model %s', async (model) => {
    const path = socketPath();
    const run = await start(
      [
        ['unix', path],
        ['tcp', '127.0.0.1'],
      ],
      ['--model', model],
    );
    expect(await contentOf(path)).toBe('Hello1');
    expect(await contentOf(run.ports[0] as number)).toBe('Hello2');
  });

  test('are kept over reloads and over the death of the server process', async () => {
    const path = socketPath();
    const run = await start(
      [
        ['tcp', '127.0.0.1'],
        ['unix', path],
      ],
      ['--workers', '1'],
    );
    const places = [run.ports[0] as number, path];
    process.kill(run.pid, 'SIGHUP');
    await eventually('a reload', () => run.output.includes('Reloaded'));
    for (const to of places) expect(await contentOf(to)).toMatch(/^Hello/);
    process.kill(childrenOf(run.pid)[0] as number, 'SIGKILL');
    await eventually(
      'the death',
      () => run.errors.includes('ended by SIGKILL') || run.output.includes('ended by SIGKILL'),
    );
    for (const to of places) expect(await contentOf(to)).toMatch(/^Hello/);
  });

  test('are not passed on to children, and neither are the variables', async () => {
    const path = socketPath();
    const app = appFiles().write(
      'app.mjs',
      `import { spawn } from 'node:child_process';
       const child = spawn('sleep', ['60'], { stdio: 'ignore' });
       process.on('exit', () => child.kill());
       const names = Object.keys(process.env).filter((name) => name.startsWith('LISTEN_'));
       export default { fetch: () => Response.json([child.pid, names]) };`,
    );
    const run = await start(
      [
        ['unix', path],
        ['tcp', '127.0.0.1'],
      ],
      [app, '--workers', '1'],
      {
        LISTEN_FDNAMES: 'a:b',
        LISTEN_PIDFDID: '1',
      },
    );
    const [sleeper, names] = JSON.parse((await contentOf(path)) ?? '') as [number, string[]];
    expect(names).toEqual([]);
    expect(socketsOf(sleeper)).toEqual([]);
    // The supervisor and the only thread have one descriptor of each socket.
    for (const pid of [run.pid, ...childrenOf(run.pid)]) {
      const names = socketsOf(pid);
      expect(names).toHaveLength(new Set(names).size);
    }
  });

  test('of another process are ignored', async () => {
    const run = await start([['tcp', '127.0.0.1']], ['--port', '0', '--workers', '1'], { LISTEN_PID: '1' });
    expect(await contentOf(run.ports[0] as number)).toBe('Hello1');
  });

  test.each([
    [['pipe'], 'the inherited descriptor 4 is no socket'],
    [['file'], 'the inherited descriptor 4 is no socket'],
    [['udp'], 'the inherited descriptor 4 is no stream socket'],
    [['packets'], 'the inherited descriptor 4 is no stream socket'],
    [['connection'], 'the inherited descriptor 4 is a connection'],
    [['reset'], 'an inherited socket does not listen'],
    [['pair'], 'the inherited descriptor 4 is no listening socket'],
    [['unbound'], 'the inherited descriptor 4 is bound to no port'],
  ] as const)('%j is reported in one line, with exit code 1', async ([kind], line) => {
    const run = activate([
      ['tcp', '127.0.0.1'],
      [kind, socketPath()],
    ]);
    expect([await run.exit, run.output, run.errors]).toEqual([
      1,
      '',
      `hotpath: ${line}: pass listening stream sockets, with Accept=no in the .socket unit\n`,
    ]);
  });

  test('with certificates, TCP sockets speak HTTPS, paths speak HTTP, and names choose redirects and HTTP', async () => {
    const path = socketPath();
    const sockets: Socket[] = [
      ['tcp', '127.0.0.1'],
      ['unix', path],
      ['tcp', '127.0.0.1'],
      ['tcp', '127.0.0.1'],
    ];
    const { certFile, keyFile } = pair();
    const run = await start(sockets, ['--tls-cert', certFile, '--tls-key', keyFile, '--workers', '2'], {
      LISTEN_FDNAMES: 'redirect:https:https:http',
    });
    const [redirect, https, http] = run.ports as [number, number, number];
    expect(run.output).toMatch(
      /^Server listening on http:\S+ for redirects, unix:\S+, https:\/\/127\.0\.0\.1:\d+ and http:\S+ \(/,
    );
    expect((await visit({ port: https })).received).toMatch(/\r\n\r\nHello1$/);
    expect([await contentOf(path), await contentOf(http)]).toEqual(['Hello2', 'Hello3']);
    const [moved] = readResponses(
      await ask(redirect, 'GET /a HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'),
    );
    expect([moved?.statusCode, moved?.fields.get('location')]).toEqual([308, `https://a.example:${https}/a`]);
  });

  test.each([
    [[['unix', 'PATH']], 'none'],
    [[['tcp', '127.0.0.1']], 'http'],
  ] as [Socket[], string][])(
    'certificates without a socket for HTTPS are a mistake: %j',
    async (sockets, name) => {
      const { certFile, keyFile } = pair();
      const [[kind, place]] = sockets as [Socket];
      const run = activate(
        [[kind, place === 'PATH' ? socketPath() : place]] as Socket[],
        ['--tls-cert', certFile, '--tls-key', keyFile],
        { LISTEN_FDNAMES: name },
      );
      expect([await run.exit, run.errors]).toEqual([
        1,
        'hotpath: none of the inherited sockets is for HTTPS: pass a TCP socket, or leave out the certificates\n',
      ]);
    },
  );

  test('work with the units of the page', async () => {
    const page = readFileSync('docs/listening.md', 'utf8');
    const [unit = '', service = ''] = [...page.matchAll(/^```ini\n([\s\S]*?)^```$/gm)].map(
      ([, text]) => text,
    );
    const sockets = [...unit.matchAll(/^ListenStream=(.*)$/gm)].map(
      ([, at = '']): Socket => (at.startsWith('/') ? ['unix', socketPath()] : ['tcp6', '::']),
    );
    expect(sockets).toHaveLength(2);
    const [, node, cli, app, ...args] = /^ExecStart=(.*)$/m.exec(service)?.[1]?.split(/=| /) ?? [];
    expect([node, cli, app, args]).toEqual([
      expect.stringMatching(/hotpath\/dist\/cli\.js$/),
      '/srv/app/app.js',
      undefined,
      [],
    ]);
    const run = await start(sockets, ['--workers', '1']);
    expect(run.output).toMatch(/^Server listening on http:\/\/\[::\]:\d+ and unix:\S+\.sock \(/);
    // The signal of ExecReload.
    expect(service).toContain('kill -HUP $MAINPID');
    process.kill(run.pid, 'SIGHUP');
    await eventually('a reload', () => run.output.includes('Reloaded'));
  });

  test.each([
    [{ LISTEN_FDS: 'two' }, "LISTEN_FDS in the environment must be the number of sockets, not 'two'"],
    [{ LISTEN_FDS: '-1' }, "LISTEN_FDS in the environment must be the number of sockets, not '-1'"],
    [{ LISTEN_FDS: '' }, "LISTEN_FDS in the environment must be the number of sockets, not ''"],
    [{ LISTEN_FDNAMES: 'a:b' }, "LISTEN_FDNAMES in the environment must have 1 names, not 'a:b'"],
    [
      { LISTEN_FDNAMES: 'redirect' },
      'an inherited socket with the name redirect needs HTTPS: give a certificate',
    ],
  ])('%j is reported in one line, with exit code 1', async (environment, line) => {
    const run = activate([['tcp', '127.0.0.1']], [], environment);
    expect([await run.exit, run.output, run.errors]).toEqual([1, '', `hotpath: ${line}\n`]);
  });

  test('more sockets than there are descriptors are reported', async () => {
    const run = activate([['tcp', '127.0.0.1']], [], { LISTEN_FDS: '999999' });
    expect(await run.exit).toBe(1);
    expect(run.errors).toMatch(/^hotpath: the inherited descriptor \d+ is no socket: [^\n]*\n$/);
  });

  test.each([
    ['--port', '0'],
    ['--host', '::1'],
    ['--unix', 'a.sock'],
    ['--unix-mode', '660'],
    ['--redirect-http', '0'],
    ['--sockets', 'shared'],
  ])('%s beside them is wrong usage', async (...args) => {
    const run = activate([['tcp', '127.0.0.1']], args);
    expect([await run.exit, run.errors]).toEqual([
      2,
      `hotpath: ${args[0]} has no effect on the sockets that systemd passes: leave it out, and set the .socket unit\n`,
    ]);
  });
});

describe('the variables', () => {
  const at = { LISTEN_PID: '7', LISTEN_FDS: '2' };

  test.skipIf(platform() === 'win32')('name sockets from descriptor 3 on', () => {
    expect(inheritedSockets(at, 7)).toEqual([
      { fd: 3, name: 'unknown' },
      { fd: 4, name: 'unknown' },
    ]);
    expect(inheritedSockets({ ...at, LISTEN_FDNAMES: 'a:' }, 7)).toEqual([
      { fd: 3, name: 'a' },
      { fd: 4, name: '' },
    ]);
  });

  test.each([
    [{}],
    [{ LISTEN_FDS: '2' }],
    [{ ...at, LISTEN_PID: '8' }],
    [{ ...at, LISTEN_FDS: '0' }],
    [{ LISTEN_PID: '7' }],
  ])('%j names none', (variables) => {
    expect(inheritedSockets(variables, 7)).toBeUndefined();
  });
});
