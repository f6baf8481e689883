// Connections over real sockets, with every way to read and to write.

import { beforeEach, describe, expect, test } from 'vitest';
import { LINGER_BYTES_MAX } from '../../src/connection/inflow.ts';
import { ask, type Client, eventually, GET, sleep } from '../support/client.ts';
import type { TestedEngine } from '../support/engines.ts';
import { HeldSocket } from '../support/held-socket.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { DIRECT, ENGINES_OVER_TLS, PUBLIC, type Way } from '../support/ways.ts';

const WAYS: [TestedEngine, Way][] = [
  ['wasm', DIRECT],
  ['wasm', { accept: 'direct', read: 'direct', write: 'public' }],
  ['wasm', { accept: 'public', read: 'public', write: 'direct' }],
  ['wasm', PUBLIC],
  ['wasm debug', DIRECT],
  ['js', DIRECT],
  ...ENGINES_OVER_TLS,
];

const contents = (text: string): string[] => readResponses(text).map(({ content }) => content);
const hellos = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `Hello${from + i}`);

describe.each(WAYS)('%s engine, $read reads, $write writes', (engine, io) => {
  let server: OpenedPlane;
  beforeEach(async () => {
    server = await openPlane({ engine, io });
  });
  const open = (): Promise<Client> => server.connect();

  test('requests one after the other on one connection', async () => {
    const client = await open();
    for (let i = 1; i <= 20; i++) {
      client.received = '';
      client.send(GET);
      expect(contents(await client.until(/Hello\d+$/))).toEqual([`Hello${i}`]);
    }
  });

  test('a request byte by byte', async () => {
    const client = await open();
    for (const byte of GET) {
      client.send(byte);
      await sleep(1);
    }
    expect(contents(await client.until(/Hello1$/))).toEqual(['Hello1']);
  });

  test('many half-sent heads side by side are not mixed up', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, open));
    const request = (i: number): string =>
      `GET /${i} HTTP/1.1\r\nHost: h${i}\r\nX: ${'x'.repeat(i * 20)}\r\n\r\n`;
    for (let from = 0; from < request(49).length; from += 97) {
      for (const [i, client] of all.entries()) {
        const part = request(i).slice(from, from + 97);
        if (part) client.send(part);
      }
      await sleep(2);
    }
    const answers = await Promise.all(all.map((client) => client.until(/Hello\d+$/)));
    expect(new Set(answers.flatMap(contents)).size).toBe(50);
  });

  test('a pipeline larger than a read and than an output region', async () => {
    const client = await open();
    client.send(GET.repeat(20_000));
    expect(contents(await client.until(/Hello20000$/))).toEqual(hellos(1, 20_000));
  });

  test('a slow reader of a large burst gets every byte, and no more is read from it', async () => {
    const client = await open();
    client.socket.pause();
    const count = 100_000;
    client.send(GET.repeat(count));
    // The server stops reading when its peer stops reading, so the count stands still far from the end.
    let before = -1;
    while (before !== server.statistics().requests) {
      before = server.statistics().requests;
      await sleep(150);
    }
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(count);
    // Meanwhile the server answers another client.
    expect(contents(await ask(server.port, undefined, io.tls))).toHaveLength(1);
    const skipped = before + 1;
    client.socket.resume();
    const expected = hellos(1, count + 1).filter((hello) => hello !== `Hello${skipped}`);
    const received = contents(await client.until(new RegExp(`Hello${count + 1}$`)));
    expect(received.length).toBe(count);
    expect(received.every((content, i) => content === expected[i])).toBe(true);
  });

  test('a slow reader whose last request waits for its content', async () => {
    const client = await open();
    client.socket.pause();
    const count = 100_000;
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
    client.send(GET.repeat(count) + post);
    await eventually('a lent region', () => server.plane.outputs.spare === 6);
    await sleep(200);
    client.socket.resume();
    await client.until(new RegExp(`Hello${count}$`));
    client.send('Hello');
    await client.until(new RegExp(`Hello${count + 1}$`));
    expect(server.statistics()).toMatchObject({ requests: count + 1, refused: 0 });
  });

  test('more slow readers than output regions, all answered in the end', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, open));
    for (const client of all) {
      client.socket.pause();
      client.send(GET.repeat(60_000));
    }
    let before = -1;
    while (before !== server.statistics().requests) {
      before = server.statistics().requests;
      await sleep(150);
    }
    expect(server.plane.outputs.spare).toBe(0);
    expect(contents(await ask(server.port, undefined, io.tls))).toHaveLength(1);
    for (const client of all) client.socket.resume();
    await eventually('all answered', () => server.statistics().requests === 12 * 60_000 + 1);
    const seen = new Set<string>();
    for (const client of all) {
      await eventually('all responses', () => client.received.split('Hello').length === 60_001);
      for (const content of contents(client.received)) seen.add(content);
    }
    expect(seen.size).toBe(12 * 60_000);
    expect(server.plane.outputs.spare).toBe(7);
  });

  test('a slow reader that disconnects gives its region back', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, open));
    for (const client of all) {
      client.socket.pause();
      client.send(GET.repeat(100_000));
    }
    await eventually('lent regions', () => server.plane.outputs.spare === 0);
    for (const client of all) client.socket.resetAndDestroy();
    await eventually('regions at home', () => server.plane.outputs.spare === 7);
    expect(contents(await ask(server.port, undefined, io.tls))).toHaveLength(1);
    expect(server.statistics().open).toBeLessThanOrEqual(1);
  });

  test('a client that half-closes gets its responses', async () => {
    const client = await open();
    client.socket.end(GET + GET);
    expect(contents(await client.end())).toEqual(hellos(1, 2));
  });

  test('a client that half-closes within a head gets 400', async () => {
    const client = await open();
    client.socket.end(`${GET}GET / HTT`);
    const responses = readResponses(await client.end());
    expect(responses.map(({ statusCode }) => statusCode)).toEqual([200, 400]);
  });

  test('a client that half-closes within a head gets 400, at every byte of the head', async () => {
    for (const parts of [['G'], ['\r\n', 'G'], ['\r', '\n', 'GET']]) {
      const client = await open();
      for (const part of parts) {
        client.send(part);
        await sleep(20);
      }
      client.socket.end();
      expect(readResponses(await client.end())[0]?.statusCode).toBe(400);
    }
    const head = await open();
    head.socket.end('HEAD / HTTP/1.1\r\nHo');
    expect(readResponses(await head.end(), new Set([0]))[0]?.statusCode).toBe(400);
  });

  test('a client that only connects and half-closes gets nothing', async () => {
    const client = await open();
    client.socket.end();
    expect(await client.end()).toBe('');
  });

  test('100 clients whose uploads are cut off can read their responses', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, open));
    const post = 'POST / HTTP/1.1\r\nHost: a\r\n';
    for (const [i, client] of all.entries())
      client.send(
        i % 2 === 0
          ? `${post}Content-Length: 500000\r\n\r\n${'x'.repeat(500_000)}`
          : `${post}Transfer-Encoding: chunked\r\n\r\n7a120\r\n${'x'.repeat(500_000)}`,
      );
    for (const client of all) {
      const [response] = readResponses(await client.end());
      expect(response?.statusCode).toBe(413);
      expect(client.error).toBeUndefined();
      client.close();
    }
  });

  test('content is consumed, in pieces and behind other requests', async () => {
    const client = await open();
    const post = 'POST / HTTP/1.1\r\nHost: a\r\n';
    const byLength = `${post}Content-Length: 90000\r\n\r\n${'x'.repeat(90_000)}`;
    const chunks = `1f4\r\n${'y'.repeat(500)}\r\n`.repeat(150);
    const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\nSum: 1\r\n\r\n`;
    const text = GET + byLength + GET + chunked + GET;
    for (let at = 0; at < text.length; at += 20_011) {
      client.send(text.slice(at, at + 20_011));
      await sleep(2);
    }
    expect(contents(await client.until(/Hello5$/))).toEqual(hellos(1, 5));
    expect(server.statistics()).toMatchObject({ requests: 5, refused: 0 });
  });

  test('contents of several clients are not mixed up', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, open));
    const head = 'POST / HTTP/1.1\r\nHost: a\r\n';
    const message = (i: number): string[] =>
      i % 2 === 0
        ? [`${head}Content-Length: 20\r\n\r\n`, 'GET / HTTP', '/1.1\r\n\r\n\r\n']
        : [`${head}Transfer-Encoding: chunked\r\n\r\n`, 'a\r\nGET / HTTP', '\r\n0\r\n\r\n'];
    for (let part = 0; part < 3; part++) {
      for (const [i, client] of all.entries()) client.send(message(i)[part] as string);
      await sleep(20);
    }
    for (const client of all) expect(contents(await client.until(/Hello\d+$/))).toHaveLength(1);
    expect(server.statistics()).toMatchObject({ requests: 10, refused: 0 });
  });

  test('requests behind a request that closes are not answered', async () => {
    const client = await open();
    const close = GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    client.send(close + GET);
    expect(contents(await client.end())).toEqual(['Hello1']);
    client.send(GET);
    await sleep(50);
    expect(server.statistics()).toMatchObject({ requests: 1, refused: 0 });
  });

  test('a client that waits for 100 Continue gets it, then its response', async () => {
    const client = await open();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect(await client.until(/Continue\r\n\r\n$/)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.received = '';
    client.send('Hello');
    expect(contents(await client.until(/Hello1$/))).toEqual(['Hello1']);
  });

  test('a client that half-closes within its content gets 400', async () => {
    const client = await open();
    client.socket.end('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHell');
    expect(readResponses(await client.end())[0]?.statusCode).toBe(400);
  });

  test('a closing connection reads a bounded number of bytes', async () => {
    // The time is not the only bound.
    server.plane.clock.stop();
    const client = await open();
    client.send(`\0${'x'.repeat(LINGER_BYTES_MAX * 3)}`);
    await eventually('close', () => server.statistics().open === 0);
    expect(server.statistics().refused).toBe(1);
  });

  test('a closing connection ends when its peer closes, or after 2 s', async () => {
    const polite = await open();
    polite.send('\0');
    await polite.end();
    polite.socket.end();
    await eventually('the polite one gone', () => server.statistics().open === 0);
    const silent = await open();
    silent.send('\0');
    await silent.end();
    server.pass(1500);
    expect(server.statistics().open).toBe(1);
    server.pass(1000);
    await eventually('the silent one gone', () => server.statistics().open === 0);
  });

  test('an empty line behind a request begins no request', async () => {
    const client = await open();
    client.socket.end(`${GET}\r\n`);
    expect(contents(await client.end())).toEqual(['Hello1']);
    const half = await open();
    half.send('\r');
    await sleep(20);
    // A HEAD request on another connection must not change the response on this connection.
    const other = await open();
    other.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
    await other.until(/\r\n\r\n$/);
    half.socket.end();
    expect(await half.end()).toBe('');
    expect(server.statistics().refused).toBe(0);
  });

  test('resets at every stage leave no connection open', async () => {
    for (const text of ['', 'G', 'GET / HTTP/1.1\r\nHo', GET, `${GET}GET`, GET.repeat(5000), '\0']) {
      const client = await server.connect();
      if (text) client.send(text);
      await sleep(5);
      client.socket.resetAndDestroy();
    }
    await eventually('all gone', () => server.statistics().open === 0);
    expect(contents(await ask(server.port, undefined, io.tls))).toHaveLength(1);
  });

  test('statistics and the gauge of open connections', async () => {
    await open();
    const client = await open();
    client.send(GET);
    await client.until(/Hello1$/);
    expect(server.statistics()).toMatchObject({ requests: 1, refused: 0, accepted: 2, open: 2 });
    expect(server.statistics().listeners).toEqual([{ accepted: 2, open: 2, dropped: 0 }]);
    client.close();
    await eventually('one open', () => server.statistics().open === 1);
  });
});

describe.each(['direct', 'public'] as const)('a peer that takes few writes at a time, %s writes', (write) => {
  test.each([0, 1])('gets all responses if it takes %d writes at first, then one at a time', async (free) => {
    const server = await openPlane({ io: { accept: 'public', read: 'public', write } });
    const socket = new HeldSocket();
    server.accept(socket.accepted);
    const count = 2000;
    socket.release(free);
    socket.push(GET.repeat(count));
    let turns = 0;
    let others = 0;
    while (socket.taken.split('Hello').length <= count) {
      await eventually('a write that is held', () => socket.holds);
      // The server reads no more from the socket, which holds one region, and no other connection writes into that region.
      await sleep(20);
      expect([socket.isPaused(), server.plane.outputs.spare]).toEqual([true, 6]);
      for (; others < 3 * turns; others++) await ask(server.port);
      turns++;
      socket.release(free);
      await sleep(1);
    }
    expect(turns).toBeGreaterThan(1);
    const numbers = contents(socket.taken).map((content) => Number(content.slice(5)));
    expect(numbers).toHaveLength(count);
    expect(numbers.every((n, i) => i === 0 || n > (numbers[i - 1] as number))).toBe(true);
    await eventually('the region at home', () => server.plane.outputs.spare === 7);
    expect(socket.isPaused()).toBe(false);
    expect(server.statistics().requests).toBe(count + others);
    socket.destroy();
    await eventually('close', () => server.statistics().open === 0);
    expect(server.plane.outputs.spare).toBe(7);
  });

  test('gets all responses while the server drains', async () => {
    const server = await openPlane({ io: { accept: 'public', read: 'public', write } });
    const socket = new HeldSocket();
    server.accept(socket.accepted);
    socket.push(GET);
    await eventually('a write that is held', () => socket.holds);
    const stopped = server.stop();
    await sleep(50);
    expect(socket.destroyed).toBe(false);
    socket.release();
    await eventually('half-close', () => socket.writableEnded);
    expect(contents(socket.taken)).toEqual(['Hello1']);
    socket.push(null);
    await stopped;
  });
});

describe('draining', () => {
  test('idle connections close at once, all other connections after their response', async () => {
    const server = await openPlane();
    const idle = await server.connect();
    const busy = await server.connect();
    idle.send(GET);
    busy.send(GET.slice(0, 10));
    await idle.until(/Hello1$/);
    await eventually('both open', () => server.statistics().open === 2);
    await sleep(20);
    let over = false;
    const stopped = server.stop().then(() => {
      over = true;
    });
    await idle.end();
    await sleep(20);
    expect([busy.ended, over]).toEqual([false, false]);
    busy.send(GET.slice(10));
    const [response] = readResponses(await busy.end());
    expect(response?.content).toBe('Hello2');
    expect(response?.fields.get('connection')).toBe('close');
    busy.close();
    idle.close();
    await stopped;
  });
});

test('draining: a connection with an empty line before its next request is idle', async () => {
  const server = await openPlane();
  const client = await server.connect();
  client.send(`${GET}\r\n`);
  await client.until(/Hello1$/);
  await sleep(20);
  await server.stop();
  await client.end();
  client.close();
});

test('draining: an empty line behind the last request does not keep the connection', async () => {
  const server = await openPlane();
  const client = await server.connect();
  client.send(GET.slice(0, 10));
  await eventually('open', () => server.statistics().open === 1);
  await sleep(20);
  const stopped = server.stop();
  await sleep(50);
  client.send(`${GET.slice(10)}\r\n`);
  expect(contents(await client.end())).toEqual(['Hello1']);
  client.close();
  await stopped;
});

test('draining: a late reader gets all responses, although it has sent more', async () => {
  const server = await openPlane();
  const client = await server.connect();
  client.socket.pause();
  client.send(GET.repeat(100_000));
  await eventually('a lent region', () => server.plane.outputs.spare === 6);
  let before = -1;
  while (before !== server.statistics().requests) {
    before = server.statistics().requests;
    await sleep(150);
  }
  const stopped = server.stop();
  await sleep(300);
  client.socket.resume();
  const responses = readResponses(await client.end());
  expect(client.error).toBeUndefined();
  expect(responses.length).toBe(server.statistics().requests);
  client.close();
  await stopped;
});

test('draining: a slow reader is closed when it has read its responses', async () => {
  const server = await openPlane();
  const client = await server.connect();
  client.socket.pause();
  client.send(GET.repeat(100_000));
  await eventually('a lent region', () => server.plane.outputs.spare === 6);
  await sleep(200);
  const stopped = server.stop();
  await sleep(50);
  client.socket.resume();
  const responses = readResponses(await client.end());
  expect(responses.at(-1)?.content).toBe(`Hello${responses.length}`);
  expect(client.error).toBeUndefined();
  client.close();
  await stopped;
});

test('the log reports a refusal once, with its connection', async () => {
  const server = await openPlane({ log: 'requests' });
  for (const text of ['\0', GET]) {
    const client = await server.connect();
    client.socket.end(text);
    await client.end();
    client.close();
  }
  await server.stop();
  expect(server.lines.filter((line) => line.startsWith('Refused'))).toHaveLength(1);
});

test('the log reports accepted, received, sent', async () => {
  const server = await openPlane({ log: 'requests' });
  const client = await server.connect();
  const { localPort } = client.socket;
  client.send(`${GET}GET /a?b HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/3.0\r\n`);
  await client.end();
  client.close();
  await server.stop();
  const peer = `127.0.0.1:${localPort}`;
  expect(server.lines).toEqual([
    `Accepted connection from ${peer}`,
    `Received request from ${peer}: GET / HTTP/1.1`,
    `Sent response to ${peer}: 200 "Hello1"`,
    `Received request from ${peer}: GET /a?b HTTP/1.0`,
    `Sent response to ${peer}: 200 "Hello2"`,
    `Refused request from ${peer}: only HTTP/1.1 and HTTP/1.0 are spoken here`,
    `Sent response to ${peer}: 505 "505 HTTP Version Not Supported: only HTTP/1.1 and HTTP/1.0 are spoken here\\n"`,
    `Closed connection from ${peer}`,
  ]);
});
