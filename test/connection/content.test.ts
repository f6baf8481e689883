// Content that an application reads: whole, piece by piece, slower and faster than the client sends it, and broken off in
// every way.

import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import { type Client, eventually, sleep } from '../support/client.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses, withoutInterim } from '../support/responses.ts';
import { readAll, type Watched, watch } from '../support/watched.ts';
import { ENGINE_WAYS } from '../support/ways.ts';

const WINDOW_BYTES = 65_536;
const LARGE_BYTES = 20 * 1024 * 1024;

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const post = (fields: string): string => `POST /x HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const chunked = (text: string, size: number, trailers = ''): string => {
  const chunks: string[] = [];
  for (let at = 0; at < text.length; at += size) {
    const chunk = text.slice(at, at + size);
    chunks.push(`${chunk.length.toString(16)}${at === 0 ? ';a=b' : ''}\r\n${chunk}\r\n`);
  }
  return `${chunks.join('')}0\r\n${trailers}\r\n`;
};

describe.each(ENGINE_WAYS)('%s engine, $read reads', (engine, io) => {
  let server: OpenedPlane;
  let client: Client;
  let watched: Watched[];
  beforeEach(async () => {
    server = await openPlane({ engine, io, contentBytesMax: LARGE_BYTES * 2 });
    client = await server.connect();
    watched = [];
  });
  const serve = (application: (exchange: Exchange) => unknown): void =>
    server.plane.serve((exchange) => {
      watched.push(watch(exchange));
      application(exchange);
    });
  const reconnect = async (): Promise<void> => {
    client.close();
    client = await server.connect();
  };
  /** Answers with the hash of the content. */
  const digest = async (exchange: Exchange): Promise<void> => {
    const bytes = await readAll(exchange);
    const trailers = exchange.content?.trailers.map((pair) => pair.join('=')).join();
    exchange.respond(200, '', `${bytes.length} ${hashOf(bytes)} ${trailers}`, false);
  };
  const told = (text: string): string[] => readResponses(text).map(({ content }) => content);

  test('small content is taken whole, once', async () => {
    serve(async (exchange) => {
      const whole = exchange.content?.takeWhole();
      const again = exchange.content?.takeWhole();
      const rest = await exchange.content?.read();
      exchange.respond(200, '', `${Buffer.from(whole ?? [])} ${again} ${rest}`, false);
    });
    client.send(`${post('Content-Length: 3\r\n')}abc${post('Transfer-Encoding: chunked\r\n')}0\r\n\r\n`);
    client.socket.end(post('Content-Length: 0\r\n'));
    expect(told(await client.end())).toEqual([
      'abc undefined undefined',
      ' undefined undefined',
      ' undefined undefined',
    ]);
    expect(watched.map(({ exchange }) => exchange.content?.length)).toEqual([3, undefined, undefined]);
  });

  test('content of several reads is taken whole when all of it has arrived, and not before', async () => {
    serve(() => {});
    client.send(`${post('Content-Length: 9\r\n')}abc`);
    await eventually('handed over', () => watched.length === 1);
    const { exchange } = watched[0] as Watched;
    expect(exchange.content?.takeWhole()).toBeUndefined();
    client.send('def');
    await sleep(20);
    expect(exchange.content?.takeWhole()).toBeUndefined();
    client.send('ghi');
    let whole: Uint8Array | undefined;
    await eventually('all of it', () => (whole = exchange.content?.takeWhole()) !== undefined);
    expect(Buffer.from(whole ?? []).toString()).toBe('abcdefghi');
    exchange.respond(200, '', 'done', false);
    await client.until(/done$/);
  });

  test.each(['faster', 'slower'])(
    'large content, by length and chunked, with a handler that reads %s than the client sends',
    async (pace) => {
      const text = 'The quick brown fox. '.repeat(40_000).slice(0, 800_000);
      serve(async (exchange) => {
        const hash = createHash('sha256');
        let size = 0;
        let most = 0;
        const { content } = exchange;
        for (let piece = await content?.read(); piece !== undefined; piece = await content?.read()) {
          hash.update(piece);
          size += piece.length;
          most = Math.max(most, piece.length);
          if (pace === 'slower') await sleep(1);
        }
        const trailers = content?.trailers.map((pair) => pair.join('=')).join();
        expect(most).toBeLessThanOrEqual(2 * WINDOW_BYTES);
        exchange.respond(200, '', `${size} ${hash.digest('hex')} ${trailers}`, false);
      });
      client.send(`${post(`Content-Length: ${text.length}\r\n`)}${text}`);
      for (const size of [1000, 70_000])
        client.send(post('Transfer-Encoding: chunked\r\n') + chunked(text, size, 'Sum: 1\r\nSum: 2\r\n'));
      client.send(post('Transfer-Encoding: chunked\r\n') + chunked(text.slice(0, 20_000), 1));
      client.socket.end();
      const hash = hashOf(Buffer.from(text));
      expect(told(await client.end())).toEqual([
        `800000 ${hash} `,
        `800000 ${hash} Sum=1,Sum=2`,
        `800000 ${hash} Sum=1,Sum=2`,
        `20000 ${hashOf(Buffer.from(text.slice(0, 20_000)))} `,
      ]);
    },
  );

  test('the server reads no more from a client while the application does not read', async () => {
    const text = 'x'.repeat(LARGE_BYTES);
    serve(() => {});
    client.send(`${post(`Content-Length: ${text.length}\r\n`)}${text}`);
    let before = -1;
    while (before !== client.socket.writableLength || before === LARGE_BYTES) {
      before = client.socket.writableLength;
      await sleep(100);
    }
    // The kernel's buffers, and the window.
    expect(before).toBeGreaterThan(0);
    const { exchange } = watched[0] as Watched;
    await digest(exchange);
    const [answer] = told(await client.until((received) => received.includes('\r\n\r\n')));
    expect(answer).toBe(`${LARGE_BYTES} ${hashOf(Buffer.from(text))} `);
  });

  test('single bytes in chunks of their own fill the window sooner', async () => {
    const text = chunked('x'.repeat(100_000), 1);
    serve(() => {});
    client.send(post('Transfer-Encoding: chunked\r\n') + text);
    await eventually('handed over', () => watched.length === 1);
    await sleep(200);
    let size = 0;
    const { exchange } = watched[0] as Watched;
    const { content } = exchange;
    const first = await content?.read();
    size += first?.length ?? 0;
    expect(size).toBeLessThan(WINDOW_BYTES);
    size += (await readAll(exchange)).length;
    expect(size).toBe(100_000);
    exchange.respond(200, '', 'done', false);
    await client.until(/done$/);
  });

  test('content that is cancelled, or not read at all, is skipped up to the next request', async () => {
    serve(async (exchange) => {
      if (exchange.head.findField('x-read') >= 0) await exchange.content?.read();
      if (exchange.head.findField('x-cancel') >= 0) {
        exchange.content?.cancel();
        expect(await exchange.content?.read()).toBeUndefined();
      }
      if (exchange.head.findField('x-late') >= 0) await sleep(5);
      exchange.respond(200, '', `${watched.length}`, false);
    });
    const text = 'x'.repeat(200_000);
    for (const fields of [
      '',
      'X-Cancel: 1\r\n',
      'X-Read: 1\r\n',
      'X-Read: 1\r\nX-Cancel: 1\r\n',
      'X-Late: 1\r\n',
    ]) {
      client.send(`${post(`${fields}Content-Length: ${text.length}\r\n`)}${text}`);
      client.send(post(`${fields}Transfer-Encoding: chunked\r\n`) + chunked(text, 999));
    }
    client.socket.end();
    expect(told(await client.end())).toEqual(Array.from({ length: 10 }, (_, i) => `${i + 1}`));
  });

  test('content that is awaited when the request is answered is never read: the read rejects', async () => {
    let reason: unknown;
    serve((exchange) => {
      if (watched.length === 1) exchange.content?.read().catch((error) => (reason = error));
      exchange.respond(200, '', `${watched.length}`, false);
    });
    client.send(post('Content-Length: 5\r\n'));
    await client.until(/1$/);
    client.send(`Hello${post('Content-Length: 0\r\n')}`);
    await client.until(/2$/);
    expect(reason).toMatchObject({ message: 'the request has been answered before its content was read' });
  });

  test('a response before more than 1 MiB of announced content has arrived is the last one', async () => {
    serve((exchange) => exchange.respond(200, '', 'enough', false));
    client.send(`${post('Content-Length: 2000000\r\n')}${'x'.repeat(100_000)}`);
    const [response] = readResponses(await client.end());
    expect(response?.fields.get('connection')).toBe('close');
  });

  test('100 Continue is sent when the application reads the content', async () => {
    serve((exchange) => void digest(exchange));
    client.send(post('Expect: 100-continue\r\nContent-Length: 3\r\n'));
    await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
    client.send('abc');
    const text = withoutInterim(await client.until((received) => received.includes('200 OK')));
    expect(told(text)).toEqual([`3 ${hashOf(Buffer.from('abc'))} `]);
    // A client that has already sent its content gets no 100 Continue.
    client.received = '';
    client.send(`${post('Expect: 100-continue\r\nContent-Length: 3\r\n')}abc`);
    expect(told(await client.until((received) => received.includes('200 OK')))).toHaveLength(1);
  });

  test('100 Continue is not sent when the content is not read, nor behind the head of the response', async () => {
    serve((exchange) => exchange.respond(200, '', 'no', false));
    client.send(post('Expect: 100-continue\r\nContent-Length: 3\r\n'));
    const [response] = readResponses(await client.end());
    expect([response?.content, response?.fields.get('connection')]).toEqual(['no', 'close']);
    await reconnect();
    let failure: unknown;
    serve((exchange) => {
      exchange.begin(200, '', 3, false);
      exchange.write(Buffer.from('abc'));
      readAll(exchange).catch((error) => {
        failure = error;
      });
      setTimeout(() => exchange.end(''), 20);
    });
    client.send(post('Expect: 100-continue\r\nContent-Length: 3\r\n'));
    expect(told(await client.end())).toEqual(['abc']);
    expect(failure).toBeInstanceOf(Error);
  });

  const BROKEN: [string, string, string, number | undefined][] = [
    ['a malformed chunk', 'Transfer-Encoding: chunked\r\n', 'X\r\n', 400],
    ['a chunk longer than its chunk-size', 'Transfer-Encoding: chunked\r\n', '3\r\nabcd\r\n', 400],
    ['a malformed trailer', 'Transfer-Encoding: chunked\r\n', '0\r\nx y: z\r\n\r\n', 400],
    ['more content than is allowed', 'Transfer-Encoding: chunked\r\n', 'fffffff0\r\n', 413],
    ['an early end', 'Content-Length: 100\r\n', 'abc', undefined],
    ['slowness', 'Content-Length: 100\r\n', 'abc', 408],
  ];
  test.each(BROKEN)('%s, before and behind the head of the response', async (what, fields, bytes, status) => {
    for (const begun of [false, true]) {
      await reconnect();
      let failure: unknown;
      serve((exchange) => {
        if (begun) {
          exchange.begin(200, '', undefined, false);
          exchange.write(Buffer.from('abc'));
        }
        readAll(exchange).catch((error) => {
          failure = error;
        });
      });
      client.send(post(fields));
      const count = watched.length;
      await eventually('handed over', () => watched.length === count + 1);
      client.send(bytes);
      if (what === 'slowness') {
        await sleep(20);
        server.pass(server.plane.deadlines.bodyTimeoutMs);
      }
      if (what === 'an early end') client.socket.end();
      await eventually('failed', () => failure !== undefined);
      const last = watched.at(-1) as Watched;
      if (begun) {
        expect(last.gone).toBe(0);
        expect(last.aborts).toHaveLength(what === 'an early end' ? 1 : 0);
        last.exchange.write(Buffer.from('def'));
        last.exchange.end('');
        const [response] = readResponses(await client.end(), undefined, 'any');
        expect(response?.content).toBe('abcdef');
        expect(last.gone).toBe(0);
      } else {
        const [response, ...more] = readResponses(await client.end());
        expect([response?.statusCode, more]).toEqual([status ?? 400, []]);
        expect([last.aborts.length, last.gone, last.exchange.over]).toEqual([1, 1, true]);
      }
    }
    // A new connection gets no bytes of the broken content.
    await reconnect();
    serve((exchange) => exchange.respond(200, '', 'fresh', false));
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(/fresh$/);
  });

  test('after content broke off the server reads no more, and the handler timeout applies to the response', async () => {
    let failure: unknown;
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.from('abc'));
      readAll(exchange).catch((error) => {
        failure = error;
      });
    });
    client.send(post('Transfer-Encoding: chunked\r\n'));
    await eventually('handed over', () => watched.length === 1);
    client.send('X\r\n');
    await eventually('failed', () => failure !== undefined);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await sleep(20);
    server.pass(server.plane.deadlines.handlerTimeoutMs);
    await eventually('cut', () => server.statistics().open === 0);
    expect(watched).toHaveLength(1);
    expect(watched[0]).toMatchObject({ gone: 1 });
  });

  test('a HEAD whose content stops is refused without content', async () => {
    serve((exchange) => {
      if (exchange.content === undefined) exchange.respond(200, '', 'abc', false);
      else readAll(exchange).catch(() => {});
    });
    client.send('HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab');
    await eventually('handed over', () => watched.length === 1);
    // The method of a request on another connection must not decide whether this response has content.
    const other = await server.connect();
    other.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await other.until(/abc$/);
    server.pass(server.plane.deadlines.bodyTimeoutMs);
    const [response] = readResponses(await client.end(), new Set([0]));
    expect(response?.statusCode).toBe(408);
    other.close();
  });

  test('the content timeout starts when the application begins to read', async () => {
    serve(() => {});
    // Enough to fill the window.
    client.send(`${post('Content-Length: 100000\r\n')}${'x'.repeat(40_000)}`);
    await eventually('handed over', () => watched.length === 1);
    await sleep(20);
    client.send('x'.repeat(30_000));
    await sleep(20);
    const { bodyTimeoutMs, handlerTimeoutMs } = server.plane.deadlines;
    server.pass(handlerTimeoutMs / 2);
    const { exchange } = watched[0] as Watched;
    const reading = readAll(exchange).catch(() => 'failed');
    await sleep(20);
    server.pass(bodyTimeoutMs - 10_000);
    await sleep(20);
    expect(exchange.aborted).toBeUndefined();
    server.pass(10_000);
    expect(await reading).toBe('failed');
    expect(readResponses(await client.end())[0]?.statusCode).toBe(408);
  });

  test('a client that received 100 Continue and sends no content gets 408', async () => {
    serve((exchange) => void readAll(exchange).catch(() => {}));
    client.send(post('Expect: 100-continue\r\nContent-Length: 3\r\n'));
    await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
    server.pass(server.plane.deadlines.bodyTimeoutMs);
    const [response] = readResponses(withoutInterim(await client.end()));
    expect(response?.statusCode).toBe(408);
  });

  test('the write timeout cuts a client that uploads and does not read', async () => {
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.alloc(32 * 1024 * 1024));
    });
    client.socket.pause();
    client.send(post('Content-Length: 1000\r\n'));
    await eventually('handed over', () => watched.length === 1);
    const { writeTimeoutMs } = server.plane.deadlines;
    for (let i = 0; i < 6; i++) {
      await sleep(10);
      if (!client.socket.destroyed) client.send('x');
      server.pass(writeTimeoutMs / 4);
    }
    await eventually('cut', () => server.statistics().open === 0);
    expect(watched[0]).toMatchObject({ gone: 1 });
  });
});
