// SIGHUP makes the command load its application anew, while clients are served.

import { afterAll, expect, test } from 'vitest';
import { appFiles } from '../../support/app-files.ts';
import { eventually } from '../../support/client.ts';
import { contentOf, lines, startApp, tell } from './command.ts';

const files = appFiles();
afterAll(() => files.remove());

const appOf = (name: string) => `import { counted, counter } from 'hotpath';
export default {
  routes: { '/count': counted('${name}', counter('reloads')), '/fixed': new Response('${name}') },
  fetch: () => new Response('${name}'),
};`;

test.each(['1', '2'])('%s workers: a new version, one that fails, counts that go on', async (workers) => {
  const file = files.write('app.js', appOf('old'));
  const run = await startApp(file, ['--workers', workers]);
  // A connection that is open already asks the old threads once more.
  const text = async (path: string) => contentOf(await tell(run.port, lines(`GET ${path} HTTP/1.1`)));
  expect([await text('/'), await text('/fixed'), await text('/count')]).toEqual(['old', 'old', 'old1']);

  files.write('app.js', appOf('new'));
  run.child.kill('SIGHUP');
  await eventually('the new version', () => run.output.includes('Reloaded'));
  expect([await text('/'), await text('/fixed'), await text('/count')]).toEqual(['new', 'new', 'new2']);

  files.write('app.js', 'export default {');
  run.child.kill('SIGHUP');
  await eventually('the failure', () => run.output.includes('Could not reload'));
  expect([await text('/'), await text('/fixed'), await text('/count')]).toEqual(['new', 'new', 'new3']);
  expect(await run.stop()).toBe(0);
});
