// Reloads: new threads over the same memory replace the old threads, and no client loses a request.

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { describe, expect, test } from 'vitest';
import { viewsOf } from '#dist/memory/views.js';
import { TIMES } from '#dist/times.js';
import { compileModule } from '#dist/wasm/instance.js';
import { readStatistics } from '#dist/wasm/statistics.js';
import { Pool } from '#dist/workers/pool.js';
import { type Address, listenersOf, portOf } from '../../src/connection/address.ts';
import type { ListenAt, TakePlace } from '../../src/connection/listener.ts';
import { ask, connect, eventually, GET, sleep } from '../support/client.ts';
import { appFiles, startServer } from '../support/fixtures.ts';
import { smallMemory } from '../support/memory.ts';
import { DEADLINES } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { type Supervised, startSupervised } from '../support/supervised.ts';

const files = appFiles();

/** Requests a reload, waits for the line that reports its outcome, and returns it. */
async function reload({ tell, notes }: Supervised, timeoutMs = 5000): Promise<string> {
  const before = notes.length;
  tell({ type: 'reload', timeoutMs });
  const said = (): string | undefined => notes.slice(before).find((note) => /eload/.test(note));
  await eventually('the outcome of the reload', () => said() !== undefined);
  return said() as string;
}

async function contentOf(port: number): Promise<string | undefined> {
  return readResponses(await ask(port))[0]?.content;
}

describe('from the command line', () => {
  test('ten reloads under load lose no connection and no count', async () => {
    const run = await startServer(['--workers', '2']);
    const { child, port } = run;
    const reloads = (): number => run.output.split('Reloaded').length - 1;
    const seen: string[] = [];
    const failed: unknown[] = [];
    let stop = false;
    const load = Array.from({ length: 4 }, async () => {
      while (!stop) {
        try {
          seen.push((await contentOf(port)) ?? 'nothing');
        } catch (error) {
          failed.push(error);
        }
      }
    });
    for (let i = 1; i <= 10; i++) {
      child.kill('SIGHUP');
      await eventually(`reload ${i}`, () => reloads() === i);
    }
    stop = true;
    await Promise.all(load);
    expect(failed).toEqual([]);
    expect(seen.length).toBeGreaterThan(50);
    expect(new Set(seen).size).toBe(seen.length);
    expect(await run.stop()).toBe(0);
    expect(run.output).toContain(
      `Server stopped after ${seen.length} requests on ${seen.length} connections\n`,
    );
    expect(run.errors).toBe('');
  });

  test('a reload serves a changed file; a file that fails to load is reported, and the old threads keep serving', async () => {
    const file = files.write('app.mjs', 'export default { routes: { "/": new Response("one") } };');
    const run = await startServer([file, '--workers', '2']);
    expect(await contentOf(run.port)).toBe('one');
    files.write('app.mjs', 'export default { routes: { "/": new Response("two") } };');
    expect(await contentOf(run.port)).toBe('one');
    run.child.kill('SIGHUP');
    await eventually('reload', () => run.output.includes('Reloaded'));
    for (let i = 0; i < 4; i++) expect(await contentOf(run.port)).toBe('two');

    files.write('app.mjs', '\nexport default { routes: { "/": ');
    run.child.kill('SIGHUP');
    await eventually('that it failed', () => run.output.includes('Could not reload'));
    expect(run.output).toMatch(
      /Could not reload: can't load .*app\.mjs: SyntaxError: .*app\.mjs:2\); the old/,
    );
    for (let i = 0; i < 4; i++) expect(await contentOf(run.port)).toBe('two');

    files.write('app.mjs', 'export default { routes: { "/": new Response("three") } };');
    run.child.kill('SIGHUP');
    await eventually('reload', () => run.output.split('Reloaded').length === 3);
    for (let i = 0; i < 4; i++) expect(await contentOf(run.port)).toBe('three');
  });

  test('a reload of a model without an application is reported, and the server keeps serving', async () => {
    const run = await startServer(['--model', 'sequential']);
    run.child.kill('SIGHUP');
    await eventually('that it failed', () => run.output.includes('Could not reload: this model'));
    expect(await contentOf(run.port)).toBe('Hello1');
  });
});

