// How a connection closes after its last response: at once when the client said that it closes and has sent all that it
// announced, else by a half-close, after which the client may go on sending (RFC 9112 9.6). No client loses a response.

import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { Deadline } from '../../src/connection/deadlines.ts';
import type { Exchange } from '../../src/connection/exchange.ts';
import { type Client, eventually, GET, sleep } from '../support/client.ts';
import { HeldSocket } from '../support/held-socket.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readAll } from '../support/watched.ts';
import { ENGINE_WAYS, PUBLIC } from '../support/ways.ts';

const OLD = 'GET / HTTP/1.0\r\n\r\n';
const CLOSE = GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
const POST = 'POST / HTTP/1.0\r\nContent-Length: 10\r\n\r\n';
const CONTENT = '0123456789';
const HELLO = /\r\n\r\nHello\d+$/;

/** Called by each half-close. */
let lingers: MockInstance;
beforeEach(() => {
  lingers = vi.spyOn(Deadline.prototype, 'linger');
});
afterEach(() => lingers.mockRestore());

/** The end of TLS has a message of its own, so these connections are never closed at once. */
const PLAIN_WAYS = ENGINE_WAYS.filter(([, { tls }]) => !tls);

describe.each(PLAIN_WAYS)('%s engine, $read reads, $write writes', (engine, io) => {
  let server: OpenedPlane;
  let client: Client;
  beforeEach(async () => {
    server = await openPlane({ engine, io });
    client = await server.connect();
  });

  const closed = (): Promise<void> => eventually('closed', () => server.statistics().open === 0);
  const closedAtOnce = async (): Promise<void> => {
    await closed();
    expect(lingers).not.toHaveBeenCalled();
  };
  const halfClosed = async (): Promise<void> => {
    await client.end();
    await sleep(20);
    expect(server.statistics().open).toBe(1);
  };
  /** Answers each request with the content when the test asks for it. */
  const answerLater = (content: string): { exchange: Promise<Exchange>; answer: () => Promise<void> } => {
    let begun: (exchange: Exchange) => void;
    const exchange = new Promise<Exchange>((resolve) => (begun = resolve));
    server.plane.serve((opened) => begun(opened));
    const answer = async (): Promise<void> => (await exchange).respond(200, '', content, false);
    return { exchange, answer };
  };
  const answerWith = (content: string): void =>
    server.plane.serve((exchange) => exchange.respond(200, '', content, false));

  test.each([
    ['HTTP/1.0', OLD],
    ['Connection: close', CLOSE],
    ['a last request with Connection: close', GET + GET + CLOSE],
    ['content that nobody reads', POST + CONTENT],
    ['chunks', CLOSE.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')],
  ])('%s closes at once', async (_, request) => {
    client.send(request);
    expect(await client.end()).toMatch(HELLO);
    await closedAtOnce();
  });

  test('a head and content in pieces close at once', async () => {
    for (const piece of [POST.slice(0, 9), POST.slice(9), CONTENT.slice(0, 4), CONTENT.slice(4)]) {
      client.send(piece);
      await sleep(5);
    }
    expect(await client.end()).toMatch(HELLO);
    await closedAtOnce();
  });

  test('the answer of an application closes at once', async () => {
    answerWith('now');
    client.send(CLOSE);
    expect(await client.end()).toMatch(/\r\n\r\nnow$/);
    await closedAtOnce();
  });

  test('a late answer of an application closes at once', async () => {
    const { exchange, answer } = answerLater('late');
    client.send(OLD);
    await exchange;
    await sleep(5);
    void answer();
    expect(await client.end()).toMatch(/\r\n\r\nlate$/);
    await closedAtOnce();
  });

  test('an answer after all content has been read closes at once', async () => {
    server.plane.serve(async (exchange) => exchange.respond(200, '', await readAll(exchange), false));
    client.send(POST);
    await sleep(5);
    client.send(CONTENT);
    expect(await client.end()).toMatch(/\r\n\r\n0123456789$/);
    await closedAtOnce();
  });

  test('a stream that the close ends closes at once, without a reset', async () => {
    server.plane.serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.from('0123'));
      setImmediate(() => {
        exchange.write(Buffer.from('4567'));
        exchange.end('');
      });
    });
    client.send(OLD);
    expect(await client.end()).toMatch(/\r\n\r\n01234567$/);
    await closedAtOnce();
    expect(client.error).toBeUndefined();
  });

  test('callbacks are called without an error after a close at once', async () => {
    const told: unknown[] = [];
    server.plane.serve((exchange) => {
      exchange.on('left', (error) => told.push(error));
      exchange.respond(200, '', 'now', false);
    });
    client.send(OLD);
    await client.end();
    await eventually('told', () => told.length > 0);
    expect(told).toEqual([undefined]);
  });

  test('a client that sends its half-close with the request gets the answer', async () => {
    client.socket.end(CLOSE);
    expect(await client.end()).toMatch(HELLO);
    await closedAtOnce();
  });

  test.each([
    ['the client did not say that it closes', GET, () => (server.plane.slot.draining = true)],
    ['the request is malformed', 'GET / HTTP/1.0\r\nA : b\r\n\r\n', () => {}],
    ['another request lies behind it', OLD + GET, () => {}],
    ['a part of a request lies behind it', `${CLOSE}GE`, () => {}],
    ['a single byte lies behind content', `${POST}${CONTENT}x`, () => {}],
  ])('a connection is half-closed when %s', async (_, sent, before) => {
    before();
    client.send(sent);
    await halfClosed();
    expect(client.received).toMatch(/^HTTP\/1\.1 [24]00 /);
    client.send('more');
    client.socket.end();
    await closed();
    expect(client.error).toBeUndefined();
  });

  test('a connection is half-closed after its last allowed request', async () => {
    const limited = await openPlane({ engine, io, limits: { requestsMax: 1 } });
    const one = await limited.connect();
    one.send(GET);
    expect(await one.end()).toMatch(HELLO);
    await sleep(20);
    expect(limited.statistics().open).toBe(1);
  });

  test.each(['content that has not come', 'content that goes on'])(
    'a connection is half-closed after an answer before %s',
    async (which) => {
      answerWith('early');
      client.send(POST + (which === 'content that goes on' ? '01234' : ''));
      await halfClosed();
      expect(client.received).toMatch(/\r\n\r\nearly$/);
      client.send(CONTENT);
      await sleep(10);
      expect(client.error).toBeUndefined();
    },
  );

  test('bytes that come before a late answer keep the connection half-closed', async () => {
    const { exchange, answer } = answerLater('late');
    client.send(CLOSE);
    await exchange;
    client.send('more');
    await sleep(20);
    void answer();
    await halfClosed();
    expect(client.received).toMatch(/\r\n\r\nlate$/);
    expect(client.error).toBeUndefined();
  });

  test('a client that sends more after a close at once, and reads late, gets the answer', async () => {
    client.socket.pause();
    client.send(OLD);
    await closedAtOnce();
    client.send('more, although it said that it closes');
    await sleep(20);
    client.socket.resume();
    await eventually('ended', () => client.ended || client.socket.destroyed);
    expect(client.received).toMatch(HELLO);
  });

  test.each([14_000, 15_000, 5_000_000])(
    'a client that sends more, and reads an answer of %i bytes late, gets all of it',
    async (bytes) => {
      answerWith('x'.repeat(bytes));
      client.socket.pause();
      client.send(OLD);
      await eventually('answered', () => server.statistics().requests === 1);
      await sleep(20);
      client.send('more, although it said that it closes');
      await sleep(20);
      client.socket.resume();
      await eventually('ended', () => client.ended || client.socket.destroyed);
      expect(client.received.length).toBeGreaterThan(bytes);
      expect(client.received).toMatch(/x$/);
    },
  );

  test('an answer longer than a first flight of segments is followed by a half-close', async () => {
    answerWith('x'.repeat(15_000));
    client.send(OLD);
    await halfClosed();
  });

  test('clients that reset their connections at any time leave no open connection', async () => {
    answerWith('x'.repeat(1000));
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
    for (const [i, one] of clients.entries()) {
      one.send(OLD);
      if (i % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      one.socket.resetAndDestroy();
    }
    client.close();
    await closed();
  });

  test('every one of many connections at once gets its answer', async () => {
    client.close();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const one = await server.connect();
        one.send(i % 2 === 0 ? OLD : CLOSE);
        const answer = await one.end();
        one.close();
        return Number(/Hello(\d+)$/.exec(answer)?.[1]);
      }),
    );
    expect(answers.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    await closed();
  });
});

