// The started command with --http2, and a server in a program, as foreign clients meet them.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Hono } from 'hono';
import { chromium } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { Response, serve } from '../../src/index.ts';
import { pair } from '../support/certificates.ts';
import { appFiles, closedAtEnd, startServer } from '../support/fixtures.ts';
import { ask, connectHttp2 } from '../support/http2.ts';

const APP = `
import { counted, counter, Response } from '${new URL('../../dist/index.js', import.meta.url)}';
const hits = counter('hits');
export default {
  routes: { '/counted': counted('n=', hits) },
  fetch: async (request, { httpVersion, worker }) => {
    if (request.url.endsWith('/slow')) await new Promise((resolve) => setTimeout(resolve, 300));
    return new Response(\`\${httpVersion} \${request.method} \${await request.text()}\`);
  },
};
`;

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => `/usr/bin/${name}`)
  .find(existsSync);

const { certFile, keyFile, caFile } = pair();
const TLS = ['--tls-cert', certFile, '--tls-key', keyFile, '--http2'];

function curl(...args: string[]): string {
  return execFileSync('curl', ['-s', '--cacert', caFile, ...args], { encoding: 'utf8' });
}

describe('the command', () => {
  test('curl chooses HTTP/2, and HTTP/1.1 where it is told to', async () => {
    const file = appFiles().write('app.mjs', APP);
    const { port } = await startServer([file, '--workers', '2', ...TLS]);
    const url = `https://localhost:${port}/`;
    expect(curl('--http2', '-w', ' %{http_version}', url)).toBe('2 GET  2');
    expect(curl('--http1.1', '-w', ' %{http_version}', url)).toBe('1.1 GET  1.1');
    expect(curl('--http2', '-d', 'x'.repeat(100_000), url)).toBe(`2 POST ${'x'.repeat(100_000)}`);
  });

  test('all threads count on in both versions', async () => {
    const file = appFiles().write('app.mjs', APP);
    const { port } = await startServer([file, '--workers', '2', ...TLS]);
    const numbers: number[] = [];
    for (let i = 0; i < 6; i++) {
      const text = curl(i % 2 === 0 ? '--http2' : '--http1.1', `https://localhost:${port}/counted`);
      numbers.push(Number(text.slice(2)));
    }
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('h2load gets an answer to every request', async () => {
    const { port } = await startServer(TLS);
    const output = execFileSync(
      'h2load',
      ['-n', '2000', '-c', '4', '-m', '10', `https://localhost:${port}/`],
      {
        encoding: 'utf8',
      },
    );
    expect(output).toContain('Application protocol: h2');
    expect(output).toContain('2000 succeeded, 0 failed, 0 errored, 0 timeout');
    expect(curl(`https://localhost:${port}/`)).toBe('Hello2001');
  });

  test('a stop announces the end of the session, and finishes the requests under way', async () => {
    const file = appFiles().write('app.mjs', APP);
    const run = await startServer([file, ...TLS]);
    const client = connectHttp2(run.port);
    const goaway = once(client, 'goaway');
    const slow = ask(client, '/slow');
    await ask(client);
    run.child.kill('SIGTERM');
    await goaway;
    expect(await slow).toMatchObject({ status: 200, content: '2 GET ' });
    expect(await run.exit).toBe(0);
  });

  test('a reload announces the end of each session, and a client that connects anew loses no request', async () => {
    const file = appFiles().write('app.mjs', APP);
    const run = await startServer([file, '--workers', '2', ...TLS]);
    let client = connectHttp2(run.port);
    let sessions = 1;
    const reload = async (): Promise<void> => {
      run.child.kill('SIGHUP');
      while (!/reloaded/i.test(run.output)) await once(run.child, 'output');
    };
    let reloaded = false;
    const reloading = reload().then(() => {
      reloaded = true;
    });
    let answered = 0;
    while ((!reloaded || sessions === 1) && answered < 20_000) {
      if (client.closed || client.destroyed) {
        client = connectHttp2(run.port);
        sessions++;
      }
      try {
        expect((await ask(client)).content).toBe('2 GET ');
        answered++;
      } catch (error) {
        // The server has not begun it: the client may send it again (RFC 9113 8.7).
        expect(String(error)).toMatch(/REFUSED_STREAM|GOAWAY|closed|destroyed/);
      }
    }
    await reloading;
    expect(sessions).toBe(2);
    expect(answered).toBeGreaterThan(0);
    expect(await run.stop()).toBe(0);
  });

  test('without --http2, clients get HTTP/1.1', async () => {
    const { port } = await startServer(TLS.slice(0, -1));
    expect(curl('--http2', '-w', ' %{http_version}', `https://localhost:${port}/`)).toBe('Hello1 1.1');
  });
});

describe.skipIf(CHROMIUM === undefined)('Chromium', () => {
  test('loads a page and its resources over one connection', async () => {
    const file = appFiles().write(
      'page.mjs',
      `
import { Response } from '${new URL('../../dist/index.js', import.meta.url)}';
const resource = (i) => \`<script src="/\${i}.js"></script>\`;
export default {
  async fetch(request, { httpVersion }) {
    const { pathname } = new URL(request.url);
    if (request.method === 'POST') return new Response(await request.text());
    if (pathname.endsWith('.js')) return new Response('window.loaded = (window.loaded ?? 0) + 1;', { headers: { 'Content-Type': 'text/javascript' } });
    const scripts = Array.from({ length: 30 }, (_, i) => resource(i)).join('');
    return new Response(\`<title>\${httpVersion}</title>\${scripts}\`, { headers: { 'Content-Type': 'text/html' } });
  },
};
`,
    );
    const run = await startServer([file, '--workers', '1', '--log', 'connections', ...TLS]);
    const browser = await chromium.launch({ executablePath: CHROMIUM as string, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage({ ignoreHTTPSErrors: true });
      await page.goto(`https://localhost:${run.port}/`);
      expect(await page.title()).toBe('2');
      expect(await page.evaluate('window.loaded')).toBe(30);
      const protocols = await page.evaluate(
        "[...new Set(performance.getEntriesByType('resource').map(({ nextHopProtocol }) => nextHopProtocol))]",
      );
      expect(protocols).toEqual(['h2']);
      const posted =
        "fetch('/', { method: 'POST', body: 'x'.repeat(300000) }).then((r) => r.text()).then((t) => t.length)";
      expect(await page.evaluate(posted)).toBe(300_000);
    } finally {
      await browser.close();
    }
    expect(await run.stop()).toBe(0);
  });
});

describe('a server in a program', () => {
  test('a Hono application answers', async () => {
    const { cert, key } = pair();
    const app = new Hono();
    app.post('/items/:id', async (c) => c.json({ id: c.req.param('id'), content: await c.req.json() }));
    const { port } = await closedAtEnd(
      serve({ port: 0, log: 'silent', tls: { cert, key }, http2: true, fetch: app.fetch }),
    );
    const fields = { ':method': 'POST', ':path': '/items/7', 'content-type': 'application/json' };
    const { status, content } = await ask(connectHttp2(port), fields, '{"a":1}');
    expect([status, JSON.parse(content)]).toEqual([200, { id: '7', content: { a: 1 } }]);
  });

  test('speaks HTTP/2 if the option says so', async () => {
    const { cert, key } = pair();
    const { port } = await closedAtEnd(
      serve({
        port: 0,
        log: 'silent',
        tls: { cert, key },
        http2: true,
        fetch: (_, { httpVersion }) => new Response(httpVersion),
      }),
    );
    expect((await ask(connectHttp2(port))).content).toBe('2');
  });
});
