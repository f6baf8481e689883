// Unix sockets by the option `unix` of the command line and of serve(): the path, the mode of its file, and clients without
// an address. listeners.test.ts has servers with several listeners.

import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { bindAll } from '#dist/connection/bind.js';
import { serve } from '#dist/serve.js';
import { MODELS } from '../src/options.ts';
import { pair } from './support/certificates.ts';
import { childrenOf, type Run } from './support/cli.ts';
import { ask, connect, eventually } from './support/client.ts';
import { appFiles, atEnd, closedAtEnd, launchServer, temporaryFolder } from './support/fixtures.ts';
import { readResponses } from './support/responses.ts';
import { visit } from './support/tls-client.ts';

const PERMISSIONS = 0o777;
const isInstalled = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;

const socketPath = (): string => join(temporaryFolder('unix'), 'a.sock');

const modeOf = (path: string): number => statSync(path).mode & PERMISSIONS;

/** Starts the command, and waits until it listens. */
async function start(args: string[], environment?: NodeJS.ProcessEnv): Promise<Run> {
  const run = launchServer(args, environment);
  const ended = run.exit.then((code) => {
    throw new Error(`ended with ${code}: ${run.errors}`);
  });
  await Promise.race([eventually('listening', () => run.output.includes('Server listening')), ended]);
  ended.catch(() => {});
  return run;
}

async function contentOf(to: number | string, fields = ''): Promise<string | undefined> {
  const answer = await ask(to, `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`);
  return readResponses(answer)[0]?.content;
}

/** A server of another program, which counts the clients that reach it. */
async function otherServer(path: string): Promise<() => number> {
  let clients = 0;
  const server = net.createServer((socket) => {
    clients++;
    socket.destroy();
  });
  server.listen(path);
  await once(server, 'listening');
  atEnd(() => server.close());
  return () => clients;
}

