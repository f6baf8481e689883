// The access log of a server: a line for each response, with both engines, from threads and from handlers in a program.

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Response as LightResponse } from '#dist/index.js';
import { serve } from '#dist/serve.js';
import { runCli } from '../support/cli.ts';
import { ask, connect, GET } from '../support/client.ts';
import { appFiles, closedAtEnd, startServer, temporaryFolder } from '../support/fixtures.ts';

const APP = `
import { counted, counter } from 'hotpath';
const late = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default {
  routes: {
    '/fixed': new Response('fixed', { headers: { etag: '"1"' } }),
    '/counted': counted('Hello', counter('log')),
    '/posted': { POST: new Response('posted') },
    '/users/:id': (request) => new Response(request.params.id),
    '/late': async () => (await late(20), new Response('late')),
    '/stream': () => new Response(new ReadableStream({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode('piece'));
        await late(5);
        controller.close();
      },
    })),
    '/never': () => new Promise(() => {}),
    '/fails': () => { throw new Error('secret'); },
    '/text': async (request) => new Response(await request.text()),
  },
};`;

interface Logged {
  time: number;
  reqId: string;
  method?: string;
  url?: string;
  statusCode: number;
  bytes: number;
  responseTime: number;
  remoteAddress: string;
  route: string;
  reason?: string;
  msg: string;
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1);
}

function readLog(file: string): Logged[] {
  return linesOf(file).map((line) => JSON.parse(line) as Logged);
}

function logFile(): string {
  return join(temporaryFolder('logs'), 'access.log');
}

/** method, url, status, bytes, route, and the reason or the message if it is not the usual one */
function summary({ method = '-', url = '-', statusCode, bytes, route, reason, msg }: Logged): string {
  const end = reason ?? (msg === 'request completed' ? '' : msg);
  return `${method} ${url} ${statusCode} ${bytes} ${route} ${end}`.trim();
}

function request(target: string, fields = '', method = 'GET', content = ''): string {
  return `${method} ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${content}`;
}

