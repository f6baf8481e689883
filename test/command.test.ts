// The lines of the command about a failed start, and its treatment of Node's flags. cli.test.ts tests the rest.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { explain } from '../src/command.ts';
import { plural } from '../src/plural.ts';
import { childrenOf, startCli } from './support/cli.ts';
import { ask, eventually } from './support/client.ts';
import { temporaryFolder } from './support/fixtures.ts';
import { readResponses } from './support/responses.ts';

const folder = temporaryFolder('command');
chmodSync(folder, 0o755);

describe('each cause of a failed start has its own line', () => {
  test.each([
    [
      'EACCES',
      'listen EACCES: permission denied 127.0.0.1:80',
      /^only a privileged user may listen on this port: choose/,
    ],
    [
      'EACCES',
      'listen EACCES: permission denied /run/a.sock',
      /^listen EACCES: permission denied \/run\/a\.sock$/,
    ],
    [
      'EACCES',
      "EACCES: permission denied, open '/a/app.js'",
      /^EACCES: permission denied, open '\/a\/app.js'$/,
    ],
    ['EACCES', "EACCES: permission denied, mkdir '/state'", /^EACCES: permission denied, mkdir/],
    [
      'ENOENT',
      "ENOENT: no such file or directory, open '/a'",
      /^ENOENT: no such file or directory, open '\/a'$/,
    ],
    [
      'EADDRINUSE',
      'listen EADDRINUSE: address already in use 127.0.0.1:1',
      /^address .*: choose another port with --port$/,
    ],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND a.invalid', /^the name 'a\.invalid' of --host has no address: use/],
    ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN a.invalid', /^the name 'a\.invalid' of --host has no address: use/],
    ['ENOTFOUND', 'getaddrinfo() of the database failed', /^getaddrinfo\(\) of the database failed$/],
    [
      'EADDRNOTAVAIL',
      'listen EADDRNOTAVAIL: address not available 192.0.2.1',
      /^the address of --host is not one/,
    ],
    ['EADDRNOTAVAIL', 'connect EADDRNOTAVAIL 127.0.0.1:5432', /^connect EADDRNOTAVAIL/],
    ['EMFILE', 'EMFILE: too many open files', /: raise the limit of open files \(ulimit -n\)$/],
  ])('%s: %s', (code, message, line) => {
    expect(explain(Object.assign(new Error(message), { code }))).toMatch(line);
  });

  test('a deleted working directory', () => {
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    const script = `process.chdir(${JSON.stringify(gone)}); require('fs').rmdirSync(${JSON.stringify(gone)});
      process.exitCode = require('child_process').spawnSync(process.execPath,
        [${JSON.stringify(resolve('dist/cli.js'))}, '--port', '0'], { stdio: 'inherit' }).status;`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      1,
      'hotpath: the working directory has been deleted: change to another one\n',
    ]);
  });

  test('an app that the user may not read, and a port that needs privileges', async (context) => {
    const app = join(folder, 'app.mjs');
    writeFileSync(app, 'export default { fetch: () => new Response() };');
    chmodSync(app, 0);
    // Root may read any file and listen on any port.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [resolve('dist/cli.js'), ...args], { encoding: 'utf8', cwd: '/', ...user });
    if (run('--version').status !== 0) return context.skip('the project is in a folder of root');
    const unreadable = run(app, '--port', '0');
    expect([unreadable.status, unreadable.stderr]).toEqual([
      2,
      `hotpath: the app '${app}' can't be read: EACCES: permission denied, access '${app}'\n`,
    ]);
    if (Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) <= 80) return;
    const privileged = run('--port', '80');
    expect([privileged.status, privileged.stderr]).toEqual([
      1,
      'hotpath: only a privileged user may listen on this port: choose a port above 1023 with --port\n',
    ]);
  });
});

