// Several threads on one port; threads that die while serving.

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { describe, expect, test } from 'vitest';
import { HEADER_VERSION } from '#dist/memory/layout.js';
import { viewsOf } from '#dist/memory/views.js';
import { TIMES } from '#dist/times.js';
import { compileModule } from '#dist/wasm/instance.js';
import { Pool } from '#dist/workers/pool.js';
import { listenersOf } from '../../src/connection/address.ts';
import type { SocketChoice } from '../../src/connection/bind.ts';
import type { ListenAt, TakePlace } from '../../src/connection/listener.ts';
import type { Kill } from '../../src/workers/generation.ts';
import { ask, connect, eventually, GET, sleep } from '../support/client.ts';
import { smallMemory } from '../support/memory.ts';
import { DEADLINES } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { startSupervised } from '../support/supervised.ts';

const SOCKETS: SocketChoice[] = ['auto', 'shared'];

describe.each([
  ['wasm', 1],
  ['wasm', 2],
  ['js', 2],
] as const)('%s engine, %d workers', (engine, workers) => {
  test.each(SOCKETS)('%s sockets: every number is handed out once', async (sockets) => {
    const server = await startSupervised({ engine, workers }, sockets);
    const { port } = server;
    const asked = Array.from({ length: 40 }, async () => {
      const client = await connect(port);
      client.send(GET.repeat(50));
      await eventually('50 responses', () => client.received.split('Hello').length === 51);
      client.close();
      return readResponses(client.received).map(({ content }) => content);
    });
    const numbers = (await Promise.all(asked)).flat();
    expect(new Set(numbers).size).toBe(2000);
    expect(numbers).toContain('Hello2000');
    const { statistics, late } = await server.stop();
    expect(statistics).toMatchObject({ requests: 2000, accepted: 40, open: 0 });
    expect(late).toBe(0);
  });
});

test.each([
  ['auto', 'terminate'],
  ['shared', 'terminate'],
  ['auto', 'exception'],
  ['shared', 'exception'],
] as [SocketChoice, Kill][])(
  '%s sockets: a thread that dies by %s while serving is replaced, and the count continues',
  async (sockets, death) => {
    const server = await startSupervised({ workers: 2 }, sockets);
    const { port } = server;
    const seen: number[] = [];
    let failed = 0;
    let stop = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!stop) {
        try {
          const [response] = readResponses(await ask(port));
          if (response === undefined) failed++;
          else seen.push(Number(response.content.slice(5)));
        } catch {
          failed++;
        }
      }
    });
    for (let round = 0; round < 4; round++) {
      await sleep(300);
      server.killWorker(round % 2, death);
    }
    await eventually('four replacements', () => server.notes.length === 4);
    await sleep(300);
    stop = true;
    await Promise.all(load);
    // On a busy machine a thread may be killed again before it listens.
    const how =
      death === 'terminate'
        ? '(ended|failed: a worker thread ended before it listened)'
        : 'failed: told to fail';
    for (const note of server.notes) expect(note).toMatch(new RegExp(`^Worker [01] ${how}; replacing it`));
    // Only the connections of the killed thread are lost: at most 8 for each kill.
    expect(failed).toBeLessThanOrEqual(32);
    expect(seen.length).toBeGreaterThan(100);
    expect(seen.filter((n, i) => seen.indexOf(n) !== i)).toEqual([]);
    const { statistics } = await server.stop();
    expect(Math.max(...seen)).toBeLessThanOrEqual(statistics.requests);
    expect(statistics.open).toBe(0);
  },
);

test('the other threads lose no connection when a thread is killed', async () => {
  const server = await startSupervised({ workers: 2 }, 'shared');
  const { port } = server;
  const clients = await Promise.all(Array.from({ length: 30 }, () => connect(port)));
  for (const client of clients) client.send(GET);
  await Promise.all(clients.map((client) => client.until(/Hello\d+$/)));
  server.killWorker(0);
  await eventually('replacement', () => server.notes.length === 1);
  await sleep(200);
  const alive = clients.filter((client) => !client.ended && !client.socket.destroyed);
  for (const client of alive) client.send(GET);
  await Promise.all(alive.map((client) => client.until(/Hello\d+[\s\S]*Hello\d+$/)));
  for (const client of clients) client.close();
});

