// Servers inside a program: the test is the program.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  type App,
  type AppServer,
  counter,
  type HandlersServer,
  OptionError,
  type ServeAppOptions,
  type ServeHandlersOptions,
  type Server,
  serve,
} from '#dist/index.js';
import { ask, connect, eventually, GET, sleep } from './support/client.ts';
import { appFiles, closedAtEnd } from './support/fixtures.ts';
import { readResponses } from './support/responses.ts';

const files = appFiles();

async function start(options: ServeAppOptions | ServeHandlersOptions): Promise<AppServer & HandlersServer> {
  const serveEither = serve as (given: unknown) => Promise<AppServer & HandlersServer>;
  return await closedAtEnd(serveEither({ port: 0, ...options }));
}

async function contentOf({ port }: Server): Promise<string | undefined> {
  return readResponses(await ask(port))[0]?.content;
}

const answering = (text: string): { fetch: () => Response } => ({ fetch: () => new Response(text) });
const route = (text: string): string => `export default { routes: { '/': new Response('${text}') } };`;

describe('with an app', () => {
  test('threads serve it, and count together', async () => {
    const app = files.write(
      'counted.mjs',
      `import { counted, counter } from 'hotpath';
       counter('loads').add();
       export default { routes: { '/': counted('Hello', counter('hits')) } };`,
    );
    const server = await start({ app, workers: 2 });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    const contents = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await connect(server.port);
        client.send(GET.repeat(20));
        await client.until((received) => received.split('Hello').length === 21);
        client.close();
        return readResponses(client.received).map(({ content }) => content);
      }),
    );
    expect(new Set(contents.flat()).size).toBe(400);
    expect(counter('hits').value).toBe(400);
    const loads = counter('loads').value;
    await server.reload();
    expect(await contentOf(server)).toBe('Hello401');
    expect(counter('loads').value).toBe(2 * loads);
    expect(server.stats()).toMatchObject({ requests: 401, accepted: 21 });
  });

  test('a reload serves the changed file; if the file fails to load, reload() rejects and the old threads keep serving', async () => {
    const app = pathToFileURL(files.write('app.mjs', route('one')));
    const server = await start({ app, workers: 2 });
    const { port } = server;
    expect(await contentOf(server)).toBe('one');
    files.write('app.mjs', route('two'));
    await server.reload();
    expect(await contentOf(server)).toBe('two');
    files.write('app.mjs', 'throw new Error("broken")');
    await expect(server.reload()).rejects.toThrow(/^can't load .*app\.mjs: Error: broken \(.*app\.mjs:1\)$/);
    expect(await contentOf(server)).toBe('two');
    expect(server.port).toBe(port);
  });

  test('serve() rejects for an app that fails to load, and leaves nothing open', async () => {
    const app = files.write('bad.mjs', 'export default 1;');
    await expect(start({ app, workers: 2 })).rejects.toThrow(/bad\.mjs has no app/);
    const context = files.write('port.mjs', 'export default () => new Response("a");');
    const server = await start({ app: context, workers: 1 });
    expect(await contentOf(server)).toBe('a');
  });

  test('a relative path counts from the working directory', async () => {
    const path = files.write('relative.mjs', route('relative')).slice(process.cwd().length + 1);
    expect(await contentOf(await start({ app: path, workers: 1 }))).toBe('relative');
  });
});

describe('with handlers', () => {
  test('the calling thread serves handlers, and other handlers after a reload', async () => {
    const server = await start(answering('one'));
    expect(await contentOf(server)).toBe('one');
    await server.reload(answering('two'));
    expect(await contentOf(server)).toBe('two');
    await expect(server.reload({})).rejects.toThrow('reload() has neither fetch nor routes');
    expect(await contentOf(server)).toBe('two');
    expect(server.stats()).toMatchObject({ requests: 3, accepted: 3 });
  });

  test('handlers get a view of the server', async () => {
    let told = '';
    const server = await start({
      routes: {},
      fetch: (_, { worker, server: view }) => {
        const { requests } = view.stats();
        told = JSON.stringify({ worker, requests });
        return new Response('a');
      },
    });
    await contentOf(server);
    expect(told).toBe('{"worker":0,"requests":1}');
  });

  test('a port in use', async () => {
    const first = await start(answering('a'));
    await expect(start({ port: first.port, ...answering('b') })).rejects.toThrow('EADDRINUSE');
    await expect(start({ port: first.port, app: files.write('a.mjs', route('a')) })).rejects.toThrow(
      'EADDRINUSE',
    );
    expect(await contentOf(first)).toBe('a');
  });
});

