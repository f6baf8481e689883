// The answers to failures in development, over connections in memory.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { reportOf } from '../../src/app/failure-report.ts';
import { Response } from '../../src/app/response.ts';
import type { App } from '../../src/app/types.ts';
import { readOptions } from '../../src/read-options.ts';
import { testApp } from '../../src/testing/test-app.ts';
import { appFiles, atEnd, temporaryFolder } from '../support/fixtures.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8';
const QUERY = 'token=secret';
const PLAIN = '500 Internal Server Error\n';

/** Asks an application in development. */
async function ask(app: App, path = '/', init: RequestInit = {}, dev: boolean | 'default' = true) {
  const tested = testApp(app, { log: 'silent', ...(dev !== 'default' && { dev }) });
  atEnd(() => tested.close());
  const response = await tested.fetch(path, init);
  return { response, content: await response.text() };
}

async function pageFor(thrown: unknown, path = '/'): Promise<string> {
  const { content } = await ask(failing(thrown), path, { headers: { accept: BROWSER } });
  return content;
}

function failing(thrown: unknown): App {
  return {
    fetch: () => {
      throw thrown;
    },
  };
}

/** An error with frames at these places. */
function errorAt(message: string, ...places: string[]): Error {
  const error = new Error(message);
  error.stack = [`Error: ${message}`, ...places.map((place) => `    at ${place}`)].join('\n');
  return error;
}

describe('a handler that fails', () => {
  test('answers with its stack as text', async () => {
    const error = new TypeError('no such user');
    const { response, content } = await ask(failing(error), `/users/7?${QUERY}`);
    expect(response.status).toBe(500);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/plain;charset=UTF-8',
      'cache-control': 'no-store',
      vary: 'accept',
    });
    expect(content).toContain(
      '500 Internal Server Error at GET /users/7\n\nTypeError: no such user\n    at ',
    );
    expect(content).not.toContain(QUERY);
    const stack = `${error.stack}`.split('\n').map((line) => line.trim());
    for (const line of stack) expect(content).toContain(line);
  });

  test.each([
    ['later', async () => Promise.reject(new Error('late'))],
    ['without a Response', () => undefined as never],
    [
      'in a stream before its first piece',
      () => new Response(new ReadableStream({ pull: () => Promise.reject(new Error('late')) })),
    ],
  ])('answers in the same way: %s', async (_, fetch) => {
    const { response, content } = await ask({ fetch });
    expect([response.status, content]).toEqual([500, expect.stringMatching(/Error at GET \/\n\n\w*Error: /)]);
  });

  test.each([
    ['nothing', undefined, false],
    ['any', '*/*', false],
    ['a browser', BROWSER, true],
    ['HTML more than the rest', 'text/*;q=0.5, TEXT/HTML', true],
    ['HTML less than text', 'text/html;q=0.5, text/plain', false],
    ['no HTML', 'text/html;q=0, */*;q=0', false],
    ['JSON', 'application/json', false],
  ])('answers a browser with a page: %s is accepted', async (_, accept, page) => {
    const init = accept === undefined ? {} : { headers: { accept } };
    const { response } = await ask(failing(new Error('a')), '/', init);
    expect(response.headers.get('content-type')).toBe(
      page ? 'text/html;charset=UTF-8' : 'text/plain;charset=UTF-8',
    );
    expect(response.headers.has('content-security-policy')).toBe(page);
  });

  test('answers HEAD without content, and other clients as before', async () => {
    const tested = testApp(
      { routes: { '/ok': () => new Response('ok'), '/*': failing(new Error('a')).fetch as never } },
      { log: 'silent', dev: true },
    );
    const head = await tested.fetch('/', { method: 'HEAD', headers: { accept: BROWSER } });
    expect([head.status, await head.text()]).toEqual([500, '']);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(1000);
    expect(await (await tested.fetch('/ok')).text()).toBe('ok');
    await tested.close();
  });

  test('answers as ever if its error cannot be described', async () => {
    const error = new Error('a');
    Object.defineProperty(error, 'stack', {
      get: () => {
        throw new Error('hidden');
      },
    });
    expect((await ask(failing(error))).content).toBe(PLAIN);
  });
});

