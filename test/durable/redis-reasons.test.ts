// The reasons why Redis can't be used: each has its own line, which names the URL without its password.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { serve } from '#dist/index.js';
import { openRedis } from '../../src/durable/redis.ts';
import { reasonOf, withoutPassword } from '../../src/durable/redis-reasons.ts';
import { hasRedis, type Redis, startRedis } from '../soak/redis.ts';
import { runCli, startCli } from '../support/cli.ts';
import { ask, eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/fixtures.ts';

const SECRET = 's3cret/+#';
const WRITTEN = encodeURIComponent(SECRET);

const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
});

async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

/** The error of a failed lease. */
async function failureOf(url: string): Promise<Error> {
  const redis = await openRedis(url, () => {});
  try {
    await redis.lease(new Map([['a', 1]]), () => {});
    throw new Error('it was leased');
  } catch (error) {
    return error as Error;
  } finally {
    await redis.end(new Map());
  }
}

function expectNoSecret(text: string): void {
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(WRITTEN);
  expect(text).not.toContain('s3cret');
}

test.each([
  ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
  ['redis://:s3cret@127.0.0.1:6379/2', 'redis://127.0.0.1:6379/2'],
  ['redis://ada:s3cret@h:1/0?password=s3cret#s3cret', 'redis://ada@h:1/0'],
  ['redis://s3cret@h:1/', 'redis://h:1'],
  ['rediss://ada:@[::1]:1', 'rediss://[::1]:1'],
])('%s is shown as %s', (url, named) => {
  expect(withoutPassword(url)).toBe(named);
});

test('the password is not shown even if a server repeats it', () => {
  const url = `redis://ada:${WRITTEN}@127.0.0.1:1`;
  for (const form of [SECRET, WRITTEN]) {
    const error = new Error(
      `ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'ada' '${form}'\nmore`,
    );
    const reason = reasonOf(error, { url, used: false });
    expect(reason).toBe("ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'ada' '***'");
  }
});

test('an error without a message shows the messages of the errors that it combines', () => {
  const one = Object.assign(new Error('connect ECONNREFUSED ::1:9'), { code: 'ECONNREFUSED' });
  const both = new AggregateError([one, new Error('connect ECONNREFUSED 127.0.0.1:9')], '');
  expect(reasonOf(both, { url: 'redis://localhost:9', used: false })).toBe(
    'nothing listens there (connect ECONNREFUSED ::1:9, connect ECONNREFUSED 127.0.0.1:9)',
  );
});

describe('each cause by its name', () => {
  test.each([
    [
      `redis://:${WRITTEN}@127.0.0.1:9/3`,
      'redis://127.0.0.1:9/3',
      'nothing listens there (connect ECONNREFUSED',
    ],
    [
      'redis://nosuch.invalid:6379',
      'redis://nosuch.invalid:6379',
      "its host name can't be resolved (getaddrinfo",
    ],
  ])('%s', async (url, named, reason) => {
    const failure = await failureOf(url);
    expect(failure.message).toContain(`Redis at ${named} can't be used: ${reason}`);
    expectNoSecret(inspect(failure, { depth: 9 }) + failure.stack);
  });

  test.each([
    ['HTTP', () => http.createServer(), 'the server there is not Redis'],
    [
      'a greeting of its own',
      () => net.createServer((socket) => void socket.on('error', () => {}).write('SSH-2.0-x\r\n')),
      'the server there is not Redis',
    ],
    [
      'unsolicited replies',
      () => net.createServer((socket) => void socket.on('error', () => {}).write('+OK\r\n'.repeat(9))),
      'the server there is not Redis',
    ],
    [
      'nothing and closes',
      () =>
        net.createServer((socket) => void socket.on('error', () => {}).once('data', () => socket.destroy())),
      'the connection was closed without an answer: where it speaks TLS, write rediss://',
    ],
    ['nothing at all', () => net.createServer(), 'it did not answer within 2000 ms'],
  ])('a server that sends %s', async (_, make, reason) => {
    const port = await listen(make());
    expect((await failureOf(`redis://:${WRITTEN}@127.0.0.1:${port}`)).message).toContain(reason);
  });

  test('TLS to a port without TLS', async () => {
    const port = await listen(http.createServer());
    expect((await failureOf(`rediss://127.0.0.1:${port}`)).message).toBe(
      `Redis at rediss://127.0.0.1:${port} can't be used: it does not speak TLS: write redis://, not rediss://`,
    );
  });
});