test('several servers in one process, each with its own limits and figures, and one named state', async () => {
  const app = files.write(
    'several.mjs',
    `import { counter } from 'hotpath';
     counter('several').add();
     export default ${'{ routes: { "/": new Response("app") } }'};`,
  );
  const [one, two, three] = [
    await start({ ...answering('one'), maxTarget: 20 }),
    await start({ ...answering('two'), engine: 'js' }),
    await start({ app, workers: 1 }),
  ];
  expect(await Promise.all([one, two, three].map(contentOf))).toEqual(['one', 'two', 'app']);
  const long = GET.replace('GET /', `GET /${'t'.repeat(30)}`).replace(
    '\r\n\r\n',
    '\r\nConnection: close\r\n\r\n',
  );
  const statuses = await Promise.all(
    [one, two].map(async ({ port }) => readResponses(await ask(port, long))[0]?.statusCode),
  );
  expect(statuses).toEqual([414, 200]);
  expect([one, two, three].map((server) => server.stats().requests)).toEqual([1, 2, 1]);
  expect(counter('several').value).toBe(1);
  await one.close();
  expect(await contentOf(two)).toBe('two');
});

describe('closing', () => {
  test('close() finishes requests under way, refuses new connections, and may be called again', async () => {
    const server = await start(answering('a'));
    const busy = await connect(server.port);
    const idle = await connect(server.port);
    busy.send(GET.slice(0, 10));
    idle.send(GET);
    await idle.until(/a$/);
    await sleep(50);
    const closing = Promise.all([server.close(), server.close()]);
    await idle.end();
    await expect(connect(server.port)).rejects.toThrow('ECONNREFUSED');
    busy.send(GET.slice(10));
    expect(readResponses(await busy.end())[0]?.fields.get('connection')).toBe('close');
    busy.close();
    idle.close();
    await closing;
    await server.close();
    expect(server.stats()).toMatchObject({ requests: 2, open: 0 });
  });

  test('close() cuts requests that do not finish within drainTimeout', async () => {
    for (const kind of [answering('a'), { app: files.write('a.mjs', route('a')), workers: 1 }]) {
      const server = await start({ ...kind, drainTimeout: 100 });
      const busy = await connect(server.port);
      busy.send(GET.slice(0, 10));
      await sleep(50);
      await server.close();
      expect(server.stats().open).toBe(0);
      busy.close();
    }
  });

  test('await using closes the server', async () => {
    const server = await start(answering('a'));
    await server[Symbol.asyncDispose]();
    await expect(connect(server.port)).rejects.toThrow('ECONNREFUSED');
  });

  test.each([
    'process.exit()',
    "throw new Error('uncaught')",
    'for (const server of servers) await server.close()',
  ])('resets a response whose end is the close when the program ends: %s', async (end) => {
    const program = `
        import { serve } from 'hotpath';
        const stream = () => new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('00000')) });
        const servers = [];
        for (let i = 0; i < 12; i++) servers.push(await serve({ fetch: () => new Response(stream()), port: 0, drainTimeout: 10 }));
        console.log(servers[11].port);
        process.stdin.once('data', async () => { ${end}; process.stdin.destroy(); });`;
    const child = spawn(process.execPath, [files.write('ends.mjs', program)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let warned = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (warned += text));
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    const client = await connect(Number(port));
    client.send('GET / HTTP/1.0\r\n\r\n');
    await client.until(/00000$/);
    child.stdin.write('end');
    await eventually('reset', () => client.ended || client.socket.destroyed);
    expect([client.ended, (client.error as NodeJS.ErrnoException).code]).toEqual([false, 'ECONNRESET']);
    expect(warned).not.toContain('MaxListeners');
  });

  test('limits the connections of one client address', async () => {
    const server = await start({ ...answering('a'), maxConnectionsPerAddress: 1 });
    const clients = [await connect(server.port), await connect(server.port)];
    const answers: string[] = [];
    for (const client of clients) {
      client.send(GET);
      answers.push((await client.until(/\r\n\r\n/)).slice(0, 12));
      if (clients[0] === client) expect(answers).toEqual(['HTTP/1.1 200']);
    }
    expect(answers).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503']);
    for (const client of clients) client.close();
  });

  test('leaves nothing that keeps the program alive, and no change of its globals', () => {
    const program = `
      import { Response as Light, serve } from 'hotpath';
      const before = [Response, Request, fetch, ...process.eventNames(), process.listenerCount('SIGTERM')].length;
      const natives = [Response, Request, fetch];
      const servers = [
        await serve({ fetch: () => new Light('a'), port: 0 }),
        await serve({ app: ${JSON.stringify(files.write('a.mjs', route('a')))}, port: 0, workers: 2 }),
      ];
      await servers[1].reload();
      for (const { url } of servers) if ((await (await natives[2](url)).text()) !== 'a') throw new Error(url);
      if ([Response, Request, fetch].some((now, i) => now !== natives[i])) throw new Error('globals');
      if (['SIGINT', 'SIGTERM', 'SIGHUP'].some((name) => process.listenerCount(name) > 0)) throw new Error('signals');
      for (const server of servers) await server.close();
      console.log('closed');`;
    const file = files.write('program.mjs', program);
    const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: 'closed\n', stderr: '', status: 0 });
  });
});

