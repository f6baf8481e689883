// A server that fails to start releases everything: the named state, its folder, threads, sockets, global names.

import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { counter, gauge, histogram, limiter, mutex, type Server, serve } from '#dist/index.js';
import { joinState, sharedState } from '../../src/state/shared.ts';
import { compileModule } from '../../src/wasm/instance.ts';
import { appFiles, atEnd, closedAtEnd, temporaryFolder } from '../support/fixtures.ts';
import { smallMemory } from '../support/memory.ts';
import { forgetState } from '../support/named-state.ts';

const files = appFiles();
const taken = net.createServer();
let takenPort = 0;
let folder = '';

beforeAll(async () => {
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  takenPort = (taken.address() as net.AddressInfo).port;
});
beforeEach(() => {
  atEnd(forgetState);
  folder = temporaryFolder('failed');
});
afterAll(() => taken.close());

const fetchHits = { fetch: () => new Response(`${counter('hits').add()}`) };
const answers = files.write(
  'answers.mjs',
  `import { counter } from 'hotpath';
   export default { fetch: () => new Response(String(counter('hits').add())) };`,
);

async function start(options: object): Promise<Server> {
  return await closedAtEnd((serve as (given: object) => Promise<Server>)({ port: 0, ...options }));
}

async function contentOf({ url }: Server): Promise<string> {
  return await (await fetch(url)).text();
}

/** Starts that fail: [name, options, error message]. */
const FAILURES: [string, () => object, RegExp][] = [
  ['a folder that can not be made', () => ({ ...fetchHits, state: '/proc/nope' }), /state folder/],
  [
    'a folder that is a file',
    () => {
      writeFileSync(join(folder, 'file'), '');
      return { ...fetchHits, state: join(folder, 'file') };
    },
    /state folder/,
  ],
  [
    'a counters file that is damaged',
    () => {
      writeFileSync(join(folder, 'counters'), 'damaged');
      return { ...fetchHits, state: folder };
    },
    /counters/,
  ],
  ['a port in use', () => ({ ...fetchHits, port: takenPort }), /EADDRINUSE/],
  ['a port in use, with state', () => ({ ...fetchHits, port: takenPort, state: folder }), /EADDRINUSE/],
  ['a port in use, with threads', () => ({ app: answers, workers: 1, port: takenPort }), /EADDRINUSE/],
  [
    'a host that this machine does not have',
    () => ({ ...fetchHits, host: '203.0.113.1', state: folder }),
    /EADDRNOTAVAIL/,
  ],
  ['a route that is not a response', () => ({ routes: { '/': 7 }, state: folder }), /route '\/'/],
  [
    'an application that throws, with state',
    () => ({ app: files.write('throws.mjs', "throw new Error('at its start');"), workers: 2, state: folder }),
    /at its start/,
  ],
  [
    'an application that counts and then throws',
    () => ({
      app: files.write(
        'counts.mjs',
        "import { counter } from 'hotpath'; counter('hits').add(); throw new Error('after counting');",
      ),
      workers: 2,
      state: folder,
    }),
    /after counting/,
  ],
  [
    'an application whose thread ends',
    () => ({ app: files.write('ends.mjs', 'process.exit(3);'), workers: 2, state: folder }),
    /./,
  ],
];

describe.each(FAILURES)('after %s', (_, options, message) => {
  const expectFailure = async (): Promise<void> => {
    await expect(start(options())).rejects.toThrow(message);
    expect(sharedState()).toBe(undefined);
    rmSync(join(folder, 'counters'), { force: true });
  };

  test('a handle reports that there is no server, and the next server counts without state', async () => {
    const hits = counter('hits');
    await expectFailure();
    expect(() => hits.add()).toThrow("counter 'hits' is used before this thread has a server");
    const server = await start(fetchHits);
    expect([await contentOf(server), hits.add(), await contentOf(server)]).toEqual(['1', 2, '3']);
  });

  test('the next server keeps the state in the same folder, with threads or without', async () => {
    await expectFailure();
    const server = await start({ ...fetchHits, state: folder, lease: 64 });
    const first = Number(await contentOf(server));
    expect([first, await contentOf(server)]).toEqual([expect.any(Number), `${first + 1}`]);
    await server.close();
    forgetState();
    const threads = await start({ app: answers, workers: 1, state: folder });
    expect(await contentOf(threads)).toBe(`${first + 2}`);
  });
});