test.runIf(process.platform === 'linux')('threads that die leave no descriptor behind', async () => {
  const server = await startSupervised({ workers: 2 });
  const { port, child, notes } = server;
  const descriptors = (): number => readdirSync(`/proc/${child.pid}/fd`).length;
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(port)));
  for (const client of clients) client.send(GET.slice(0, 9));
  await sleep(100);
  for (const client of clients) client.close();
  await sleep(100);
  const before = descriptors();
  for (let round = 1; round <= 6; round++) {
    // The thread has connections, each with half a request.
    const held = await Promise.all(Array.from({ length: 20 }, () => connect(port)));
    for (const client of held) client.send(GET.slice(0, 9));
    await sleep(50);
    server.killWorker(round % 2, round % 3 === 0 ? 'exception' : 'terminate');
    await eventually('death', () => notes.length === round);
    for (const client of held) client.close();
    await eventually('all threads back', () => descriptors() === before);
  }
  for (let i = 0; i < 10; i++) expect(readResponses(await ask(port))).toHaveLength(1);
  expect((await server.stop()).statistics.open).toBe(0);
});

test('the server finishes requests under way and ends when its supervisor is gone', async () => {
  const server = await startSupervised({ workers: 1 });
  const { child, bound, port } = server;
  const client = await connect(port);
  client.send(GET.slice(0, 10));
  await sleep(50);
  child.disconnect();
  await sleep(100);
  client.send(GET.slice(10));
  const [response] = readResponses(await client.end());
  expect(response?.content).toBe('Hello1');
  client.close();
  await eventually('end of the server process', () => child.exitCode === 0);
  for (const one of bound) one.close();
});

describe('a pool', () => {
  const anywhere: ListenAt = { host: '127.0.0.1', port: 0, reusePort: false };

  function createPool(takePlace: TakePlace, listeners = listenersOf({ host: '127.0.0.1', port: 0 })) {
    const memory = smallMemory({ slotCount: 2 });
    const notes: string[] = [];
    const state = { module: compileModule(), memory };
    const pool = new Pool({
      workers: 1,
      start: {
        ...state,
        listeners,
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
      note: (text) => notes.push(text),
      warn: (text) => notes.push(text),
    });
    return { pool, notes, memory };
  }

  test('a replacement that fails to listen is tried again', async () => {
    const occupied = net.createServer().listen(0, '127.0.0.1');
    await once(occupied, 'listening');
    const { port } = occupied.address() as net.AddressInfo;
    let taken = 0;
    const { pool, notes } = createPool(async () => (++taken === 2 ? { ...anywhere, port } : anywhere));
    await pool.start();
    await pool.kill(0);
    await eventually('a third thread', () => taken === 3);
    expect(notes[1]).toMatch(/^Worker 0 failed: .*EADDRINUSE.*; replacing it in 100 ms$/);
    await sleep(300);
    expect(await pool.drain(2000)).toBe(0);
    occupied.close();
  });

  test('a burst of deaths backs off, and the pauses are logged', async () => {
    let started = 0;
    const { pool, notes } = createPool(async () => {
      started++;
      return anywhere;
    });
    await pool.start();
    for (let deaths = 1; deaths <= 5; deaths++) {
      await eventually('a thread that listens', () => started === deaths);
      // A thread can be killed once its slot is taken and the thread is created.
      await eventually('death', () => {
        void pool.kill(0);
        return notes.length >= deaths;
      });
    }
    await pool.drain(2000);
    expect(notes).toEqual([
      'Worker 0 ended; replacing it',
      ...[100, 200, 400, 800].map((ms) => expect.stringMatching(`; replacing it in ${ms} ms$`)),
    ]);
  });

  test('a start fails with the error of the thread', async () => {
    const { pool } = createPool(async () => ({ ...anywhere, host: '192.0.2.1' }));
    await expect(pool.start()).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  test('a start fails if a thread fails to listen for one of several listeners', async () => {
    const occupied = net.createServer().listen(0, '127.0.0.1');
    await once(occupied, 'listening');
    const { port } = occupied.address() as net.AddressInfo;
    const one = { host: '127.0.0.1', port: 0 };
    const listeners = [one, one].flatMap(listenersOf);
    const { pool } = createPool(async (listener) => {
      // Until then the thread listens for the first listener.
      if (listener > 0) await sleep(200);
      return { ...anywhere, port: listener * port };
    }, listeners);
    await expect(pool.start()).rejects.toThrow('EADDRINUSE');
    occupied.close();
  });

  test('a start fails with the exception of the thread', async () => {
    const { pool, memory } = createPool(async () => anywhere);
    viewsOf(memory).words[HEADER_VERSION >> 2] = 99;
    await expect(pool.start()).rejects.toThrow('layout version 99');
  });

  test('a pool that drains starts no thread', async () => {
    let arrive: (at: ListenAt) => void = () => {};
    let taken = 0;
    const { pool, notes } = createPool(async () =>
      ++taken === 1 ? anywhere : new Promise((resolve) => (arrive = resolve)),
    );
    await pool.start();
    await pool.kill(0);
    await eventually('a replacement under way', () => taken === 2);
    expect(await pool.drain(2000)).toBe(0);
    arrive(anywhere);
    await sleep(200);
    expect(notes).toHaveLength(1);
    expect(await pool.drain(0)).toBe(0);
  });
});