describe("a program that answers with Node's own Response", () => {
  /** Runs a program that requests each path once. Returns what it prints. */
  function printed(options: string, ...paths: string[]): string {
    const file = files.write(
      'advised.mjs',
      `import { Response as Light, serve } from 'hotpath';
       const server = await serve({
         port: 0,
         routes: {
           '/own': () => new Light('own'),
           '/fixed': new Response('fixed'),
           '/redirect': () => Light.redirect('http://a.test/'),
           '/fetched': () => fetch('data:text/plain,fetched'),
           '/json': () => Response.json(1),
           '/later': async () => new Response('later'),
         },
         fetch: () => new Response('native'),
         ${options}
       });
       for (const path of ${JSON.stringify(paths)})
         await (await fetch(server.url + path, { redirect: 'manual' })).text();
       await server.close();`,
    );
    return spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 20_000 }).stdout;
  }

  const ADVICE =
    /^A handler answered with Node's own Response, .* import \{ Response \} from 'hotpath'\. .*\n$/;

  test.each(['/', '/json', '/later'])('is told once what to import (%s)', (path) => {
    expect(printed('', path, path, '/', '/later')).toMatch(ADVICE);
  });

  test('is told nothing of a fixed, a fetched or a light response', () => {
    expect(printed('', '/own', '/fixed', '/redirect', '/fetched')).toBe('');
  });

  test('is told nothing if its log is silent, or its globals are replaced', () => {
    expect(printed("log: 'silent'", '/', '/json')).toBe('');
    expect(printed('globals: true', '/', '/json')).toBe('');
  });
});

