// Routes under the command line: which route matches, which method it answers, and that responses of the engine
// and of JavaScript keep their order and their counts.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../support/client.ts';
import { readResponses } from '../../support/responses.ts';
import { type AppRun, contentOf, lines, SERVERS, startApp, tell } from './command.ts';

describe.each(SERVERS)('%s engine, %s workers', (engine, workers) => {
  let run: AppRun;
  beforeAll(async () => {
    run = await startApp('routes.js', ['--engine', engine, '--workers', workers]);
  });
  afterAll(async () => {
    expect(await run.stop()).toBe(0);
    expect(run.errors).toBe('');
  });

  const ask = async (requestLine: string, ...fields: string[]) => {
    const text = await tell(run.port, lines(requestLine, ...fields));
    const heads = requestLine.startsWith('HEAD ') ? new Set([0]) : undefined;
    const [response] = readResponses(text, heads);
    if (response === undefined) throw new Error(`no answer to ${requestLine}`);
    return response;
  };
  const count = async (name: string) => Number((await ask(`GET /counter/${name} HTTP/1.1`)).content);

  test.each([
    ['/handler', 'handler', {}],
    ['/handler?a=b', 'handler', {}],
    ['/users/7', 'user', { id: '7' }],
    ['/users/me', 'me', {}],
    ['/users/a%20b', 'user', { id: 'a b' }],
    ['/users/%E2%82%AC', 'user', { id: '€' }],
    ['/files/a/', 'files', { _: 'a' }],
    ['/users/a%2Fb', 'user', { id: 'a/b' }],
    ['/users/%E0%A4', 'user', { id: '%E0%A4' }],
    ['/users/1/posts/2?x', 'post', { id: '1', post: '2' }],
    ['/users/__proto__', 'user', { id: '__proto__' }],
    ['/files/a/b/c.txt', 'files', { _: 'a/b/c.txt' }],
    ['/gr%C3%BCn', 'green', {}],
    ['/gr%C3%BCn/7', 'greens', { name: '7' }],
    ['/with%20space', 'space', {}],
    ['http://a/users/7?q', 'user', { id: '7' }],
    ['/notes', 'list', {}],
  ])('%s', async (target, what, params) => {
    const { statusCode, content } = await ask(`GET ${target} HTTP/1.1`);
    expect(statusCode).toBe(200);
    expect(JSON.parse(Buffer.from(content, 'latin1').toString())).toMatchObject({ what, params });
  });

  test.each([
    '/nowhere',
    '/Handler',
    '/handler/',
    '/users',
    '/users/',
    '/users/me/',
    '/users/7/',
    '/users/1/posts',
    '/healthy',
    '/notes/1/2',
  ])('no route matches %s', async (target) => {
    const { statusCode, content } = await ask(`GET ${target} HTTP/1.1`);
    expect([statusCode, content]).toEqual([404, '404 Not Found\n']);
  });

  test.each([
    ['/files/../users/7', 'user', { id: '7' }],
    ['/nowhere/%2e%2E/files/./a', 'files', { _: 'a' }],
    ['/files/x/../../handler', 'handler', {}],
    ['http://a/files/../handler?/../x', 'handler', {}],
    ['/with%20space/../handler', 'handler', {}],
  ])('routes match the path of request.url: %s', async (target, what, params) => {
    const { statusCode, content } = await ask(`GET ${target} HTTP/1.1`);
    expect(statusCode).toBe(200);
    expect(JSON.parse(content)).toMatchObject({ what, params });
  });

  test.each([
    ['/health', 200, 'ok'],
    ['/health?a', 200, 'ok'],
    ['http://other/health', 200, 'ok'],
    ['http://other/health?a', 200, 'ok'],
    ['/files/../health', 200, 'ok'],
    ['/json', 200, '{"fixed":true}'],
    ['/moved', 308, ''],
    ['/nothing', 204, ''],
    ['/fixed/anything', 200, 'any'],
    ['/notes/7', 200, 'a note'],
    ['/head', 200, 'get'],
    ['/bar|bracket[', 200, 'as URL leaves them'],
    ['/up/one', 200, 'without dots'],
  ])('fixed: %s, and HEAD', async (target, status, text) => {
    const { statusCode, content, fields } = await ask(`GET ${target} HTTP/1.1`);
    expect([statusCode, content]).toEqual([status, text]);
    if (target === '/head') return;
    const head = await ask(`HEAD ${target} HTTP/1.1`);
    expect([head.statusCode, head.content]).toEqual([status, '']);
    for (const [name, value] of fields) if (name !== 'date') expect(head.fields.get(name), name).toBe(value);
    expect(head.fields.size).toBe(fields.size);
  });

  test.each(['http://a?/handler', 'http://a?b/health'])(
    'a slash in the query does not begin a path: %s',
    async (target) => {
      expect((await ask(`GET ${target} HTTP/1.1`)).content).toMatch(/^Hello\d+$/);
    },
  );

  test('a fixed response may close the connection', async () => {
    expect((await ask('GET /last HTTP/1.1')).fields.get('connection')).toBe('close');
  });

  test('HEAD is answered as GET, unless the route has a HEAD of its own', async () => {
    expect((await ask('HEAD /head HTTP/1.1')).fields.get('x-head')).toBe('own');
    const head = await ask('HEAD /handler HTTP/1.1');
    expect(head.content).toBe('');
    expect(head.fields.get('content-length')).toBe(
      `${'{"what":"handler","method":"HEAD","params":{}}'.length}`,
    );
    expect((await ask('HEAD /notes HTTP/1.1')).statusCode).toBe(200);
  });

  test('a method that the route does not have gets a 405 with Allow; OPTIONS gets a 204 with Allow', async () => {
    for (const [target, method, allow] of [
      ['/notes', 'DELETE', 'GET, POST, HEAD, OPTIONS'],
      ['/notes/7', 'POST', 'GET, PUT, DELETE, HEAD, OPTIONS'],
      ['/health', 'POST', 'GET, HEAD, OPTIONS'],
      ['/', 'PUT', 'GET, HEAD, OPTIONS'],
      ['/fixed/x', 'PATCH', 'GET, HEAD, OPTIONS'],
      ['/notes', 'BREW', 'GET, POST, HEAD, OPTIONS'],
    ] as const) {
      const refused = await ask(`${method} ${target} HTTP/1.1`);
      expect([refused.statusCode, refused.fields.get('allow')]).toEqual([405, allow]);
      expect(refused.content).toBe('405 Method Not Allowed\n');
      const options = await ask(`OPTIONS ${target} HTTP/1.1`);
      expect([options.statusCode, options.fields.get('allow'), options.content]).toEqual([204, allow, '']);
    }
    expect(JSON.parse((await ask('OPTIONS /mixed HTTP/1.1')).content)).toMatchObject({
      what: 'mixed options',
    });
    expect((await ask('DELETE /notes/7 HTTP/1.1')).statusCode).toBe(204);
    expect(JSON.parse((await ask('PUT /notes/7 HTTP/1.1')).content)).toMatchObject({ params: { id: '7' } });
    expect(JSON.parse((await ask('POST /handler HTTP/1.1')).content)).toMatchObject({ method: 'POST' });
  });

  test('every request for a counted route counts: any form of the target, HEAD, a pattern', async () => {
    const before = await count('hits');
    const content = async (target: string) => (await ask(`GET ${target} HTTP/1.1`)).content;
    expect(await content('/')).toBe(`Hello${before + 1}`);
    expect(await content('http://other/')).toBe(`Hello${before + 2}`);
    expect(await content('http://other')).toBe(`Hello${before + 3}`);
    expect(await content('/?a=b')).toBe(`Hello${before + 4}`);
    const head = await ask('HEAD / HTTP/1.1');
    expect(head.fields.get('content-length')).toBe(`${`Hello${before + 5}`.length}`);
    expect(await count('hits')).toBe(before + 5);
    const any = await count('any');
    expect(await content('/counted/x')).toBe(`Any${any + 1}`);
    expect(await content('/counted/y')).toBe(`Any${any + 2}`);
  });

  test('counts are exact over connections and threads', async () => {
    const before = [await count('hits'), await count('any')];
    const [connections, each] = [20, 100];
    const texts = await Promise.all(
      Array.from({ length: connections }, async () => {
        const client = await connect(run.port);
        const pair = 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /counted/x HTTP/1.1\r\nHost: a\r\n\r\n';
        client.send(
          pair.repeat(each - 1) + pair.replace(/(Host: a\r\n)(?!.*Host: a)/s, '$1Connection: close\r\n'),
        );
        const text = await client.end();
        client.close();
        return readResponses(text).map((response) => response.content);
      }),
    );
    for (const [index, prefix] of ['Hello', 'Any'].entries()) {
      const numbers = texts
        .flat()
        .filter((text) => text.startsWith(prefix))
        .map((text) => Number(text.slice(prefix.length)))
        .sort((one, other) => one - other);
      const first = (before[index] as number) + 1;
      expect(numbers).toEqual(Array.from({ length: connections * each }, (_, i) => first + i));
    }
  });

  test('pipelined responses stay in order, whether the engine or JavaScript answers', async () => {
    const kinds: [string, (i: number) => string][] = [
      ['/health', () => 'ok'],
      ['/users/I', (i) => `{"what":"user","method":"GET","params":{"id":"${i}"}}`],
      ['/json', () => '{"fixed":true}'],
      ['/users/me', () => '{"what":"me","method":"GET","params":{}}'],
      ['/nowhere', () => '404 Not Found\n'],
    ];
    const client = await connect(run.port);
    let sent = '';
    const expected: string[] = [];
    for (let i = 0; i < 64; i++) {
      const [target, answer] = kinds[(i * 7 + (i >> 3)) % kinds.length] as (typeof kinds)[number];
      const close = i === 63 ? 'Connection: close\r\n' : '';
      sent += `GET ${target.replace('I', `${i}`)} HTTP/1.1\r\nHost: a\r\n${close}\r\n`;
      expected.push(answer(i));
    }
    // In a few reads, cut anywhere.
    for (let at = 0; at < sent.length; at += 777) client.send(sent.slice(at, at + 777));
    expect(readResponses(await client.end()).map((response) => response.content)).toEqual(expected);
    client.close();
  });

  test('content of a request for a fixed response is skipped', async () => {
    const text = await tell(
      run.port,
      `POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${lines('GET /users/1 HTTP/1.1')}`,
    );
    expect(readResponses(text).map(({ statusCode }) => statusCode)).toEqual([405, 200, 200]);
    expect(contentOf(text)).toContain('"id":"1"');
  });
});
