// Access to the started server: which requests get a 421, which proxies it trusts, and which hosts it listens on.

import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { serve } from '../../../src/index.ts';
import { ENGINES } from '../../../src/protocol/codec.ts';
import { type Run, runCli, startCli } from '../../support/cli.ts';
import { readResponses } from '../../support/responses.ts';
import { lines, startApp, tell } from './command.ts';

const MISDIRECTED =
  '421 Misdirected Request: this server does not answer for the scheme or the host of the request\n';

let run: Run;
afterEach(async () => {
  await run.stop();
});

async function ask(requestLine: string, ...fields: string[]): Promise<string> {
  const heads = new Set(requestLine.startsWith('HEAD ') ? [0] : []);
  const [response] = readResponses(await tell(run.port, lines(requestLine, ...fields)), heads);
  return response === undefined ? 'nothing' : `${response.statusCode} ${response.content}`;
}

/** A handler's view of a request. */
async function seen(requestLine: string, ...fields: string[]): Promise<Record<string, unknown>> {
  const text = await ask(requestLine, ...fields);
  expect(text).toMatch(/^200 \{/);
  return JSON.parse(text.slice(4));
}

describe.each(ENGINES)('%s engine', (engine) => {
  const flags = ['--engine', engine, '--workers', '1'];

  describe.each([
    ['the built-in app', undefined],
    ['an app', 'access.js'],
  ])('%s', (_, app) => {
    const start = async (...args: string[]) => {
      run =
        app === undefined ? await startCli([...flags, ...args]) : await startApp(app, [...flags, ...args]);
    };
    const TARGETS = ['https://a', 'https://a/fixed', 'HTTPS://a/counted', 'https://a/route', 'https://a/x?y'];

    test('a request for an https URL on a plain connection gets a 421, and the connection goes on', async () => {
      await start();
      for (const target of TARGETS)
        for (const method of ['GET', 'POST', 'BREW'])
          expect(await ask(`${method} ${target} HTTP/1.1`, 'X-Forwarded-Proto: https'), target).toBe(
            `421 ${MISDIRECTED}`,
          );
      expect(await ask('HEAD https://a/fixed HTTP/1.1')).toBe('421 ');
      expect(await ask('GET https://a/ HTTP/1.0')).toBe(`421 ${MISDIRECTED}`);
      const pair = `GET https://a/fixed HTTP/1.1\r\nHost: a\r\n\r\n${lines('GET /fixed HTTP/1.1')}`;
      expect(readResponses(await tell(run.port, pair)).map(({ statusCode }) => statusCode)).toEqual([
        421, 200,
      ]);
      expect(await ask('GET http://a/fixed HTTP/1.1')).toMatch(/^200 /);
    });

    test('a request for an https URL is answered when a trusted proxy reports that it came by https', async () => {
      await start('--trust-proxy', '1', '--trust-proxy-field', 'x-forwarded-for, X-Forwarded-Proto');
      for (const target of TARGETS) {
        expect(await ask(`GET ${target} HTTP/1.1`, 'X-Forwarded-Proto: https'), target).toMatch(/^200 /);
        expect(await ask(`GET ${target} HTTP/1.1`, 'X-Forwarded-Proto: http'), target).toMatch(/^421 /);
        expect(await ask(`GET ${target} HTTP/1.1`), target).toMatch(/^421 /);
      }
    });

    test('a request for a host that is not allowed gets a 421, even where the engine would answer', async () => {
      await start('--allowed-hosts', 'a.example,*.b.example, localhost:8080,[::1]');
      for (const path of ['/', '/fixed', '/fixed?a', '/counted', '/route', '/x']) {
        for (const host of ['a.example', 'A.EXAMPLE.:99', 'x.b.example', 'localhost:8080', '[::1]:1'])
          expect(await ask(`GET ${path} HTTP/1.1`, `Host: ${host}`), host).toMatch(/^200 /);
        for (const host of ['a', 'b.example', 'localhost', '127.0.0.1', 'a.example.evil', '[::2]', ''])
          expect(await ask(`GET ${path} HTTP/1.1`, `Host: ${host}`), host).toBe(`421 ${MISDIRECTED}`);
        const bare = `GET ${path} HTTP/1.0\r\n\r\n`;
        expect(readResponses(await tell(run.port, bare))[0]?.statusCode).toBe(421);
        expect(await ask(`GET http://a.example${path} HTTP/1.1`, 'Host: evil')).toMatch(/^200 /);
        expect(await ask(`GET http://evil${path} HTTP/1.1`, 'Host: a.example')).toBe(`421 ${MISDIRECTED}`);
        expect(await ask(`GET https://a.example${path} HTTP/1.1`, 'Host: a.example')).toBe(
          `421 ${MISDIRECTED}`,
        );
      }
      expect(await ask('OPTIONS * HTTP/1.1', 'Host: evil')).toMatch(/^421 /);
      expect(await ask('HEAD /fixed HTTP/1.1', 'Host: evil')).toBe('421 ');
      expect(await ask('POST /fixed HTTP/1.1', 'Host: evil', 'Content-Length: 0')).toMatch(/^421 /);
    });
  });

  test('a request that gets a 421 does not count on a counted route', async () => {
    run = await startApp('access.js', [...flags, '--allowed-hosts', 'a']);
    await ask('GET /counted HTTP/1.1', 'Host: evil');
    await ask('GET https://a/counted HTTP/1.1');
    expect(await ask('GET /counted HTTP/1.1')).toBe('200 Hello1');
  });

  test('a target in absolute-form replaces Host, in the URL and in the headers', async () => {
    run = await startApp('access.js', flags);
    const { url, host } = await seen('GET http://b:81/route HTTP/1.1', 'Host: evil');
    expect([url, host]).toEqual(['http://b:81/route', 'b:81']);
    expect(await seen('GET /route HTTP/1.1', 'Host: b')).toMatchObject({ url: 'http://b/route', host: 'b' });
  });
});

describe('trusted proxies', () => {
  const forged = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: evil'];

  test('report by default in X-Forwarded-For alone, of which the last entry counts', async () => {
    run = await startApp('access.js', ['--workers', '1', '--trust-proxy', '1']);
    const expected = { url: 'http://a/', host: 'a', remoteAddress: '192.0.2.7' };
    for (const fields of [
      ['X-Forwarded-For: 192.0.2.7'],
      ['X-Forwarded-For: 10.9.9.9, 192.0.2.7'],
      ['X-Forwarded-For: "', 'X-Forwarded-For: 192.0.2.7'],
      ['Forwarded: for=10.9.9.9;proto=https', 'X-Forwarded-For: 192.0.2.7'],
    ])
      expect(await seen('GET / HTTP/1.1', ...forged, ...fields)).toEqual(expected);
    expect((await seen('GET / HTTP/1.1', 'Forwarded: for=10.9.9.9')).remoteAddress).toBe('127.0.0.1');
    expect((await seen('GET / HTTP/1.1', 'X-Forwarded-For: rubbish')).remoteAddress).toBe('unknown');
  });

  test('report with --trust-proxy-field forwarded in the last element of Forwarded, whatever precedes it', async () => {
    run = await startApp('access.js', [
      '--workers',
      '1',
      '--trust-proxy',
      '1',
      '--trust-proxy-field',
      'forwarded',
    ]);
    const own = 'for="[2001:db8::7]:4711";proto=https';
    const expected = { url: 'https://a/', host: 'a', remoteAddress: '2001:db8::7' };
    for (const fields of [
      [`Forwarded: ${own}`],
      [`Forwarded: for=", ${own}`],
      [`Forwarded: for="\\, ${own}`],
      ['Forwarded: for="', `Forwarded: ${own}`],
      [`Forwarded: for=10.9.9.9;proto=http, ${own}`, 'X-Forwarded-For: 10.9.9.9'],
    ])
      expect(await seen('GET / HTTP/1.1', ...fields)).toEqual(expected);
    expect(await seen('GET / HTTP/1.1', 'Forwarded: for="', ...forged)).toMatchObject({
      url: 'http://a/',
      remoteAddress: 'unknown',
    });
    expect(await seen('GET / HTTP/1.1', 'X-Forwarded-For: 10.9.9.9')).toMatchObject({
      remoteAddress: '127.0.0.1',
    });
  });
});

test.each(['sequential', 'process', 'thread'])('--model %s answers for the same hosts', async (model) => {
  run = await startCli(['--model', model, '--allowed-hosts', 'a']);
  expect(await ask('GET / HTTP/1.1', 'Host: b')).toBe(`421 ${MISDIRECTED}`);
  expect(await ask('GET https://a/ HTTP/1.1')).toBe(`421 ${MISDIRECTED}`);
  expect(await ask('GET / HTTP/1.1')).toMatch(/^200 Hello\d/);
});

describe('a host that the server can listen on is valid in request.url', () => {
  const ways: [host: string, address: string, url: string][] = [
    ['127.0.0.1', '127.0.0.1', 'http://127.0.0.1'],
    ['0', '127.0.0.1', 'http://0.0.0.0'],
    ['0.0.0.0', '127.0.0.1', 'http://0.0.0.0'],
    ['LOCALHOST', '', 'http://localhost'],
    ['127.1', '127.0.0.1', 'http://127.0.0.1'],
  ];
  if (hasIpv6())
    ways.push(
      ['::1', '::1', 'http://[::1]'],
      ['[::1]', '::1', 'http://[::1]'],
      ['::1%lo', '::1', 'http://[::1]'],
      ['[::1%lo]', '::1', 'http://[::1]'],
      ['::', '::1', 'http://[::]'],
      ['::ffff:127.0.0.1', '127.0.0.1', 'http://[::ffff:7f00:1]'],
    );

  test.each(ways.filter(([host]) => process.platform === 'linux' || !host.includes('%')))(
    '%s',
    async (host, address, url) => {
      run = await startApp('access.js', ['--host', host, '--workers', '1']);
      const announced = /listening on (\S+) /.exec(run.output)?.[1] as string;
      expect(new URL(announced).origin).toBe(`${url}:${run.port}`);
      const told = await raw(address || 'localhost', run.port, 'GET /x HTTP/1.0\r\n\r\n');
      expect(told).toContain(`"url":"${url}:${run.port}/x"`);
      const server = await serve({ fetch: (request) => new Response(request.url), host, port: 0 });
      expect(await raw(address || 'localhost', server.port, 'GET /x HTTP/1.0\r\n\r\n')).toContain(
        `${url}:${server.port}/x`,
      );
      expect(new URL(server.url).origin).toBe(`${url}:${server.port}`);
      await server.close();
    },
  );
});

test.each([
  'localhost:80',
  '[::1]:80',
  '[127.0.0.1]',
  '127.0.0.1%lo',
  '::1%',
  '::g',
  '1.2.3.4.5',
  'a b',
  'a/b',
  'user@a',
  'a%41',
  'http://a',
])('the host %s is rejected with one line', async (host) => {
  run = { stop: async () => 0 } as Run;
  const line = ` must be an address or a name without a port, such as 127.0.0.1, :: or localhost, not '${host}'`;
  expect(await runCli(['--host', host])).toEqual({ code: 2, output: '', errors: `hotpath: --host${line}\n` });
  await expect(serve({ fetch: () => new Response(), host })).rejects.toThrow(`host${line}`);
});

test.each<[string[], string]>([
  [
    ['--trust-proxy', '1', '--trust-proxy-field', 'x-real-ip'],
    "--trust-proxy-field must be x-forwarded-for, x-forwarded-for,x-forwarded-proto or forwarded, not 'x-real-ip'",
  ],
  [
    ['--trust-proxy', '1', '--trust-proxy-field', 'forwarded,x-forwarded-for'],
    "--trust-proxy-field must be x-forwarded-for, x-forwarded-for,x-forwarded-proto or forwarded, not 'forwarded,x-forwarded-for'",
  ],
  [
    ['--trust-proxy-field', 'forwarded'],
    '--trust-proxy-field belongs to --trust-proxy: say how many proxies there are',
  ],
  [
    ['--allowed-hosts', 'a,http://b'],
    "--allowed-hosts: 'http://b' is not a host: write example.com, *.example.com, localhost:8080 or [::1]",
  ],
  [
    ['--allowed-hosts', ''],
    "--allowed-hosts: '' is not a host: write example.com, *.example.com, localhost:8080 or [::1]",
  ],
])('%j is rejected with one line', async (args, line) => {
  run = { stop: async () => 0 } as Run;
  expect(await runCli(args)).toEqual({ code: 2, output: '', errors: `hotpath: ${line}\n` });
});

test('serve() accepts lists, or text with commas', async () => {
  run = { stop: async () => 0 } as Run;
  const fetch = (request: Request, { remoteAddress }: { remoteAddress: string }) =>
    new Response(`${request.url} ${remoteAddress}`);
  for (const lists of [
    { allowedHosts: ['a', '*.b'], trustProxyField: ['x-forwarded-for', 'x-forwarded-proto'] },
    { allowedHosts: 'a,*.b', trustProxyField: 'x-forwarded-for,x-forwarded-proto' },
  ]) {
    const server = await serve({ fetch, port: 0, trustProxy: 1, ...lists });
    run.port = server.port;
    const fields = ['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: https'];
    expect(await ask('GET / HTTP/1.1', 'Host: x.b', ...fields)).toBe('200 https://x.b/ 192.0.2.7');
    expect(await ask('GET / HTTP/1.1', 'Host: b', ...fields)).toBe(`421 ${MISDIRECTED}`);
    await server.close();
  }
  const wrong = [
    [{ allowedHosts: [1] }, 'allowedHosts must be text or an array of texts'],
    [{ host: ['::1'] }, 'host must be text or a number'],
    [{ allowedHosts: [] }, "allowedHosts: '' is not a host"],
    [{ trustProxyField: 'forwarded' }, 'trustProxyField belongs to trustProxy'],
  ] as const;
  for (const [options, says] of wrong)
    await expect(serve({ fetch, ...options } as never)).rejects.toThrow(says);
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
}

/** Sends a request to an address of this machine. @returns all bytes of the response */
async function raw(host: string, port: number, request: string): Promise<string> {
  const socket = net.connect({ host, port });
  socket.write(request);
  let text = '';
  for await (const piece of socket.setEncoding('latin1')) text += piece;
  return text;
}