describe('a mistake in the options is one line', () => {
  const { fetch } = answering('a');
  test.each([
    [undefined, 'serve() needs options: { app }, or { fetch, routes }'],
    [{ app: 'nothing.js' }, "there is no app 'nothing.js': give the path of a module"],
    [{ app: new URL('http://a/app.js') }, "an app is a file, not 'http://a/app.js'"],
    [{ app: 7 }, 'app must be the path or the URL of a module, not number'],
    [{ app: 'test/serve.test.ts', fetch }, "fetch comes from the app's module: leave out fetch or app"],
    [{ fetch, workers: 2 }, 'workers belongs to app: functions do not travel to other threads'],
    [{ fetch, port: 65536 }, "port must be a whole number from 0 to 65535, not '65536'"],
    [{ fetch, port: 'http' }, "port must be a whole number from 0 to 65535, not 'http'"],
    [{ fetch, port: null }, 'port must be text or a number, not null'],
    [{ fetch, host: '' }, 'host needs an address, such as 127.0.0.1 or ::'],
    [{ fetch, engine: 'php' }, "engine must be wasm or js, not 'php'"],
    [{ fetch, globals: 'yes' }, "globals must be true or false, not 'yes'"],
    [{ fetch, maxHead: 1.5 }, "maxHead must be a whole number of bytes from 256 to 65000, not '1.5'"],
    [{ fetch, maxHead: 512, maxTarget: 512 }, 'maxTarget must be less than maxHead (512), not 512'],
    [
      { fetch, handlerTimeout: 0 },
      "handlerTimeout must be a whole number of milliseconds from 1 to 86400000, not '0'",
    ],
    [{ fetch, prot: 80 }, "there is no option 'prot': did you mean port?"],
    [{ fetch, model: 'thread' }, "there is no option 'model'"],
    [{ fetsh: fetch }, "there is no option 'fetsh': did you mean fetch?"],
    [{ fetch, stopp: fetch }, "there is no option 'stopp': did you mean stop?"],
    [{ fetch, onerror: fetch }, "there is no option 'onerror': hotpath has the key error for it"],
    [{ fetch, hostname: 'a', host: 'a' }, 'host and hostname are the same option: give one of them'],
    [
      { fetch, maxRequestBodySize: 1 },
      "there is no option 'maxRequestBodySize': hotpath has the option maxBody for it",
    ],
    [
      { app: 'test/serve.test.ts', start: fetch },
      "start comes from the app's module: leave out start or app",
    ],
    [{ fetch, lease: 64 }, 'lease belongs to state or redis'],
  ])('%j', async (options, message) => {
    const error = await serve(options as never).catch((reason: Error) => reason);
    expect(error).toBeInstanceOf(OptionError);
    expect((error as Error).message).toBe(message);
  });

  test.each([
    [{}, 'serve() has neither fetch nor routes: an app is'],
    [{ fetch: 1 }, 'fetch in serve() must be a function, not number'],
    [{ fetch, error: 'x' }, 'error in serve() must be a function, not string'],
    [{ fetch, stop: 'x' }, 'stop in serve() must be a function, not string'],
    [{ routes: {} }, 'serve() has no fetch, and its routes are empty'],
  ])('%j is no app', async (options, message) => {
    const error = await serve(options as never).catch((reason: Error) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(message);
  });
});

describe('start() and stop()', () => {
  test('of handlers: start() before the first request, stop() at a reload and at the end', async () => {
    const told: string[] = [];
    const app = (name: string): App => ({
      start: async ({ worker, server }) => {
        await sleep(20);
        told.push(`start ${name} ${worker} ${server.draining.aborted}`);
      },
      fetch: (_, { server }) => new Response(`${name} ${server.draining.aborted}`),
      stop: ({ reason }) => {
        told.push(`stop ${name} ${reason}`);
      },
    });
    const server = await start({ ...app('one'), log: 'silent' });
    expect(told).toEqual(['start one 0 false']);
    expect(await contentOf(server)).toBe('one false');
    await server.reload(app('two'));
    expect(await contentOf(server)).toBe('two false');
    await server.close();
    expect(told).toEqual(['start one 0 false', 'start two 0 false', 'stop one reload', 'stop two stop']);
  });

  test('of handlers: a start() that fails or never ends fails serve() and reload(), and the old handlers keep serving', async () => {
    const { fetch } = answering('a');
    const fails = async (): Promise<void> => {
      throw new Error('no database');
    };
    const hangs = (): Promise<void> => new Promise(() => {});
    const late = 'start() has not ended after 50 ms: settle it, or raise loadTimeout';
    await expect(start({ fetch, start: fails })).rejects.toThrow('no database');
    await expect(start({ fetch, start: hangs, loadTimeout: 50 })).rejects.toThrow(late);
    const server = await start({ fetch, loadTimeout: 50 });
    await expect(server.reload({ ...answering('b'), start: fails })).rejects.toThrow('no database');
    await expect(server.reload({ ...answering('b'), start: hangs })).rejects.toThrow(late);
    expect(await contentOf(server)).toBe('a');
  });

  test('of handlers: stop() is called once, and each call of close() awaits it', async () => {
    let stops = 0;
    let end = (): void => {};
    const stop = (): Promise<void> => {
      stops++;
      return new Promise((resolve) => {
        end = resolve;
      });
    };
    const server = await start({ ...answering('a'), stop });
    let closed = 0;
    const closing = [server.close(), server.close()].map((one) => one.then(() => closed++));
    await eventually('stop()', () => stops === 1);
    await sleep(50);
    expect(closed).toBe(0);
    end();
    await Promise.all(closing);
    expect(stops).toBe(1);
  });

  test('of threads: loadTimeout bounds the start, and stop() is awaited by close()', async () => {
    const hangs = files.write('hangs.mjs', `await new Promise(() => {}); ${route('a')}`);
    await expect(start({ app: hangs, workers: 1, loadTimeout: 300 })).rejects.toThrow(
      /has not finished loading/,
    );
    const app = files.write(
      'stops.mjs',
      `import { counter } from 'hotpath';
       export default { start() { counter('started').add(); }, fetch: () => new Response('a'), async stop() {
         await new Promise((resolve) => setTimeout(resolve, 50));
         counter('stopped').add();
       } };`,
    );
    const server = await start({ app, workers: 2 });
    const started = counter('started').value;
    expect(started).toBeGreaterThan(0);
    await server.close();
    expect(counter('stopped').value).toBe(started);
  });

  test('of handlers: a stream of the old handlers that goes on after a reload is cut at drainTimeout, before stop()', async () => {
    const told: string[] = [];
    const server = await start({
      drainTimeout: 200,
      fetch: (_, { server }) =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode('begun'));
              server.draining.addEventListener('abort', () => told.push('draining'));
            },
            cancel: () => {
              told.push('cancel');
            },
          }),
        ),
      stop: ({ reason }) => {
        told.push(reason);
      },
    });
    const client = await connect(server.port);
    client.send(GET);
    await client.until((received) => received.includes('begun'));
    await server.reload(answering('two'));
    expect(await contentOf(server)).toBe('two');
    await eventually('the old have stopped', () => told.length === 3);
    expect(told.slice().sort()).toEqual(['cancel', 'draining', 'reload']);
    expect(told[0]).toBe('draining');
    client.close();
  });

  test('an event stream learns from draining that the server closes, and a stream that ignores it is cancelled', async () => {
    let cancelled = 0;
    const server = await start({
      drainTimeout: 300,
      fetch: ({ url }, { server }) =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode('begun'));
              if (url.endsWith('/obeys')) server.draining.addEventListener('abort', () => controller.close());
            },
            cancel: () => {
              cancelled++;
            },
          }),
        ),
    });
    const obeys = await connect(server.port);
    const goesOn = await connect(server.port);
    obeys.send(GET.replace('/', '/obeys'));
    goesOn.send(GET);
    await Promise.all(
      [obeys, goesOn].map((client) => client.until((received) => received.includes('begun'))),
    );
    await server.close();
    expect(await obeys.end()).toMatch(/\r\n0\r\n\r\n$/);
    await goesOn.end().catch(() => {});
    expect(goesOn.received).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(cancelled).toBe(1);
    for (const client of [obeys, goesOn]) client.close();
  });
});

test('an option that is undefined has its default', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as net.AddressInfo;
  await new Promise((resolve) => other.close(resolve));
  const server = await start({ ...answering('a'), host: undefined, maxBody: undefined, port: `${port}` });
  expect([server.port, server.url]).toEqual([port, `http://127.0.0.1:${port}`]);
});

test('IPv6', async () => {
  const server = await start({ ...answering('a'), host: '::1' });
  expect(server.url).toBe(`http://[::1]:${server.port}`);
});
