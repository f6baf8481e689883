// No deadline expires early, even if it was set between two ticks of the clock. Input that arrived in time while the event
// loop was blocked is read before any deadline expires.

import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Deadlines, Timeout } from '../../src/connection/deadlines.ts';
import type { Exchange } from '../../src/connection/exchange.ts';
import { type Client, eventually, GET, sleep } from '../support/client.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { readAll } from '../support/watched.ts';
import { WAYS } from '../support/ways.ts';

/** A short tick, so that deadlines start before the event loop is blocked. */
const TICK_MS = 10;
const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';

/** Blocks the event loop. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('a timeout', () => {
  test.each([1, 5, 200, 250, 10_000])('of %d ms is never early, whenever it was set', (timeoutMs) => {
    for (let setMs = 1000; setMs < 2000; setMs += 3.7)
      for (const tickMs of [250, 251.3, 3000]) {
        const deadline = new Timeout();
        let passedMs = 0;
        let isSet = false;
        for (let nowMs = 750; passedMs === 0; nowMs += tickMs) {
          if (!isSet && nowMs >= setMs) {
            deadline.set(timeoutMs);
            isSet = true;
          }
          // The event loop was blocked between setting it and the tick.
          if (deadline.tick(Math.floor(nowMs))) passedMs = nowMs;
        }
        expect(passedMs - setMs).toBeGreaterThanOrEqual(timeoutMs);
        expect(passedMs - setMs).toBeLessThanOrEqual(timeoutMs + 2 * tickMs + 2);
      }
  });

  test('that is set again between a tick and the next poll does not expire', () => {
    const deadline = new Timeout();
    deadline.set(100);
    expect([deadline.tick(1000), deadline.tick(1100), deadline.tick(1101), deadline.passed(1101)]).toEqual([
      false,
      false,
      true,
      true,
    ]);
    deadline.set(1);
    expect([deadline.passed(1101), deadline.tick(1200), deadline.tick(1202)]).toEqual([false, false, true]);
    deadline.setAt(1300);
    expect([deadline.passed(1299), deadline.passed(1300)]).toEqual([false, true]);
  });
});

describe.each(WAYS)('$read reads', (io) => {
  let server: OpenedPlane;
  let opened = 0;
  const start = async (deadlines: Partial<Deadlines>): Promise<void> => {
    server = await openPlane({ io, deadlines, contentBytesMax: 10_000_000, tickMs: TICK_MS });
    opened = 0;
  };
  const open = async (): Promise<Client> => {
    const client = await server.connect();
    opened++;
    await eventually('accepted', () => server.statistics().accepted === opened);
    return client;
  };
  const serve = (application: (exchange: Exchange) => unknown): void => server.plane.serve(application);
  const statuses = ({ received }: Client): number[] =>
    readResponses(received).map(({ statusCode }) => statusCode);

  test('a handler of 5 ms is always within a handler timeout of 200 ms', async () => {
    await start({ handlerTimeoutMs: 200 });
    serve((exchange) => setTimeout(() => exchange.respond(200, '', 'in time', false), 5));
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = await server.connect();
        for (let i = 0; i < 100; i++) {
          client.received = '';
          client.send(GET);
          expect(await client.until(/in time$|\n$/)).toMatch(/^HTTP\/1\.1 200/);
        }
      }),
    );
  });

  test('a handler timeout of 1 ms ends a handler that takes long, and no other', async () => {
    await start({ handlerTimeoutMs: 1 });
    serve((exchange) => {
      if (exchange.head.target === '/never') return;
      exchange.respond(200, '', 'at once', false);
    });
    const client = await open();
    for (let i = 0; i < 30; i++) {
      client.send(GET);
      await client.until(/at once$/);
      client.received = '';
      await sleep(i);
    }
    client.send(GET.replace('/ ', '/never '));
    expect(readResponses(await client.end()).map(({ statusCode }) => statusCode)).toEqual([503]);
  });

  const TIMEOUT_MS = 200;
  const SHORT: Partial<Deadlines> = {
    headTimeoutMs: TIMEOUT_MS,
    idleTimeoutMs: TIMEOUT_MS,
    bodyTimeoutMs: TIMEOUT_MS,
  };
  /** Long enough that a timeout set some ticks earlier expires. */
  const BLOCK_MS = TIMEOUT_MS + 5 * TICK_MS;

  /** The bytes that each client sends before a timeout begins, and the bytes that arrive during the block. */
  test.each([
    ['a request on a new connection', '', GET, [200]],
    ['a request on an idle connection', GET, GET, [200, 200]],
    ['a pipeline', GET, GET.repeat(3), [200, 200, 200, 200]],
    ['the rest of a head', GET.slice(0, 20), GET.slice(20), [200]],
    ['the rest of a content', `${POST}Content-Length: 9\r\n\r\n1234`, '56789', [200]],
    [
      'the rest of chunked content',
      `${POST}Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n`,
      '5\r\n56789\r\n0\r\n\r\n',
      [200],
    ],
  ])('%s that arrives while the event loop is blocked is answered', async (_, before, then, expected) => {
    await start(SHORT);
    for (const answers of ['the engine', 'the application']) {
      server.plane.serve(
        answers === 'the engine'
          ? undefined
          : async (exchange) => {
              const content = await readAll(exchange).catch(() => undefined);
              if (content !== undefined) exchange.respond(200, '', `read ${content.length}`, false);
            },
      );
      const client = await open();
      client.send(before);
      await sleep(20);
      client.send(then);
      block(BLOCK_MS);
      await eventually('answered', () => client.ended || statuses(client).length === expected.length);
      expect(statuses(client)).toEqual(expected);
      client.close();
      await eventually('closed', () => server.statistics().open === 0);
    }
  });

  test('a lot of content that arrived while the event loop was blocked counts for its rate', async () => {
    await start({ ...SHORT, bodyRateMin: 1_000_000 });
    serve(async (exchange) => {
      const content = await readAll(exchange).catch(() => undefined);
      if (content !== undefined) exchange.respond(200, '', `read ${content.length}`, false);
    });
    const client = await open();
    client.send(`${POST}Content-Length: 1000000\r\n\r\n`);
    await sleep(30);
    client.socket.write(Buffer.alloc(1_000_000));
    block(BLOCK_MS);
    expect(await client.until(/read 1000000$|\n$/)).toMatch(/^HTTP\/1\.1 200/);
  });

  test('a handler whose own response is ready while the event loop is blocked gets no 503', async () => {
    await start({ handlerTimeoutMs: TIMEOUT_MS });
    const upstream = net.createServer().listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const asked = net.connect((upstream.address() as AddressInfo).port, '127.0.0.1');
    const [peer] = (await once(upstream, 'connection')) as [net.Socket];
    let handled = false;
    serve((exchange) => {
      handled = true;
      asked.once('data', (data) => exchange.respond(200, '', String(data), false));
    });
    const client = await open();
    client.send(GET);
    await eventually('handled', () => handled);
    peer.write('upstream');
    block(BLOCK_MS);
    expect(await client.until(/upstream$|\n$/)).toMatch(/^HTTP\/1\.1 200/);
    asked.destroy();
    peer.destroy();
    upstream.close();
  });

  test('a deadline expires after the block when nothing arrived', async () => {
    await start(SHORT);
    const [silent, idle, half] = [await open(), await open(), await open()];
    idle.send(GET);
    half.send(GET.slice(0, 9));
    await sleep(50);
    block(BLOCK_MS);
    await Promise.all([silent, idle, half].map((client) => client.end()));
    expect([silent, idle, half].map(statuses)).toEqual([[], [200], [408]]);
  });

  test('a client that sends a byte now and then does not avoid the minimum upload rate', async () => {
    await start({ bodyTimeoutMs: TIMEOUT_MS, bodyRateMin: 100_000 });
    const client = await open();
    client.send(`${POST}Content-Length: 1000000\r\n\r\n`);
    const sending = setInterval(() => client.send('x'), 1);
    await client.end();
    clearInterval(sending);
    expect(statuses(client)).toEqual([408]);
  });

  test('a request that arrived before a drain is answered, though the event loop was blocked', async () => {
    await start({});
    const client = await open();
    client.send(GET);
    await client.until(/Hello1$/);
    server.listener.close();
    const drained = server.connections.drain();
    client.send(GET);
    block(50);
    expect(readResponses(await client.end()).map(({ content }) => content)).toEqual(['Hello1', 'Hello2']);
    client.close();
    await drained;
  });
});