describe.skipIf(!hasRedis())('a real Redis', () => {
  let redis: Redis;
  let secured: Redis;
  const folder = hasRedis() ? temporaryFolder('tls') : '';
  const tlsPort = async (): Promise<number> => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    server.close();
    return port;
  };
  let port = 0;
  beforeAll(async () => {
    port = await tlsPort();
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
        ...['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')],
      ],
      { stdio: 'ignore' },
    );
    redis = await startRedis();
    secured = await startRedis([
      ...['--requirepass', SECRET, '--tls-port', `${port}`, '--tls-auth-clients', 'no'],
      ...['--tls-cert-file', join(folder, 'cert'), '--tls-key-file', join(folder, 'key')],
    ]);
  });
  afterAll(async () => {
    await Promise.all([redis.remove(), secured.remove()]);
  });

  test.each([
    [
      'a wrong password',
      () => `redis://:s3cret@127.0.0.1:${secured.port}`,
      'the password or the user is wrong',
    ],
    [
      'a wrong user',
      () => `redis://bob:s3cret@127.0.0.1:${secured.port}`,
      'the password or the user is wrong',
    ],
    [
      'no password',
      () => `redis://127.0.0.1:${secured.port}`,
      'it wants a password: write redis://:PASSWORD@',
    ],
    ['no such database', () => `redis://127.0.0.1:${redis.port}/99`, 'it has no such database'],
    ['TLS to a server without TLS', () => `rediss://127.0.0.1:${redis.port}`, 'write redis://'],
    ['no TLS to a server with TLS', () => `redis://127.0.0.1:${port}`, 'write rediss://'],
    [
      'a certificate that no authority has signed',
      () => `rediss://127.0.0.1:${port}`,
      'self-signed certificate',
    ],
  ])('%s', async (_, url, reason) => {
    const failure = await failureOf(url());
    expect(failure.message).toContain(`Redis at ${withoutPassword(url())} can't be used: `);
    expect(failure.message).toContain(reason);
    expectNoSecret(inspect(failure, { depth: 9 }) + failure.stack);
  });

  test('the command line logs each reason once, without the password, at the start and while it runs', async () => {
    const own = await startRedis(['--requirepass', SECRET]);
    const run = await startCli(['--redis', `redis://:s3cret@127.0.0.1:${own.port}/1`, '--workers', '1']);
    const place = `redis://127.0.0.1:${own.port}/1`;
    const lines = (): string[] => run.output.split('\n').filter((line) => line.includes('leased'));
    try {
      expect(lines()).toEqual([
        expect.stringContaining(
          `Numbers can't be leased: Redis at ${place} can't be used: the password or the user`,
        ),
      ]);
      await own.stop();
      await eventually('the other reason', () => lines().length > 1);
      await ask(run.port);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(lines().slice(1).join('\n')).toContain('nothing listens there');
      expect(lines().length).toBeLessThanOrEqual(3);
      expectNoSecret(run.output + run.errors);
    } finally {
      await run.stop();
      await own.remove();
    }
  });

  test('serve() logs it, too', async () => {
    const said = vi.spyOn(console, 'log').mockImplementation(() => {});
    const server = await serve({
      fetch: () => new Response(),
      redis: `redis://:s3cret@127.0.0.1:${secured.port}`,
      port: 0,
    });
    await server.close();
    const lines = said.mock.calls.flat().join('\n');
    said.mockRestore();
    expect(lines).toContain(
      `Redis at redis://127.0.0.1:${secured.port} can't be used: the password or the user is wrong`,
    );
    expectNoSecret(lines);
  });
});

test.each([
  [
    'redis://ada:p#s3cret@h:6379',
    'must be a URL such as redis://127.0.0.1:6379: write /, ?, # and @ of a password',
  ],
  ['http://:s3cret@h', 'must be a URL such as redis://127.0.0.1:6379'],
  ['redis:/:s3cret@h', 'must be a URL such as redis://127.0.0.1:6379'],
  ['redis://:s3cret@h/x', 'must end in the number of a database, as in redis://127.0.0.1:6379/0'],
  ['redis://:s3cret@h/-1', 'must end in the number of a database'],
  ['redis://:s3cret%zz@h', 'has a % in its user or password that must be written as %25'],
  ['redis://:s3cret@', 'must be a URL such as redis://127.0.0.1:6379'],
])('%s is rejected with one line, without the password', async (url, says) => {
  const { code, output, errors } = await runCli(['--redis', url]);
  expect([code, output]).toEqual([2, '']);
  expect(errors).toMatch(/^hotpath: --redis [^\n]*\n$/);
  expect(errors).toContain(says);
  expectNoSecret(errors);
  const refused = await serve({ fetch: () => new Response(), redis: url }).catch((error: Error) => error);
  expect((refused as Error).message).toContain(says);
  expectNoSecret(inspect(refused, { depth: 9 }));
});
