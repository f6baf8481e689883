// Durable state of servers that a program starts with serve().

import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { counted, counter, LeaseExhaustedError, type Server, serve } from '#dist/index.js';
import { appFiles, temporaryFolder } from '../support/fixtures.ts';

const files = appFiles();
const folder = temporaryFolder('serve');

async function contentOf({ url }: Server, path = '/'): Promise<string> {
  return await (await fetch(url + path)).text();
}

// One test, since a process has only one named state, in its first server.
test('counters continue from server to server', async () => {
  const hits = counter('hits');
  const routes = { '/': counted('', hits), '/:id': counted('', hits) };
  const first = await serve({ routes, state: folder, lease: 64, port: 0 });
  expect([await contentOf(first), await contentOf(first, '/a'), hits.add()]).toEqual(['1', '2', 3]);
  expect(counter('fresh').add(64)).toBe(64);
  expect(() => counter('fresh').add(65)).toThrow(RangeError);
  await expect(serve({ routes, state: folder, lease: 64, port: 0 })).rejects.toThrow(
    'keeps its named state already',
  );
  await first.close();

  // Without a keeper no number is leased, so the counter hands out no number.
  expect(hits.value).toBe(3);
  expect(() => hits.add()).toThrow(LeaseExhaustedError);
  expect(readFileSync(join(folder, 'counters'), 'utf8')).toContain('"hits": 3');

  const app = files.write(
    'app.mjs',
    `import { counted, counter } from 'hotpath';
     export default { routes: { '/': counted('', counter('hits')), '/late': counted('', counter('late')) } };`,
  );
  const second = await serve({ app, workers: 2, state: folder, lease: 64, port: 0 });
  expect([await contentOf(second), await contentOf(second, '/late'), hits.add()]).toEqual(['4', '1', 5]);
  await second.reload();
  expect(await contentOf(second)).toBe('6');
  await second.close();

  // A server without `state` shares the counters, and has no numbers.
  const third = await serve({ routes, port: 0 });
  const response = await fetch(third.url);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  await third.close();

  await expect(
    serve({ app: files.write('bad.mjs', 'export default 1;'), state: folder, lease: 64, port: 0 }),
  ).rejects.toThrow('has no app');
  const said = vi.spyOn(console, 'log').mockImplementation(() => {});
  const fourth = await serve({ routes, state: folder, lease: 64, port: 0 });
  expect(await contentOf(fourth)).toBe('7');

  // A failing disk is logged, though a server in a program logs little.
  mkdirSync(join(folder, 'counters.new'));
  await vi.waitFor(() => expect(() => hits.add(64)).toThrow(LeaseExhaustedError), { timeout: 20_000 });
  await vi.waitFor(() =>
    expect(said).toHaveBeenCalledWith(expect.stringMatching(/^Numbers can't be leased: EISDIR/)),
  );
  rmdirSync(join(folder, 'counters.new'));
  await vi.waitFor(() => expect(said).toHaveBeenCalledWith('Numbers are leased again'), { timeout: 20_000 });
  expect(hits.add()).toBeGreaterThan(7);
  said.mockRestore();
  await fourth.close();
});
