// The limits on the number of connections, and on the requests of each connection.

import { spawn } from 'node:child_process';
import { describe, expect, test, vi } from 'vitest';
import { AddressCounts, createAddressLimit } from '../../src/connection/addresses.ts';
import type { Connection } from '../../src/connection/connection.ts';
import { type ConnectionLimits, limitConnections } from '../../src/connection/limits.ts';
import type { LogLevel } from '../../src/connection/log.ts';
import { LongestWaiting } from '../../src/connection/longest-waiting.ts';
import { type Client, eventually, GET, sleep } from '../support/client.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { DIRECT, ENGINES_OVER_TLS, type Way } from '../support/ways.ts';

let server: OpenedPlane;
let clients: Client[] = [];
const start = async (limits: Partial<ConnectionLimits>, log: LogLevel = 'silent'): Promise<void> => {
  server = await openPlane({ log, limits });
  clients = [];
};
const open = async (count: number): Promise<Client[]> => {
  const opened = await Promise.all(Array.from({ length: count }, () => server.connect()));
  clients.push(...opened);
  return opened;
};
const answered = async (client: Client): Promise<boolean> => {
  client.send(GET);
  return (await client.until(/Hello\d+$/)) !== '';
};

test('a connection beyond the limit gets 503, and open connections continue', async () => {
  await start({ connectionsMax: 2 });
  const kept = await open(2);
  const [third] = (await open(1)) as [Client];
  const [response] = readResponses(await third.end());
  expect(response?.statusCode).toBe(503);
  third.close();
  await eventually('the third gone', () => server.statistics().open === 2);
  for (const client of kept) expect(await answered(client)).toBe(true);
  kept[0]?.close();
  await eventually('one gone', () => server.statistics().open === 1);
  const [fourth] = (await open(1)) as [Client];
  expect(await answered(fourth)).toBe(true);
});

test('the number of connections that read a 503 is also limited', async () => {
  await start({ connectionsMax: 1, refusalsMax: 3 });
  const [kept] = (await open(1)) as [Client];
  await eventually('accepted', () => server.statistics().open === 1);
  const others = await open(10);
  await eventually('all turned away', () =>
    others.every(({ ended, socket }) => ended || socket.destroyed || socket.readableEnded),
  );
  expect(others.filter(({ received }) => received.startsWith('HTTP/1.1 503'))).toHaveLength(3);
  expect(await answered(kept)).toBe(true);
});

test('connections that linger with a 503 do not count for the limit', async () => {
  await start({ connectionsMax: 2, refusalsMax: 8 });
  const kept = await open(2);
  const refused = await open(5);
  await Promise.all(refused.map((client) => client.end()));
  // The clients have not closed their side.
  for (const client of kept) client.close();
  await eventually('room', () => server.statistics().open === 0);
  for (const client of await open(2)) expect(await answered(client)).toBe(true);
  expect(server.statistics()).toMatchObject({ open: 2, accepted: 9, refused: 5 });
});

test('the last request that a connection may send closes it, anywhere in a pipeline', async () => {
  await start({ requestsMax: 5 });
  const [client] = (await open(1)) as [Client];
  client.send(GET);
  await client.until(/Hello1$/);
  client.send(GET.repeat(10));
  const responses = readResponses(await client.end());
  expect(responses.map(({ content }) => content)).toEqual(['Hello1', 'Hello2', 'Hello3', 'Hello4', 'Hello5']);
  expect(responses.map(({ fields }) => fields.get('connection'))).toEqual([
    ...Array(4).fill(undefined),
    'close',
  ]);
  // Each connection counts its own requests.
  const [other] = (await open(1)) as [Client];
  expect(await answered(other)).toBe(true);
});