describe.each(['auto', 'shared', 'own'] as const)('%s sockets', (sockets) => {
  const workers = sockets === 'own' ? 1 : 2;

  test('old threads finish requests under way and keep idle connections', async () => {
    const server = await startSupervised({ workers }, sockets);
    const { port } = server;
    const idle = await connect(port);
    const busy = await connect(port);
    idle.send(GET);
    await idle.until(/Hello1$/);
    busy.send(GET.slice(0, 20));
    await sleep(50);
    expect(await reload(server)).toMatch(/^Reloaded/);
    expect(await contentOf(port)).toBe('Hello2');
    expect([idle.ended, busy.ended]).toEqual([false, false]);
    busy.send(GET.slice(20));
    const [finished] = readResponses(await busy.end());
    expect([finished?.content, finished?.fields.get('connection')]).toEqual(['Hello3', 'close']);
    idle.send(GET);
    const last = readResponses(await idle.end())[1];
    expect([last?.content, last?.fields.get('connection')]).toEqual(['Hello4', 'close']);
    idle.close();
    busy.close();
    const { statistics, late } = await server.stop();
    expect(statistics).toMatchObject({ requests: 4, accepted: 3, open: 0 });
    expect(late).toBe(0);
  });
});

test('connections of old threads are cut at the drain timeout', async () => {
  const server = await startSupervised({ workers: 2 });
  const idle = await connect(server.port);
  idle.send(GET);
  await idle.until(/Hello1$/);
  await reload(server, 300);
  await eventually('the end of an idle connection', () => idle.ended || idle.socket.destroyed);
  // The slots of the first generation are free: the next generation takes them.
  expect(await reload(server)).toMatch(/^Reloaded/);
  expect(await contentOf(server.port)).toBe('Hello2');
  idle.close();
});

test('reloads run one after the other, and a stop does not wait for a reload', async () => {
  const server = await startSupervised({ workers: 2 });
  for (let i = 0; i < 3; i++) server.tell({ type: 'reload', timeoutMs: 5000 });
  await eventually('three reloads', () => server.notes.length === 3);
  expect(server.notes).toEqual(Array(3).fill(expect.stringMatching(/^Reloaded/)));
  const idle = await connect(server.port);
  idle.send(GET);
  await idle.until(/Hello1$/);
  await reload(server, 60_000);
  // The reload before still has a connection, so this reload waits.
  server.tell({ type: 'reload', timeoutMs: 5000 });
  await sleep(500);
  expect(server.notes).toHaveLength(4);
  const { statistics, late } = await server.stop();
  expect([statistics.open, late]).toEqual([0, 0]);
  idle.close();
});

test('a stop in the middle of a reload ends both generations', async () => {
  const server = await startSupervised({ workers: 2 });
  server.tell({ type: 'reload', timeoutMs: 60_000 });
  await sleep(20);
  const { late } = await server.stop();
  expect(late).toBe(0);
});

test('a thread that dies during a reload is replaced by a thread with the new file', async () => {
  const route = (text: string): string => `export default { routes: { "/": new Response(${text}) } };`;
  files.write('app.mjs', route('"old"'));
  const server = await startSupervised({ workers: 2, app: files.urlOf('app.mjs') });
  const { port, notes } = server;
  files.write('app.mjs', route('"new"'));
  server.tell({ type: 'reload', timeoutMs: 5000 });
  server.killWorker(0);
  await eventually('reload', () => notes.some((note) => /^Reloaded/.test(note)));
  server.killWorker(1);
  await eventually('replacement', () => notes.some((note) => /^Worker 1 .*; replacing it/.test(note)));
  await sleep(300);
  for (let i = 0; i < 10; i++) expect(await contentOf(port)).toBe('new');
  expect((await server.stop()).statistics.open).toBe(0);
});

test('timers of an application do not keep a thread that has drained', async () => {
  files.write(
    'app.mjs',
    'setInterval(() => {}, 1000); export default { routes: { "/": new Response("a") } };',
  );
  const server = await startSupervised({ workers: 2, app: files.urlOf('app.mjs') });
  await reload(server, 60_000);
  await reload(server, 60_000);
  expect(await contentOf(server.port)).toBe('a');
  expect((await server.stop()).late).toBe(0);
});