describe('development', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('is off by default, and on if NODE_ENV says so', async () => {
    const app = failing(new Error('a secret'));
    expect((await ask(app, '/', {}, 'default')).content).toBe(PLAIN);
    vi.stubEnv('NODE_ENV', 'development');
    expect((await ask(app, '/', {}, 'default')).content).toContain('a secret');
    expect((await ask(app, '/', {}, false)).content).toBe(PLAIN);
  });

  test('is rejected in production', () => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(readOptions({ dev: false }, {}, () => '').dev).toBe(false);
    expect(() => readOptions({ dev: true }, {}, () => '')).toThrow(
      'dev shows stacks and source lines to clients, and NODE_ENV is production: leave out one of them',
    );
  });
});

describe("the application's error()", () => {
  const broken = new RangeError('broken, too');

  test('answers first', async () => {
    const app = { ...failing(new Error('first')), error: () => new Response('handled', { status: 418 }) };
    expect((await ask(app)).content).toBe('handled');
  });

  test.each([
    [
      'throws',
      () => {
        throw broken;
      },
    ],
    ['rejects', () => Promise.reject(broken)],
    [
      'fails while it is sent',
      () => new Response(new ReadableStream({ pull: () => Promise.reject(broken) })),
    ],
  ])('that %s is shown with the error that it answered for', async (_, error) => {
    const { content } = await ask({ ...failing(new Error('first')), error });
    expect(content).toMatch(
      /^500 [^\n]*\n\nError: first\n[\s\S]*\n\nThen error\(\) of the application failed: RangeError: broken, too\n/,
    );
  });
});

describe('a report', () => {
  const outline = (error: unknown, answering?: { error: unknown }): string[] =>
    reportOf(error, answering).map(({ relation, name, message }) => `${relation}|${name}|${message}`);

  test('has causes and the errors of an AggregateError', () => {
    const inner = new Error('c', { cause: 'b' });
    const all = new AggregateError([new TypeError('x'), inner], 'all', { cause: new Error('d') });
    expect(outline(all)).toEqual([
      '|AggregateError|all',
      'Error 1 of 2|TypeError|x',
      'Error 2 of 2|Error|c',
      'Caused by|thrown|b',
      'Caused by|Error|d',
    ]);
  });

  test('ends in a circle of causes, and after 20 errors', () => {
    const error = new Error('a');
    error.cause = new Error('b', { cause: error });
    expect(outline(error)).toEqual(['|Error|a', 'Caused by|Error|b']);
    expect(outline(new AggregateError(Array(100).keys()))).toHaveLength(20);
  });

  test.each([
    ['text', 'text'],
    [undefined, 'undefined'],
    [null, 'null'],
    [42n, '42n'],
    [{ a: 1, b: { c: 2 } }, '{ a: 1, b: [Object] }'],
    [new Request('http://a/?secret'), 'object (Request)'],
    [() => {}, '[Function (anonymous)]'],
  ])('has thrown values that are no errors: %s', (value, shown) => {
    expect(outline(value)).toEqual([`|thrown|${shown}`]);
  });

  test('has the code and the class of an error', () => {
    class Missing extends Error {}
    expect(outline(Object.assign(new Missing('a'), { code: 'ENOENT' }))).toEqual(['|Missing [ENOENT]|a']);
  });

  test('cuts a long message', () => {
    expect(reportOf(new Error('x'.repeat(1e6)))[0]?.message.length).toBeLessThan(30_000);
  });
});