describe.each(['wasm', 'js'])('with the %s engine', (engine) => {
  test('each response has a line, whoever has made it', async () => {
    const file = logFile();
    const app = appFiles().write('app.mjs', APP);
    const run = await startServer([
      app,
      ...['--workers', '1', '--engine', engine, '--log', 'errors', '--max-body', '100'],
      ...['--access-log', file, '--log-format', 'json', '--port', '0', '--log', 'start'],
    ]);
    const client = await connect(run.port);
    const turns: [string, RegExp][] = [
      [`${request('/fixed?secret=1')}${request('/counted')}${request('/users/7?a=b')}`, /7$/],
      [request('/fixed', 'If-None-Match: "1"\r\n'), /\r\n\r\n$/],
      [request('/fixed', '', 'HEAD'), /\r\n\r\n$/],
      [request('/posted', 'Content-Length: 3\r\n', 'POST'), /$/],
      [`abc${request('/late')}`, /late$/],
      [request('/stream'), /0\r\n\r\n$/],
      [request('/fails'), /500 Internal Server Error\n$/],
      [request('/none'), /404 Not Found\n$/],
      [request('/text', 'Content-Length: 5\r\n', 'POST', 'hello'), /hello$/],
      [request('/text', 'Content-Length: 101\r\n', 'POST'), /content too large/],
    ];
    for (const [bytes, answer] of turns) {
      client.received = '';
      client.send(bytes);
      await client.until(answer);
    }
    client.close();
    await ask(run.port, 'GET /x HTTP/1.1\r\nHost: a\r\nCookie secret\r\n\r\n');
    const gone = await connect(run.port);
    gone.send(request('/never'));
    await ask(run.port, `${request('/late', 'Connection: close\r\n')}`);
    gone.socket.resetAndDestroy();
    await ask(run.port, `${request('/late', 'Connection: close\r\n')}`);
    expect(await run.stop()).toBe(0);
    const log = readLog(file);
    expect(log.map(summary)).toEqual([
      'GET /fixed 200 5 /fixed',
      'GET /counted 200 6 /counted',
      'GET /users/7 200 1 /users/:id',
      'GET /fixed 304 0 /fixed',
      'HEAD /fixed 200 0 /fixed',
      'POST /posted 200 6 /posted',
      'GET /late 200 4 /late',
      'GET /stream 200 15 /stream',
      'GET /fails 500 26 /fails',
      'GET /none 404 14 none',
      'POST /text 200 5 /text',
      '- - 413 41 none content too large',
      '- - 400 38 none malformed field name',
      'GET /late 200 4 /late',
      'GET /never 499 0 /never request aborted',
      'GET /late 200 4 /late',
    ]);
    expect(new Set(log.map(({ reqId }) => reqId)).size).toBe(log.length);
    expect(log.every(({ remoteAddress }) => remoteAddress === '127.0.0.1')).toBe(true);
    const late = log.filter(({ url }) => url === '/late');
    for (const { responseTime } of late) expect(responseTime).toBeGreaterThan(10);
    expect(readFileSync(file, 'utf8')).not.toContain('secret');
  });

  test('addresses and ids come from a trusted proxy, and the fields of combined from the request', async () => {
    const file = logFile();
    const app = appFiles().write('app.mjs', APP);
    const run = await startServer([
      app,
      ...['--workers', '1', '--engine', engine, '--trust-proxy', '1', '--log-query'],
      ...['--access-log', file, '--log-format', 'combined'],
    ]);
    const fields = (n: number): string =>
      `X-Forwarded-For: 10.0.0.9, 10.0.0.${n}\r\nReferer: http://b/?q=${n}\r\nUser-Agent: a"${n}\r\n`;
    const client = await connect(run.port);
    client.send(
      request('/fixed', fields(1)) + request('/counted', fields(2)) + request('/users/3', fields(3)),
    );
    await client.until(/3$/);
    client.send(request('/late', fields(4)));
    await client.until(/late$/);
    client.send(request('/fixed?q=5'));
    await client.until(/fixed$/);
    client.close();
    expect(await run.stop()).toBe(0);
    expect(linesOf(file).map((line) => line.replace(/\[.*?\]/, '[T]'))).toEqual([
      '10.0.0.1 - - [T] "GET /fixed HTTP/1.1" 200 5 "http://b/?q=1" "a\\x221"',
      '10.0.0.2 - - [T] "GET /counted HTTP/1.1" 200 6 "http://b/?q=2" "a\\x222"',
      '10.0.0.3 - - [T] "GET /users/3 HTTP/1.1" 200 1 "http://b/?q=3" "a\\x223"',
      '10.0.0.4 - - [T] "GET /late HTTP/1.1" 200 4 "http://b/?q=4" "a\\x224"',
      '127.0.0.1 - - [T] "GET /fixed?q=5 HTTP/1.1" 200 5 "-" "-"',
    ]);
  });
});

test('a head that comes too slowly is logged with its status and its reason, and without its bytes', async () => {
  const file = logFile();
  const run = await startServer([
    ...['--workers', '1', '--head-timeout', '100', '--access-log', file, '--log-format', 'json'],
  ]);
  expect(await ask(run.port, 'GET /secret HTTP/1.1\r\nHost: a\r\n')).toContain('408');
  expect(await run.stop()).toBe(0);
  const [line] = readLog(file);
  expect(line).toMatchObject({ statusCode: 408, route: 'none', msg: 'request refused' });
  expect(readFileSync(file, 'utf8')).not.toContain('/secret');
});

test('all lines of all threads are in the file when the server has stopped, and after a death', async () => {
  const file = logFile();
  const run = await startServer([
    '--workers',
    '2',
    '--log',
    'requests',
    '--access-log',
    file,
    '--log-format',
    'json',
  ]);
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(run.port)));
  for (let round = 0; round < 5; round++)
    await Promise.all(
      clients.map(async (client) => {
        client.received = '';
        client.send(GET.repeat(100));
        await client.until((received) => received.split('HTTP/1.1 200').length === 101);
      }),
    );
  for (const client of clients) client.close();
  expect(await run.stop()).toBe(0);
  const log = readLog(file);
  expect(log).toHaveLength(4000);
  expect(new Set(log.map(({ reqId }) => reqId)).size).toBe(4000);
  expect(run.output).toContain('Received request from 127.0.0.1');
});

