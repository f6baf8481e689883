// A thread of a server ends while it holds a mutex: the server releases the mutex, whatever the cause.

import { expect, test } from 'vitest';
import { histogram, mutex, serve } from '#dist/index.js';
import { appFiles } from '../support/fixtures.ts';

const files = appFiles();

const app = files.write(
  'holds.mjs',
  `import { histogram, mutex } from 'hotpath';
   const ENDS = {
     '/exits': () => process.exit(1),
     '/throws': () => { throw new Error('of the application'); },
     '/stays': () => {},
   };
   export default {
     async fetch(request) {
       const { pathname } = new URL(request.url);
       await mutex('guard').lock();
       histogram('sizes').record(1);
       setTimeout(ENDS[pathname], 20);
       return new Response('held');
     },
   };`,
);

test.each([
  ['exits', '/exits'],
  ['fails', '/throws'],
  ['is replaced by a reload', '/stays'],
])('a thread that %s', async (_, path) => {
  await using server = await serve({ app, port: 0, workers: 1, log: 'silent', drainTimeout: 500 });
  const guard = mutex('guard');
  const counted = histogram('sizes').count;
  expect(await (await fetch(server.url + path, { headers: { connection: 'close' } })).text()).toBe('held');
  const waiting = guard.lock();
  expect(guard.tryLock()).toBe(undefined);
  if (path === '/stays') await server.reload();
  expect(await waiting).toEqual({ abandoned: true });
  guard.unlock();
  expect(await guard.lock()).toEqual({ abandoned: false });
  guard.unlock();
  expect(histogram('sizes').count).toBe(counted + 1);
});
