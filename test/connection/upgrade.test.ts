// A connection that an application upgrades to another protocol: the bytes that its new owner reads and writes, and the limits
// that the server still applies.

import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import { type Client, eventually } from '../support/client.ts';
import { atEnd } from '../support/fixtures.ts';
import { HeldSocket } from '../support/held-socket.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { ENGINE_WAYS, PUBLIC } from '../support/ways.ts';

const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const GET = 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n';

function echo(socket: Duplex): void {
  socket.write(SWITCHING);
  socket.on('data', (bytes) => socket.write(bytes));
  socket.on('end', () => socket.end());
}

describe.each(ENGINE_WAYS)('%s engine, $write writes', (engine, io) => {
  let server: OpenedPlane;
  let client: Client;
  let given: Duplex[];
  beforeEach(async () => {
    server = await openPlane({ engine, io });
    client = await server.connect();
    given = [];
    atEnd(() => {
      for (const socket of given) socket.destroy();
    });
  });
  const serve = (take: (socket: Duplex, exchange: Exchange) => void, laterMs?: number): void => {
    server.plane.serve((exchange) => {
      if (exchange.head.target !== '/chat') {
        exchange.respond(200, '', exchange.head.target, false);
        return;
      }
      const upgrade = (): void =>
        exchange.upgrade((socket) => {
          given.push(socket);
          take(socket, exchange);
        });
      if (laterMs === undefined) upgrade();
      else setTimeout(upgrade, laterMs);
    });
  };

  describe.each([
    ['at once', undefined],
    ['later', 20],
  ])('%s', (_, laterMs) => {
    test('the owner reads the bytes behind the request first, then all later bytes, and writes behind earlier responses', async () => {
      serve(echo, laterMs);
      client.send(`${GET}${UPGRADE}one `);
      await sleep(5);
      client.send('two ');
      await client.until(/two $/);
      client.send('three');
      await client.until(/three$/);
      expect(client.received).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\n\/a/);
      expect(client.received.slice(client.received.indexOf('HTTP/1.1 101'))).toBe(
        `${SWITCHING}one two three`,
      );
      client.socket.end();
      await client.end();
      await eventually('closed', () => server.statistics().open === 0);
    });

    test('bytes wait in the stream until the owner reads', async () => {
      serve(() => {}, laterMs);
      client.send(`${UPGRADE}one `);
      await eventually('given', () => given.length === 1);
      client.send('two');
      await sleep(30);
      const socket = given[0] as Duplex;
      let text = '';
      socket.on('data', (bytes) => (text += bytes));
      await eventually('read', () => text === 'one two');
    });

    test('the server reads no requests after an upgrade, even if the upgrade request asks for the close', async () => {
      serve(echo, laterMs);
      client.send(UPGRADE.replace('Upgrade\r\n', 'Upgrade, close\r\n') + GET);
      await client.until(new RegExp(`${GET}$`));
      expect(client.received).toBe(SWITCHING + GET);
    });

    test('megabytes go both ways with back-pressure', async () => {
      serve(echo, laterMs);
      const text = '0123456789abcdef'.repeat(65_536 * 2);
      client.send(UPGRADE);
      client.send(text);
      await client.until(SWITCHING.length + text.length);
      expect(client.received === SWITCHING + text).toBe(true);
    });
  });

  test('an owner that does not read stops the client, and continues later without a lost byte', async () => {
    serve((socket) => socket.write(SWITCHING));
    client.send(UPGRADE);
    await client.until(/\r\n\r\n$/);
    const sent = Buffer.alloc(16 * 1024 * 1024, 'hotpath ');
    client.socket.write(sent);
    await sleep(100);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    const socket = given[0] as Duplex;
    expect(socket.readableLength).toBeLessThan(1024 * 1024);
    client.socket.end();
    let bytes = 0;
    for await (const chunk of socket) {
      if (bytes === 0) {
        expect(chunk.toString().slice(0, 8)).toBe('hotpath ');
        // The stream fills up, and the server reads no more.
        await sleep(100);
        expect(socket.readableLength).toBeLessThan(1024 * 1024);
      }
      bytes += chunk.length;
    }
    expect(bytes).toBe(sent.length);
    socket.destroy();
  });

  test('its owner may go on writing when the client has closed its side', async () => {
    serve((socket) => {
      socket.write(SWITCHING);
      socket.on('end', () => setTimeout(() => socket.end('and goodbye'), 20));
      socket.resume();
    });
    client.send(UPGRADE);
    client.socket.end();
    expect(await client.end()).toBe(`${SWITCHING}and goodbye`);
  });

  test('a head, or a content, that is read after the upgrade is still there', async () => {
    let target = '';
    let content: string | undefined;
    serve((socket, exchange) => {
      setTimeout(() => {
        target = exchange.head.target;
        content = exchange.content?.takeText();
        socket.end();
      }, 10);
    });
    client.send(UPGRADE.replace('\r\n\r\n', '\r\nContent-Length: 3\r\n\r\nabc'));
    await client.end();
    expect([target, content]).toEqual(['/chat', 'abc']);
  });

  test('an upgrade is refused until the content has been read', async () => {
    const errors: string[] = [];
    server.plane.serve((exchange) => {
      try {
        exchange.upgrade(echo);
      } catch (error) {
        errors.push((error as Error).message);
        void exchange.content?.readWhole().then((content) => {
          expect(Buffer.from(content).toString()).toBe('abc');
          exchange.upgrade(echo);
        });
      }
    });
    client.send(UPGRADE.replace('\r\n\r\n', '\r\nContent-Length: 3\r\n\r\n'));
    await eventually('refused', () => errors.length === 1);
    expect(errors[0]).toMatch(/content/);
    client.send('abcrest');
    await client.until(/rest$/);
    expect(client.received).toBe(`${SWITCHING}rest`);
  });

  test('a response that has begun cannot become an upgrade, and an upgrade cannot become a response', async () => {
    const errors: string[] = [];
    server.plane.serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      try {
        exchange.upgrade(echo);
      } catch (error) {
        errors.push((error as Error).message);
      }
      exchange.end('');
      exchange.upgrade(echo);
    });
    client.send(GET);
    await client.until(/\r\n\r\n$/);
    expect(errors).toHaveLength(1);
    expect(client.received).toMatch(/^HTTP\/1\.1 200/);
    serve((_, exchange) => {
      expect(() => exchange.respond(200, '', 'too late', false)).toThrow('answered once');
    });
    client.send(UPGRADE);
    await eventually('given', () => given.length === 1);
    await sleep(20);
    expect(client.received).not.toContain('too late');
  });

  test.each(['reset', 'half-closed'])('a client that has disconnected gets no upgrade: %s', async (how) => {
    let gone = false;
    server.plane.serve((exchange) => {
      exchange.onGone = () => (gone = true);
      exchange.onAbort = () => setTimeout(() => exchange.upgrade((socket) => given.push(socket)), 5);
    });
    client.send(UPGRADE);
    await eventually('received', () => server.connections.underWay.length === 1);
    if (how === 'reset') client.socket.resetAndDestroy();
    else client.socket.end();
    await eventually('closed', () => server.statistics().open === 0);
    expect([gone, given.length]).toEqual([true, 0]);
  });

  test('an upgraded connection counts as open, has no timeout, makes no room, and is cut at the end of a drain', async () => {
    serve((socket) => socket.write(SWITCHING));
    client.send(UPGRADE);
    await client.until(/\r\n\r\n$/);
    expect(server.statistics().open).toBe(1);
    server.pass(10_000_000);
    server.pass(10_000_000);
    let drained = false;
    const drain = server.connections.drain().then(() => (drained = true));
    await sleep(50);
    expect([server.statistics().open, drained, client.ended]).toEqual([1, false, false]);
    const closed = once(given[0] as Duplex, 'close');
    expect(server.connections.destroy()).toBe(1);
    await closed;
    await drain;
    expect(server.statistics().open).toBe(0);
  });

  test('an error of the socket reaches its owner and does not throw', async () => {
    let error: Error | undefined;
    serve((socket) => {
      socket.write(SWITCHING);
      socket.on('error', (its) => (error = its));
      socket.resume();
    });
    client.send(UPGRADE);
    await client.until(/\r\n\r\n$/);
    client.socket.resetAndDestroy();
    await eventually('closed', () => server.statistics().open === 0);
    expect(error?.message).toMatch(/ECONNRESET/);
  });
});

test('an upgraded connection has no timeout while a slow client reads earlier answers, nor afterwards', async () => {
  const server = await openPlane({ io: PUBLIC });
  const socket = new HeldSocket();
  let given = 0;
  server.plane.serve((exchange) => {
    if (exchange.head.target === '/chat')
      exchange.upgrade((its) => {
        given++;
        its.write(SWITCHING);
      });
    else exchange.respond(200, '', '', false);
  });
  server.accept(socket.accepted);
  socket.push(GET + UPGRADE);
  await eventually('given', () => given === 1);
  expect(socket.holds).toBe(true);
  server.pass(10_000_000);
  expect(socket.destroyed).toBe(false);
  socket.release(9);
  await eventually('taken', () => socket.taken.endsWith(SWITCHING));
  server.pass(10_000_000);
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});