test('a program logs, too: handlers in its thread, and the file is complete when close() has resolved', async () => {
  const file = logFile();
  const server = await closedAtEnd(
    serve({ port: 0, fetch: () => new Response('hi'), accessLog: file, logFormat: 'json' }),
  );
  for (let i = 0; i < 20; i++) await ask(server.port);
  await server.close();
  expect(readLog(file).map(summary)).toEqual(Array(20).fill('GET / 200 2 fetch'));
  expect(server.stats().logLinesDropped).toBe(0);
});

test('a handler has the id of the line, which a trusted proxy may have passed', async () => {
  const file = logFile();
  const server = await closedAtEnd(
    serve({
      port: 0,
      fetch: (_, { requestId }) => new Response(requestId),
      trustProxy: 1,
      requestIdField: 'x-trace',
      ...{ accessLog: file, logFormat: 'json' },
    }),
  );
  const answers = await Promise.all(
    ['', 'X-Trace: abc-1\r\n', 'X-Trace: a b\r\n'].map((fields) =>
      ask(server.port, request('/', `${fields}Connection: close\r\n`)),
    ),
  );
  const ids = answers.map((answer) => answer.split('\r\n\r\n')[1]);
  await server.close();
  expect(ids[1]).toBe('abc-1');
  expect(ids[2]).toMatch(/^[0-9a-z]{11}-[0-9a-z]{8}$/);
  expect(new Set(readLog(file).map(({ reqId }) => reqId))).toEqual(new Set(ids));
});

test('Server-Timing is on responses of handlers alone, beside a value of their own', async () => {
  const own = new LightResponse('own', { headers: { 'server-timing': 'db;dur=5' } });
  const server = await closedAtEnd(
    serve({
      port: 0,
      serverTiming: true,
      routes: { '/fixed': new Response('fixed'), '/own': { GET: async () => own } },
      fetch: () => new Response('fetch'),
    }),
  );
  const answers = await Promise.all(
    ['/fetch', '/own', '/own', '/fixed'].map((path) =>
      ask(server.port, request(path, 'Connection: close\r\n')),
    ),
  );
  expect(answers[0]).toMatch(/\r\nserver-timing: handler;dur=\d+\.\d{3}\r\n/);
  expect(answers[1]).toMatch(/\r\nserver-timing: db;dur=5, handler;dur=\d+\.\d{3}\r\n/);
  expect(answers[2]?.match(/handler/g)).toHaveLength(1);
  expect(answers[3]).not.toContain('server-timing');
});

test('with --log-format json, the lines of the server are JSON, too', async () => {
  const app = appFiles().write('app.mjs', 'export default { fetch() { throw new TypeError("broken"); } };');
  const run = await startServer([app, '--workers', '1', '--log-format', 'json']);
  await ask(run.port);
  expect(await run.stop()).toBe(0);
  const lines = run.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: number; time: number; pid: number; msg: string });
  expect(lines.map(({ msg }) => msg.split(' ').slice(0, 2).join(' '))).toEqual([
    'Server listening',
    'Stopping on',
    'Server stopped',
  ]);
  expect(lines[0]).toMatchObject({ level: 30, pid: run.child.pid, hostname: expect.any(String) });
  expect(JSON.parse(run.errors)).toMatchObject({
    level: 50,
    msg: 'A handler failed at GET /',
    err: { type: 'TypeError', message: 'broken', stack: expect.stringContaining('app.mjs') },
  });
});

