// Named state works with names that are special in JavaScript, such as `__proto__` and `then`.

import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { counter, gauge, histogram, limiter, mutex, serve } from '#dist/index.js';
import { temporaryFolder } from '../support/fixtures.ts';
import { forgetState } from '../support/named-state.ts';

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', 'then', '%', '"'];
const folder = temporaryFolder('names');
afterAll(() => forgetState());

test.each(NAMES)('%s, as a counter, a gauge and a limiter', async (name) => {
  for (const round of [1, 2, 3]) {
    const server = await serve({ fetch: () => new Response(), state: folder, port: 0, lease: 16 });
    expect(counter(`${name}`).add()).toBe(round);
    expect(gauge(`${name} `).add()).toBe(round);
    expect(limiter(`${name}  `, { limit: 10, windowMs: 3_600_000 }).take('a').remaining).toBe(10 - round);
    await server.close();
    forgetState();
  }
  for (const round of [1, 2]) {
    const server = await serve({ fetch: () => new Response(), state: join(folder, 'limiters'), port: 0 });
    expect(limiter(name, { limit: 10, windowMs: 3_600_000 }).take(name).remaining).toBe(10 - round);
    await server.close();
    forgetState();
  }
  for (const round of [1, 2]) {
    const server = await serve({ fetch: () => new Response(), state: join(folder, 'gauges'), port: 0 });
    expect(gauge(name).add()).toBe(round);
    await server.close();
    forgetState();
  }
});

test.each(NAMES)('%s, as state that is not kept', async (name) => {
  const server = await serve({ fetch: () => new Response(), port: 0 });
  histogram(name).record(1);
  expect([histogram(name).count, mutex(`${name} `).tryLock()]).toEqual([1, { abandoned: false }]);
  await server.close();
  forgetState();
});