test('out of descriptors: the oldest idle connection makes room, and the log is not flooded', async () => {
  await start({}, 'connections');
  const [oldest, busy, idle] = (await open(3)) as [Client, Client, Client];
  await answered(oldest);
  await answered(idle);
  busy.send(GET.slice(0, 9));
  await eventually('a head begun', () => server.statistics().open === 3);
  const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });
  server.connections.acceptFailed(error);
  await oldest.end();
  await eventually('the oldest gone', () => server.statistics().open === 2);
  for (let i = 0; i < 1000; i++) server.connections.acceptFailed(error);
  await idle.end();
  busy.send(GET.slice(9));
  await busy.until(/Hello3$/);
  expect(server.lines.filter((line) => line.includes('EMFILE'))).toHaveLength(1);
  server.pass(1000);
  server.connections.acceptFailed(error);
  expect(server.lines.filter((line) => line.includes('EMFILE'))).toHaveLength(2);
});

test('a client that disconnected before the server accepted it closes no other connection', async () => {
  await start({});
  const [client] = (await open(1)) as [Client];
  await answered(client);
  server.connections.acceptFailed(Object.assign(new Error('accept ECONNABORTED'), { code: 'ECONNABORTED' }));
  expect(await answered(client)).toBe(true);
});

describe('at the limit', () => {
  /** Waits until the server has closed `count` connections. @returns the indexes of all closed connections */
  const closed = async (among: Client[], count: number): Promise<number[]> => {
    const isClosed = ({ ended, socket }: Client): boolean => ended || socket.destroyed;
    await eventually('closed', () => among.filter(isClosed).length >= count);
    return [...among.keys()].filter((i) => isClosed(among[i] as Client));
  };

  test('the connection that has been idle longest makes room, and all new ones are answered', async () => {
    await start({ connectionsMax: 3 });
    const first = await open(3);
    for (const i of [1, 0, 2]) await answered(first[i] as Client);
    for (const expected of [[1], [0, 1], [0, 1, 2]]) {
      const [next] = (await open(1)) as [Client];
      expect(await answered(next)).toBe(true);
      expect(await closed(first, expected.length)).toEqual(expected);
      expect(server.statistics().open).toBe(3);
    }
    for (const client of clients.slice(3)) expect(await answered(client)).toBe(true);
    expect(server.statistics().refused).toBe(0);
  });

  test('20 of 20 connections that sent one request lock no client out', async () => {
    await start({ connectionsMax: 20 });
    for (const client of await open(20)) await answered(client);
    const others = await open(20);
    for (const client of others) expect(await answered(client)).toBe(true);
    expect(await closed(clients.slice(0, 20), 20)).toHaveLength(20);
    expect(server.statistics()).toMatchObject({ open: 20, refused: 0 });
  });

  test('a client that sends another request counts as idle for less time than others', async () => {
    await start({ connectionsMax: 3 });
    const [active, ...idle] = (await open(3)) as [Client, Client, Client];
    for (const client of [active, ...idle]) await answered(client);
    for (let i = 0; i < 6; i++) {
      await answered(active);
      const [next] = (await open(1)) as [Client];
      expect(await answered(next)).toBe(true);
    }
    expect(await answered(active)).toBe(true);
    expect(await closed(idle, 2)).toEqual([0, 1]);
  });

  test('a connection with an open exchange stays open, and the new connection gets 503', async () => {
    await start({ connectionsMax: 4 });
    server.plane.serve((exchange) => {
      if (exchange.head.target === '/stream') {
        exchange.begin(200, '', undefined, false);
        exchange.write(Buffer.alloc(30_000_000));
      }
    });
    const [waits, uploads, reads, head] = (await open(4)) as [Client, Client, Client, Client];
    reads.socket.pause();
    waits.send(GET);
    uploads.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1');
    reads.send(GET.replace('/', '/stream'));
    head.send(GET.slice(0, 9));
    await sleep(30);
    const [next] = (await open(1)) as [Client];
    expect(readResponses(await next.end()).map(({ statusCode }) => statusCode)).toEqual([503]);
    expect(server.statistics().open).toBe(4);
    for (const { socket } of clients) socket.resetAndDestroy();
  });

  test('clients that send no head, or a part of one, make room after a second', async () => {
    await start({ connectionsMax: 3 });
    const slow = await open(3);
    slow[0]?.send(GET.slice(0, 9));
    await sleep(20);
    server.pass(500);
    const [early] = (await open(1)) as [Client];
    expect(readResponses(await early.end())[0]?.statusCode).toBe(503);
    server.pass(600);
    // The clock counts from its tick before the last.
    server.pass(1);
    for (const byte of 'abc') {
      slow[0]?.send(byte);
      await sleep(5);
    }
    for (let i = 0; i < 3; i++) {
      const [next] = (await open(1)) as [Client];
      expect(await answered(next)).toBe(true);
    }
    expect(await closed(slow, 3)).toEqual([0, 1, 2]);
  });

  test("slow clients don't take the place of a client that has been idle for less time", async () => {
    await start({ connectionsMax: 4 });
    const [good, ...slow] = (await open(4)) as [Client, Client, Client, Client];
    for (const client of slow) client.send(GET.slice(0, 9));
    await sleep(20);
    server.pass(1100);
    server.pass(1);
    await answered(good);
    for (let i = 0; i < 3; i++) {
      const [next] = (await open(1)) as [Client];
      next.send(GET.slice(0, 9));
      await eventually('accepted', () => server.statistics().accepted === 5 + i);
    }
    expect(await closed(slow, 3)).toEqual([0, 1, 2]);
    expect(await answered(good)).toBe(true);
  });

  test('a thread closes an idle connection when another thread has no room for a new one', async () => {
    await start({ connectionsMax: 2 });
    const idle = await open(2);
    for (const client of idle) await answered(client);
    const { slot } = server.plane;
    // The connections became idle in this tick, so they may have been busy when the other thread asked for room.
    slot.wantRoom();
    server.pass(1);
    await sleep(20);
    expect(idle.map(({ ended }) => ended)).toEqual([false, false]);
    slot.wantRoom();
    server.pass(1);
    expect(await closed(idle, 1)).toEqual([0]);
    // There is room, so no connection is closed.
    slot.wantRoom();
    server.pass(1);
    await sleep(20);
    expect(await closed(idle, 1)).toEqual([0]);
  });

  test('an idle connection whose request arrives while the event loop is blocked is not closed for a new one', async () => {
    await start({ connectionsMax: 2 });
    // The block of this process does not stop another process, which sends a request, opens a new connection later, and then
    // sends a second request on the first connection.
    const script = `
      const net = require('node:net');
      const [port, request] = JSON.parse(process.argv[1]);
      const open = () => {
        const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
        socket.on('data', (bytes) => console.log(String(bytes))).on('error', (error) => console.log(error.code));
        return socket.on('end', () => console.log('closed'));
      };
      const longest = open();
      longest.write(request);
      longest.once('data', () => setTimeout(() => {
        open().on('connect', function () {
          this.write(request);
          longest.write(request);
        });
      }, 200));`;
    const child = spawn(process.execPath, ['-e', script, JSON.stringify([server.port, GET])]);
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (told += text));
    await eventually('asked once', () => told.includes('Hello1'));
    const [idle] = (await open(1)) as [Client];
    await answered(idle);
    const end = performance.now() + 500;
    while (performance.now() < end);
    await eventually('both are answered', () => /Hello3.*Hello4/s.test(told) || /closed|ECONN/.test(told));
    expect(told).not.toMatch(/closed|ECONN/);
    expect(await closed([idle], 1)).toEqual([0]);
    child.kill();
  });

  test('a client that connects right after the event loop was blocked also has a second for its request', async () => {
    await start({ connectionsMax: 1 });
    const [slow] = (await open(1)) as [Client];
    await eventually('accepted', () => server.statistics().open === 1);
    // The clock has not ticked since, so the connection seems to be older than the block.
    server.block(3000);
    const [next] = (await open(1)) as [Client];
    expect(readResponses(await next.end())[0]?.statusCode).toBe(503);
    expect(await answered(slow)).toBe(true);
  });

  test('during a flood of new connections, the server searches for idle connections now and then, not each time', () => {
    const busy = { waitsSince: 0, idle: false, makesRoom: vi.fn(() => false) };
    const connections = new Set(Array.from({ length: 10_000 }, () => ({ ...busy }) as unknown as Connection));
    const waiting = new LongestWaiting(connections);
    for (let i = 0; i < 1000; i++) expect(waiting.take(i, i, 0, true)).toBeUndefined();
    expect(busy.makesRoom.mock.calls.length).toBeLessThanOrEqual(70_000);
    waiting.forget();
    waiting.take(0, 0, 0, true);
    expect(busy.makesRoom.mock.calls.length).toBeGreaterThan(60_000);
  });
});

