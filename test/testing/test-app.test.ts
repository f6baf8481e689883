// testApp(): applications are tested without a port, and meet the routes, limits and errors of a server.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { counted, counter, Response as LightResponse } from '#dist/index.js';
import { testApp } from '#dist/test.js';
import { appFiles, atEnd } from '../support/fixtures.ts';

const encoder = new TextEncoder();

/** A test that is closed at the end. */
function tested(...given: Parameters<typeof testApp>): ReturnType<typeof testApp> {
  const app = testApp(...given);
  atEnd(() => app.close());
  return app;
}

async function textOf(response: Response | Promise<Response>): Promise<string> {
  return await (await response).text();
}

describe('fetch()', () => {
  test('reaches routes, with parameters, methods and context', async () => {
    const app = tested({
      routes: {
        '/fixed': new Response('fixed', { headers: { etag: '"a"' } }),
        '/users/:id': {
          POST: async (request) => new LightResponse(request.params.id + (await request.text())),
        },
        '/context': (request, { remoteAddress, worker, protocol, server }) =>
          LightResponse.json([remoteAddress, worker, protocol, server.url, request.url]),
      },
    });
    expect(await textOf(app.fetch('/fixed'))).toBe('fixed');
    expect((await app.fetch('/fixed', { headers: { 'if-none-match': '"a"' } })).status).toBe(304);
    expect(await textOf(app.fetch('/users/7', { method: 'POST', body: 'body' }))).toBe('7body');
    expect((await app.fetch('/users/7')).status).toBe(405);
    expect((await app.fetch('/elsewhere')).status).toBe(404);
    expect(await (await app.fetch(new URL('http://a.example/context?b'))).json()).toEqual([
      '127.0.0.1',
      0,
      'http',
      'http://localhost:80',
      'http://a.example/context?b',
    ]);
  });

  test.each([
    ['text', 'abc', 'length 3'],
    ['bytes', encoder.encode('abc'), 'length 3'],
    ['a stream', new Blob(['abc']).stream(), 'chunked'],
  ])('sends %s', async (_, body, framing) => {
    const app = tested(async (request) => {
      const length = request.headers.get('content-length');
      const framed = length === null ? request.headers.get('transfer-encoding') : `length ${length}`;
      return new LightResponse(`${await request.text()} ${framed}`);
    });
    expect(await textOf(app.fetch('/', { method: 'POST', body }))).toBe(`abc ${framing}`);
    const request = new Request('http://localhost/', { method: 'POST', body: 'abc' });
    expect(await textOf(app.fetch(request))).toBe('abc chunked');
  });

  test('moves large content both ways, and streams as they come', async () => {
    const app = tested({
      routes: {
        '/echo': (request) => new LightResponse(request.body),
        '/events': () =>
          new LightResponse(
            new ReadableStream({ pull: (controller) => controller.enqueue(encoder.encode('event')) }),
          ),
      },
    });
    const content = 'abcdefgh'.repeat(100_000);
    expect((await textOf(app.fetch('/echo', { method: 'POST', body: content }))) === content).toBe(true);
    const reader = (await app.fetch('/events')).body?.getReader();
    expect((await reader?.read())?.value?.subarray(0, 5)).toEqual(encoder.encode('event'));
    await reader?.cancel();
  });

  test('meets the limits and the errors of a server', async () => {
    const app = tested(
      {
        routes: {
          '/throws': () => {
            throw new Error('a detail');
          },
          '/never': () => new Promise(() => {}),
          '/echo': async (request) => new LightResponse(await request.text()),
        },
      },
      { maxBody: 10, handlerTimeout: 50, log: 'silent', allowedHosts: 'localhost' },
    );
    expect((await app.fetch('/throws')).status).toBe(500);
    expect((await app.fetch('/never')).status).toBe(503);
    expect((await app.fetch('/echo', { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413);
    expect((await app.fetch('http://other.example/')).status).toBe(421);
  });

  test('an abort reaches the handler', async () => {
    let aborted: unknown;
    const app = tested(
      (request) =>
        new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => {
            aborted = request.signal.reason.code;
            reject(request.signal.reason);
          });
          controller.abort(new Error('enough'));
        }),
    );
    const controller = new AbortController();
    await expect(app.fetch('/', { signal: controller.signal })).rejects.toThrow('enough');
    await app.close();
    expect(aborted).toBe('ERR_CLIENT_GONE');
  });

  test('a response that breaks off is an error of its body', async () => {
    const app = tested(
      () =>
        new LightResponse(
          new ReadableStream({
            async pull(controller) {
              controller.enqueue(encoder.encode('begun'));
              await new Promise((resolve) => setTimeout(resolve, 20));
              controller.error(new Error('broken'));
            },
          }),
        ),
      { log: 'silent' },
    );
    const response = await app.fetch('/');
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  test('requests at the same time get their own answers', async () => {
    const app = tested({ routes: { '/:id': async (request) => new LightResponse(request.params.id) } });
    const ids = Array.from({ length: 40 }, (_, i) => `${i}`);
    expect(await Promise.all(ids.map((id) => textOf(app.fetch(`/${id}`))))).toEqual(ids);
  });
});

describe('an application', () => {
  test('is a function, an object, a Hono, or a module', async () => {
    const hono = new Hono<{ Bindings: { remoteAddress: string } }>();
    hono.get('/:name', (c) => c.text(`${c.req.param('name')} ${c.env.remoteAddress}`));
    expect(await textOf(tested(hono).fetch('/a'))).toBe('a 127.0.0.1');
    expect(await textOf(tested(() => new LightResponse('b')).fetch('/'))).toBe('b');
    expect(await textOf(tested({ default: { fetch: () => new LightResponse('c') } }).fetch('/'))).toBe('c');
  });

  test('starts before its first request, and stops when it is closed', async () => {
    const calls: string[] = [];
    const app = tested({
      start: async () => void calls.push('start'),
      fetch: () => new LightResponse('here'),
      stop: ({ reason }) => void calls.push(reason),
    });
    expect(calls).toEqual([]);
    await app.fetch('/');
    await app.fetch('/');
    await app.close();
    await app.close();
    expect(calls).toEqual(['start', 'stop']);
    await expect(app.fetch('/')).rejects.toThrow('the test of the app is closed: call testApp() again');
  });

  test('has named state, which is forgotten when no test is open', async () => {
    const hits = counter('hits of tests');
    for (const round of [1, 2]) {
      await using app = testApp({ routes: { '/': counted('Hello', hits) } });
      expect([round, await textOf(app.fetch('/')), await textOf(app.fetch('/'))]).toEqual([
        round,
        'Hello1',
        'Hello2',
      ]);
      expect(hits.value).toBe(2);
    }
  });

  test('a failure of start(), or a wrong route, is the error of each request', async () => {
    const app = tested({
      start: () => {
        throw new Error('no database');
      },
      fetch: () => new LightResponse(''),
    });
    await expect(app.fetch('/')).rejects.toThrow('no database');
    await expect(app.fetch('/')).rejects.toThrow('no database');
    await expect(tested({ routes: { '/a(b': new Response('') } }).fetch('/')).rejects.toThrow("route '/a(b'");
  });

  test.each([
    [{}, undefined, 'testApp() has neither fetch nor routes'],
    [undefined, undefined, 'testApp() has no app'],
    [() => new Response(''), { port: 80 }, 'port has no meaning in a test without a port: leave it out'],
    [() => new Response(''), { maxHed: 1 }, "there is no option 'maxHed': did you mean maxHead?"],
  ])('%j with %j is a mistake', (app, options, message) => {
    expect(() => testApp(app as never, options as never)).toThrow(message);
  });
});

describe('a process', () => {
  const files = appFiles();
  const TEST = `import { test } from 'node:test';
  import { testApp } from 'hotpath/test';
  test('answers', async (t) => {
    const response = await testApp({ fetch: () => new Response('here') }).fetch('/');
    t.assert.strictEqual(response.status, 200);
  });
  test('waits for a handler', async (t) => {
    const slow = testApp({ fetch: () => new Promise((resolve) => setTimeout(() => resolve(new Response('late')), 50).unref()) });
    t.assert.strictEqual(await (await slow.fetch('/')).text(), 'late');
  });`;

  test('ends by itself, without close(), with node:test', async () => {
    const { NODE_TEST_CONTEXT, ...env } = process.env;
    const run = promisify(execFile)(process.execPath, ['--test', files.write('node.test.js', TEST)], { env });
    expect((await run).stdout).toMatch(/pass 2\b/);
  });
});
