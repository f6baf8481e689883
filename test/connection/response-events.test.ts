// The events that the log receives: one for each response of the engine or of an application, with its request and the bytes
// that the client received.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import type { ResponseEvent } from '../../src/connection/response-event.ts';
import { type Client, eventually } from '../support/client.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { ENGINE_WAYS } from '../support/ways.ts';

const INTERIM = 'HTTP/1.1 100 Continue\r\n\r\n';
const get = (target: string, fields = ''): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

describe.each(ENGINE_WAYS)('%s engine, $write writes', (engine, io) => {
  let server: OpenedPlane;
  let client: Client;
  let events: ResponseEvent[];
  beforeEach(async () => {
    server = await openPlane({ engine, io, log: 'requests' });
    events = [];
    server.plane.log.responded = (event) => events.push(event);
    client = await server.connect();
  });
  /** Request line, status and completeness of each event. */
  const seen = (): unknown[] =>
    events.map(({ request, statusCode, complete }) => [
      request && `${request.method} ${request.target} ${request.versionMinor}`,
      statusCode,
      ...(complete ? [] : ['broke off']),
    ]);
  /** Returns all bytes that the client received, after checking that the events add up to them. */
  const answers = async (...parts: string[]): Promise<string> => {
    for (const part of parts) {
      client.send(part);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    client.socket.end();
    const text = await client.end();
    await eventually('closed', () => server.statistics().open === 0);
    const bytes = events.reduce((sum, event) => sum + event.bytes, 0);
    expect(bytes).toBe(text.replaceAll(INTERIM, '').length);
    for (const event of events) {
      expect(event.peer).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(event.endpoint.io).toEqual(io);
      expect(event.durationUs).toBeGreaterThanOrEqual(0);
    }
    return text;
  };

  test('prepared responses, pipelined and in parts', async () => {
    const post = 'POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';
    await answers(
      get('/a') + post.slice(0, 9),
      post.slice(9, -2),
      `${post.slice(-2)}HEAD /c HTTP/1.0\r\n\r\n`,
    );
    expect(seen()).toEqual([
      ['GET /a 1', 200],
      ['POST /b 1', 200],
      ['HEAD /c 0', 200],
    ]);
    expect(events.map(({ content }) => content)).toEqual(['Hello1', 'Hello2', '']);
  });

  test('an interim response gives no event', async () => {
    const text = await answers(
      'PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n',
      'abc',
    );
    expect(text.startsWith(INTERIM)).toBe(true);
    expect(seen()).toEqual([['PUT /a 1', 200]]);
    expect(server.lines.filter((line) => /: 100 /.test(line))).toEqual([]);
  });

  test.each([
    ['no head', '\0', undefined, 400],
    ['half a head', 'GET /half', undefined, 400],
    [
      'malformed content',
      'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
      'POST /x 1',
      400,
    ],
    ['incomplete content', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na', 'POST /x 1', 400],
  ])('a rejected request: %s', async (_, input, request, statusCode) => {
    await answers(get('/a') + input);
    expect(seen()).toEqual([
      ['GET /a 1', 200],
      [request, statusCode],
    ]);
  });

  test.each([
    ['at once', (respond: () => void) => respond()],
    ['later', (respond: () => void) => void setTimeout(respond, 5)],
  ])('responses of an application, %s', async (_, when) => {
    const content: Record<string, string | Uint8Array> = {
      '/text': 'hotpath',
      '/utf8': 'äöü€',
      '/bytes': Buffer.alloc(100_000, 'x'),
      '/none': '',
    };
    server.plane.serve((exchange) =>
      when(() => exchange.respond(200, 'x-a: 1\r\n', content[exchange.head.target] ?? '', false)),
    );
    await answers(
      Object.keys(content)
        .map((target) => get(target))
        .join(''),
    );
    expect(seen()).toEqual(Object.keys(content).map((target) => [`GET ${target} 1`, 200]));
    expect(events.map((event) => event.content)).toEqual(Object.values(content));
  });

  test('streams, when they have ended: chunked with trailers, by length, to the end, of a HEAD', async () => {
    const stream = async (exchange: Exchange, length?: number): Promise<void> => {
      if (exchange.begin(201, '', length, false)) {
        for (const piece of ['a', 'b'.repeat(20_000)]) {
          if (!exchange.write(Buffer.from(piece)))
            await new Promise<void>((resolve) => (exchange.onDrain = resolve));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        expect(events.some(({ request }) => request?.target === exchange.head.target)).toBe(false);
      }
      exchange.end(length === undefined ? 'x-b: 2\r\n' : '');
    };
    server.plane.serve((exchange) => {
      exchange.head.method;
      setImmediate(() => void stream(exchange, exchange.head.target === '/length' ? 20_001 : undefined));
    });
    await answers(
      `${get('/chunked')}${get('/length')}HEAD /head HTTP/1.1\r\nHost: a\r\n\r\nGET /end HTTP/1.0\r\n\r\n`,
    );
    expect(seen()).toEqual([
      ['GET /chunked 1', 201],
      ['GET /length 1', 201],
      ['HEAD /head 1', 201],
      ['GET /end 0', 201],
    ]);
    expect(events.map(({ content }) => content)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('a response that breaks off, and a response whose client disconnects', async () => {
    const open: Exchange[] = [];
    server.plane.serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.from('a'));
      open.push(exchange);
    });
    client.send(get('/a'));
    await eventually('begun', () => client.received.includes('\r\n\r\n'));
    open[0]?.breakOff();
    await eventually('broken off', () => events.length === 1);
    const other = await server.connect();
    other.send(get('/b'));
    await eventually('begun', () => other.received.includes('\r\n\r\n'));
    other.socket.resetAndDestroy();
    await eventually('gone', () => events.length === 2);
    expect(seen()).toEqual([
      ['GET /a 1', 200, 'broke off'],
      ['GET /b 1', 200, 'broke off'],
    ]);
  });

  test('the duration of a refused connection begins when the connection begins', async () => {
    const startedMs = performance.now();
    const full = await openPlane({ engine, io, log: 'requests', limits: { connectionsMax: 0 } });
    full.plane.log.responded = (event) => events.push(event);
    const turnedAway = await full.connect();
    await turnedAway.end();
    expect(seen()).toEqual([[undefined, 503]]);
    expect(events[0]?.durationUs).toBeLessThan((performance.now() - startedMs) * 1000);
  });

  test('a handler that is late, and a handler that throws', async () => {
    server.plane.serve((exchange) => {
      if (exchange.head.target === '/throws') throw new Error('no');
    });
    client.send(get('/late'));
    await eventually('received', () => server.connections.underWay.length === 1);
    server.pass(500_000);
    await eventually('answered', () => events.length === 1);
    client.close();
    client = await server.connect();
    client.send(get('/throws'));
    await eventually('answered', () => events.length === 2);
    expect(seen()).toEqual([
      ['GET /late 1', 503],
      ['GET /throws 1', 500],
    ]);
  });
});
