// Nested threads: a server inside a worker thread of another server, and threads that an application starts itself.

import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { counter, histogram, limiter, mutex, serve } from '#dist/index.js';
import { sharedState } from '../../src/state/shared.ts';
import { appFiles, closedAtEnd } from '../support/fixtures.ts';

const files = appFiles();

const inner = files.write(
  'inner.mjs',
  `import { histogram, limiter, mutex } from 'hotpath';
   export default {
     async fetch() {
       await mutex('guard').lock();
       histogram('sizes').record(1);
       limiter('api', { limit: 5, windowMs: 3_600_000 }).take('inner');
       return new Response('held');
     },
   };`,
);
const middle = files.write(
  'middle.mjs',
  `import { serve } from 'hotpath';
   const server = await serve({ app: ${JSON.stringify(inner)}, port: 0, workers: 2, log: 'silent' });
   export default { fetch: () => new Response(server.url) };`,
);
const ENDS = `{
  '/exits': () => process.exit(1),
  '/throws': () => { throw new Error('of the application'); },
  '/stays': () => {},
}`;
const outer = (app: string): string =>
  files.write(
    'outer.mjs',
    `import { serve } from 'hotpath';
     const server = await serve({ app: ${JSON.stringify(app)}, port: 0, workers: 1, log: 'silent' });
     const ends = ${ENDS};
     export default {
       fetch(request) {
         const { pathname } = new URL(request.url);
         if (pathname in ends) setTimeout(ends[pathname], 20);
         return new Response(server.url);
       },
     };`,
  );

async function textOf(url: string): Promise<string> {
  return await (await fetch(url, { headers: { connection: 'close' } })).text();
}

describe.each([
  ['a server in a thread', 1],
  ['a server in a thread of a server in a thread', 2],
])('mutexes that a thread of %s holds are released when the outermost thread', (_, depth) => {
  test.each([
    ['exits', '/exits'],
    ['fails', '/throws'],
    ['is replaced by a reload', '/stays'],
  ])('%s', async (_, path) => {
    const app = outer(depth === 1 ? inner : middle);
    const server = await closedAtEnd(serve({ app, port: 0, workers: 1, log: 'silent', drainTimeout: 300 }));
    const guard = mutex('guard');
    let url = await textOf(`${server.url}/url`);
    if (depth === 2) url = await textOf(url);
    expect(await textOf(url)).toBe('held');
    const waiting = guard.lock();
    expect(guard.tryLock()).toBe(undefined);
    if (path === '/stays') await server.reload();
    else await textOf(server.url + path);
    expect(await waiting).toEqual({ abandoned: true });
    guard.unlock();
    expect(histogram('sizes').count).toBeGreaterThan(0);
    expect(limiter('api', { limit: 5, windowMs: 3_600_000 }).take('inner').remaining).toBeLessThan(5);
  });
});

test('nested threads that come and go use no more memory', async () => {
  const options = { app: outer(inner), port: 0, workers: 1, log: 'silent', drainTimeout: 100 } as const;
  const server = await closedAtEnd(serve(options));
  const pages = (): number => {
    const memory = sharedState()?.memory as WebAssembly.Memory;
    memory.grow(0);
    return memory.buffer.byteLength;
  };
  const reload = async (): Promise<void> => {
    await server.reload();
    const url = await textOf(`${server.url}/url`);
    expect(await textOf(url)).toBe('held');
    const ended = mutex('guard').lock();
    await server.reload();
    await ended;
    mutex('guard').unlock();
  };
  for (let i = 0; i < 3; i++) await reload();
  const before = pages();
  for (let i = 0; i < 5; i++) await reload();
  expect(pages()).toBe(before);
});

test('a thread that the application starts has no access to named state, and its handles throw an error', async () => {
  const program = `
    import { parentPort } from 'node:worker_threads';
    import { counter, gauge, histogram, limiter, mutex, serve } from 'hotpath';
    const uses = [
      () => counter('hits').add(),
      () => gauge('level').add(),
      () => histogram('sizes').record(1),
      () => limiter('api', { limit: 1, windowMs: 1 }).take('a'),
      () => mutex('guard').lock(),
    ];
    const said = uses.map((use) => { try { use(); return ''; } catch ({ message }) { return message; } });
    const server = await serve({ fetch: () => new Response(), port: 0 });
    const own = counter('hits').add();
    await server.close();
    parentPort.postMessage({ said, own });`;
  await closedAtEnd(serve({ fetch: () => new Response(), port: 0 }));
  counter('hits').add(5);
  const worker = new Worker(files.write('own.mjs', program));
  const { said, own } = await new Promise<{ said: string[]; own: number }>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  for (const [i, kind] of ['counter', 'gauge', 'histogram', 'limiter', 'mutex'].entries())
    expect(said[i]).toMatch(
      new RegExp(
        `^${kind} '.*' is used in a worker thread that no server has started, before this thread has a server`,
      ),
    );
  // With a server of its own, the thread has named state of its own.
  expect([own, counter('hits').value]).toEqual([1, 5]);
  await worker.terminate();
});
