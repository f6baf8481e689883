// A compiled application in TypeScript with JSX, started: the types that 'hotpath' exports fit TypeScript applications.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runCli } from '../../support/cli.ts';
import { appFiles } from '../../support/fixtures.ts';
import { startApp } from './command.ts';

const files = appFiles();

/** The blocks of TypeScript of the page, as files. */
const documented = [
  ...readFileSync('docs/applications.md', 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm),
].map(([, code = ''], i) => basename(files.write(`documented-${i}.ts`, code)));

/** Routes type their parameters, and testApp() takes all kinds of apps. */
files.write(
  'typed.ts',
  `import { type App, type Context, counted, counter, defineApp, gauge, histogram, type Labels, limiter, Response as HotpathResponse, type RouteParams } from 'hotpath';
import { testApp } from 'hotpath/test';
import { Hono } from 'hono';

export const app: App = defineApp({
  routes: {
    '/': counted('Hello', counter('typed')),
    '/fixed': new Response('fixed'),
    '/users/:id': (request) => {
      const id: string = request.params.id;
      // @ts-expect-error the path has no such parameter
      return new HotpathResponse(id + request.params.name);
    },
    '/users/:user/notes/:note': {
      GET: ({ params: { user, note } }) => new Response(user + note),
      POST: async ({ params }, { worker }) => new Response(params.note + worker),
    },
    '/files/:kind/*': ({ params }) => new Response(params.kind + params._),
  },
  fetch: (request) => new Response(request.url),
  start: ({ worker }) => console.log(worker),
});
// @ts-expect-error a route is no number
defineApp({ routes: { '/': 1 } });
defineApp({ fetch: () => new Response() });
const labels: Labels = { method: 'sso', admin: true, level: 1 };
const series = [counter('a', labels), gauge('b', labels), histogram('c', labels), limiter('d', { limit: 1, windowMs: 1 }, labels)];
for (const { name } of series) console.log(name);
// @ts-expect-error the value of a label is no object
counter('a', { method: {} });
const none: RouteParams<'/a/b'> = {};
const any: RouteParams<string> = { a: 'b' };

const hono = new Hono<{ Bindings: Context }>();
hono.get('/:id', (c) => c.text(c.req.param('id') + c.env.remoteAddress.length));
await using tested = testApp(hono);
const text: string = await (await tested.fetch('/a', { method: 'POST', body: 'x' })).text();
testApp(() => new Response(text), { maxBody: 1 });
testApp(app);
// @ts-expect-error a test has no port
testApp(app, { port: 1 });
export { any, none };
`,
);

const OPTIONS = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'],
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    types: ['node'],
    jsx: 'react-jsx',
    jsxImportSource: 'hono/jsx',
    outDir: '.',
  },
  files: ['app.tsx', 'hono.tsx', 'program.ts', 'typed.ts', ...documented],
};

const compile = (options: object = OPTIONS) =>
  promisify(execFile)(process.execPath, [
    'node_modules/typescript/bin/tsc',
    '-p',
    files.write('tsconfig.json', JSON.stringify(options)),
  ]).catch((error) => Promise.reject(new Error(error.stdout + error.stderr)));

