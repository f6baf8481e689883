// The package as users have it: packed, installed without a network into an empty project, and used there. .ci/run runs
// this file on other lines of Node, too.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { env, execPath } from 'node:process';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { atEnd, temporaryFolder } from './support/fixtures.ts';

const run = promisify(execFile);
const INSTALL_MS = 120_000;

/** The environment of a user's shell: without what `npm test` adds to it, and with this Node. */
const environment = {
  ...Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(npm_|NODE_|VITEST|PORT$|HOTPATH_)/i.test(name)),
  ),
  PATH: `${dirname(execPath)}${delimiter}${env.PATH}`,
  npm_config_offline: 'true',
};

// Neither spaces nor letters beyond ASCII in its path disturb the package.
const folder = join(temporaryFolder('package'), 'Mein Büro 1%20');
const project = join(folder, 'project');
const inProject = { cwd: project, env: environment };

beforeAll(async () => {
  mkdirSync(project, { recursive: true });
  const tarballs = await Promise.all(installed().map(pack));
  writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true }');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...flags, ...tarballs], inProject);
  mkdirSync(join(project, 'node_modules/@types'));
  for (const name of ['hono', '@types/node'])
    symlinkSync(resolve('node_modules', name), join(project, 'node_modules', name));
}, INSTALL_MS);

/** The folders of the package and of all that it needs at run time. */
function installed(): string[] {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  return Object.entries(packages).flatMap(([path, { dev, devOptional }]) =>
    dev || devOptional ? [] : path || '.',
  );
}

/** Packs a package as npm publishes it. @returns the path of the tarball */
async function pack(path: string): Promise<string> {
  const flags = ['--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', ['pack', ...flags, resolve(path)], { env: environment });
  return join(folder, JSON.parse(stdout)[0].filename);
}

