// The options of an application's module, --check and --print-config, as users and programs meet them.

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { serve } from '#dist/index.js';
import { settingsOfModule } from '../src/configuration/module-settings.ts';
import { runCli, startCli } from './support/cli.ts';
import { appFiles, closedAtEnd, temporaryFolder } from './support/fixtures.ts';

const files = appFiles();

/** Writes a module with these options, which answers with the number of the thread. */
function moduleWith(name: string, config: string, beside = ''): string {
  return files.write(
    `${name}.js`,
    `export const config = ${config};
    export default { ${beside} fetch: (request, { worker }) => new Response('thread ' + worker) };`,
  );
}

/** Returns the lines of --print-config as `name value source`. */
async function configOf(args: string[], environment: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const { code, output, errors } = await runCli(['--print-config', ...args], environment);
  expect([code, errors]).toEqual([0, '']);
  return output.split('\n').map((line) => line.trim().replace(/ +/g, ' '));
}

describe('the options of a module', () => {
  const read = (module: Record<string, unknown>) => settingsOfModule(module, 'a.js');

  test('are those of config, then port and hostname of the default export', () => {
    const { settings, mistakes } = read({
      config: { port: 80, allowedHosts: ['a', 'b'], tlsCert: ['c', 'd'], maxBody: undefined },
      default: { port: 81, hostname: '::1', fetch: () => {} },
    });
    expect(mistakes).toEqual([]);
    expect(settings).toEqual([
      ['port', { text: '80', called: 'config.port of a.js', source: 'a.js' }],
      ['allowedHosts', { text: 'a,b', called: 'config.allowedHosts of a.js', source: 'a.js' }],
      ['tlsCert', { text: 'c\0d', called: 'config.tlsCert of a.js', source: 'a.js' }],
      ['host', { text: '::1', called: 'default.hostname of a.js', source: 'a.js' }],
    ]);
  });

  test('are beside fetch in the one export of a module of CommonJS', () => {
    expect(read({ default: { config: { port: 80 }, fetch: () => {} } }).settings).toEqual([
      ['port', { text: '80', called: 'config.port of a.js', source: 'a.js' }],
    ]);
  });

  test('are not the keys of an object of a framework, nor the exports of a module', () => {
    class Framework {
      port = 80;
    }
    expect(read({ default: new Framework() }).settings).toEqual([]);
    expect(
      read({ port: 80, fetch: () => {}, [Symbol.toStringTag]: 'Module' } as Record<string, unknown>).settings,
    ).toEqual([]);
  });

  test.each([
    [{ config: () => 1 }, 'config of a.js must be an object such as { port: 3000 }, not function'],
    [{ config: { port: () => 1 } }, 'config.port of a.js must be text or a number, not function'],
    [{ config: { dev: null } }, 'config.dev of a.js must be true or false, not null'],
    [
      { config: { prot: 1 } },
      "config of a.js has the option 'prot', which hotpath does not have: did you mean port?",
    ],
    [
      { config: { threads: 1 } },
      "config of a.js has the option 'threads', which hotpath does not have: did you mean workers?",
    ],
    [
      { config: { tls: {} } },
      "config of a.js has the option 'tls', which hotpath does not have: give the paths of files as tlsCert and tlsKey",
    ],
  ])('%j is a mistake of one line', (module, line) => {
    expect(read(module)).toEqual({ settings: [], mistakes: [line] });
  });
});

describe('--print-config', () => {
  test('names the source of each value: the command line, the environment, the module, a default', async () => {
    const app = moduleWith(
      'sources',
      '{ port: 3000, maxBody: 1, maxHead: 2000, lease: 8, redis: "redis://u:secret@h/1" }',
    );
    const lines = await configOf([app, '--port', '3001'], { HOTPATH_MAX_BODY: '2', PORT: '1' });
    expect(lines).toEqual(
      expect.arrayContaining([
        `app ${app} command line`,
        'port 3001 command line',
        'maxBody 2 HOTPATH_MAX_BODY',
        `maxHead 2000 ${app}`,
        `redis redis://u:***@h/1 ${app}`,
        'maxTarget 1000 default',
        'unix (unset) default',
      ]),
    );
    expect(lines.join('\n')).not.toContain('secret');
  });

  test('PORT wins over the module, whose port has no effect beside a path that others name', async () => {
    const app = moduleWith('port', '{ port: 3000 }');
    expect(await configOf([app], { PORT: '81' })).toContain('port 81 PORT');
    expect(await configOf([app, '--unix', '/tmp/a'])).toContain('port (unset) default');
    const both = moduleWith('both', '{ unix: "/tmp/a", port: 3000 }');
    expect(await configOf([both])).toContain(`port 3000 ${both}`);
  });
});