describe.skipIf(platform() === 'win32')('--unix', () => {
  test('listens at the path alone, whatever PORT is, and removes the file at the stop', async () => {
    const path = socketPath();
    const run = await start(['--unix', path, '--workers', '1'], { PORT: '1' });
    expect(run.output).toMatch(
      /^Server listening on unix:(\S+) \(1 worker, wasm engine, one shared socket, /,
    );
    expect(/unix:(\S+)/.exec(run.output)?.[1]).toBe(path);
    expect(await contentOf(path)).toBe('Hello1');
    expect(readdirSync(dirname(path))).toEqual(['a.sock']);
    expect(await run.stop()).toBe(0);
    expect(readdirSync(dirname(path))).toEqual([]);
    expect(run.errors).toBe('');
  });

  test.each([
    [['--port', '0'], {}],
    [['--host', '127.0.0.1'], { PORT: '0' }],
  ])('listens on a TCP port, too, with %j', async (args, environment) => {
    const path = socketPath();
    const run = await start(['--unix', path, ...args, '--workers', '2'], environment);
    expect(run.output).toMatch(/^Server listening on http:\/\/127\.0\.0\.1:\d+ and unix:\S+a\.sock \(/);
    expect(await contentOf(run.port)).toBe('Hello1');
    expect(await contentOf(path)).toBe('Hello2');
  });

  test.each(MODELS)('is served by --model %s', async (model) => {
    const path = socketPath();
    const run = await start(['--unix', path, '--model', model]);
    expect(await contentOf(path)).toBe('Hello1');
    expect(await run.stop()).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test('takes a relative path, whose name may begin with @ after ./', async () => {
    const folder = temporaryFolder('unix');
    const path = relative('.', join(folder, '@a'));
    await start(['--unix', path, '--workers', '1']);
    expect(await contentOf(join(folder, '@a'))).toBe('Hello1');
  });

  test('takes the longest path that the system has, and a name of one byte', async () => {
    const folder = temporaryFolder('unix');
    const longest = platform() === 'linux' ? 107 : 103;
    const room = longest - folder.length - 1;
    for (const path of [join(folder, 'f'.repeat(room)), join(folder, 'd'.repeat(room - 2), 'f')]) {
      expect(path).toHaveLength(longest);
      mkdirSync(dirname(path), { recursive: true });
      const run = await start(['--unix', path, '--unix-mode', '600', '--workers', '1']);
      expect(await contentOf(path)).toBe('Hello1');
      expect(modeOf(path)).toBe(0o600);
      expect(await run.stop()).toBe(0);
      expect(existsSync(path)).toBe(false);
    }
  });

  test('refuses a link, and neither replaces it nor connects through it', async () => {
    const folder = temporaryFolder('unix');
    const [link, target] = [join(folder, 'link'), join(folder, 'target')];
    const clients = await otherServer(target);
    symlinkSync(target, link);
    const refused = `hotpath: address already in use ${link}: it is a link, and links are not followed: give the path that it leads to\n`;
    for (const dangles of [false, true]) {
      if (dangles) symlinkSync(join(folder, 'nothing'), join(folder, 'dangling'));
      const path = dangles ? join(folder, 'dangling') : link;
      const run = launchServer(['--unix', path, '--workers', '1']);
      expect([await run.exit, run.output, run.errors]).toEqual([1, '', refused.replace(link, path)]);
      expect(lstatSync(path).isSymbolicLink()).toBe(true);
    }
    expect(clients()).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['dangling', 'link', 'target']);
  });

  test('replaces no link that appears while the server starts', async () => {
    const path = socketPath();
    const app = appFiles().write(
      'app.mjs',
      `import { symlinkSync } from 'node:fs';
       symlinkSync('/nowhere', ${JSON.stringify(path)});
       export default { fetch: () => new Response() };`,
    );
    const run = launchServer([app, '--unix', path, '--workers', '1']);
    expect(await run.exit).toBe(1);
    expect(run.errors).toContain('it is a link');
    expect(readlinkSync(path)).toBe('/nowhere');
    expect(readdirSync(dirname(path))).toEqual(['a.sock']);
  });

  test.each([
    [2, [''], '--unix needs the path of a socket'],
    [
      2,
      ['@name'],
      '--unix needs the path of a file, and has no abstract names: write ./@name for a file called @name',
    ],
    [
      2,
      ['a.sock', '--tls-cert', 'c.pem', '--tls-key', 'k.pem'],
      '--unix speaks HTTP without TLS: name --port, too, for HTTPS, or leave out the certificates',
    ],
    [
      2,
      ['a.sock', '--unix-mode', 'rw'],
      "--unix-mode must be an octal mode such as 660, or 0o660 in a program, not 'rw'",
    ],
    [
      2,
      ['a.sock', '--unix-mode', '0888'],
      "--unix-mode must be an octal mode such as 660, or 0o660 in a program, not '0888'",
    ],
    [
      2,
      ['a.sock', '--unix-mode', '1777'],
      "--unix-mode must be an octal mode such as 660, or 0o660 in a program, not '1777'",
    ],
    [1, ['/nowhere/a.sock'], 'there is no folder /nowhere for the socket /nowhere/a.sock: create it first'],
    [1, ['/dev/null/a.sock'], "can't make the socket /dev/null/a.sock: not a directory"],
    [
      1,
      [`/${'a'.repeat(107)}`],
      `the path of a socket has at most 107 bytes, not /${'a'.repeat(107)}: choose a shorter one`,
    ],
    [1, ['/tmp'], 'address already in use /tmp: it is a folder: name a socket in it, such as /tmp/app.sock'],
    ...(platform() === 'linux'
      ? [[1, ['/proc/a.sock'], "can't make the socket /proc/a.sock: permission denied"] as const]
      : []),
  ] as const)('exit code %d and one line for %j', async (code, [path, ...args], line) => {
    const run = launchServer(['--unix', path as string, ...args, '--workers', '1'], { PORT: '8080' });
    expect([await run.exit, run.output, run.errors.replace('103', '107')]).toEqual([
      code,
      '',
      `hotpath: ${line}\n`,
    ]);
  });

  test('--unix-mode without it is wrong usage', async () => {
    const run = launchServer(['--unix-mode', '660']);
    expect([await run.exit, run.errors]).toEqual([
      2,
      'hotpath: --unix-mode belongs to --unix: give a path, too\n',
    ]);
  });
});

describe.skipIf(platform() === 'win32')('the mode of the file', () => {
  test.each(['660', '0600', '777', '000'])('is %s', async (mode) => {
    const path = socketPath();
    await start(['--unix', path, '--unix-mode', mode, '--workers', '1']);
    expect(modeOf(path)).toBe(Number.parseInt(mode, 8));
  });

  test('is that of the umask by default', async () => {
    const path = socketPath();
    await start(['--unix', path, '--workers', '1']);
    expect(modeOf(path)).toBe(PERMISSIONS & ~process.umask());
  });

  test('is set before any thread listens, and before the file is at the path', async () => {
    const path = socketPath();
    const [bound] = await bindAll(
      [{ address: { path, mode: 0o604 }, protocol: 'plain', serves: 'public' }],
      1,
      'auto',
    );
    atEnd(() => bound?.close());
    const [name = '', ...others] = readdirSync(dirname(path));
    expect(others).toEqual([]);
    expect(name).not.toBe('a.sock');
    expect(modeOf(join(dirname(path), name))).toBe(0o604);
    await expect(connect(join(dirname(path), name))).rejects.toThrow('ECONNREFUSED');
    await bound?.publish();
    expect(readdirSync(dirname(path))).toEqual(['a.sock']);
    expect(modeOf(path)).toBe(0o604);
  });

  test('stays over deaths of the server process and reloads', async () => {
    const path = socketPath();
    const run = await start(['--unix', path, '--unix-mode', '640', '--workers', '1']);
    const { ino } = statSync(path);
    process.kill(childrenOf(run.child.pid as number)[0] as number, 'SIGKILL');
    await eventually('the next start', () => run.output.split('Server listening').length === 3);
    expect(await contentOf(path)).toBe('Hello1');
    expect([statSync(path).ino, modeOf(path)]).toEqual([ino, 0o640]);
  });
});

describe.skipIf(platform() === 'win32')('serve({ unix })', () => {
  const fetchApp = (request: Request, { remoteAddress }: { remoteAddress: string }): Response =>
    new Response(`${request.url} from '${remoteAddress}'`);

  test.each([0o660, '660'])('listens at the path alone, with mode %s', async (unixMode) => {
    const path = socketPath();
    const server = await closedAtEnd(serve({ unix: path, unixMode, fetch: fetchApp }));
    expect([server.url, server.port]).toEqual([`unix:${path}`, 0]);
    expect(modeOf(path)).toBe(0o660);
    expect(readdirSync(dirname(path))).toEqual(['a.sock']);
    expect(await contentOf(path)).toBe("http://a/ from ''");
    await server.close();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test('listens on a port, too, if one is named', async () => {
    const path = socketPath();
    const server = await closedAtEnd(serve({ unix: path, port: 0, fetch: fetchApp }));
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(await contentOf(server.port)).toBe("http://a/ from '127.0.0.1'");
    expect(await contentOf(path)).toBe("http://a/ from ''");
  });

  test('has one thread, and keeps path and mode over a reload', async () => {
    const path = socketPath();
    const files = appFiles();
    const write = (text: string): string =>
      files.write('app.mjs', `export default { routes: { '/': new Response('${text}') } };`);
    const server = await closedAtEnd(serve({ app: write('old'), unix: path, unixMode: 0o606, workers: 4 }));
    expect(await contentOf(path)).toBe('old');
    write('new');
    await server.reload();
    expect(await contentOf(path)).toBe('new');
    expect(modeOf(path)).toBe(0o606);
    await server.close();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test('replaces a stale file, and leaves the file of another server', async () => {
    const path = socketPath();
    const stale = spawnSync(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    expect([stale.signal, existsSync(path)]).toEqual(['SIGKILL', true]);
    const first = await closedAtEnd(serve({ unix: path, fetch: fetchApp }));
    await expect(serve({ unix: path, fetch: fetchApp })).rejects.toThrow(
      `address already in use ${path}: another server listens there`,
    );
    rmSync(path);
    await closedAtEnd(serve({ unix: path, fetch: () => new Response('second') }));
    await first.close();
    expect(await contentOf(path)).toBe('second');
  });

  test.each([
    [{ unix: '' }, 'unix needs the path of a socket'],
    [
      { unix: '\0name' },
      'unix needs the path of a file, and has no abstract names: write ./@name for a file called @name',
    ],
    [{ unix: '/tmp/a\0b' }, 'unix needs the path of a socket'],
    [
      { unix: '/proc/a', unixMode: 660 },
      "unixMode is the decimal number 660, which is 1224 in octal: write '660' or 0o660",
    ],
    [{ unixMode: 0o660 }, 'unixMode belongs to unix: give a path, too'],
    [
      { unix: '/proc/a', tls: { cert: 'a', key: 'b' } },
      'unix speaks HTTP without TLS: name port, too, for HTTPS, or leave out the certificates',
    ],
    [{ unix: '/dev/null/a' }, "can't make the socket /dev/null/a: not a directory"],
  ])('%j is one line', async (options, line) => {
    await expect(serve({ ...options, fetch: fetchApp })).rejects.toMatchObject({ message: line });
  });
});

test('a client of a port that has gone is unknown, not without an address', async () => {
  const seen: string[] = [];
  const server = await closedAtEnd(
    serve({
      port: 0,
      fetch: async (request, context) => {
        if (!request.signal.aborted) await once(request.signal, 'abort');
        seen.push(context.remoteAddress);
        return new Response();
      },
    }),
  );
  const { socket } = await connect(server.port);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n', () => setTimeout(() => socket.resetAndDestroy(), 100));
  await eventually('the handler', () => seen.length === 1);
  expect(seen).toEqual(['unknown']);
});

test.skipIf(platform() !== 'linux')('serve() names the path that it may not bind', async () => {
  const server = serve({ unix: '/proc/a', fetch: () => new Response() });
  await expect(server).rejects.toMatchObject({ message: "can't make the socket /proc/a: permission denied" });
});

test.skipIf(platform() === 'win32')('with certificates the port speaks HTTPS and the path HTTP', async () => {
  const path = socketPath();
  const { certFile, keyFile } = pair();
  const run = await start(['--unix', path, '--port', '0', '--tls-cert', certFile, '--tls-key', keyFile]);
  const [, port] = /^Server listening on https:\/\/127\.0\.0\.1:(\d+) and unix:/.exec(run.output) ?? [];
  expect((await visit({ port: Number(port) })).received).toMatch(/Hello1$/);
  expect(await contentOf(path)).toBe('Hello2');
});

describe.skipIf(platform() === 'win32')('clients of a unix socket', () => {
  const limitedApp = `
    import { Response, limiter, rateLimit } from 'hotpath';
    const limited = rateLimit(limiter('api', { limit: 2, windowMs: 60_000 }));
    export default { fetch: limited((_, { remoteAddress }) => new Response(\`for \${remoteAddress}\`)) };`;

  async function statusesOf(path: string, ...clients: string[]): Promise<number[]> {
    const statuses: number[] = [];
    for (const client of clients) {
      const field = client === '' ? '' : `X-Forwarded-For: ${client}\r\n`;
      const answer = await ask(path, `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${field}\r\n`);
      statuses.push(readResponses(answer)[0]?.statusCode ?? 0);
    }
    return statuses;
  }

  test.each(['direct', 'public'])('never share the limit of one key, by %s reads', async (io) => {
    const path = socketPath();
    const app = appFiles().write('app.mjs', limitedApp);
    const run = await start([app, '--unix', path, '--io', io, '--workers', '1']);
    // Without --trust-proxy any client could send the field.
    expect(await statusesOf(path, '', '192.0.2.1')).toEqual([500, 500]);
    await eventually('a line for each', () => run.errors.split('A handler failed at GET /').length === 3);
    expect(run.errors).toContain(
      "TypeError: rateLimit() of limiter 'api': clients of a unix socket have no address: give it a key, or let the proxy's field name them with --trust-proxy",
    );
  });

  test('are told apart by the field of a trusted proxy', async () => {
    const path = socketPath();
    const app = appFiles().write('app.mjs', limitedApp);
    await start([app, '--unix', path, '--trust-proxy', '1', '--workers', '1']);
    const clients = ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2', ''];
    expect(await statusesOf(path, ...clients)).toEqual([200, 200, 429, 200, 500]);
  });

  test.skipIf(!isInstalled('curl'))('curl', async () => {
    const path = socketPath();
    await start(['--unix', path, '--workers', '1']);
    const curl = (...args: string[]): Promise<string> =>
      promisify(execFile)('curl', ['-sS', '--unix-socket', path, ...args]).then(({ stdout }) => stdout);
    expect(await curl('http://a/b', 'http://a/c')).toBe('Hello1Hello2');
    expect(await curl('-w', ' %{http_code} %{num_connects}', '-d', 'content', 'http://a/')).toBe(
      'Hello3 200 1',
    );
  });

  test.skipIf(spawnSync('nginx', ['-v'], { stdio: 'ignore' }).error !== undefined)(
    'nginx, as the page configures it, names its clients',
    async () => {
      const folder = temporaryFolder('unix');
      const [path, front] = [join(folder, 'app.sock'), join(folder, 'front.sock')];
      const app = appFiles().write('app.mjs', limitedApp);
      await start([app, '--unix', path, '--unix-mode', '666', '--trust-proxy', '1', '--workers', '2']);
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${folder}/${name};`,
      );
      // The clients come through a port, so that nginx knows their addresses.
      const port = await freePort();
      const page = readFileSync('docs/listening.md', 'utf8');
      const onPage = /^```nginx\n([\s\S]*?)^```$/m.exec(page)?.[1] as string;
      const servers = onPage
        .replace('/run/app/app.sock', path)
        .replace('listen 80;', `listen 127.0.0.1:${port}; listen unix:${front};`);
      writeFileSync(
        join(folder, 'nginx.conf'),
        `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off; ${temporary.join(' ')}
${servers}}
`,
      );
      const nginx = spawn(
        'nginx',
        ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')],
        {
          stdio: 'ignore',
        },
      );
      atEnd(async () => {
        nginx.kill('SIGTERM');
        await once(nginx, 'exit');
      });
      await eventually('nginx listens', () => existsSync(front));
      const from = async (localAddress: string): Promise<string> => {
        const client = await connect(port, localAddress);
        client.send('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n');
        const [response] = readResponses(await client.end());
        return `${response?.statusCode} ${response?.content}`;
      };
      const refused = '429 429 Too Many Requests\n';
      expect([await from('127.0.0.1'), await from('127.0.0.1'), await from('127.0.0.1')]).toEqual([
        '200 for 127.0.0.1',
        '200 for 127.0.0.1',
        refused,
      ]);
      expect(await from('127.0.0.2')).toBe('200 for 127.0.0.2');
    },
  );
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
