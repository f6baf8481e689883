// Limits of connections over several threads.

import { afterEach, describe, expect, test } from 'vitest';
import type { Bound } from '../../src/connection/bind.ts';
import { ask, type Client, connect, eventually, GET, sleep } from '../support/client.ts';
import { readResponses } from '../support/responses.ts';
import { type Supervised, startSupervised } from '../support/supervised.ts';

let server: Supervised;
let clients: Client[] = [];
afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
});

/** Asks on a new connection, which stays open. */
async function statusOf(address?: string): Promise<number | undefined> {
  const client = await connect(server.port, address);
  clients.push(client);
  client.send(GET);
  await eventually('answered', () => client.received.includes('\r\n\r\n') || client.socket.destroyed);
  return readResponses(client.received)[0]?.statusCode;
}

describe.each(['auto', 'shared'] as const)('%s sockets', (sockets) => {
  test.each([
    { workers: 2, maxConnections: 20 },
    { workers: 2, maxConnections: 2 },
    { workers: 4, maxConnections: 4 },
  ])('idle connections make room, whichever thread has them: %o', async (options) => {
    server = await startSupervised(options, sockets);
    for (let i = 0; i < options.maxConnections; i++) expect(await statusOf()).toBe(200);
    for (let i = 0; i < 2 * options.maxConnections; i++) expect(await statusOf()).toBe(200);
  });
});

test('the limit of connections of an address holds over all threads, and connections of dead threads are released', async () => {
  server = await startSupervised({ workers: 2, maxConnectionsPerAddress: 6 });
  const address = '127.0.0.7';
  for (let i = 0; i < 6; i++) expect(await statusOf(address)).toBe(200);
  for (let i = 0; i < 4; i++) expect(await statusOf(address)).toBe(503);
  expect(await statusOf('127.0.0.8')).toBe(200);
  for (const ordinal of [0, 1]) {
    server.killWorker(ordinal);
    await eventually('replaced', () =>
      server.notes.some((note) => note.startsWith(`Worker ${ordinal} `) && note.includes('replacing')),
    );
  }
  await eventually('all closed', () => clients.every(({ ended, socket }) => ended || socket.destroyed));
  let places = 0;
  // The new threads must listen first.
  for (let i = 0; i < 100 && places < 6; i++) {
    const status = await statusOf(address).catch(() => undefined);
    if (status === 200) places++;
    else await sleep(50);
  }
  expect(places).toBe(6);
  expect(await statusOf(address)).toBe(503);
});

test('each worker listens on sockets that are its own, or all on one', async () => {
  server = await startSupervised({ workers: 2 });
  const taken = server.heard.flatMap((message) => (message.type === 'take' ? message.socket : []));
  const { way } = server.bound[0] as Bound;
  expect(taken.sort((a, b) => a - b)).toEqual(way === 'per-worker' ? [0, 1, 2, 3, 4, 5, 6, 7] : [0, 1]);
  const sockets = new Set(taken.map((socket) => server.bound[0]?.handleOf(socket)));
  expect(sockets.size).toBe(way === 'per-worker' ? 8 : 1);
  // The kernel spreads connections over all of them, and each is served.
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(server.port)));
  for (const answer of answers) expect(answer).toMatch(/Hello\d+$/);
});