test('a Node that is too old is refused with one line, and package.json names the same version', () => {
  const pretend = 'Object.defineProperty(process.versions, "node", { value: "20.18.3" });';
  const tooOld = (...code: string[]) => spawnSync(process.execPath, code, { encoding: 'utf8' });
  const line = 'Node 20.19 or later is needed, and this is Node 20.18.3: install a newer one';
  const cli = tooOld('--import', `data:text/javascript,${pretend}`, 'dist/cli.js', '--port', '0');
  expect([cli.status, cli.stdout, cli.stderr]).toEqual([1, '', `hotpath: ${line}\n`]);
  const program = `import(${JSON.stringify(resolve('dist/index.js'))}).catch((e) => console.log(e.message))`;
  expect(tooOld('-e', pretend + program).stdout).toBe(`${line}\n`);
  expect(packageJson.engines.node).toBe('>=20.19');
});

test('--inspect given to Node debugs the server process, also after it has been started again', async () => {
  const port = await freePort();
  const child = spawn(process.execPath, [`--inspect=127.0.0.1:${port}`, 'dist/cli.js', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  await eventually('listening', () => output.includes('Server listening'));
  const targets = async (): Promise<string[]> => {
    const list = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as { url: string }[];
    return list.map(({ url }) => url);
  };
  expect(await targets()).toEqual([expect.stringMatching(/\/dist\/server-main\.js$/)]);
  const [server] = childrenOf(child.pid as number);
  process.kill(server as number, 'SIGKILL');
  await eventually('listening again', () => output.split('Server listening').length === 3);
  expect(childrenOf(child.pid as number)).not.toContain(server);
  expect(await targets()).toEqual([expect.stringMatching(/\/dist\/server-main\.js$/)]);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('the start line names a counter that is not the exact one of event loops', async () => {
  for (const [args, named] of [
    [['--counter', 'none'], ', unprotected counter,'],
    [['--model', 'thread'], ', counter under a mutex,'],
    [['--model', 'thread', '--counter', 'none'], ', unprotected counter,'],
  ] as const) {
    const run = await startCli([...args]);
    expect(run.output).toContain(named);
    expect(await run.stop()).toBe(0);
  }
});

test('lines count in the singular and in the plural', async () => {
  expect([0, 1, 2].map((n) => plural(n, 'request'))).toEqual(['0 requests', '1 request', '2 requests']);
  expect([1, 2].map((n) => plural(n, 'process', 'processes'))).toEqual(['1 process', '2 processes']);
  const run = await startCli(['--workers', '1']);
  expect(readResponses(await ask(run.port))[0]?.content).toBe('Hello1');
  expect(await run.stop()).toBe(0);
  expect(run.output).toContain('\nServer stopped after 1 request on 1 connection\n');
});

test('--log requests prints the start of a target and the first line of a content, 80 characters at most', async () => {
  const app = join(folder, 'long.mjs');
  writeFileSync(
    app,
    `const text = 'first line\\nsecret=1234';
    export default { routes: {
      '/lines': () => new Response(text), '/fixed': new Response(text),
      '/long': () => new Response('x'.repeat(79) + 'yz'), '/controls': () => new Response('a\\u009b2Jb'),
    }, fetch: () => new Response('') };`,
  );
  const run = await startCli([app, '--log', 'requests', '--workers', '1']);
  for (const target of ['/lines', '/fixed', '/long', '/controls', `/?${'t'.repeat(100)}SECRET`])
    await ask(
      run.port,
      `GET ${target} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic c2VjcmV0\r\nConnection: close\r\n\r\n`,
    );
  await run.stop();
  const lines = run.output.split('\n').filter((line) => /^(Received|Sent)/.test(line));
  expect(lines.map((line) => line.replace(/^(\w+) .*?:\d+: /, '$1 '))).toEqual([
    'Received GET /lines HTTP/1.1',
    'Sent 200 "first line\\n"…',
    'Received GET /fixed HTTP/1.1',
    'Sent 200 "first line\\n"…',
    'Received GET /long HTTP/1.1',
    `Sent 200 "${'x'.repeat(79)}y"…`,
    'Received GET /controls HTTP/1.1',
    'Sent 200 "a\\u009b2Jb"',
    `Received GET /?${'t'.repeat(74)}…`,
    'Sent 200 ""',
  ]);
  expect(run.output).not.toMatch(/secret|SECRET|c2VjcmV0/);
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