test('failures in a row release everything', async () => {
  for (const [, options, message] of [...FAILURES, ...FAILURES.toReversed()]) {
    await expect(start(options())).rejects.toThrow(message);
    rmSync(join(folder, 'counters'), { force: true });
  }
  const server = await start({ ...fetchHits, state: folder });
  expect(Number(await contentOf(server))).toBeGreaterThan(0);
});

describe('handles that were bound while a server tried to start', () => {
  const late = files.write(
    'late.mjs',
    "await new Promise((resolve) => setTimeout(resolve, 100)); throw new Error('too late');",
  );

  /** Uses named state as soon as it can be used, then waits for the start to fail. */
  async function useDuring<T>(use: () => T | Promise<T>): Promise<T> {
    let failed = false;
    const failure = start({ app: late, workers: 1 }).catch((error: Error) => {
      failed = true;
      return error;
    });
    while (sharedState() === undefined && !failed) await turn();
    expect(sharedState()).not.toBe(undefined);
    const used = await use();
    expect(await failure).toMatchObject({ message: expect.stringContaining('too late') });
    expect(sharedState()).toBe(undefined);
    return used;
  }

  test('bind to the state of the next server', async () => {
    const handles = {
      hits: counter('hits'),
      level: gauge('level'),
      sizes: histogram('sizes'),
      api: limiter('api', { limit: 5, windowMs: 3_600_000 }),
      guard: mutex('guard'),
    };
    const use = (): unknown[] => [
      handles.hits.add(),
      handles.level.add(2),
      handles.sizes.record(3) ?? handles.sizes.count,
      handles.api.take('a').remaining,
      handles.guard.tryLock() !== undefined,
      handles.guard.unlock(),
    ];
    expect(await useDuring(use)).toEqual([1, 2, 1, 4, true, undefined]);
    expect(() => handles.hits.add()).toThrow('before this thread has a server');
    await start(fetchHits);
    expect(use()).toEqual([1, 2, 1, 4, true, undefined]);
    expect([counter('hits').value, gauge('level').value, histogram('sizes').count]).toEqual([1, 2, 1]);
    expect(limiter('api', { limit: 5, windowMs: 3_600_000 }).take('a').remaining).toBe(3);
    expect(handles.guard.tryLock()).toEqual({ abandoned: false });
    expect(mutex('guard').tryLock()).toBe(undefined);
    handles.guard.unlock();
  });

  test('a mutex that is held can be unlocked, and then binds to the state of the next server', async () => {
    const guard = mutex('guard');
    await useDuring(() => guard.lock());
    await start(fetchHits);
    guard.unlock();
    expect(guard.tryLock()).toEqual({ abandoned: false });
    expect(mutex('guard').tryLock()).toBe(undefined);
    guard.unlock();
  });

  test('a counter gets leased numbers when the next server keeps its state', async () => {
    const hits = counter('hits');
    await useDuring(() => hits.add(5));
    await start({ ...fetchHits, state: folder, lease: 64 });
    expect(hits.add()).toBe(1);
    expect(() => hits.add(65)).toThrow('that is its lease');
  });
});

test('when two servers start at the same time, a failure of one server does not affect the other', async () => {
  const hits = counter('hits');
  const [bad, good] = await Promise.allSettled([start({ ...fetchHits, port: takenPort }), start(fetchHits)]);
  expect(bad.status).toBe('rejected');
  if (good.status === 'rejected') throw good.reason;
  expect([hits.add(), await contentOf(good.value), hits.add()]).toEqual([1, '2', 3]);
});

test('of two servers that are starting, the first to fail does not affect the other', () => {
  const state = { module: compileModule(), memory: smallMemory() };
  const bad = joinState(state);
  const good = joinState(state);
  bad.leave();
  expect(sharedState()?.memory).toBe(state.memory);
  good.keep();
  expect(sharedState()?.memory).toBe(state.memory);
});

test('a running server keeps its state when another one fails to start', async () => {
  const server = await start({ ...fetchHits, state: folder });
  expect(await contentOf(server)).toBe('1');
  await expect(start({ ...fetchHits, port: takenPort })).rejects.toThrow('EADDRINUSE');
  await expect(start({ ...fetchHits, state: folder })).rejects.toThrow('keeps its named state already');
  expect([counter('hits').add(), await contentOf(server)]).toEqual([2, '3']);
});

test('the global names are restored', async () => {
  const before = [globalThis.Response, globalThis.Request, globalThis.fetch];
  await expect(start({ ...fetchHits, port: takenPort, globals: true })).rejects.toThrow('EADDRINUSE');
  expect([globalThis.Response, globalThis.Request, globalThis.fetch]).toEqual(before);
});
