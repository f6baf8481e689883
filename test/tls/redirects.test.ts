// The listener that redirects to HTTPS, beside the listener that answers there: as a command, and in a program.

import { execFile } from 'node:child_process';
import net from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { hintFor } from '#dist/app/app-keys.js';
import { readOptions } from '#dist/read-options.js';
import { serve, startThreads } from '#dist/serve.js';
import { type ListenerOptions, listenersOf, portOf } from '../../src/connection/address.ts';
import { pair } from '../support/certificates.ts';
import type { Run } from '../support/cli.ts';
import { ask, eventually } from '../support/client.ts';
import { appFiles, atEnd, closedAtEnd, launchServer } from '../support/fixtures.ts';
import { readResponses } from '../support/responses.ts';

/** Answers with what it sees, which must never be plain HTTP. */
const APP = `export default {
  fetch: async (request, { protocol }) =>
    new Response([protocol, request.method, request.url, await request.text()].join(' ')),
};`;

async function curl(...args: string[]): Promise<string> {
  const { caFile } = pair();
  const { stdout } = await promisify(execFile)('curl', ['-sS', '--cacert', caFile, ...args]);
  return stdout;
}

/** Starts the command. @returns the ports of HTTPS and of the redirects */
async function startCommand(...args: string[]): Promise<{ run: Run; https: number; http: number }> {
  const { certFile, keyFile } = pair();
  const tls = ['--tls-cert', certFile, '--tls-key', keyFile];
  const run = launchServer(['--port', '0', ...tls, '--redirect-http', '0', ...args]);
  const ports = /listening on https:\/\/127\.0\.0\.1:(\d+) and http:\/\/127\.0\.0\.1:(\d+) for redirects/;
  await eventually('listening', () => ports.test(run.output));
  const [, https, http] = ports.exec(run.output) as unknown as string[];
  return { run, https: Number(https), http: Number(http) };
}

async function locationFrom(port: number, target = '/', fields = ''): Promise<string | undefined> {
  const request = `GET ${target} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n${fields}\r\n`;
  return readResponses(await ask(port, request))[0]?.fields.get('location');
}

/** Finds a port that was free a moment ago, below those that the system gives to clients and to port 0. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const probe = net.createServer();
    const free = await new Promise((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

describe.each(['wasm', 'js'])('the command, %s engine', (engine) => {
  test('curl follows a redirect with its method and content, and no plain request reaches the application', async () => {
    const app = appFiles().write('app.mjs', APP);
    const { run, https, http } = await startCommand(app, '--engine', engine, '--workers', '2');
    const from = `http://localhost:${http}`;
    expect(await curl('-L', `${from}/a?b=%20c`)).toBe(`https GET https://localhost:${https}/a?b=%20c `);
    expect(await curl('-L', '-X', 'PUT', '-d', 'some content', `${from}/a`)).toBe(
      `https PUT https://localhost:${https}/a some content`,
    );
    const large = 'x'.repeat(100_000);
    expect(await curl('-L', '-H', 'Expect: 100-continue', '-d', large, from)).toBe(
      `https POST https://localhost:${https}/ ${large}`,
    );
    expect(await run.stop()).toBe(0);
    expect(run.output).toContain('after 6 requests');
    expect(run.errors).toBe('');
  });

  test('the built-in app redirects, too, and counts only where it answers', async () => {
    const { https, http } = await startCommand('--engine', engine, '--workers', '1');
    for (let i = 1; i <= 3; i++) {
      expect(await locationFrom(http)).toBe(`https://localhost:${https}/`);
      expect(await curl(`https://localhost:${https}/`)).toBe(`Hello${i}`);
    }
  });
});

test('a reload keeps the redirects and the port that they lead to', async () => {
  const app = appFiles().write('app.mjs', APP);
  const { run, https, http } = await startCommand(app, '--workers', '1');
  run.child.kill('SIGHUP');
  await eventually('reloaded', () => /Reloaded/.test(run.output));
  expect(await locationFrom(http, '/b')).toBe(`https://localhost:${https}/b`);
});

test('a request for a host that is not allowed is not redirected', async () => {
  const { https, http } = await startCommand('--workers', '1', '--allowed-hosts', 'localhost');
  expect(await locationFrom(http, '/b')).toBe(`https://localhost:${https}/b`);
  expect(await ask(http, 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 421 /,
  );
});

describe('in a program', () => {
  const tls = (): { cert: string; key: string } => {
    const { cert, key } = pair();
    return { cert, key };
  };

  test('the calling thread redirects to the port that it has picked, also after new handlers', async () => {
    const redirectHttp = await freePort();
    const fetch = (request: Request): Response => new Response(request.url);
    const server = await closedAtEnd(serve({ fetch, tls: tls(), port: 0, redirectHttp }));
    for (let i = 0; i < 2; i++) {
      expect(await locationFrom(redirectHttp, '/b')).toBe(`https://localhost:${server.port}/b`);
      expect(await curl('-L', `http://localhost:${redirectHttp}/c`)).toBe(
        `https://localhost:${server.port}/c`,
      );
      await server.reload({ fetch });
    }
  });

  test('each thread of an app redirects to the port that the first one has picked', async () => {
    const redirectHttp = await freePort();
    const app = appFiles().write('app.mjs', APP);
    const server = await closedAtEnd(serve({ app, tls: tls(), port: 0, redirectHttp, workers: 2 }));
    const expected = `https://localhost:${server.port}/b`;
    for (let i = 0; i < 10; i++) expect(await locationFrom(redirectHttp, '/b')).toBe(expected);
    await server.reload();
    for (let i = 0; i < 10; i++) expect(await locationFrom(redirectHttp, '/b')).toBe(expected);
  });

  test('a thread that is asked to redirect first waits until it listens for HTTPS', async () => {
    const app = new URL(`file://${appFiles().write('app.mjs', APP)}`).href;
    const options = readOptions({ tls: tls(), redirectHttp: await freePort(), workers: 1 }, {}, hintFor);
    const [https, redirecting] = listenersOf({ ...options, port: 0 }) as [ListenerOptions, ListenerOptions];
    const server = await closedAtEnd(startThreads({ ...options, app }, [redirecting, https]));
    expect(await locationFrom(portOf(redirecting.address), '/b')).toBe(`https://localhost:${server.port}/b`);
  });

  test('a port of redirects that is in use is the error of the start', async () => {
    const occupied = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => occupied.once('listening', resolve));
    atEnd(() => occupied.close());
    const { port } = occupied.address() as net.AddressInfo;
    const fetch = (): Response => new Response('a');
    await expect(serve({ fetch, tls: tls(), port: 0, redirectHttp: port })).rejects.toThrow('EADDRINUSE');
  });
});
