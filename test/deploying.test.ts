// docs/deploying.md is true: its files are accepted by the programs that they are for, and its commands by the command.

import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { variableOf } from '../src/configuration/environment.ts';
import { OPTION_NAMES } from '../src/options.ts';
import { adminOf, askAdmin } from './support/admin.ts';
import { runCli } from './support/cli.ts';
import { eventually } from './support/client.ts';
import { appFiles, atEnd, startServer, temporaryFolder } from './support/fixtures.ts';

const PAGE = readFileSync('docs/deploying.md', 'utf8');
const GRACE_S = 3;
const execute = promisify(execFile);

const APP = `export default { fetch: (request, { remoteAddress, protocol, requestId }) =>
  Response.json({ url: request.url, remoteAddress, protocol, requestId }) };`;

/** Whether a program is installed that accepts these arguments. */
function has(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** The only code block in a language, or the one that contains a text. */
function blockOf(language: string, contains = ''): string {
  const blocks = [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, text = '']) => text,
  );
  const [block = '', ...others] = blocks.filter((text) => text.includes(contains));
  expect(block).not.toBe('');
  expect(others).toEqual([]);
  return block;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Parses documents of YAML by Python, since no package here does. */
function parsed(text: string): unknown[] {
  const { stdout } = spawnSync(
    'python3',
    ['-c', 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))'],
    { input: text, encoding: 'utf8' },
  );
  return JSON.parse(stdout);
}

test('the commands have options that exist, and the variables are options', async () => {
  const app = appFiles().write('app.mjs', APP);
  const commands = [...PAGE.matchAll(/^hotpath ((?:--|app).*)$/gm)].map(([, args = '']) => args);
  expect(commands).toHaveLength(3);
  for (const args of commands) {
    const { code, errors } = await runCli([
      '--print-config',
      ...args.replace('app.js', app).replace('--check ', '').split(' '),
    ]);
    expect([code, errors]).toEqual([0, '']);
  }
  const known = OPTION_NAMES.map(variableOf);
  for (const [name] of PAGE.matchAll(/\bHOTPATH_[A-Z_]+\b/g))
    if (name !== 'HOTPATH_PORT') expect(known).toContain(name);
});

describe('the Dockerfile', () => {
  const file = blockOf('dockerfile').replaceAll('\\\n', '');

  test('starts a server that other machines reach, and the health check asks it', async () => {
    const environment = Object.fromEntries(
      (/^ENV (.*)$/m.exec(file)?.[1] ?? '').split(' ').map((pair) => pair.split('=') as [string, string]),
    );
    expect(environment.HOTPATH_ADMIN).toBe('127.0.0.1:9090');
    const [, script, app] = JSON.parse(`["node", ${/^CMD \[(.*)\]$/m.exec(file)?.[1]}]`);
    expect([script, app]).toEqual(['node_modules/.bin/hotpath', 'app.js']);
    const run = await startServer(
      [appFiles().write('app.mjs', APP), '--workers', '1', '--shutdown-delay', '600000'],
      { ...environment, HOTPATH_ADMIN: '127.0.0.1:0' },
    );
    expect(run.output).toMatch(/listening on http:\/\/0\.0\.0\.0:/);
    const [node, ...args] = JSON.parse(/^HEALTHCHECK .* CMD (\[.*\])$/m.exec(file)?.[1] ?? '[]') as string[];
    expect(node).toBe('node');
    const check = async (): Promise<number> => {
      const child = spawn(
        process.execPath,
        args.map((arg) => arg.replace('http://127.0.0.1:9090', adminOf(run))),
      );
      return (await once(child, 'exit'))[0];
    };
    expect(await check()).toBe(0);
    run.child.kill('SIGTERM');
    await eventually('the signal', () => run.output.includes('Stopping'));
    expect(await check()).toBe(1);
  });

  test.skipIf(!has('hadolint', '--version'))('is accepted by hadolint', async () => {
    const path = join(temporaryFolder('docker'), 'Dockerfile');
    writeFileSync(path, blockOf('dockerfile'));
    await execute('hadolint', [path]);
  });
});

describe.skipIf(!has('python3', '-c', 'import yaml'))('the files of containers', () => {
  test('the compose file leaves more time to stop than the server takes', async () => {
    const [{ services }] = parsed(blockOf('yaml', 'services:')) as [
      { services: { app: { environment: Record<string, string>; stop_grace_period: string } } },
    ];
    const { environment, stop_grace_period } = services.app;
    const { output } = await runCli(['--print-config'], environment);
    const drainMs = Number(/^drainTimeout +(\d+)/m.exec(output)?.[1]);
    expect(Number.parseInt(stop_grace_period, 10)).toBeGreaterThan(drainMs / 1000 + GRACE_S);
  });

  test('the pod has probes that need no token, and more time to stop than the server takes', async () => {
    type Probe = 'startupProbe' | 'readinessProbe' | 'livenessProbe';
    interface Container extends Record<Probe, { httpGet: { path: string; port: string } }> {
      env: { name: string; value: string }[];
      ports: { name: string; containerPort: number }[];
    }
    const [deployment, service] = parsed(blockOf('yaml', 'kind: Deployment')) as [
      {
        spec: {
          template: { spec: { terminationGracePeriodSeconds: number; containers: [Container] } };
        };
      },
      { spec: { ports: [{ targetPort: string }] } },
    ];
    const { terminationGracePeriodSeconds, containers } = deployment.spec.template.spec;
    const [container] = containers;
    expect(container.ports.map(({ name }) => name)).toContain(service.spec.ports[0].targetPort);
    const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    const stopMs = Number(environment.HOTPATH_SHUTDOWN_DELAY) + Number(environment.HOTPATH_DRAIN_TIMEOUT);
    expect(terminationGracePeriodSeconds).toBeGreaterThan(stopMs / 1000 + GRACE_S);
    expect(environment.HOTPATH_ADMIN).toBe('0.0.0.0:9090');
    const token = join(temporaryFolder('pod'), 'token');
    writeFileSync(token, 'secret');
    const run = await startServer(['--workers', '1'], {
      ...environment,
      HOTPATH_ADMIN: '0.0.0.0:0',
      HOTPATH_ADMIN_TOKEN: token,
      HOTPATH_SHUTDOWN_DELAY: '0',
    });
    // The start line is JSON here.
    const admin = `http://127.0.0.1:${/admin on http:\/\/0\.0\.0\.0:(\d+)/.exec(run.output)?.[1]}`;
    // The kubelet names the address of the pod.
    const statusOf = async (path: string): Promise<number | undefined> =>
      (await askAdmin(admin, path, { host: '192.0.2.7:9090' })).status;
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'] satisfies Probe[]) {
      const { path, port } = container[probe].httpGet;
      expect(port).toBe('admin');
      expect(await statusOf(path)).toBe(200);
    }
    expect(await statusOf('/metrics')).toBe(401);
  });
});

