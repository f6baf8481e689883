// The pages for users are true: every block of code is started and gives the results in the block after it, and every
// link leads to a file and a heading.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { appFiles } from '../../support/fixtures.ts';
import { type AppRun, startApp } from './command.ts';

const PAGES = ['docs/applications.md', 'docs/shared-state.md'];

const files = appFiles();

const blocks = PAGES.map((page) =>
  [...readFileSync(page, 'utf8').matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text = '']) => ({
    page,
    language,
    text,
  })),
);

test.each(blocks)('code is followed by its results', (...onPage) => {
  const languages = onPage.map(({ language }) => language).join(' ');
  // typescript.test.ts compiles the blocks of TypeScript.
  expect(languages).toMatch(/^(js (http|text) ?|ts ?)+$/);
});

describe.concurrent.each(
  blocks.flatMap((onPage) =>
    onPage.flatMap(({ page, language, text }, i) =>
      language === 'js' ? [[page, i, text, onPage[i + 1]?.text ?? ''] as const] : [],
    ),
  ),
)('%s, block %i', (page, index, code, says) => {
  const file = files.write(`${page.replace(/\W/g, '-')}-${index}.js`, code);

  if (!code.includes('export default')) {
    test('prints what the page says', async () => {
      expect((await promisify(execFile)(process.execPath, [file])).stdout).toBe(says);
    });
    return;
  }

  test('answers what the page says', async () => {
    const run = await startApp(file, ['--workers', '1']);
    try {
      for (const line of says.trim().split('\n')) await ask(run, line);
    } finally {
      await run.stop();
    }
  });
});

test("README's application", async () => {
  const [, code = ''] = /^```js\n([\s\S]*?)^```$/m.exec(readFileSync('README.md', 'utf8')) ?? [];
  const run = await startApp(files.write('readme.js', code), ['--workers', '2']);
  try {
    await ask(run, 'GET / → 200 Hello1');
    await ask(run, 'GET / → 200 Hello2');
    await ask(run, 'GET /health → 200 ok');
    await ask(run, 'GET /users/7 → 200 {"id":"7"}');
    await ask(run, `GET /a → 404 Nothing for 127.0.0.1 at ${run.url}/a`);
  } finally {
    await run.stop();
  }
});

describe('programs', () => {
  const sources = ['README.md', 'src/serve.ts', ...filesIn('docs'), ...filesIn('examples')].map(
    (file) => [file, readFileSync(file, 'utf8')] as const,
  );
  const programs = sources.flatMap(([file, text]) =>
    (file.endsWith('.md')
      ? [...text.matchAll(/^```\w+\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
      : [text]
    )
      .filter((code) => /\bserve\(/.test(code) && /\bnew Response\(|\bResponse\.json\(/.test(code))
      .map((code) => [file, code] as const),
  );

  test('exist', () => expect(programs.map(([file]) => file)).toContain('docs/applications.md'));

  test.each(programs)('%s: a program that makes a Response imports it from hotpath', (_, code) => {
    expect(code).toMatch(/^import \{[^}]*\bResponse\b[^}]*\} from 'hotpath';$/m);
  });
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|m?[jt]s)$/.test(name))
    .map((name) => posix.join(folder, name));
}

describe('links between pages', () => {
  const pages = ['.', 'docs', 'bench', 'test', 'examples', 'examples/tickets', 'examples/machines'].flatMap(
    (folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.md'))
        .map((name) => posix.join(folder, name)),
  );

  test.each(pages)('%s links to files and headings that exist', (page) => {
    for (const [, path = '', heading] of readFileSync(page, 'utf8').matchAll(
      /\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g,
    )) {
      const target = path === '' ? page : posix.join(posix.dirname(page), path);
      expect(existsSync(target), target).toBe(true);
      if (heading !== undefined) expect(headingsOf(target), `${target}#${heading}`).toContain(heading);
    }
  });
});

/** Returns the anchors that GitHub gives to the headings of a page. */
function headingsOf(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** Sends `METHOD /target content → status content`, and checks the status and the content after the arrow. */
async function ask(run: AppRun, line: string): Promise<void> {
  const [, method = '', target = '', body, status, text = ''] =
    /^([A-Z]+) (\S+)(?: (.+))? → (\d+)(?: (.*))?$/.exec(line) ?? [];
  const headers = { 'User-Agent': '', 'X-Kind': 'kind' };
  const init = body === undefined ? { method, headers } : { method, headers, body };
  const response = await fetch(run.url + target, init);
  const content = (await response.text()).replace(/\n$/, '').replaceAll('\n', '\\n');
  expect([response.status, text.endsWith('\\n') ? `${content}\\n` : content], line).toEqual([
    Number(status),
    text,
  ]);
}
