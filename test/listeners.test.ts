// Servers with several listeners: two TCP ports and the path of a unix socket. No option configures more than one of each.

import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hintFor } from '#dist/app/app-keys.js';
import { bindAll } from '#dist/connection/bind.js';
import { readOptions } from '#dist/read-options.js';
import { startInThread, startThreads } from '#dist/serve.js';
import type { Address, ListenerOptions } from '../src/connection/address.ts';
import { MODELS } from '../src/options.ts';
import { childrenOf, type Run } from './support/cli.ts';
import { ask, connect, eventually, GET, sleep } from './support/client.ts';
import { appFiles, atEnd, closedAtEnd, launchWithListeners, temporaryFolder } from './support/fixtures.ts';
import { readResponses } from './support/responses.ts';
import { type Supervised, startSupervised } from './support/supervised.ts';

const WINDOWS = platform() === 'win32';
const ANY: Address = { host: '127.0.0.1', port: 0 };

/** A path for a socket, or a named pipe. */
function socketPath(): string {
  const folder = temporaryFolder('listeners');
  return WINDOWS ? `\\\\.\\pipe\\${folder.replace(/\W/g, '-')}` : join(folder, 'a.sock');
}

/** Finds two free ports, below those that the system gives to clients and to port 0. */
async function freePorts(): Promise<[number, number]> {
  const ports: number[] = [];
  while (ports.length < 2) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const probe = net.createServer();
    const free = await new Promise((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free && !ports.includes(port)) ports.push(port);
  }
  return ports as [number, number];
}

const listenersAt = (addresses: Address[]): ListenerOptions[] =>
  addresses.map((address) => ({ address, protocol: 'plain', serves: 'public' }));