describe('the page', () => {
  const page = readFileSync('docs/command-line.md', 'utf8');
  const folder = temporaryFolder('configuration');
  const [, code = '', listed = ''] =
    /^```js\n(\/\/ app\.js\n[\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/m.exec(page) ?? [];
  const [, checks = ''] = /^```text\n(\$ hotpath --check[\s\S]*?)^```$/m.exec(page) ?? [];

  /** Runs the commands of a text, and returns what they print, in the order of the text. */
  async function run(text: string): Promise<string[]> {
    writeFileSync(join(folder, 'app.js'), code);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(HOTPATH_.*|HOST|PORT)$/.test(name)),
    );
    const outputs = [...text.matchAll(/^\$ hotpath (.*)$/gm)].map(async ([, args = '']) => {
      const how = [resolve('dist/cli.js'), ...args.split(' ')];
      const { stdout, stderr } = await promisify(execFile)(process.execPath, how, { cwd: folder, env }).catch(
        (error) => error,
      );
      return stdout + stderr;
    });
    return await Promise.all(outputs);
  }

  test('lists options as --print-config does', async () => {
    const [output = ''] = await run(listed);
    const lines = listed.trim().split('\n').slice(1);
    expect(lines.length).toBeGreaterThan(2);
    expect(output.split('\n')).toEqual(expect.arrayContaining(lines));
  });

  test('shows what --check prints', async () => {
    const outputs = await run(checks);
    expect(outputs.length).toBe(2);
    expect(outputs.join('')).toBe(checks.replace(/^\$.*\n/gm, ''));
  });
});

describe('a server', () => {
  test('listens where its module says, and its threads print what the module prints once', async () => {
    const app = files.write(
      'says.js',
      `import { isMainThread } from 'node:worker_threads';
      import { counter } from 'hotpath';
      console.log('loads', isMainThread, counter('at load').add());
      export const config = { workers: 1 };
      export default { hostname: '127.0.0.2', fetch: () => new Response('here') };`,
    );
    const run = await startCli([app]);
    expect(await (await fetch(`http://127.0.0.2:${run.port}`)).text()).toBe('here');
    expect(await run.stop()).toBe(0);
    expect(run.output.match(/^loads .*$/gm)).toEqual(['loads false 1']);
    expect(run.output).toContain('(1 worker,');
    expect(run.errors).toBe('');
  });

  test('a module that fails to load is one line, as without options', async () => {
    const app = files.write('fails.js', `export const config = { port: 0 };\nthrow new Error('no');`);
    const { code, errors } = await runCli([app]);
    expect([code, errors]).toEqual([1, `hotpath: can't load ${app}: Error: no (${app}:2)\n`]);
  });

  test('a module that never finishes loading fails at the load timeout', async () => {
    const app = files.write(
      'waits.js',
      `export const config = { port: 0 };\nawait new Promise(() => setInterval(() => {}, 1000));`,
    );
    const { code, errors } = await runCli([app, '--load-timeout', '300']);
    expect(code).toBe(1);
    expect(errors).toContain(
      `${app} has not finished loading (a top-level await, or code that is busy) after 300 ms`,
    );
  });

  test('a wrong option of the module stops the start', async () => {
    const { code, errors } = await runCli([moduleWith('wrong', '{ port: 99999 }')]);
    expect(code).toBe(2);
    expect(errors).toMatch(
      /^hotpath: config\.port of .*wrong\.js must be a whole number from 0 to 65535, not '99999'\n$/,
    );
  });

  test('serve({ app }) has the options of the module that the program leaves out', async () => {
    const app = moduleWith(
      'program',
      '{ port: 1, workers: 1, watch: true, log: "silent" }',
      "hostname: '127.0.0.2',",
    );
    const server = await closedAtEnd(serve({ app, port: 0 }));
    expect(server.hostname).toBe('127.0.0.2');
    expect(await (await fetch(server.url)).text()).toBe('thread 0');
    await server.stop();
    await expect(serve({ app: moduleWith('program-wrong', '{ prot: 1 }'), port: 0 })).rejects.toThrow(
      "config of program-wrong.js has the option 'prot'",
    );
  });
});

describe('--check', () => {
  test('finds nothing wrong, and calls no start()', async () => {
    const app = moduleWith('fine', '{ workers: 1 }', "start() { throw new Error('started'); },");
    expect(await runCli(['--check', app])).toEqual({
      code: 0,
      output: `ok: ${app} can be served\n`,
      errors: '',
    });
    expect(await runCli(['--check'])).toMatchObject({
      code: 0,
      output: 'ok: the built-in app can be served\n',
    });
  });

  test('names all mistakes in options, from all sources', async () => {
    const app = moduleWith('mistakes', '{ maxBody: "x", workrs: 1 }');
    const { code, errors } = await runCli(['--check', app, '--prot', '--port=x'], { HOTPATH_DEV: 'x' });
    expect(code).toBe(2);
    expect(errors.split('\n').map((line) => line.replace(app, 'app.js'))).toEqual([
      'hotpath: there is no option --prot: did you mean --port?',
      "hotpath: HOTPATH_DEV must be 1 or 0, not 'x'",
      "hotpath: config.maxBody of app.js must be a whole number of bytes from 0 to 1099511627776, not 'x'",
      "hotpath: --port must be a whole number from 0 to 65535, not 'x'",
      "hotpath: config of app.js has the option 'workrs', which hotpath does not have: did you mean workers?",
      '',
    ]);
  });

  test('names what is wrong with the app and with the files of options', async () => {
    const app = moduleWith('routes', '{}', "routes: { '/a?': new Response('') }, fetsh: 1,");
    const state = files.write('no-folder', '');
    const args = ['--admin', '127.0.0.1:0', '--admin-token', join(state, 'none'), '--state', state];
    const certificates = ['--tls-cert', join(state, 'cert'), '--tls-key', join(state, 'key')];
    const { code, output, errors } = await runCli(['--check', app, ...args, ...certificates]);
    expect([code, output]).toEqual([1, '']);
    const lines = errors.trim().split('\n');
    expect(lines).toHaveLength(4);
    for (const [i, begin] of [
      'hotpath: --tls-cert ',
      'hotpath: --admin-token: ',
      'hotpath: --state: ',
      "hotpath: route '/a?'",
    ].entries())
      expect(lines[i]?.slice(0, begin.length)).toBe(begin);
  });

  test('names an app that fails to load, and leaves nothing behind', async () => {
    const app = files.write('broken.js', 'export default 1;');
    expect(await runCli(['--check', app])).toMatchObject({ code: 1, output: '' });
    const folder = join(app, '..', 'state-of-check');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'kept'), '');
    expect(await runCli(['--check', '--state', folder])).toMatchObject({ code: 0 });
  });
});