describe('the units of systemd', () => {
  const socket = blockOf('ini', '[Socket]');
  const service = blockOf('ini', '[Service]');

  test.skipIf(!has('systemd-analyze', '--version'))('are accepted by systemd', async () => {
    const folder = temporaryFolder('units');
    writeFileSync(join(folder, 'app.socket'), socket);
    writeFileSync(join(folder, 'app.service'), service.replace('/usr/bin/node', process.execPath));
    const { stdout, stderr } = await execute('systemd-analyze', [
      'verify',
      '--man=no',
      join(folder, 'app.socket'),
      join(folder, 'app.service'),
    ]);
    // Complaints about the units of the system itself are not ours.
    expect(`${stdout}${stderr}`.split('\n').filter((line) => /\bapp\.(?:socket|service)/.test(line))).toEqual(
      [],
    );
  });

  test('start a server that writes to their folders only', async () => {
    const folder = temporaryFolder('unit');
    const [, options = ''] =
      /^ExecStart=\/usr\/bin\/node node_modules\/hotpath\/dist\/cli\.js app\.js (.*)$/m.exec(service) ?? [];
    for (const name of ['RuntimeDirectory', 'LogsDirectory']) expect(service).toContain(`\n${name}=app\n`);
    const run = await startServer([
      appFiles().write('app.mjs', APP),
      '--workers',
      '1',
      ...options.replace('/run/app', folder).replace('/var/log/app', folder).split(' '),
    ]);
    expect(await askAdmin(adminOf(run), '/readyz')).toMatchObject({ status: 200 });
    await run.stop();
    expect(existsSync(join(folder, 'access.log'))).toBe(true);
  });
});

describe('proxies', () => {
  test.skipIf(!has('nginx', '-v'))('nginx passes requests with the page’s file', async () => {
    const [, options = ''] = /^hotpath app\.js (--trust-proxy .*)$/m.exec(PAGE) ?? [];
    const app = appFiles().write('app.mjs', APP);
    const run = await startServer([app, '--workers', '1', ...options.split(' ')]);
    const folder = temporaryFolder('nginx');
    const port = await freePort();
    const file = join(folder, 'nginx.conf');
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    const block = blockOf('nginx')
      .replace('127.0.0.1:8080', `127.0.0.1:${run.port}`)
      .replace('listen 80;', `listen 127.0.0.1:${port};`);
    writeFileSync(
      file,
      `daemon off;\npid ${folder}/pid;\nevents {}\nhttp {\naccess_log off;\n${places.join('\n')}\n${block}}\n`,
    );
    const args = ['-p', folder, '-c', file, '-e', join(folder, 'errors')];
    expect((await execute('nginx', ['-t', ...args])).stderr).toContain('syntax is ok');
    const nginx = spawn('nginx', args, { stdio: 'ignore' });
    const ended = once(nginx, 'exit');
    atEnd(async () => {
      nginx.kill('SIGQUIT');
      await ended;
    });
    const ask = () => fetch(`http://127.0.0.1:${port}/a?b=c`).then((response) => response.json());
    await eventually('nginx', () => existsSync(join(folder, 'pid')));
    expect(await ask()).toEqual({
      url: 'http://127.0.0.1/a?b=c',
      remoteAddress: '127.0.0.1',
      protocol: 'http',
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test.skipIf(!has('caddy', 'version'))('Caddy accepts the page’s file', async () => {
    const file = join(temporaryFolder('caddy'), 'Caddyfile');
    writeFileSync(file, blockOf('caddy'));
    await execute('caddy', ['adapt', '--config', file, '--adapter', 'caddyfile']);
  });
});

test.skipIf(!has('logrotate', '--version'))('logrotate accepts the page’s file', async () => {
  const folder = temporaryFolder('logrotate');
  const file = join(folder, 'app');
  writeFileSync(file, blockOf('logrotate').replaceAll('/var/log/app', folder), { mode: 0o644 });
  writeFileSync(join(folder, 'access.log'), 'a line\n');
  const { stderr } = await execute('logrotate', ['--debug', '--state', join(folder, 'state'), file]);
  expect(stderr).not.toMatch(/^error/m);
});
