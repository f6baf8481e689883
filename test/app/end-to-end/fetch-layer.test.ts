// Requests and responses of the Fetch standard, and what hotpath accepts beyond it, over real sockets.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, sleep } from '../../support/client.ts';
import { type AppRun, contentOf, lines, startApp, tell } from './command.ts';

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT';

describe.each(['wasm', 'js'])('%s engine', (engine) => {
  let run: AppRun;
  beforeAll(async () => {
    run = await startApp('fetch-layer.js', ['--engine', engine, '--workers', '1']);
  });
  afterAll(async () => {
    expect(await run.stop()).toBe(0);
  });

  const get = (path: string) => fetch(run.url + path);
  const post = (path: string, ...rest: string[]) =>
    tell(run.port, lines(`POST ${path} HTTP/1.1`, ...rest.slice(0, -1)) + rest.at(-1));
  const CHUNKED = ['Transfer-Encoding: chunked', '3\r\nabc\r\n0\r\n\r\n'];
  const KNOWN = ['Content-Length: 3', 'abc'];

  test.each([
    ['chunked', CHUNKED],
    ['with its length', KNOWN],
  ])('a limit of Hono lets an upload through that is small enough, %s', async (_, rest) => {
    expect(contentOf(await post('/up', ...rest))).toBe('got 3');
  });

  test.each([
    ['chunked', CHUNKED],
    ['with its length', KNOWN],
  ])(
    'another body replaces a body that has been read; without another body the platform rejects the request, %s',
    async (_, rest) => {
      const answer = contentOf(await post('/used', 'X-Kind: a', ...rest));
      expect(JSON.parse(answer)).toEqual(['POST', true, 'a', 'new', 'TypeError', 'TypeError']);
    },
  );

  test.each<[string, string, string[], unknown[]]>([
    ['POST', 'Content-Length: 0', ['Content-Length: 0', ''], [false, false, '', true, 'TypeError']],
    ['POST', 'no chunk', ['Transfer-Encoding: chunked', '0\r\n\r\n'], [false, false, '', true, 'TypeError']],
    ['DELETE', 'Content-Length: 0', ['Content-Length: 0', ''], [false, false, '', true, 'TypeError']],
    ['POST', 'no content', [''], [true, false, '', false, '']],
    ['GET', 'no content', [''], [true, false, '', false, '']],
    ['GET', 'Content-Length: 0', ['Content-Length: 0', ''], [true, false, '', false, '']],
  ])('%s with %s has the body that the standard gives it', async (method, _, rest, seen) => {
    const head = lines(`${method} /body HTTP/1.1`, ...rest.slice(0, -1));
    expect(JSON.parse(contentOf(await tell(run.port, head + rest.at(-1))))).toEqual(seen);
  });

  test('bytes that a program changes after it made the response are sent as they were', async () => {
    for (const path of ['/scratch', '/scratch-later']) {
      const letters = 'abcdefghijklmnop'.split('');
      const texts = await Promise.all(
        letters.map(async (letter) => (await get(`${path}?letter=${letter}`)).text()),
      );
      expect(texts.map((text) => [...new Set(text)].join(''))).toEqual(letters);
    }
  });

  test('bytes that a program changes reach a slow client as they were, whole and in pieces', async () => {
    const slow = await connect(run.port);
    slow.socket.pause();
    slow.send(lines('GET /scratch-pieces HTTP/1.1', 'Connection: close'));
    await sleep(200);
    await (await get('/scratch?letter=z')).text();
    slow.socket.resume();
    const text = (await slow.end()).replace(/^[\s\S]*?\r\n\r\n/, '').replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '');
    slow.close();
    const runs = text.trim().match(/(.)\1*/g) ?? [];
    expect(runs.map((same) => [same[0], same.length])).toEqual(
      Array.from({ length: 20 }, (_, i) => [String.fromCharCode(97 + i), 300_000]),
    );
  });

  test('bytes may be sent without a copy', async () => {
    expect(await (await get('/kept')).text()).toBe('kept');
  });

  test.each([
    '/fails-first',
    '/fails-first-later',
    '/fails-as-number',
    '/fails-as-blob',
    '/fails-at-trailers',
  ])('%s: error() answers for a failure before anything was sent', async (path) => {
    const response = await get(path);
    expect([response.status, response.statusText, response.headers.get('x-lost')]).toEqual([
      503,
      'Service Unavailable',
      null,
    ]);
    const message =
      path === '/fails-as-number'
        ? 'a piece of a body must be bytes or a string, not number'
        : 'the source failed';
    expect(await response.text()).toBe(`${path}: ${message}`);
  });

  test('a response of error() that fails gives a 500', async () => {
    const response = await get('/fails-twice');
    expect([response.status, await response.text()]).toEqual([500, '500 Internal Server Error\n']);
  });

  test.each(['/date', '/date-stream', '/date-fixed'])("%s: the response's own Date is sent", async (path) => {
    const answer = await tell(run.port, lines(`GET ${path} HTTP/1.1`));
    expect(answer.match(/^date: .*$/gim)).toEqual([`Date: ${DATE}`]);
    expect((await tell(run.port, 'GET /date HTTP/1.0\r\n\r\n')).match(/^date: .*$/gim)).toEqual([
      `Date: ${DATE}`,
    ]);
  });

  test("an invalid Date is replaced by the server's", async () => {
    const date = (await get('/date-none')).headers.get('date');
    expect(Math.abs(Date.parse(date as string) - Date.now())).toBeLessThan(60_000);
  });

  test.each([
    ['/phrase', '201 Tr\xe8s bien'],
    ['/phrase-stream', '200 Own'],
    ['/phrase-fixed', '200 Own'],
    ['/date', '200 OK'],
  ])('%s: the reason phrase is %s', async (path, line) => {
    for (const method of ['GET', 'HEAD'])
      expect(await tell(run.port, lines(`${method} ${path} HTTP/1.1`))).toMatch(`HTTP/1.1 ${line}\r\n`);
  });

  test.each([
    ['/foreign', 'theirs'],
    ['/foreign-later', 'theirs'],
    ['/foreign-stream', 'piece'],
  ])('%s: any object with a status, headers and a body is a response', async (path, text) => {
    const response = await get(path);
    expect([
      response.status,
      response.statusText,
      response.headers.get('x-kind'),
      await response.text(),
    ]).toEqual([202, 'Theirs', 'a', text]);
  });

  test('any other value is an error that names its kind', async () => {
    expect(await (await get('/foreign-none')).text()).toBe(
      '/foreign-none: a handler must answer with a Response, not object',
    );
  });

  test('strings and buffers from a generator are sent as bytes', async () => {
    expect(await (await get('/strings')).text()).toBe('äbb');
  });
});