describe('an excerpt', () => {
  const source = Array.from({ length: 20 }, (_, i) => `\tline ${i + 1}`).join('\n');
  const files = appFiles();
  const file = files.write('excerpt.mjs', source);
  const url = pathToFileURL(file).href;
  const excerptOf = (error: Error) => reportOf(error)[0]?.excerpt;

  test.each([
    ['a name', `f (${url}:10:2)`],
    ['no name', `${url}:10:2`],
    ['await', `async ${url}:10:2`],
    ['the name of a route', `async /users/:id (${url}:10:2)`],
    ['a path', `Object.<anonymous> (${file}:10:2)`],
    ['a query in the URL', `f (${url}?v=2:10:2)`],
  ])('shows the lines around the failing one, after %s', (_, place) => {
    expect(excerptOf(errorAt('a', place))).toEqual({
      file,
      line: 10,
      column: 2,
      from: 5,
      lines: source.split('\n').slice(4, 15),
    });
  });

  test('is of the application, not of Node, of a package or of hotpath', () => {
    const own = new URL('../../src/app/dispatcher.ts', import.meta.url).href;
    const error = errorAt(
      'a',
      'open (node:internal/fs:1:1)',
      `g (${url.replace('excerpt', 'node_modules/x')}:1:1)`,
      `h (${own}:1:1)`,
      `eval (eval at f (${url}:3:1), <anonymous>:1:1)`,
      `f (${url}:1:1)`,
    );
    expect(excerptOf(error)).toMatchObject({ line: 1, from: 1 });
    expect(reportOf(error)[0]?.frames.map(({ own }) => own)).toEqual([false, false, false, false, true]);
    error.stack = `${error.stack}`.replace(/\n.*$/, '');
    expect(excerptOf(error)).toBeUndefined();
  });

  test('is missing if there is no such line, file, or kind of file', () => {
    const folder = temporaryFolder('excerpt');
    for (const place of [
      `${url}:21:1`,
      `${url}:0:1`,
      `${folder}/none.js:1:1`,
      `${folder}:1:1`,
      '/etc/passwd:1:1',
    ])
      expect(excerptOf(errorAt('a', `f (${place})`)), place).toBeUndefined();
  });

  test('never comes from a message', () => {
    const evil = `a\n    at evil (${url}:3:1)`;
    expect(excerptOf(errorAt(evil, `f (${url}:10:2)`))).toMatchObject({ line: 10 });
    const changed = errorAt(evil, `f (${url}:10:2)`);
    changed.message = 'another one';
    expect(excerptOf(changed)).toBeUndefined();
    expect(reportOf(changed)[0]?.frames.map(({ text }) => text)).toContain(`at f (${url}:10:2)`);
  });

  test('points at the column in text, and is marked in a page', async () => {
    const error = errorAt('a', `f (${url}:10:2)`);
    const { content } = await ask(failing(error));
    expect(content).toContain('   9 | \tline 9\n> 10 | \tline 10\n     | \t^\n  11 | \tline 11\n');
    expect(await pageFor(error)).toContain('<mark><i>10</i>\tline 10</mark>');
  });
});

describe('a page', () => {
  test('escapes everything', async () => {
    const evil = `<script>alert(1)</script>"'&\u202e\x1b[31m`;
    const error = errorAt(evil, `${evil} (node:fs:1:1)`);
    error.name = evil;
    error.cause = evil;
    const page = await pageFor(error, '/<script>');
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u202e\\x1b[31m');
    const { content } = await ask(failing(error));
    expect(content).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
  });

  test('has neither the query nor the secrets of the request', async () => {
    const headers = { accept: BROWSER, cookie: 'session=secret', authorization: 'Bearer secret' };
    for (const thrown of [errorAt('a'), { a: 1 }]) {
      const { content } = await ask(failing(thrown), '/a?secret', { headers });
      expect(content).toContain('GET /a<');
      expect(content).not.toContain('secret');
    }
  });

  test('allows its style alone, and has no script', async () => {
    const { response, content } = await ask(failing(errorAt('a')), '/', { headers: { accept: BROWSER } });
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(content).not.toMatch(/<script|style=|https?:/);
  });
});

test('nothing but development loads the page', () => {
  for (const file of ['src/workers/worker-main.ts', 'src/models/in-thread.ts'])
    expect(readFileSync(file, 'utf8')).toContain(
      "dev ? (await import('../app/failure-page.ts')).showFailure : undefined",
    );
});