function write(name: string, text: string): string {
  const path = join(project, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** Runs a program with the Node of this test. @returns its standard output */
async function runProgram(name: string): Promise<string> {
  return (await run(execPath, [name], inProject)).stdout;
}

/** Starts `npx hotpath` and returns the URL of the server. The server stops when the test ends. */
async function startWithNpx(...args: string[]): Promise<string> {
  const child = spawn('npx', ['hotpath', '--port', '0', ...args], {
    ...inProject,
    // A group of its own, as in a shell: a signal reaches npx and the command.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  atEnd(async () => {
    process.kill(-(child.pid as number), 'SIGTERM');
    await ended;
  });
  let output = '';
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    output += text;
    const [, url] = /^Server listening on (\S+) /.exec(output) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`npx hotpath ended: ${output}`);
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

test('holds the program, its types, the WASM module, the license and the changes, and nothing else', () => {
  const installed = join(project, 'node_modules/hotpath');
  const files = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
  expect(files.filter((path) => !/^dist\/.*\.(js|d\.ts)$/.test(path)).sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'build/hotpath.wasm',
    'package.json',
  ]);
  const { exports, bin, types } = packageJson;
  const named = [
    ...Object.values(exports).flatMap((to) => Object.values([to].flat())),
    ...Object.values(bin),
    types,
  ];
  const paths = named.flatMap((to) => (typeof to === 'string' ? [to] : Object.values(to)));
  for (const path of paths) expect(existsSync(join(installed, path)), path).toBe(true);
  expect(readFileSync(join(installed, 'dist/cli.js'), 'utf8')).not.toContain('sourceMappingURL');
  expect(packageJson.scripts.prepack).toBe('npm run build');
});

describe('the command', () => {
  test('npx hotpath answers with Hello1', async () => {
    expect(await textOf(await startWithNpx())).toBe('Hello1');
  });

  test('npx hotpath serves a Hono application', async () => {
    write(
      'hono.mjs',
      `import { Hono } from 'hono';
      export default new Hono().get('/users/:id', (c) => c.json({ id: c.req.param('id'), from: c.env.remoteAddress }));`,
    );
    const url = await startWithNpx('hono.mjs', '--workers', '2');
    expect(await textOf(`${url}/users/7`)).toBe('{"id":"7","from":"127.0.0.1"}');
  });

  test('npx hotpath init writes an application that runs', async () => {
    await run('npx', ['hotpath', 'init', 'first'], inProject);
    expect(await textOf(await startWithNpx('first/app.js'))).toBe('Hello1');
  });
});

describe('a program', () => {
  const served = `const server = await serve({ port: 0, fetch: () => new Response('Hello' + counter('calls').add()) });
    console.log(await (await fetch(server.url)).text());
    await server.close();`;

  test('imports it', async () => {
    write('serve.mjs', `import { counter, Response, serve } from 'hotpath';\n${served}`);
    expect(await runProgram('serve.mjs')).toBe('Hello1\n');
  });

  test('in CommonJS form requires it', async () => {
    write(
      'serve.cjs',
      `const { counter, Response, serve } = require('hotpath');\n(async () => { ${served} })();`,
    );
    expect(await runProgram('serve.cjs')).toBe('Hello1\n');
  });

  test('starts threads', async () => {
    write('app.mjs', `export default { fetch: (request, { worker }) => new Response(typeof worker) };`);
    write(
      'threads.mjs',
      `import { serve } from 'hotpath';
      const server = await serve({ port: 0, app: './app.mjs', workers: 2 });
      console.log(await (await fetch(server.url)).text());
      await server.close();`,
    );
    expect(await runProgram('threads.mjs')).toBe('number\n');
  });
});

describe('the types', () => {
  // Programs that use every kind of export, each as strictly as TypeScript allows.
  const PROGRAMS = {
    'app.ts': `import { type App, type Context, type Handler, Response, counted, counter, limiter, rateLimit } from 'hotpath';
      const logins = limiter('logins', { limit: 5, windowMs: 60_000 });
      const echo: Handler = async (request) => new Response(await request.text(), { headers: { 'X-A': 'b' } });
      const who = (request: Request, { remoteAddress }: Context) =>
        logins.take(remoteAddress).allowed ? Response.json({ url: request.url }) : new Response(null, { status: 429 });
      export default {
        routes: {
          '/': counted('Hello', counter('hits')),
          '/health': new Response('ok'),
          '/users/:id': (request) => new Response(request.params['id'] ?? ''),
          '/notes': { GET: who, POST: echo },
        },
        fetch: (request, context) => who(request, context),
        error: (error) => new Response(String(error), { status: 500 }),
        start: async ({ worker }) => console.log(worker.toFixed()),
      } satisfies App;
      export const limited = rateLimit;`,
    'program.ts': `import { type AppServer, gauge, histogram, mutex, OptionError, Response, type ServeHandlersOptions, serve } from 'hotpath';
      const options: ServeHandlersOptions = { port: 0, fetch: (request) => new Response(request.method) };
      export async function main(): Promise<number> {
        try {
          const server = await serve({ ...options, port: 8080 });
          await server.reload({ routes: { '/': () => new Response('other') } });
          await server.close();
          const threads: AppServer = await serve({ app: new URL('./app.js', import.meta.url), workers: 2 });
          await threads.reload();
          return threads.stats().requests + gauge('a').value + histogram('b').snapshot().count;
        } catch (error) {
          if (error instanceof OptionError) return await mutex('c').runExclusive(() => 1);
          throw error;
        }
      }`,
    'hono.ts': `import { type Context, counter } from 'hotpath';
      import { Hono } from 'hono';
      const app = new Hono<{ Bindings: Context }>();
      app.get('/', (c) => c.text(c.env.remoteAddress + counter('hits').add()));
      export default app;`,
  };
  const STRICT = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    noImplicitOverride: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'ES2023',
    types: ['node'],
  };
  const NODENEXT = { module: 'NodeNext', moduleResolution: 'NodeNext' };
  const BUNDLER = { module: 'ESNext', moduleResolution: 'Bundler' };

  beforeAll(() => {
    for (const [name, text] of Object.entries(PROGRAMS)) write(`types/${name}`, text);
    write('types/package.json', '{ "type": "module" }');
  });

  test.each([
    ['nodenext', NODENEXT, ['ES2023']],
    ['nodenext with DOM', NODENEXT, ['ES2023', 'DOM', 'DOM.Iterable']],
    ['bundler', BUNDLER, ['ES2023']],
    ['bundler with DOM', BUNDLER, ['ES2023', 'DOM', 'DOM.Iterable']],
  ])('hold in strict programs: %s', async (name, modules, lib) => {
    const config = write(
      `types/tsconfig.${name.replaceAll(' ', '-')}.json`,
      JSON.stringify({ compilerOptions: { ...STRICT, ...modules, lib }, include: ['*.ts'] }),
    );
    const checked = run(execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', config]);
    expect(await checked.catch(({ stdout }) => ({ stdout }))).toMatchObject({ stdout: '' });
  });
});

describe('bundled by esbuild', () => {
  const bundle = (entry: string, outfile: string, format: 'cjs' | 'esm', external: string[] = []) =>
    build({
      absWorkingDir: project,
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format,
      external,
      logLevel: 'silent',
    });

  beforeAll(() => {
    write(
      'source.mjs',
      `import { Response, serve } from 'hotpath';
      serve({ port: 0, fetch: () => new Response('bundled') }).then(async (server) => {
        console.log(await (await fetch(server.url)).text());
        await server.close();
      }, (error) => console.log(error.message));`,
    );
  });

  test.each(['esm', 'cjs'] as const)('a program runs without hotpath inside: %s', async (format) => {
    const name = format === 'esm' ? 'out/external.mjs' : 'out/external.cjs';
    await bundle('source.mjs', name, format, ['hotpath']);
    expect(await runProgram(name)).toBe('bundled\n');
  });

  test.each(['esm', 'cjs'] as const)(
    'a program with hotpath inside fails with one line: %s',
    async (format) => {
      const name = format === 'esm' ? 'out/inside.mjs' : 'out/inside.cjs';
      await bundle('source.mjs', name, format);
      expect(await runProgram(name)).toMatch(
        /^cannot read the WASM module \(.*\): leave hotpath out of a bundle \(esbuild --external:hotpath\), or install it again\n$/,
      );
    },
  );

  test('an application runs with hotpath inside, and shares state with the server', async () => {
    write(
      'bundled-app.mjs',
      `import { counted, counter, Request as OurRequest, Response as OurResponse } from 'hotpath';
      const hits = counter('hits');
      export default {
        routes: {
          '/': counted('Hello', hits),
          '/fixed': new OurResponse('fixed'),
          '/ours': () => new OurResponse('ours' + hits.add(), { status: 201, headers: { 'X-A': 'b' } }),
          '/global': () => new Response('global' + hits.value),
          '/request': async (request) => new OurResponse(await new OurRequest(request).text()),
          '/mixed': () => new Response(new OurResponse('mixed').body, new OurResponse('', { status: 202 })),
          '/same': () => Response.json([new OurResponse() instanceof Response, new Response() instanceof OurResponse]),
        },
      };`,
    );
    await bundle('bundled-app.mjs', 'out/app.mjs', 'esm');
    const url = await startWithNpx('out/app.mjs', '--workers', '1');
    const answers: [number, string][] = [];
    for (const path of ['/', '/ours', '/global', '/fixed', '/mixed', '/same']) {
      const response = await fetch(url + path);
      answers.push([response.status, await response.text()]);
    }
    expect(answers).toEqual([
      [200, 'Hello1'],
      [201, 'ours2'],
      [200, 'global2'],
      [200, 'fixed'],
      [202, 'mixed'],
      [200, '[true,true]'],
    ]);
    const echoed = await fetch(`${url}/request`, { method: 'POST', body: 'content' });
    expect(await echoed.text()).toBe('content');
  });
});
