// Responses that break off, to clients for whom the close is the end of the content (RFC 9112 6.3): their connection is
// reset, since an ordinary close would make a part of the content look like the whole.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Io } from '../../src/connection/endpoint.ts';
import type { Exchange } from '../../src/connection/exchange.ts';
import { type Client, eventually, sleep } from '../support/client.ts';
import { HeldSocket } from '../support/held-socket.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { type Watched, watch } from '../support/watched.ts';
import { DIRECT, PUBLIC } from '../support/ways.ts';

const WAYS: Io[] = [DIRECT, PUBLIC, { accept: 'public', read: 'direct', write: 'public' }];
const GET = 'GET / HTTP/1.0\r\n\r\n';
const PIECE = Buffer.from('00000');

describe.each(WAYS)('$read reads, $write writes: an HTTP/1.0 client', (io) => {
  let server: OpenedPlane;
  let client: Client;
  let watched: Watched[];
  beforeEach(async () => {
    server = await openPlane({ io });
    client = await server.connect();
    watched = [];
  });

  const serve = (application: (exchange: Exchange) => unknown): void =>
    server.plane.serve((exchange) => {
      watched.push(watch(exchange));
      application(exchange);
    });
  /** A stream of one piece, whose head has been sent. */
  const begin = async (sent = GET): Promise<Exchange> => {
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(PIECE);
    });
    client.send(sent);
    await client.until(/00000$/);
    return (watched[0] as Watched).exchange;
  };
  /** Resolves with how the connection ended. */
  const ending = async (): Promise<string> => {
    await eventually('closed', () => client.ended || client.socket.destroyed);
    return client.ended ? 'end' : String((client.error as NodeJS.ErrnoException | undefined)?.code);
  };

  test('whose stream is complete gets an ordinary close', async () => {
    const exchange = await begin();
    exchange.end('');
    expect(await ending()).toBe('end');
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n00000$/s);
  });

  test('whose stream breaks off is reset after the bytes before', async () => {
    const exchange = await begin();
    exchange.write(Buffer.from('1'.repeat(100_000)));
    exchange.breakOff();
    exchange.write(PIECE);
    exchange.end('');
    exchange.breakOff();
    expect(await ending()).toBe('ECONNRESET');
    expect(client.received).toMatch(/\r\n\r\n000001{100000}$/);
    expect(watched).toMatchObject([{ gone: 1 }]);
  });

  test('whose stream breaks off within the turn that began it is reset', async () => {
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(PIECE);
      exchange.write(PIECE);
      exchange.breakOff();
    });
    client.send(GET);
    expect(await ending()).toBe('ECONNRESET');
    expect(client.received).toMatch(/\r\n\r\n0000000000$/);
  });

  test('whose stream breaks off while the kernel takes no more gets all written bytes, then the reset', async () => {
    client.socket.pause();
    const size = 30_000_000;
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.alloc(size, 'x'));
    });
    client.send(GET);
    await eventually('handed over', () => watched.length === 1);
    await sleep(30);
    watched[0]?.exchange.breakOff();
    await sleep(400);
    client.socket.resume();
    expect(await ending()).toBe('ECONNRESET');
    expect(client.received.length).toBeGreaterThan(size);
  });

  test('that has closed its side is also reset', async () => {
    const exchange = await begin();
    client.socket.end();
    await eventually('aborted', () => exchange.aborted !== undefined);
    exchange.breakOff();
    expect(await ending()).toBe('ECONNRESET');
  });

  test('that has closed its side and whose stream makes no progress is reset', async () => {
    const exchange = await begin();
    client.socket.end();
    await eventually('aborted', () => exchange.aborted !== undefined);
    server.pass(3000);
    expect(await ending()).toBe('ECONNRESET');
  });

  test('whose stream makes no progress for the handler timeout is reset, and the application is notified at once', async () => {
    const exchange = await begin();
    server.pass(server.plane.deadlines.handlerTimeoutMs);
    expect(exchange.over).toBe(true);
    expect(watched).toMatchObject([{ gone: 1 }]);
    expect(watched[0]?.aborts).toHaveLength(1);
    expect(await ending()).toBe('ECONNRESET');
  });

  test('is reset at the drain timeout', async () => {
    await begin();
    server.connections.destroy();
    expect(await ending()).toBe('ECONNRESET');
  });

  test('gets earlier responses whole', async () => {
    serve((exchange) => {
      if (watched.length === 1) exchange.respond(200, '', 'first', false);
      else {
        exchange.begin(200, '', undefined, false);
        exchange.write(PIECE);
        exchange.write(PIECE);
        setImmediate(() => exchange.breakOff());
      }
    });
    client.send('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n');
    expect(await ending()).toBe('ECONNRESET');
    expect(client.received).toMatch(/first.*\r\n\r\n0000000000$/s);
  });

  test('is not reset if the close does not end the content', async () => {
    for (const [request, application] of [
      ['HEAD / HTTP/1.0\r\n\r\n', (exchange: Exchange) => exchange.begin(200, '', undefined, false)],
      [
        GET,
        (exchange: Exchange) => {
          exchange.begin(200, '', 100, false);
          exchange.write(PIECE);
          exchange.write(PIECE);
        },
      ],
      [
        'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
        (exchange: Exchange) => {
          exchange.begin(200, '', undefined, false);
          exchange.write(PIECE);
          exchange.write(PIECE);
        },
      ],
    ] as const) {
      client.close();
      client = await server.connect();
      watched = [];
      serve(application);
      client.send(request);
      await eventually('handed over', () => watched.length === 1);
      await sleep(10);
      watched[0]?.exchange.breakOff();
      expect(await ending()).toBe('end');
    }
  });
});

test.each(['is begun', 'is built, yet not taken by the kernel'])(
  'a client that does not read is reset at the write timeout when its stream %s',
  async (how) => {
    const server = await openPlane({ io: PUBLIC });
    server.plane.serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(PIECE);
      exchange.write(PIECE);
      if (how !== 'is begun') exchange.end('');
    });
    const socket = new HeldSocket();
    server.accept(socket.accepted);
    socket.push(GET);
    await eventually('held', () => socket.holds);
    server.pass(server.plane.deadlines.writeTimeoutMs);
    await eventually('cut', () => socket.destroyed);
    expect(socket.reset).toBe(true);
  },
);

test('a reset waits until the kernel has taken all bytes, at most for the write timeout', async () => {
  const server = await openPlane({ io: PUBLIC });
  const { writeTimeoutMs } = server.plane.deadlines;
  for (const taken of [true, false]) {
    let exchange: Exchange | undefined;
    server.plane.serve((one) => {
      exchange = one;
      one.begin(200, '', undefined, false);
      one.write(PIECE);
      one.write(PIECE);
    });
    const socket = new HeldSocket();
    server.accept(socket.accepted);
    socket.push(GET);
    await eventually('held', () => socket.holds);
    exchange?.breakOff();
    server.pass(writeTimeoutMs / 2);
    expect(socket.destroyed).toBe(false);
    if (taken) {
      socket.release();
      await sleep(5);
      server.pass(1000);
    } else server.pass(writeTimeoutMs / 2);
    expect([socket.destroyed, socket.reset]).toEqual([true, true]);
  }
});