test('types of handlers, routes and errors, and of the page; JSX runs', async () => {
  expect(documented.length).toBeGreaterThan(1);
  const app = files.write(
    'app.tsx',
    `import { type App, counted, counter, type Handler, Response as HotpathResponse } from 'hotpath';

const own: Handler = async (request, { remoteAddress, server, worker, protocol, httpVersion, tls }) => {
  const client: string | undefined = tls?.authorized ? tls.clientCertificate?.subject : tls?.serverName;
  const way: 'http' | 'https' = protocol;
  const version: '1.0' | '1.1' | '2' = httpVersion;
  return Response.json({ text: await request.text(), remoteAddress, worker, open: server.stats().open, client, way, version });
};

export default {
  routes: {
    '/': counted('Hello', counter('typed')),
    '/fixed': new Response('fixed'),
    '/users/:id': (request) => new Response(\`user \${request.params.id?.toUpperCase()}\`),
    '/own': { POST: own, GET: new HotpathResponse('own') },
    '/trailers': () => new HotpathResponse('content', { trailers: () => ({ 'X-Sum': '7' }) }),
  },
  fetch: () => new Response('none', { status: 404 }),
  error: (error: unknown) => new Response(error instanceof Error ? error.message : 'unknown', { status: 500 }),
} satisfies App;
`,
  );
  const hono = files.write(
    'hono.tsx',
    `import { Hono } from 'hono';
import type { Child } from 'hono/jsx';

function List({ items, children }: { items: string[]; children?: Child }) {
  return (
    <main>
      <ul>{items.map((item) => <li>{item}</li>)}</ul>
      {children}
    </main>
  );
}

const app = new Hono();
app.get('/', (c) => c.html(<List items={['one', 'two & three']}><b>end</b></List>));
export default app;
`,
  );
  files.write(
    'program.ts',
    `import { counter, OptionError, type Server, serve, type ServeHandlersOptions } from 'hotpath';
import { Hono } from 'hono';

const options: ServeHandlersOptions = { port: 0, routes: { '/': new Response('ok') }, handlerTimeout: 1000 };
const servers: Server[] = [await serve(options), await serve({ fetch: new Hono().fetch, port: '0' })];
console.log(await (await fetch(servers[0]!.url)).text(), counter('a').add(2), servers[0]!.stats().requests);
for (const server of servers) await server.close();
try {
  await serve({ app: 'nowhere.js' });
} catch (error) {
  console.log(error instanceof OptionError);
}
// @ts-expect-error functions do not travel to other threads
serve({ port: 0, fetch: () => new Response(), workers: 2 }).catch(() => console.log('refused'));
`,
  );
  await compile();

  const run = await startApp(app.replace(/tsx$/, 'js'), ['--workers', '2']);
  expect(await (await fetch(`${run.url}/users/me`)).text()).toBe('user ME');
  expect(await (await fetch(`${run.url}/`)).text()).toBe('Hello1');
  const answer = await (await fetch(`${run.url}/own`, { method: 'POST', body: 'x' })).json();
  expect(answer).toMatchObject({ text: 'x', remoteAddress: '127.0.0.1', way: 'http', version: '1.1' });
  expect(answer).not.toHaveProperty('client');
  await run.stop();

  const page = await startApp(hono.replace(/tsx$/, 'js'), ['--workers', '1']);
  expect(await (await fetch(page.url)).text()).toBe(
    '<main><ul><li>one</li><li>two &amp; three</li></ul><b>end</b></main>',
  );
  await page.stop();

  const { stdout } = await promisify(execFile)(process.execPath, [app.replace(/app\.tsx$/, 'program.js')]);
  expect(stdout).toBe('ok 2 1\ntrue\nrefused\n');
});

test("types work without the DOM's", async () => {
  files.write(
    'bare.ts',
    `import { type App, fetch as hotpathFetch, type Handler, Request as HotpathRequest, Response as HotpathResponse, type ServerRequest } from 'hotpath';

const echo: Handler = async (request) => {
  const bytes = await request.bytes();
  const sum: string | null = (await request.trailers).get('x-sum');
  return new HotpathResponse(bytes, { headers: { 'X-Sum': sum ?? '' } });
};
const answer: Promise<Response> = hotpathFetch(new HotpathRequest('http://127.0.0.1/'));
export const app: App = {
  routes: { '/:id': (request) => new Response(request.params.id), '/answer': () => answer },
  fetch: echo,
  error: (error: unknown, request: ServerRequest) => new Response(request.url + error),
};
// @ts-expect-error a status is a number
new HotpathResponse('', { status: '200' });
// @ts-expect-error a field has a value
new HotpathResponse('', { headers: { a: undefined } });
// @ts-expect-error a body is no symbol
new HotpathResponse(Symbol());
// @ts-expect-error only routes have parameters
export const wrong: Handler = (request) => new Response(request.params.id);
`,
  );
  const compilerOptions = { ...OPTIONS.compilerOptions, lib: ['ES2023', 'ESNext.Disposable'], noEmit: true };
  await compile({ compilerOptions, files: ['bare.ts', 'typed.ts'] });
});

test('an app in TypeScript is served where Node strips types; elsewhere a line says what to do', async () => {
  const app = files.write(
    'stripped.ts',
    `import { defineApp } from 'hotpath';
const name: string = 'stripped';
export default defineApp({ routes: { '/:id': ({ params }) => new Response(name + params.id) } });
`,
  );
  if ('typescript' in process.features && process.features.typescript) {
    const run = await startApp(app, ['--workers', '1']);
    expect(await (await fetch(`${run.url}/7`)).text()).toBe('stripped7');
    await run.stop();
  } else {
    const { code, errors } = await runCli([app]);
    expect([code, errors]).toEqual([
      1,
      `hotpath: can't load ${app}: Node ${process.versions.node} can't load .ts files: use Node 22.18 or later, start with NODE_OPTIONS="--import tsx", or compile them to JavaScript\n`,
    ]);
  }
});
