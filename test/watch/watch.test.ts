// --watch: a change of a file that the application imports reloads it.

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type Run, runCli } from '../support/cli.ts';
import { ask, connect, eventually, GET, sleep } from '../support/client.ts';
import { atEnd, launchServer, startServer, temporaryFolder } from '../support/fixtures.ts';
import { readResponses } from '../support/responses.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Answers with the text of an ES module, of a module of CommonJS and of a JSON file. */
const APP = `import { createRequire } from 'node:module';
import { text } from './lib/text.js';
const require = createRequire(import.meta.url);
const common = require('./common.cjs');
const data = require('./data.json');
export default { fetch: () => new Response([text, common, data.text].join()) };
`;

interface Project {
  folder: string;
  write(name: string, text: string): void;
}

/** Writes the files of an application into a folder of its own. */
function project(files: Record<string, string>): Project {
  const folder = temporaryFolder('watch');
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files }))
    write(name, text);
  return { folder, write };
}

function threeFiles(): Project {
  return project({
    'app.js': APP,
    'lib/text.js': "export { text } from './deep.js';",
    'lib/deep.js': "export const text = 'one';",
    'common.cjs': "module.exports = 'common';",
    'data.json': '{"text":"data"}',
  });
}

const watched = ({ folder }: Project): string[] => [
  join(folder, 'app.js'),
  '--watch',
  '--workers',
  '2',
  '--drain-timeout',
  '500',
];

async function answer({ port }: Run): Promise<string | undefined> {
  return readResponses(await ask(port))[0]?.content;
}

/** Waits until all threads give this answer. */
async function untilAnswer(run: Run, expected: string): Promise<void> {
  for (let same = 0, i = 0; same < 5; i++) {
    const given = await answer(run);
    same = given === expected ? same + 1 : 0;
    if (i > 1000) throw new Error(`${given}, not ${expected}: ${run.output}${run.errors}`);
    if (same === 0) await sleep(10);
  }
}

test('files of every kind reload the application, and a line names the file', async () => {
  const files = threeFiles();
  const run = await startServer(watched(files));
  await untilAnswer(run, 'one,common,data');
  files.write('lib/deep.js', "export const text = 'two';");
  await untilAnswer(run, 'two,common,data');
  await eventually('the line', () => /deep\.js has changed: reloaded in \d+ ms/.test(run.output));
  files.write('common.cjs', "module.exports = 'COMMON';");
  await untilAnswer(run, 'two,COMMON,data');
  files.write('data.json', '{"text":"DATA"}');
  await untilAnswer(run, 'two,COMMON,DATA');
  files.write('app.js', 'export default { fetch: () => new Response("alone") };');
  await untilAnswer(run, 'alone');
  await eventually('the line', () => /app\.js has changed: reloaded/.test(run.output));
  const lines = run.output.split('changed: reloaded').length;
  // The application no longer imports it, and a file that it never imported does not count.
  files.write('lib/deep.js', "export const text = 'three';");
  files.write('lib/other.js', '');
  await sleep(100);
  files.write('app.js', 'export default { fetch: () => new Response("again") };');
  await untilAnswer(run, 'again');
  await eventually('the next line', () => run.output.split('changed: reloaded').length > lines);
  expect(run.output.split('changed: reloaded')).toHaveLength(lines + 1);
  expect(run.output).toMatch(/app\.js has changed: reloaded in \d+ ms\n$/);
});

test('a file that an editor replaces by renaming, or deletes and writes again, counts as changed', async () => {
  const files = threeFiles();
  const run = await startServer(watched(files));
  files.write('lib/.deep.js.swp', "export const text = 'renamed';");
  renameSync(join(files.folder, 'lib/.deep.js.swp'), join(files.folder, 'lib/deep.js'));
  await untilAnswer(run, 'renamed,common,data');
  rmSync(join(files.folder, 'lib/deep.js'));
  await sleep(20);
  files.write('lib/deep.js', "export const text = 'again';");
  await untilAnswer(run, 'again,common,data');
  // As git does when it changes branches.
  rmSync(join(files.folder, 'lib'), { recursive: true });
  files.write('lib/text.js', "export const text = 'branch';");
  await untilAnswer(run, 'branch,common,data');
});

test('a file with a mistake is reported with its line; the old threads serve until the mistake is mended', async () => {
  const files = threeFiles();
  const run = await startServer(watched(files));
  files.write('lib/deep.js', '\n\nexport const text = ;');
  await eventually('the report', () => run.output.includes('could not reload'));
  expect(run.output).toMatch(
    /deep\.js has changed: could not reload: .*deep\.js:3.*; the old workers keep serving/,
  );
  expect(await answer(run)).toBe('one,common,data');
  files.write('lib/deep.js', "export const text = 'mended';");
  await untilAnswer(run, 'mended,common,data');
});

test('a server whose application fails to load at its start waits for a change', async () => {
  const files = project({
    'app.js': "import { text } from './missing.js';\nexport default { fetch: () => new Response(text) };",
  });
  const run = launchServer(['--port', '0', ...watched(files)]);
  await eventually('the report', () => run.output.includes('waiting for a change'));
  expect(run.output).toMatch(/Could not start: .*missing\.js.*; waiting for a change/);
  files.write('missing.js', "export const text = 'found';");
  await eventually('the start line', () => run.port > 0);
  await untilAnswer(run, 'found');
  expect(await run.stop()).toBe(0);
});

test('a server that waits for a change can be stopped', async () => {
  const files = project({ 'app.js': 'export default 1;' });
  const run = launchServer(['--port', '0', ...watched(files)]);
  await eventually('the report', () => run.output.includes('waiting for a change'));
  expect(await run.stop()).toBe(0);
  expect(run.errors).toBe('');
});

test('the last of many changes serves, also if it comes during a reload', async () => {
  const files = threeFiles();
  const run = await startServer(watched(files));
  for (let i = 0; i < 12; i++) {
    files.write('lib/deep.js', `export const text = '${i}';`);
    await sleep(i * 15);
  }
  await untilAnswer(run, '11,common,data');
});

test('a change that comes while the application loads is followed by another load', async () => {
  const files = threeFiles();
  const run = await startServer(watched(files));
  const begun = join(files.folder, 'begun');
  files.write(
    'lib/deep.js',
    `import { writeFileSync } from 'node:fs';
     writeFileSync(${JSON.stringify(begun)}, '');
     await new Promise((resolve) => setTimeout(resolve, 700));
     export const text = 'slow';`,
  );
  await eventually('the load', () => existsSync(begun));
  files.write('lib/deep.js', "export const text = 'last';");
  await untilAnswer(run, 'last,common,data');
});

test('a reload closes idle connections at once, and ends requests under way soon', async () => {
  const files = threeFiles();
  const run = await startServer(watched(files));
  const client = await connect(run.port);
  atEnd(client.close);
  client.send(GET);
  await eventually('the answer', () => client.received.includes('one,common,data'));
  files.write('lib/deep.js', "export const text = 'two';");
  await untilAnswer(run, 'two,common,data');
  await eventually('the end of the connection', () => client.ended);
});

test.each([
  [['--watch'], '--watch reloads an app when its files change: give an app, too'],
  [['--watch', '--model', 'thread'], '--model thread has only the built-in app'],
])('%j is refused', async (args, line) => {
  const { code, errors } = await runCli(['--port', '0', ...args]);
  expect(code).toBe(2);
  expect(errors).toContain(line);
});