describe('a limit for each client address', () => {
  const from = (address: string): Promise<Client> => server.connect(address);
  const statusOf = async (client: Client): Promise<number | undefined> => {
    client.send(GET);
    await eventually('answered', () => client.received.includes('\r\n\r\n'));
    return readResponses(client.received)[0]?.statusCode;
  };

  test.each<[string, Way]>([
    ['plain HTTP', DIRECT],
    ...ENGINES_OVER_TLS.slice(0, 1).map(([, way]): [string, Way] => ['TLS', way]),
  ])(
    'refuses the next connection of the address with 503, and serves other addresses, over %s',
    async (_, io) => {
      const counts = new AddressCounts(createAddressLimit(2, 100), 0);
      server = await openPlane({ io, addresses: counts });
      const mine = [await from('127.0.0.2'), await from('127.0.0.2')];
      for (const client of mine) expect(await statusOf(client)).toBe(200);
      expect(await statusOf(await from('127.0.0.2'))).toBe(503);
      expect(await statusOf(await from('127.0.0.3'))).toBe(200);
      mine[0]?.close();
      await eventually('left', () => server.statistics().open === 2);
      expect(await statusOf(await from('127.0.0.2'))).toBe(200);
      expect(await statusOf(await from('127.0.0.2'))).toBe(503);
    },
  );

  test('applies before the limit of all connections: an address at its limit closes no connection of another address', async () => {
    const counts = new AddressCounts(createAddressLimit(1, 100), 0);
    server = await openPlane({ limits: { connectionsMax: 2 }, addresses: counts });
    const [mine, other] = [await from('127.0.0.2'), await from('127.0.0.3')];
    expect([await statusOf(mine), await statusOf(other)]).toEqual([200, 200]);
    expect(await statusOf(await from('127.0.0.2'))).toBe(503);
    expect([mine.ended, other.ended]).toEqual([false, false]);
    // A third address gets the place of the longest idle connection, whose address then has a free place.
    expect(await statusOf(await from('127.0.0.4'))).toBe(200);
    await mine.end();
    expect(await statusOf(await from('127.0.0.2'))).toBe(200);
  });
});

test('the limit stays below the limit of open files', async () => {
  await start({});
  expect(limitConnections(16_384, 32, Number.POSITIVE_INFINITY, 2)).toEqual({
    connectionsMax: 16_384,
    refusalsMax: 64,
  });
  for (const [workers, descriptors] of [
    [1, 256],
    [2, 1024],
    [16, 1024],
    [8, 4096],
  ] as const) {
    const { connectionsMax, refusalsMax } = limitConnections(16_384, 16 * workers, descriptors, workers);
    expect(connectionsMax + refusalsMax * workers).toBeLessThan(descriptors - 8 * workers - 32);
    expect(connectionsMax).toBeGreaterThan(descriptors / 2);
  }
  expect(limitConnections(10, 16, 1, 1)).toEqual({ connectionsMax: 1, refusalsMax: 1 });
});
