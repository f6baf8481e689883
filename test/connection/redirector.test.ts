// Connections that redirect to HTTPS, over real sockets: beside others on the same plane, and where JavaScript has a say.

import { beforeEach, describe, expect, test } from 'vitest';
import { serveRedirects } from '../../src/app/redirector.ts';
import type { Access } from '../../src/connection/access.ts';
import { plainEndpoint } from '../../src/connection/endpoint.ts';
import { listen } from '../../src/connection/listener.ts';
import { HEAD_BYTES_MAX } from '../../src/memory/layout.ts';
import { type RedirectCase, redirectCases } from '../cases/redirect.ts';
import { connect } from '../support/client.ts';
import { atEnd } from '../support/fixtures.ts';
import { type OpenedPlane, openPlane, type PlaneOptions } from '../support/plane.ts';
import { expectRedirects, redirect } from '../support/redirects.ts';
import { readResponses } from '../support/responses.ts';
import { ENGINE_WAYS } from '../support/ways.ts';

/** Trusting the proxy's scheme makes the engine leave each request to JavaScript. */
const PROXY: Access = { trustProxy: 1, trustProxyField: ['x-forwarded-proto'] };
const get = (target: string, host = 'a', fields = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;

/** Redirects are for plain sockets only. */
const PLAIN_WAYS = ENGINE_WAYS.filter(([, { tls }]) => !tls);

describe.each(PLAIN_WAYS)('%s engine, $read reads', (engine, io) => {
  /** A plane whose application answers no request. */
  async function start(options: PlaneOptions = {}, access: Access = { trustProxy: 0 }): Promise<OpenedPlane> {
    const server = await openPlane({ engine, io, redirectPort: 443, ...options });
    server.plane.serve(() => {
      throw new Error('a request has reached the application');
    });
    server.plane.slot.prepared.refusesHttps = false;
    serveRedirects(server.plane, access);
    return server;
  }

  async function answersTo(server: OpenedPlane, input: string): Promise<string> {
    const client = await server.connect();
    client.send(input);
    client.socket.end();
    const output = await client.end();
    client.close();
    return output;
  }

  const statusesOf = async (server: OpenedPlane, input: string): Promise<number[]> =>
    readResponses(await answersTo(server, input)).map(({ statusCode }) => statusCode);

  describe('each place', () => {
    const whole = redirectCases.filter(({ end }) => end !== 'unfinished');
    const ports = new Set(whole.map(({ port = 443 }) => port));

    async function expectAll(access: Access | undefined, differs: (expected: RedirectCase) => boolean) {
      for (const redirectPort of ports) {
        const server = await start({ redirectPort }, access);
        for (const expected of whole)
          if ((expected.port ?? 443) === redirectPort && !differs(expected))
            expectRedirects(await answersTo(server, expected.input), expected);
      }
    }

    test('by the engine', async () => {
      await expectAll(undefined, () => false);
    });

    test('by JavaScript, except where content that is there already decides', async () => {
      const differing = /malformed$|waits to be asked$/;
      await expectAll(PROXY, ({ name }) => differing.test(name));
    });
  });

  describe('beside a listener that answers', () => {
    let server: OpenedPlane;
    let port: number;
    beforeEach(async () => {
      server = await start();
      server.plane.serve((exchange) => exchange.respond(200, '', exchange.head.target, false));
      const listener = await listen(
        server.connections,
        { host: '127.0.0.1', port: 0, reusePort: false },
        plainEndpoint(io),
      );
      atEnd(listener.close);
      port = listener.port;
    });

    test('connections of both kinds take turns', async () => {
      const redirected = await server.connect();
      const answered = await connect(port);
      atEnd(answered.close);
      for (let i = 0; i < 20; i++) {
        for (const client of [redirected, answered]) {
          client.received = '';
          client.send(get(`/${i}`));
        }
        expect(await redirected.until(/use https\n$/)).toBe(redirect(`https://a/${i}`));
        expect(readResponses(await answered.until(new RegExp(`/${i}$|https\n$`)))[0]).toMatchObject({
          statusCode: 200,
          content: `/${i}`,
        });
      }
      expect(server.statistics()).toMatchObject({ requests: 40, accepted: 2 });
    });

    test('a request that resumes after the turn of another kind of connection is redirected', async () => {
      const [head, rest] = ['GET /b HTTP/1.1\r\nHo', 'st: a\r\n\r\n'];
      const client = await server.connect();
      client.send(head);
      const answered = await connect(port);
      atEnd(answered.close);
      answered.send(head);
      for (const other of [await server.connect(), await connect(port)]) {
        other.send(get('/c'));
        await other.until(/\n$|\/c$/);
        other.close();
      }
      client.send(rest);
      answered.send(rest);
      expect(await client.until(/use https\n$/)).toBe(redirect('https://a/b'));
      expect(await answered.until(/\/b$/)).toMatch(/^HTTP\/1\.1 200 /);
    });
  });

  test('content that arrives behind the redirect is consumed, and the next request is redirected', async () => {
    const server = await start();
    const client = await server.connect();
    const content = 'x'.repeat(90_000);
    client.send(`POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: ${content.length}\r\n\r\n`);
    expect(await client.until(/use https\n$/)).toBe(redirect('https://a/b'));
    client.received = '';
    client.send(content + get('/c'));
    expect(await client.until(/use https\n$/)).toBe(redirect('https://a/c'));
    expect(server.statistics()).toMatchObject({ requests: 2, refused: 0 });
  });

  test('content that ends too early, or arrives too late, is not answered again', async () => {
    const server = await start();
    const head = 'POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab';
    expect(await answersTo(server, head)).toBe(redirect('https://a/b'));
    const client = await server.connect();
    client.send(head);
    await client.until(/use https\n$/);
    server.pass(300_000);
    expect(await client.end()).toBe(redirect('https://a/b'));
  });

  test('each request is logged with its redirect', async () => {
    const server = await start({ log: 'requests' });
    await answersTo(server, get('/b?c') + get('https://a/'));
    const lines = server.lines.map((line) => line.replace(/127\.0\.0\.1:\d+/, 'peer'));
    expect(lines.filter((line) => /request|response/.test(line))).toEqual([
      'Received request from peer: GET /b?c HTTP/1.1',
      String.raw`Sent response to peer: 308 "308 Permanent Redirect: use https\n"`,
      'Received request from peer: GET https://a/ HTTP/1.1',
      expect.stringContaining('Sent response to peer: 421 '),
    ]);
  });

  test('only allowed hosts are redirected', async () => {
    const access = { trustProxy: 0, allowedHosts: ['a.example', '*.b.example', '[::1]'] };
    const server = await start({ redirectPort: 8443 }, access);
    expect(
      await answersTo(server, get('/b', 'a.example:80') + get('/b', 'x.b.example') + get('/', '[::1]')),
    ).toBe(
      redirect('https://a.example:8443/b') +
        redirect('https://x.b.example:8443/b') +
        redirect('https://[::1]:8443/'),
    );
    expect(await statusesOf(server, get('/b', 'evil.example') + get('/b', 'b.example'))).toEqual([421, 421]);
    expect(await statusesOf(server, get('http://evil.example/', 'a.example'))).toEqual([421]);
    expect(await statusesOf(server, get('http://a.example/', 'evil.example'))).toEqual([308]);
    expect(await statusesOf(server, 'GET / HTTP/1.0\r\n\r\n')).toEqual([421]);
  });

  test('a request that came to a trusted proxy by https is not redirected again', async () => {
    const server = await start({}, PROXY);
    const via = (scheme: string): string => get('/b', 'a', `X-Forwarded-Proto: ${scheme}\r\n`);
    expect(await statusesOf(server, via('https') + via('http') + get('/b') + via('https'))).toEqual([
      421, 308, 308, 421,
    ]);
    const untrusting = await start();
    expect(await statusesOf(untrusting, via('https'))).toEqual([308]);
  });

  test.each([
    ['the engine', undefined],
    ['JavaScript', PROXY],
  ])('redirects of the largest heads by %s', async (_, access) => {
    const server = await start({ headBytesMax: HEAD_BYTES_MAX, redirectPort: 8443 }, access);
    const targets = [20_000, 45_000, 64_900, 10, 50_000].map((bytes) => `/${'p'.repeat(bytes)}`);
    const output = await answersTo(server, targets.map((target) => get(target)).join(''));
    // A difference would be too long to read.
    expect(output === targets.map((target) => redirect(`https://a:8443${target}`)).join('')).toBe(true);
  });
});