/** A socket whose kernel counts the bytes that it has taken, as Node's handles do. */
class CountedSocket extends HeldSocket {
  readonly _handle = { bytesWritten: 0, writeQueueSize: 0 };

  override _write(bytes: Uint8Array, encoding: BufferEncoding, written: () => void): void {
    this._handle.bytesWritten += bytes.length;
    super._write(bytes, encoding, written);
  }
}

describe('a socket whose kernel takes answers late', () => {
  let server: OpenedPlane;
  let socket: CountedSocket;
  beforeEach(async () => {
    server = await openPlane({ io: PUBLIC });
    server.plane.serve((exchange) => exchange.respond(200, '', 'answer', false));
    socket = new CountedSocket();
    server.accept(socket.accepted);
  });

  test('is half-closed after an answer that the kernel has not taken at once', async () => {
    socket.push(OLD, 'latin1');
    await eventually('answered', () => socket.holds);
    expect(socket.destroyed).toBe(false);
    socket.release(1);
    await eventually('half-closed', () => socket.writableFinished);
    expect([socket.taken, socket.destroyed]).toEqual([expect.stringMatching(/answer$/), false]);
    socket.destroy();
  });

  test('is half-closed when its last request was received while reading has paused', async () => {
    socket.push(GET + CLOSE, 'latin1');
    await eventually('answered', () => socket.holds);
    socket.push('more', 'latin1');
    socket.release(9);
    await eventually('half-closed', () => socket.writableFinished);
    expect(socket.taken.match(/answer/g)).toHaveLength(2);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });
});

test.each([
  ['fills', 0, false],
  ['does not fill', -1, true],
])('after a read that %s the slot, the kernel may hold more', async (_, fewer, atOnce) => {
  const server = await openPlane({ io: PUBLIC });
  const socket = new CountedSocket();
  socket.release(10);
  server.accept(socket.accepted);
  const head = (bytes: number): string => `POST / HTTP/1.0\r\nContent-Length: ${bytes}\r\n\r\n`;
  const whole = server.plane.slot.read.length + fewer;
  const contentBytes = whole - head(10_000).length;
  socket.push(head(contentBytes) + 'x'.repeat(contentBytes), 'latin1');
  await eventually('answered', () => HELLO.test(socket.taken));
  await sleep(5);
  expect(socket.destroyed).toBe(atOnce);
  socket.destroy();
});
