// docs/developing.md is true: its applications fail as the page shows, its test passes, and its commands exist.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../support/cli.ts';
import { appFiles, startServer, temporaryFolder } from '../../support/fixtures.ts';
import { startApp } from './command.ts';

const run = promisify(execFile);
const page = readFileSync('docs/developing.md', 'utf8');

/** The blocks of the page below a heading, of these languages in their order. */
function blocks(heading: string, ...languages: string[]): string[] {
  const [section = ''] = page.split(/^## /m).filter((text) => text.startsWith(`${heading}\n`));
  const found = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  expect(found.map(([, language]) => language)).toEqual(languages);
  return found.map(([, , text = '']) => text);
}

/** A text in which `…` stands for anything. */
function pattern(text: string): RegExp {
  const parts = text
    .trimEnd()
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*?')}\\s*$`);
}

/** Starts the application as the page does, and asks it as the page does. */
async function answerOf(folder: string, start: string, ask: string): Promise<string> {
  const [, options, app = '', args = ''] =
    /^(?:NODE_OPTIONS=(\S+) )?npx hotpath (\S+) (.+)$/m.exec(start) ?? [];
  const server = await startApp(
    join(folder, app),
    [...args.split(' '), '--workers', '1'],
    options === undefined ? {} : { NODE_OPTIONS: options },
  );
  try {
    const [, path = ''] = /^curl http:\/\/127\.0\.0\.1:8080(\S+)$/m.exec(ask) ?? [];
    const content = await (await fetch(server.url + path)).text();
    // The server was started from another folder.
    return content.replace(/^ {2}\S*\/(?=app\.)/m, '  ');
  } finally {
    await server.stop();
  }
}

test('the first application has the commands', async () => {
  const [commands = ''] = blocks('A first application', 'sh');
  const folder = temporaryFolder('developing');
  const [first = '', ...others] = commands.trim().split('\n');
  const [, init = '', name = ''] = /^npx hotpath (\w+) (\S+)$/.exec(first) ?? [];
  const { code, output } = await runCli([init, join(folder, name)]);
  expect(code).toBe(0);
  for (const line of others.slice(1)) expect(output).toContain(`  ${line}\n`);
  const { scripts } = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8'));
  expect(page).toContain(`\`npm run dev\` is \`${scripts.dev}\``);
  expect(scripts).toHaveProperty('start');
});

test('a changed file reloads the application, with the lines that the page has', async () => {
  const files = appFiles();
  const [start = '', reloaded = '', mistaken = ''] = blocks('Reloading', 'sh', 'text', 'text');
  files.write('greeting.js', "export const greeting = 'one';");
  const app = files.write(
    'app.js',
    "import { greeting } from './greeting.js';\nexport default { fetch: () => new Response(greeting) };",
  );
  const [, args = ''] = /^npx hotpath app\.js (.+)$/m.exec(start) ?? [];
  const server = await startServer([app, '--workers', '1', ...args.split(' ')]);
  const lastLine = (): string =>
    server.output
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^\S*\//, '') ?? '';
  const answer = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
  files.write('greeting.js', "export const greeting = 'two';");
  await expect.poll(lastLine, { timeout: 10_000 }).toMatch(pattern(reloaded));
  await expect.poll(answer, { timeout: 10_000 }).toBe('two');
  files.write('greeting.js', '\n\nexport const greeting = ;');
  await expect.poll(lastLine, { timeout: 10_000 }).toMatch(pattern(mistaken));
  expect(await answer()).toBe('two');
  await server.stop();
});

describe('the application that fails', () => {
  const files = appFiles();
  const [app = '', start = '', ask = '', shown = ''] = blocks('Errors', 'js', 'sh', 'sh', 'text');
  const folder = dirname(files.write('app.js', app));

  test('is shown as the page says', async () => {
    expect(await answerOf(folder, start, ask)).toMatch(pattern(shown));
  });

  test('has a test that passes', async () => {
    const [code = ''] = blocks('Tests', 'js');
    await run(process.execPath, ['--test', files.write('app.test.js', code)], { env: {} });
  });
});

test('an application that was compiled is shown in TypeScript', async () => {
  const files = appFiles();
  const languages = ['ts', 'json', 'sh', 'sh', 'text'];
  const [app = '', options = '', start = '', ask = '', shown = ''] = blocks('TypeScript', ...languages);
  const folder = dirname(files.write('app.ts', app));
  files.write('tsconfig.json', options);
  expect(start.startsWith('npx tsc\n')).toBe(true);
  await run(resolve('node_modules/.bin/tsc'), [], { cwd: folder });
  expect(await answerOf(folder, start, ask)).toMatch(pattern(shown));
});
