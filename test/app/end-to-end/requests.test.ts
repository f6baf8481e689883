// The requests that handlers get, over real sockets, under the command line.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, sleep } from '../../support/client.ts';
import { readResponses } from '../../support/responses.ts';
import { type AppRun, contentOf, lines, SERVERS, startApp, tell, untilCounter } from './command.ts';

describe.each(SERVERS)('%s engine, %s workers', (engine, workers) => {
  let run: AppRun;
  beforeAll(async () => {
    run = await startApp('requests.js', ['--engine', engine, '--workers', workers]);
  });
  afterAll(async () => {
    expect(await run.stop()).toBe(0);
    expect(run.errors).toBe('');
  });

  const seen = async (request: string) => JSON.parse(contentOf(await tell(run.port, request)));

  test('method, URL, headers, body and context', async () => {
    const answer = await seen(
      `POST /a/b?c=d%20e HTTP/1.1\r\nHost: example.com:81\r\nX-Twice: 1\r\nUser-Agent: test\r\nx-twice: 2\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody`,
    );
    expect(answer).toEqual({
      method: 'POST',
      url: 'http://example.com:81/a/b?c=d%20e',
      headers: [
        ['connection', 'close'],
        ['content-length', '4'],
        ['host', 'example.com:81'],
        ['user-agent', 'test'],
        ['x-twice', '1, 2'],
      ],
      agent: 'test',
      missing: null,
      has: true,
      body: 'body',
      used: true,
      remoteAddress: '127.0.0.1',
      worker: expect.any(Number),
      server: run.url,
      port: run.port,
      counts: true,
    });
    expect(answer.worker).toBeLessThan(Number(workers));
  });

  test.each([
    ['origin-form', lines('GET /p?q HTTP/1.1', 'Host: h'), 'http://h/p?q'],
    ['two slashes are a path', lines('GET //x/y HTTP/1.1', 'Host: h'), 'http://h//x/y'],
    ['absolute-form before Host', lines('GET http://other:99/p HTTP/1.1', 'Host: h'), 'http://other:99/p'],
    ['absolute-form without a path', lines('GET http://other HTTP/1.1', 'Host: other'), 'http://other/'],
    ['asterisk-form', lines('OPTIONS * HTTP/1.1', 'Host: h:1'), 'http://h:1/'],
    ['a host that is not valid in a URL', lines('GET /p HTTP/1.1', 'Host: 1.2.3.4.5'), 'OWN/p'],
    ['no Host in HTTP/1.0', 'GET /p HTTP/1.0\r\n\r\n', 'OWN/p'],
    ['dot segments', lines('GET /a/../b/./c HTTP/1.1', 'Host: h'), 'http://h/b/c'],
    ['IPv6', lines('GET / HTTP/1.1', 'Host: [::1]:8080'), 'http://[::1]:8080/'],
  ])('the URL: %s', async (_, request, url) => {
    expect((await seen(request)).url).toBe(url.replace('OWN', run.url));
  });

  test('the fields of proxies are ignored', async () => {
    const request = lines('GET /where HTTP/1.1', 'X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https');
    expect(await seen(request)).toMatchObject({ remoteAddress: '127.0.0.1', url: 'http://a/where' });
  });

  test('a request works with the classes of the standard', async () => {
    const names: string[] = await (await fetch(`${run.url}/checks`)).json();
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      const response = await fetch(`${run.url}/check/${encodeURIComponent(name)}`, {
        method: 'POST',
        body: 'body',
        headers: { 'X-Kind': 'check' },
      });
      expect(await response.text(), name).toBe('true');
    }
  });

  const read = async (how: string, body: BodyInit, headers: HeadersInit = {}) => {
    const init = { method: 'POST', body, headers, duplex: 'half' } as RequestInit;
    const response = await fetch(`${run.url}/read/${how}`, init);
    expect(response.status, how).toBe(200);
    return response.json();
  };

  test('a body can be read in every form', async () => {
    expect(await read('text', '\ufeffgrün')).toBe('grün');
    expect(await read('json', '{"a":[1,2]}')).toEqual({ a: [1, 2] });
    expect(await read('bytes', Uint8Array.of(0, 128, 255))).toEqual([0, 128, 255]);
    expect(await read('blob', 'text', { 'Content-Type': 'text/x-kind' })).toEqual({
      type: 'text/x-kind',
      size: 4,
      text: 'text',
    });
    expect(await read('form', new URLSearchParams({ a: 'b c', d: 'grün' }))).toEqual([
      ['a', 'b c'],
      ['d', 'grün'],
    ]);
    const form = new FormData();
    form.append('title', 'grün');
    form.append('file', new File(['x'.repeat(100_000)], 'large.txt', { type: 'text/plain' }));
    form.append('file', new File([], 'empty.bin'));
    expect(await read('form', form)).toEqual([
      ['title', 'grün'],
      ['file', { name: 'large.txt', type: 'text/plain', size: 100_000, text: 'x'.repeat(100_000) }],
      ['file', { name: 'empty.bin', type: 'application/octet-stream', size: 0, text: '' }],
    ]);
  });

  test('a body can be read as a stream, with and without a length', async () => {
    expect(await read('stream', 'x'.repeat(300_000))).toEqual({ size: 300_000 });
    const pieces = () =>
      new ReadableStream({
        start(controller) {
          for (let i = 0; i < 50; i++) controller.enqueue(new Uint8Array(1000));
          controller.close();
        },
      });
    expect(await read('stream', pieces())).toEqual({ size: 50_000 });
    expect(await read('text', pieces())).toBe('\0'.repeat(50_000));
  });

  test('a large JSON body', async () => {
    const items = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `item ${id}` }));
    const body = JSON.stringify(items);
    expect(body.length).toBeGreaterThan(600_000);
    const response = await fetch(`${run.url}/json-size`, { method: 'POST', body });
    expect(await response.json()).toEqual({ items: 20_000 });
  });

  test('trailers', async () => {
    const answer = await seen(
      `${lines('POST /read/trailers HTTP/1.1', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n`,
    );
    expect(answer).toEqual({ text: 'abc', trailers: [['x-sum', '6']] });
  });

  test('Expect: 100-continue is fulfilled only when the handler reads', async () => {
    const client = await connect(run.port);
    client.send(lines('POST /read/text HTTP/1.1', 'Content-Length: 4', 'Expect: 100-continue'));
    await client.until(/100 Continue\r\n\r\n$/);
    client.send('body');
    expect(contentOf((await client.end()).replace('HTTP/1.1 100 Continue\r\n\r\n', ''))).toBe('"body"');
    client.close();
    const answer = await tell(
      run.port,
      lines('POST /where HTTP/1.1', 'Content-Length: 4', 'Expect: 100-continue'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('unread content does not affect the next connection', async () => {
    for (const fields of [['Expect: 100-continue'], []]) {
      const answer = await tell(run.port, lines('POST /where HTTP/1.1', 'Content-Length: 20', ...fields));
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      for (let i = 0; i < 4; i++)
        expect((await seen(lines('GET /where HTTP/1.1'))).url).toBe('http://a/where');
    }
  });

  test.each([
    ['by length', lines('POST /read/text HTTP/1.1', 'Content-Length: 1048577')],
    [
      'chunked',
      `${lines('POST /read/text HTTP/1.1', 'Transfer-Encoding: chunked')}${`8000\r\n${'x'.repeat(0x8000)}\r\n`.repeat(33)}0\r\n\r\n`,
    ],
  ])('content larger than --max-body gets a 413, %s', async (_, request) => {
    expect(await tell(run.port, request)).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('the signal aborts when the client disconnects', async () => {
    const value = async (name: string) => Number(await (await fetch(`${run.url}/counter/${name}`)).text());
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const [hanging, aborted] = [await value('hanging'), await value('aborted')];
      const client = await connect(run.port);
      client.send(lines('GET /hang HTTP/1.1'));
      await untilCounter(run, 'hanging', hanging + 1);
      client.socket[leave]();
      await untilCounter(run, 'aborted', aborted + 1);
    }
  });

  test('a client that closes only its side still gets the response', async () => {
    const client = await connect(run.port);
    client.send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n');
    client.socket.end();
    expect(contentOf(await client.end())).toBe('AbortError');
    client.close();
  });

  test('each of many pipelined requests, cut anywhere and read late, sees its own content, in order', async () => {
    const talk = async (talker: number) => {
      const client = await connect(run.port);
      const expected: unknown[] = [];
      let sent = '';
      for (let i = 0; i < 24; i++) {
        const id = `${talker}-${i}-${'i'.repeat((talker * 31 + i * 17) % 40)}`;
        const slow = (talker + i) % 4 !== 0;
        const body = i % 3 === 0 && slow ? id.repeat(1 + ((talker * 7 + i) % 60)) : '';
        const chunked = body !== '' && i % 2 === 0;
        const fields = [`Host: h${id}`, `X-Id: ${id}`, `X-Wait: ${(i * 7) % 5} ${(talker + i) % 3}`];
        if (chunked) fields.push('Transfer-Encoding: chunked');
        else if (body !== '') fields.push(`Content-Length: ${body.length}`);
        const method = body === '' ? 'GET' : 'POST';
        const target = `/${slow ? 'slow' : 'fast'}/${id}`;
        sent += `${method} ${target} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`;
        sent += chunked ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
        const told = { id, method, url: `http://h${id}${target}`, header: id, fields: fields.length };
        expected.push(slow ? { ...told, body } : told);
      }
      for (let at = 0; at < sent.length; at += 700 + talker) {
        client.send(sent.slice(at, at + 700 + talker));
        if (at % 3 === 0) await sleep(1);
      }
      // The server's side stays open, so every request gets its response.
      client.socket.end();
      const answers = readResponses(await client.end()).map(({ content }) => JSON.parse(content));
      client.close();
      expect(answers).toEqual(expected);
    };
    await Promise.all(Array.from({ length: 30 }, (_, talker) => talk(talker)));
  });

  test('a body that is read too late gives a clear error, and the connection goes on', async () => {
    const client = await connect(run.port);
    const body = 'x'.repeat(100_000);
    client.send(`POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
    await client.until(/early$/);
    client.send(body);
    client.send(lines('GET /where HTTP/1.1'));
    expect((await client.end()).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    client.close();
    await untilCounter(run, 'late-Error', 1);
  });
});

describe('--trust-proxy', () => {
  let run: AppRun;
  beforeAll(async () => {
    const fields = 'x-forwarded-for,x-forwarded-proto';
    run = await startApp('requests.js', [
      '--workers',
      '1',
      '--trust-proxy',
      '1',
      '--trust-proxy-field',
      fields,
    ]);
  });
  afterAll(() => run.stop());

  const where = async (...fields: string[]) =>
    JSON.parse(contentOf(await tell(run.port, lines('GET /where HTTP/1.1', ...fields))));

  test("takes address and scheme from the proxy's fields", async () => {
    expect(await where('X-Forwarded-For: 6.6.6.6, 203.0.113.9', 'X-Forwarded-Proto: https')).toEqual({
      remoteAddress: '203.0.113.9',
      url: 'https://a/where',
      proto: 'https:',
    });
    expect(await where('X-Forwarded-For: [2001:db8::1]:80', 'X-Forwarded-Proto: https')).toMatchObject({
      remoteAddress: '2001:db8::1',
      proto: 'https:',
    });
    expect(await where()).toMatchObject({ remoteAddress: '127.0.0.1', proto: 'http:' });
  });
});