async function contentOf(to: number | string, fields = ''): Promise<string | undefined> {
  const request = `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;
  return readResponses(await ask(to, request))[0]?.content;
}

describe('in a program', () => {
  const tells = `(request, { remoteAddress, server }) => Response.json([request.url, remoteAddress, server.url, server.port])`;
  const options = (given: object = {}): ReturnType<typeof readOptions> =>
    readOptions({ log: 'connections', ...given }, { globals: false }, hintFor);

  test('the calling thread serves all listeners', async () => {
    const path = socketPath();
    const [one, two] = await freePorts();
    const addresses = [{ path }, { host: '127.0.0.1', port: one }, { host: '127.0.0.1', port: two }];
    const fetch = new Function(`return ${tells}`)();
    const server = await closedAtEnd(
      startInThread(options({ log: 'errors' }), { fetch }, listenersAt(addresses)),
    );
    expect([server.url, server.port]).toEqual([`http://127.0.0.1:${one}`, one]);
    const seen = async (to: number | string): Promise<unknown> => JSON.parse((await contentOf(to)) ?? '');
    expect(await seen(one)).toEqual(['http://a/', '127.0.0.1', server.url, one]);
    expect(await seen(two)).toEqual(['http://a/', '127.0.0.1', server.url, one]);
    // A client of a unix socket has no address.
    expect(await seen(path)).toEqual(['http://a/', '', server.url, one]);
    expect(server.stats()).toMatchObject({ requests: 3, accepted: 3 });
    await server.close();
    for (const to of [path, one, two]) await expect(connect(to)).rejects.toThrow(/ECONNREFUSED|ENOENT/);
    expect(existsSync(path)).toBe(false);
  });

  test('a server at a path alone is named by the path, and localhost stands for a missing Host', async () => {
    const path = socketPath();
    const server = await closedAtEnd(
      startInThread(
        options({ log: 'errors' }),
        { fetch: (request: Request) => new Response(request.url) },
        listenersAt([{ path }]),
      ),
    );
    expect([server.url, server.port]).toEqual([`unix:${path}`, 0]);
    expect(await ask(path, 'GET /a HTTP/1.0\r\n\r\n')).toMatch(/\r\n\r\nhttp:\/\/localhost\/a$/);
  });

  test('a response that is cut ends in a close where there is no reset', async () => {
    const path = socketPath();
    const body = (): ReadableStream =>
      new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('begun')) });
    const server = await closedAtEnd(
      startInThread(
        options({ log: 'errors', drainTimeout: 100 }),
        { fetch: () => new Response(body()) },
        listenersAt([{ path }]),
      ),
    );
    const client = await connect(path);
    client.send('GET / HTTP/1.0\r\n\r\n');
    await client.until(/begun$/);
    await server.close();
    await client.end();
    client.close();
  });

  test('the Host of a request that came through a path decides whether it is allowed', async () => {
    const path = socketPath();
    await closedAtEnd(
      startInThread(
        options({ log: 'errors', allowedHosts: 'a.example, b.example:8080' }),
        { fetch: () => new Response('yes') },
        listenersAt([{ path }]),
      ),
    );
    const statusFor = async (host: string): Promise<number | undefined> =>
      readResponses(await ask(path, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))[0]
        ?.statusCode;
    expect(await statusFor('a.example')).toBe(200);
    expect(await statusFor('a.example:1')).toBe(200);
    expect(await statusFor('b.example:8080')).toBe(200);
    expect(await statusFor('b.example')).toBe(421);
    expect(await statusFor('c.example')).toBe(421);
  });

  test('clients of a path count towards no address', async () => {
    const path = socketPath();
    const [port] = await freePorts();
    await closedAtEnd(
      startInThread(
        options({ log: 'errors', maxConnectionsPerAddress: 1 }),
        { fetch: () => new Response('a') },
        listenersAt([{ host: '127.0.0.1', port }, { path }]),
      ),
    );
    const statusOn = async (to: number | string): Promise<string> => {
      const client = await connect(to);
      atEnd(client.close);
      client.send(GET);
      return (await client.until(/\r\n\r\n/)).slice(9, 12);
    };
    expect([await statusOn(port), await statusOn(port)]).toEqual(['200', '503']);
    expect([await statusOn(path), await statusOn(path), await statusOn(path)]).toEqual(['200', '200', '200']);
  });

  test.each([
    ['first', 0],
    ['last', 2],
  ])('nothing listens any more if the %s listener fails', async (_, at) => {
    const [one, two] = await freePorts();
    const occupied = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => occupied.once('listening', resolve));
    atEnd(() => occupied.close());
    const addresses = [one, two].map((port): Address => ({ host: '127.0.0.1', port }));
    addresses.splice(at, 0, { host: '127.0.0.1', port: (occupied.address() as net.AddressInfo).port });
    const app = { fetch: () => new Response('a') };
    await expect(startInThread(options({ log: 'errors' }), app, listenersAt(addresses))).rejects.toThrow(
      'EADDRINUSE',
    );
    for (const port of [one, two]) await expect(connect(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('threads serve several ports, each picked once', async () => {
    const app = appFiles().write('app.mjs', 'export default { routes: { "/": new Response("a") } };');
    const given = { ...options({ log: 'errors', workers: 2 }), app: new URL(`file://${app}`).href };
    const server = await closedAtEnd(startThreads(given, listenersAt([ANY, ANY])));
    for (let i = 0; i < 10; i++) expect(await contentOf(server.port)).toBe('a');
  });

  test('a thread serves a path and two ports, and so does the next after a reload', async () => {
    const files = appFiles();
    const path = socketPath();
    const [one, two] = await freePorts();
    const addresses = [{ host: '127.0.0.1', port: one }, { path }, { host: '127.0.0.1', port: two }];
    const write = (text: string): string =>
      files.write(
        'app.mjs',
        `export default { fetch: (_, { server }) => new Response(\`${text} \${server.url}\`) };`,
      );
    const app = new URL(`file://${write('old')}`).href;
    const server = await closedAtEnd(
      startThreads({ ...options({ log: 'errors', workers: 1 }), app }, listenersAt(addresses)),
    );
    for (const to of [one, path, two]) expect(await contentOf(to)).toBe(`old ${server.url}`);
    write('new');
    await server.reload();
    for (const to of [one, path, two]) expect(await contentOf(to)).toBe(`new ${server.url}`);
    files.write('app.mjs', 'throw new Error("broken")');
    await expect(server.reload()).rejects.toThrow('broken');
    for (const to of [one, path, two]) expect(await contentOf(to)).toBe(`new ${server.url}`);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  test('a reload stops no listener for longer than the next thread needs to listen', async () => {
    const [one, two] = await freePorts();
    const addresses = [
      { host: '127.0.0.1', port: one },
      { path: socketPath() },
      { host: '127.0.0.1', port: two },
    ];
    const app = appFiles().write('app.mjs', 'export default { routes: { "/": new Response("a") } };');
    const given = { ...options({ log: 'errors', workers: 1 }), app: new URL(`file://${app}`).href };
    const server = await closedAtEnd(startThreads(given, listenersAt(addresses)));
    const startedMs = performance.now();
    await server.reload();
    // A thread that does not say that it has stopped listening is given two seconds.
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });
});

describe.skipIf(WINDOWS)('under a supervisor', () => {
  /** Sends requests to all listeners again and again; returns the failures and the count of responses. */
  function load(
    places: (number | string)[],
  ): () => Promise<{ failed: unknown[]; answers: Map<number | string, number> }> {
    const failed: unknown[] = [];
    const answers = new Map<number | string, number>();
    let stop = false;
    const clients = places.map(async (to) => {
      while (!stop)
        try {
          if ((await contentOf(to)) === undefined) throw new Error(`no answer on ${to}`);
          answers.set(to, (answers.get(to) ?? 0) + 1);
        } catch (error) {
          failed.push(error);
        }
    });
    return async () => {
      stop = true;
      await Promise.all(clients);
      return { failed, answers };
    };
  }

  async function startAtThree(
    sockets: 'auto' | 'shared',
    workers = 2,
  ): Promise<[Supervised, (number | string)[]]> {
    const path = socketPath();
    const server = await startSupervised({ workers }, sockets, [ANY, { path }, ANY]);
    const places = server.bound.map(({ address }) => ('path' in address ? address.path : address.port));
    return [server, places];
  }

  describe.each(['auto', 'shared'] as const)('%s sockets', (sockets) => {
    test('reloads lose no connection on any listener', async () => {
      const [server, places] = await startAtThree(sockets);
      expect(new Set(places).size).toBe(3);
      const end = load(places);
      for (let i = 1; i <= 5; i++) {
        server.tell({ type: 'reload', timeoutMs: 5000 });
        await eventually(
          `reload ${i}`,
          () => server.notes.filter((note) => note.startsWith('Reloaded')).length === i,
        );
      }
      const { failed, answers } = await end();
      expect(failed).toEqual([]);
      for (const to of places) expect(answers.get(to)).toBeGreaterThan(5);
      const { statistics, late } = await server.stop();
      expect(statistics).toMatchObject({ requests: [...answers.values()].reduce((a, b) => a + b), open: 0 });
      expect(late).toBe(0);
    });

    test('a thread that dies is replaced on all listeners', async () => {
      const [server, places] = await startAtThree(sockets);
      for (let deaths = 1; deaths <= 4; deaths++) {
        server.killWorker(deaths % 2, deaths < 3 ? 'terminate' : 'exception');
        await eventually('a death', () => server.notes.length === deaths);
        await sleep(300);
        for (const to of places)
          for (let i = 0; i < 3; i++) expect(await contentOf(to)).toMatch(/^Hello\d+$/);
      }
    });

    test('a drain finishes requests under way on all listeners', async () => {
      const [server, places] = await startAtThree(sockets);
      const clients = await Promise.all(places.map((to) => connect(to)));
      for (const client of clients) client.send(GET.slice(0, 20));
      await sleep(100);
      const stopped = server.stop();
      await sleep(100);
      for (const client of clients) client.send(GET.slice(20));
      for (const client of clients)
        expect(readResponses(await client.end())[0]?.fields.get('connection')).toBe('close');
      for (const client of clients) client.close();
      expect((await stopped).late).toBe(0);
    });
  });

  const listening = (run: Run, times = 1): Promise<void> =>
    eventually('listening', () => run.output.split('Server listening').length > times);

  test('the start line names all listeners, and the file of a path is there as long as the server listens', async () => {
    const path = socketPath();
    const run = launchWithListeners([ANY, ANY, { path }], ['--log', 'requests']);
    await listening(run);
    expect(run.output).toMatch(
      /^Server listening on http:\/\/127\.0\.0\.1:\d+, http:\/\/127\.0\.0\.1:\d+ and unix:\S+a\.sock \(/,
    );
    expect(run.output.split('\n')[0]).toContain(path);
    expect(await contentOf(path)).toBe('Hello1');
    // Clients of a path have no address.
    await eventually('the last line', () => run.output.includes('Closed connection'));
    expect(run.output.split('\n').slice(1)).toEqual([
      'Accepted connection from unix',
      'Received request from unix: GET / HTTP/1.1',
      expect.stringMatching(/^Sent response to unix: 200/),
      'Closed connection from unix',
      '',
    ]);
    expect(await run.stop()).toBe(0);
    expect(existsSync(path)).toBe(false);
    expect(run.errors).toBe('');
  });

  test('a server process that dies is started again on all listeners, and no connection is refused meanwhile', async () => {
    const path = socketPath();
    const [one, two] = await freePorts();
    const places = [one, path, two];
    const run = launchWithListeners([
      { host: '127.0.0.1', port: one },
      { path },
      { host: '127.0.0.1', port: two },
    ]);
    await listening(run);
    for (let deaths = 1; deaths <= 2; deaths++) {
      const [server] = childrenOf(run.child.pid as number);
      process.kill(server as number, 'SIGKILL');
      await eventually('the death', () => run.output.split('ended by SIGKILL').length > deaths);
      for (const to of places) expect(await contentOf(to)).toMatch(/^Hello/);
      await listening(run, deaths + 1);
    }
    run.child.kill('SIGHUP');
    await eventually('a reload', () => run.output.includes('Reloaded'));
    for (const to of places) expect(await contentOf(to)).toMatch(/^Hello/);
    expect(await run.stop()).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test('a server replaces the file that a killed server has left', async () => {
    const path = socketPath();
    const killed = launchWithListeners([{ path }], ['--workers', '1']);
    await listening(killed);
    const [server] = childrenOf(killed.child.pid as number);
    killed.child.kill('SIGKILL');
    await eventually('the end of its server process', () => !existsSync(`/proc/${server}`));
    expect(existsSync(path)).toBe(true);
    const next = launchWithListeners([{ path }], ['--workers', '1']);
    await listening(next);
    expect(await contentOf(path)).toBe('Hello1');
    expect(await next.stop()).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test.each([1, 2])('a path on which a server listens is in use, %d workers', async (workers) => {
    const path = socketPath();
    const run = launchWithListeners([{ path }], ['--workers', `${workers}`]);
    await listening(run);
    const second = launchWithListeners([ANY, { path }]);
    expect(await second.exit).toBe(1);
    expect([second.output, second.errors]).toEqual([
      '',
      `hotpath: address already in use ${path}: another server listens there: choose another path\n`,
    ]);
    expect(await contentOf(path)).toBe('Hello1');
  });

  test('if two servers start at once, the later one fails', async () => {
    const path = socketPath();
    const files = appFiles();
    const app = (pauseMs: number): string =>
      files.write(
        `after-${pauseMs}.mjs`,
        `await new Promise((resolve) => setTimeout(resolve, ${pauseMs}));
         export default { routes: { '/': new Response('after ${pauseMs}') } };`,
      );
    const late = launchWithListeners([{ path }], [app(2000), '--workers', '1']);
    const early = launchWithListeners([{ path }], [app(1), '--workers', '1']);
    expect(await late.exit).toBe(1);
    expect(late.errors).toBe(
      `hotpath: address already in use ${path}: another server listens there: choose another path\n`,
    );
    expect(await contentOf(path)).toBe('after 1');
    expect(await early.stop()).toBe(0);
  });

  test.each([
    [
      'a file that is no socket',
      (path: string) => writeFileSync(path, 'text'),
      'in use \\S+: it is no socket: choose another path, or remove the file',
    ],
    [
      'a path in no folder',
      () => {},
      'there is no folder /nowhere for the socket \\S+: create it first',
      '/nowhere/a.sock',
    ],
    [
      'a path that is too long',
      () => {},
      'the path of a socket has at most \\d+ bytes, not \\S+: choose a shorter one',
      '/'.padEnd(200, 'a'),
    ],
  ])('%s is reported in one line, with exit code 1', async (_, prepare, line, other?: string) => {
    const path = other ?? socketPath();
    prepare(path);
    const run = launchWithListeners([ANY, { path }]);
    expect(await run.exit).toBe(1);
    expect(run.output).toBe('');
    expect(run.errors).toMatch(new RegExp(`^hotpath: .*${line}\n$`));
    if (other === undefined) expect(existsSync(path)).toBe(true);
  });

  test('a start that can not bind everything leaves nothing bound', async () => {
    const path = socketPath();
    const occupied = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => occupied.once('listening', resolve));
    atEnd(() => occupied.close());
    const { port } = occupied.address() as net.AddressInfo;
    const folder = dirname(path);
    const bound = bindAll(listenersAt([ANY, { path }, { host: '127.0.0.1', port }]), 1, 'auto');
    await expect(bound).rejects.toThrow('EADDRINUSE');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a start that fails leaves no file', async () => {
    const path = socketPath();
    const app = appFiles().write('app.mjs', 'throw new Error("no database");');
    const run = launchWithListeners([{ path }], [app, '--workers', '1']);
    expect(await run.exit).toBe(1);
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test('a path that stands twice is in use, and no file is left', async () => {
    const path = socketPath();
    const run = launchWithListeners([{ path }, ANY, { path }], ['--workers', '1']);
    expect(await run.exit).toBe(1);
    expect([run.output, run.errors]).toEqual([
      '',
      `hotpath: address already in use ${path}: another server listens there: choose another path\n`,
    ]);
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test('a server leaves a path that another server has taken over', async () => {
    const path = socketPath();
    const run = launchWithListeners([{ path }], ['--workers', '1']);
    await listening(run);
    rmSync(path);
    const next = launchWithListeners([{ path }], ['--workers', '1']);
    await listening(next);
    expect(await run.stop()).toBe(0);
    expect(await contentOf(path)).toBe('Hello1');
    expect(await next.stop()).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  test.each(MODELS)('%s: a conversation on each listener', async (model) => {
    const path = socketPath();
    const [one, two] = await freePorts();
    const places = [one, path, two];
    const addresses = [{ host: '127.0.0.1', port: one }, { path }, { host: '127.0.0.1', port: two }];
    const run = launchWithListeners(addresses, ['--model', model]);
    await listening(run);
    const numbers = new Set<string | undefined>();
    for (let i = 0; i < 3; i++) for (const to of places) numbers.add(await contentOf(to));
    expect(numbers.size).toBe(9);
    expect(numbers).toContain('Hello9');
    const clients = await Promise.all(places.map((to) => connect(to)));
    for (const client of clients) client.send(GET);
    for (const client of clients) expect(await client.until(/Hello\d+$/)).toMatch(/^HTTP\/1\.1 200/);
    for (const client of clients) client.close();
    expect(await run.stop()).toBe(0);
    expect(run.errors).toBe('');
    expect(existsSync(path)).toBe(false);
  });
});
