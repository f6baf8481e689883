// SIGHUP reloads the application while clients are served.

import { expect, test } from 'vitest';
import { connect, eventually, GET } from '../../support/client.ts';
import { appFiles } from '../../support/fixtures.ts';
import { contentOf, lines, startApp, tell } from './command.ts';

const files = appFiles();

const appOf = (name: string) => `import { counted, counter } from 'hotpath';
export default {
  routes: { '/count': counted('${name}', counter('reloads')), '/fixed': new Response('${name}') },
  fetch: () => new Response('${name}'),
};`;

test.each(['1', '2'])(
  '%s workers: a new version is loaded, a broken one is not, and counts go on',
  async (workers) => {
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
  },
);

test('a limiter gets other options and keeps its usage; a name of another kind is an error in one line', async () => {
  const app = (limit: number) => `import { limiter } from 'hotpath';
    const logins = limiter('logins', { limit: ${limit}, windowMs: 86_400_000 });
    export default { routes: { '/:cost': ({ params }) => {
      const { allowed, remaining } = logins.take('ada', Number(params.cost));
      return new Response(\`\${allowed} \${remaining} of \${logins.limit}\`);
    } } };`;
  const run = await startApp(files.write('limits.js', app(10)), ['--workers', '2']);
  const text = async (path: string) => contentOf(await tell(run.port, lines(`GET ${path} HTTP/1.1`)));
  expect([await text('/4'), await text('/1')]).toEqual(['true 6 of 10', 'true 5 of 10']);

  files.write('limits.js', app(100));
  run.child.kill('SIGHUP');
  await eventually('the new options', () => run.output.includes('Reloaded'));
  expect([await text('/1'), await text('/50'), await text('/49')]).toEqual([
    'true 49 of 100',
    'false 49 of 100',
    'true 0 of 100',
  ]);

  files.write('limits.js', "import { counter } from 'hotpath'; counter('logins').add(); export default {};");
  run.child.kill('SIGHUP');
  const says = "'logins' is a limiter already, so it can't be a counter";
  await eventually('the failure', () => run.output.includes('Could not reload') && run.output.includes(says));
  expect(await text('/1')).toBe('false 0 of 100');
  expect(await run.stop()).toBe(0);
});

test('a connection whose response began before the reload gets one more response', async () => {
  const run = await startApp(files.write('echo.js', ECHO), ['--workers', '1']);
  const client = await connect(run.port);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
  await client.until(/one\r\n$/);
  run.child.kill('SIGHUP');
  await eventually('the reload', () => run.output.includes('Reloaded'));
  client.send('0\r\n\r\n');
  // Its head did not announce that this would be the last response.
  await client.until(/\r\n0\r\n\r\n$/);
  client.send(GET);
  const again = (await client.end()).split('\r\n0\r\n\r\n')[1];
  expect(again).toMatch(/^HTTP\/1.1 200 OK\r\n.*Connection: close\r\n.*empty$/s);
  client.close();
  expect(await run.stop()).toBe(0);
});

const ECHO = "export default { fetch: (request) => new Response(request.body ?? 'empty') };";