test.runIf(process.platform === 'linux')(
  'reloads leave no descriptor behind, whether they succeed or fail',
  async () => {
    const good = 'export default { routes: { "/": new Response("a") } };';
    files.write('app.mjs', good);
    const server = await startSupervised({ workers: 2, app: files.urlOf('app.mjs') });
    const { child } = server;
    const descriptors = (): number => readdirSync(`/proc/${child.pid}/fd`).length;
    await reload(server);
    await sleep(700);
    const before = descriptors();
    for (const text of [good, 'throw new Error("broken");', good, 'export default 1;']) {
      files.write('app.mjs', text);
      expect(await reload(server)).toMatch(text === good ? /^Reloaded/ : /^Could not reload/);
    }
    await eventually('as many descriptors as before', () => descriptors() <= before);
  },
);

describe('a pool', () => {
  const anywhere: ListenAt = { host: '127.0.0.1', port: 0, reusePort: true };

  function createPool(takePlace: TakePlace) {
    const memory = smallMemory({ slotCount: 2 });
    const state = { module: compileModule(), memory };
    const ports: number[] = [];
    const pool = new Pool({
      workers: 1,
      start: {
        ...state,
        listeners: listenersOf({ host: '127.0.0.1', port: 0 }),
        state,
        engine: 'wasm',
        access: { trustProxy: 0 },
        io: { accept: 'direct', read: 'direct', write: 'direct' },
        log: 'silent',
        limits: { connectionsMax: 10, refusalsMax: 1, requestsMax: 100 },
        deadlines: DEADLINES,
      },
      takePlace,
      loadMs: 30_000,
      times: TIMES,
      note: () => {},
      warn: () => {},
      listening: (_, port) => ports.push(port),
    });
    return { pool, ports, memory };
  }

  test('two generations use different slots', async () => {
    const { pool, ports, memory } = createPool(async () => anywhere);
    await pool.start();
    const old = await connect(ports[0] as number);
    old.send(GET);
    await old.until(/Hello1$/);
    await pool.reload(300);
    const held = await connect(ports[1] as number);
    held.send(GET);
    await held.until(/Hello2$/);
    await eventually('the end of the old', () => old.ended || old.socket.destroyed);
    await sleep(100);
    expect(readStatistics(viewsOf(memory))).toMatchObject({ requests: 2, accepted: 2, open: 1 });
    expect(await pool.drain(2000)).toBe(0);
    for (const client of [old, held]) client.close();
  });

  test('a drain ends a generation that is starting', async () => {
    let taken = 0;
    const { pool } = createPool(async () => (++taken === 1 ? anywhere : new Promise(() => {})));
    await pool.start();
    const reloaded = pool.reload(2000).catch((error: Error) => error.message);
    await eventually('a thread that waits for its place', () => taken === 2);
    expect(await pool.drain(2000)).toBe(0);
    expect(await reloaded).toBe('the server is stopping');
    await expect(pool.reload(2000)).rejects.toThrow('the server is stopping');
  });

  test('old threads listen again when new threads can not listen', async () => {
    const occupied = net.createServer().listen(0, '127.0.0.1');
    await once(occupied, 'listening');
    const at: ListenAt = { host: '127.0.0.1', port: 0, reusePort: false };
    const { pool, ports } = createPool(async () => at);
    at.port = portOf((await pool.start())[0]?.address as Address);
    const port = at.port;
    at.port = (occupied.address() as net.AddressInfo).port;
    await expect(pool.reload(2000)).rejects.toThrow('EADDRINUSE');
    occupied.close();
    await eventually('that the old one listens again', () => ports.length === 2);
    expect(ports[1]).toBe(port);
    expect(await contentOf(port)).toBe('Hello1');
    at.port = port;
    await pool.reload(2000);
    expect(await contentOf(port)).toBe('Hello2');
    expect(await pool.drain(2000)).toBe(0);
  });
});
