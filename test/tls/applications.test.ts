// Applications behind HTTPS in a program: what they see of their server and of requests, and a framework.

import { request } from 'node:https';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { expect, test } from 'vitest';
import { Response } from '../../src/app/response.ts';
import { type HandlersServer, serve } from '../../src/serve.ts';
import type { ServeHandlersOptions } from '../../src/serve-options.ts';
import { pair } from '../support/certificates.ts';
import { closedAtEnd } from '../support/fixtures.ts';

interface Answer {
  status: number | undefined;
  headers: Record<string, unknown>;
  content: string;
}

/** Starts a server of HTTPS at a free port. */
function start(options: ServeHandlersOptions): Promise<HandlersServer> {
  const { cert, key } = pair();
  return closedAtEnd(serve({ port: 0, log: 'errors', tls: { cert, key }, ...options }));
}

/** Sends a request, whose target may be in absolute-form. */
function get(server: HandlersServer, target: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = server;
    request(
      {
        host: '127.0.0.1',
        port,
        path: target,
        headers,
        ca: pair().ca,
        servername: 'localhost',
        agent: false,
      },
      (incoming) => {
        let content = '';
        incoming.setEncoding('utf8').on('data', (text) => {
          content += text;
        });
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode, headers: incoming.headers, content }),
        );
      },
    )
      .on('error', reject)
      .end();
  });
}

test('the URL of a server, and what its handlers see', async () => {
  const server = await start({
    fetch: ({ url }, { protocol, server: { url: own }, tls }) =>
      Response.json({ url, protocol, own, version: tls?.version, serverName: tls?.serverName ?? 'none' }),
  });
  expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
  const expected = { protocol: 'https', own: server.url, version: 'TLSv1.3', serverName: 'localhost' };
  expect(JSON.parse((await get(server, '/a?b')).content)).toEqual({ url: `${server.url}/a?b`, ...expected });
  const absolute = await get(server, 'https://other.test/c', { host: 'a' });
  expect(JSON.parse(absolute.content)).toEqual({ url: 'https://other.test/c', ...expected });
});

test('fixed responses, also for a target in absolute-form', async () => {
  const server = await start({ routes: { '/fixed': new Response('fixed') } });
  for (const target of ['/fixed', 'https://127.0.0.1/fixed', 'http://127.0.0.1/fixed'])
    expect((await get(server, target)).content, target).toBe('fixed');
});

test('allowed hosts: a host without a port has the port of HTTPS', async () => {
  const server = await start({ fetch: () => new Response('ok'), allowedHosts: ['a.test:443', 'b.test:80'] });
  const statusFor = async (host: string) => (await get(server, '/', { host })).status;
  expect(await statusFor('a.test')).toBe(200);
  expect(await statusFor('a.test:443')).toBe(200);
  expect(await statusFor('b.test')).toBe(421);
  expect(await statusFor('b.test:80')).toBe(200);
});

test('a port that redirects does not name the server', async () => {
  const server = await start({ fetch: () => new Response('ok'), redirectHttp: 0 });
  expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
  expect((await get(server, '/')).content).toBe('ok');
});

test('a framework: URLs, redirects, cookies and Strict-Transport-Security are its own', async () => {
  const app = new Hono();
  app.use(secureHeaders());
  app.get('/where', (c) => c.text(c.req.url));
  app.get('/moved', (c) => c.redirect(new URL('/where', c.req.url)));
  const server = await start({ fetch: app.fetch });
  const { content, headers } = await get(server, '/where');
  expect(content).toBe(`${server.url}/where`);
  expect(headers['strict-transport-security']).toMatch(/^max-age=/);
  expect((await get(server, '/moved')).headers.location).toBe(`${server.url}/where`);
});