test('context.log is a child of pino with the id, which is loaded when a handler logs', async () => {
  const file = logFile();
  const app = appFiles().write(
    'app.mjs',
    `import { createRequire } from 'node:module';
    const { cache } = createRequire(import.meta.url);
    export default {
      routes: {
        '/loaded': () => Response.json(Object.keys(cache).some((name) => name.includes('/pino/'))),
        '/log': (request, context) => {
          context.log.info({ user: 7 }, 'hello');
          context.log.debug('not at this level');
          context.log.error(new Error('bad'), 'failed');
          return new Response('logged');
        },
      },
    };`,
  );
  const run = await startServer([app, '--workers', '1', '--access-log', file, '--log-format', 'json']);
  expect(await ask(run.port, request('/loaded', 'Connection: close\r\n'))).toMatch(/false$/);
  expect(await ask(run.port, request('/log', 'Connection: close\r\n'))).toMatch(/logged$/);
  expect(await ask(run.port, request('/loaded', 'Connection: close\r\n'))).toMatch(/true$/);
  expect(await run.stop()).toBe(0);
  const reqId = readLog(file)[1]?.reqId;
  const lines = run.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => 'reqId' in line);
  expect(lines).toMatchObject([
    { level: 30, reqId, worker: 0, user: 7, msg: 'hello' },
    { level: 50, reqId, worker: 0, err: { type: 'Error', message: 'bad' }, msg: 'failed' },
  ]);
});

test('- is standard output, whose lines stay apart from those of the server', async () => {
  const run = await startServer(['--workers', '1', '--access-log', '-', '--log-format', 'combined']);
  await ask(run.port);
  expect(await run.stop()).toBe(0);
  // Two processes write them: the line of the request may come before or after that of the stop.
  const lines = run.output.trimEnd().split('\n').sort();
  expect(lines).toMatchObject([
    expect.stringMatching(/^127\.0\.0\.1 - - \[.*\] "GET \/ HTTP\/1\.1" 200 6 "-" "-"$/),
    expect.stringMatching(/^Server listening /),
    expect.stringMatching(/^Server stopped /),
    expect.stringMatching(/^Stopping /),
  ]);
});

describe('a mistake', () => {
  test('of the path is one line and exit code 1, before a port is bound', async () => {
    const folder = temporaryFolder('logs');
    writeFileSync(join(folder, 'file'), '');
    for (const [path, reason] of [
      [join(folder, 'no', 'access.log'), 'its folder does not exist: create it, or choose another file'],
      [folder, 'this is a folder: give the path of a file'],
      [join(folder, 'file', 'a.log'), 'a part of its path is not a folder: choose another file'],
    ] as const) {
      const { code, errors, output } = await runCli(['--port', '0', '--access-log', path]);
      expect(errors).toBe(`hotpath: --access-log ${path}: ${reason}\n`);
      expect(code).toBe(1);
      expect(output).toBe('');
      await expect(serve({ port: 0, fetch: () => new Response(), accessLog: path })).rejects.toThrow(
        `accessLog ${path}: ${reason}`,
      );
    }
  });

  test.each([
    [
      ['--model', 'sequential', '--access-log', '-'],
      '--model sequential has no access log: leave out --access-log or --model',
    ],
    [
      ['--log-format', 'combined'],
      '--log-format combined is a format of requests alone: give --access-log, too',
    ],
  ])('of the options %j is one line and exit code 2', async (args, message) => {
    expect(await runCli(args)).toMatchObject({ code: 2, errors: `hotpath: ${message}\n` });
  });
});

test('a file is made for its owner and group alone, and an unfinished line in it is ended', async () => {
  const file = logFile();
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, '{"torn":', { mode: 0o600 });
  const other = logFile();
  for (const path of [file, other]) {
    const run = await startServer(['--workers', '1', '--access-log', path, '--log-format', 'json']);
    await ask(run.port);
    expect(await run.stop()).toBe(0);
  }
  expect(linesOf(file)).toEqual(['{"torn":', expect.stringMatching(/^\{"level":30.*\}$/)]);
  expect(statSync(other).mode & 0o777 & ~0o040).toBe(0o600);
});
