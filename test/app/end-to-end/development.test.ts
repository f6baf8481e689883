// --dev: failed handlers answer with their stacks, over both versions of HTTP, and in a browser.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { serve } from '#dist/index.js';
import { pair } from '../../support/certificates.ts';
import { runCli } from '../../support/cli.ts';
import { closedAtEnd, startServer } from '../../support/fixtures.ts';
import { ask, connectHttp2 } from '../../support/http2.ts';
import { hasOpenssl } from '../../support/ways.ts';
import { type AppRun, lines, startApp, tell } from './command.ts';

const APP = 'test/app/end-to-end/apps/failing.js';
const PLAIN = '500 Internal Server Error\n';
const NOTE = 'In development (--dev): clients see the stacks and source lines of failed handlers\n';
const BROWSER = { accept: 'text/html,*/*;q=0.8' };
/** The place of the failure in the file. */
const PLACE = /at \/thrown \(file:\/\/\S*\/failing\.js:(\d+):(\d+)\)/;

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => `/usr/bin/${name}`)
  .find(existsSync);

async function textAt(url: string, headers: Record<string, string> = {}): Promise<string> {
  return await (await fetch(url, { headers })).text();
}

test('without it, clients see nothing', async () => {
  for (const environment of [{}, { NODE_ENV: 'production' }, { NODE_ENV: 'development', HOTPATH_DEV: '0' }]) {
    const run = await startServer([APP, '--workers', '1'], environment);
    expect(await textAt(`http://127.0.0.1:${run.port}/thrown`, BROWSER)).toBe(PLAIN);
    expect(run.output).not.toContain('In development');
    await run.stop();
  }
});

test.each([
  ['the option', ['--dev'], {}],
  ['the environment', [], { NODE_ENV: 'development' }],
  ['both engines and ways of I/O', ['--dev', '--engine', 'js', '--io', 'public'], {}],
])('%s shows the stack and the line that failed', async (_, args, environment) => {
  const run = await startServer([APP, '--workers', '2', ...args], environment);
  expect(run.output.startsWith(NOTE)).toBe(true);
  const url = `http://127.0.0.1:${run.port}`;
  const content = await textAt(`${url}/thrown?secret`);
  expect(content).toMatch(PLACE);
  expect(content).toMatch(/^> {2}\d \| {7}throw new TypeError\('thrown here'\);$/m);
  expect(content).not.toContain('?secret');
  const page = await textAt(`${url}/thrown`, BROWSER);
  expect(page).toMatch(/<mark><i>\d<\/i> {6}throw new TypeError\(&#39;thrown here&#39;\);<\/mark>/);
  expect(await textAt(`${url}/ok`)).toBe('ok');
  await expect.poll(() => run.errors).toMatch(/A handler failed at GET \/thrown: TypeError: thrown here\n/);
  await run.stop();
});

test('has no effect on handler timeouts, nor on responses that have begun', async () => {
  const run = await startServer([APP, '--workers', '1', '--dev', '--handler-timeout', '500']);
  expect((await tell(run.port, lines('GET /never HTTP/1.1'))).startsWith('HTTP/1.1 503 ')).toBe(true);
  const half = await tell(run.port, lines('GET /half HTTP/1.1'));
  expect(half).toContain('half');
  expect(half).not.toContain('broken');
  await run.stop();
});

test.skipIf(!hasOpenssl)('shows the same over HTTP/2', async () => {
  const { certFile, keyFile } = pair();
  const run = await startServer([
    APP,
    ...['--workers', '1', '--dev', '--http2', '--tls-cert', certFile, '--tls-key', keyFile],
  ]);
  const { status, content } = await ask(connectHttp2(run.port), { ':path': '/thrown', ...BROWSER });
  expect(status).toBe(500);
  expect(content).toContain('<small>TypeError</small>thrown here</h1>');
});

test('is possible in a program, for handlers and for an app', async () => {
  const handlers = await closedAtEnd(
    serve({
      port: 0,
      log: 'silent',
      dev: true,
      fetch: () => {
        throw new Error('in a program');
      },
    }),
  );
  expect(await textAt(handlers.url)).toContain('Error: in a program\n    at ');
  const app = await closedAtEnd(serve({ app: APP, port: 0, workers: 1, log: 'silent', dev: true }));
  expect(await textAt(`${app.url}/thrown`)).toMatch(PLACE);
});

test('is refused in production, and its source can be printed', async () => {
  const refused = await runCli(['--dev', APP], { NODE_ENV: 'production' });
  expect([refused.code, refused.errors]).toEqual([
    2,
    'hotpath: --dev shows stacks and source lines to clients, and NODE_ENV is production: leave out one of them\n',
  ]);
  const { output } = await runCli(['--print-config', APP], { NODE_ENV: 'development' });
  expect(output).toMatch(/^dev +true +NODE_ENV$/m);
});

describe.skipIf(CHROMIUM === undefined)('a browser', () => {
  let run: AppRun;
  beforeAll(async () => {
    run = await startApp('failing.js', ['--workers', '1', '--dev']);
    return async () => void (await run.stop());
  });

  test('shows the page, and runs nothing of it', async () => {
    const message = `<script>document.title='run'</script><img src=x onerror="document.title='run'">`;
    const browser = await chromium.launch({ executablePath: CHROMIUM as string, args: ['--no-sandbox'] });
    try {
      for (const [width, colorScheme, background] of [
        [1200, 'light', 'rgb(246, 245, 243)'],
        [360, 'dark', 'rgb(22, 20, 19)'],
      ] as const) {
        const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
        const requests: string[] = [];
        page.on('request', (request) => requests.push(request.resourceType()));
        const url = `${run.url}/hostile?message=${encodeURIComponent(message)}`;
        await page.goto(url);
        expect(await page.textContent('h1')).toBe(`Error${message}`);
        expect(await page.title()).toBe(`Error: ${message}`.slice(0, 100));
        // Chromium may look for an icon, too.
        expect(requests.filter((type) => type !== 'other')).toEqual(['document']);
        // The style applies, and nothing is wider than the screen.
        expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(background);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        expect(await page.textContent('mark')).toContain('throw new Error(new URL');
      }
    } finally {
      await browser.close();
    }
  });
});
