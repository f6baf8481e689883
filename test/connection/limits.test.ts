// How many connections there may be, and what each may ask for.

import { afterEach, expect, test } from 'vitest';
import { type ConnectionLimits, limitConnections } from '../../src/connection/limits.ts';
import { type Client, connect, eventually, GET } from '../support/client.ts';
import { startPlane, type TestedPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';

let server: TestedPlane;
let clients: Client[] = [];
const start = async (limits: Partial<ConnectionLimits>, level?: 'connections'): Promise<void> => {
  server = await startPlane('wasm', undefined, level, limits);
};
const open = async (count: number): Promise<Client[]> => {
  const opened = await Promise.all(Array.from({ length: count }, () => connect(server.port)));
  clients.push(...opened);
  return opened;
};
const answered = async (client: Client): Promise<boolean> => {
  client.send(GET);
  return (await client.until(/Hello\d+$/)) !== '';
};

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await server.stop();
  expect(server.statistics().open).toBe(0);
});

test('a connection beyond the limit gets 503, and the others go on', async () => {
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

test('those that may read their 503 are a limited number, too', async () => {
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

test('those that linger with their 503 take nobody else the room', async () => {
  await start({ connectionsMax: 2, refusalsMax: 8 });
  const kept = await open(2);
  const refused = await open(5);
  await Promise.all(refused.map((client) => client.end()));
  // None of them has closed its half.
  for (const client of kept) client.close();
  await eventually('room', () => server.statistics().open === 0);
  for (const client of await open(2)) expect(await answered(client)).toBe(true);
  expect(server.statistics()).toMatchObject({ open: 2, accepted: 9, refused: 5 });
});

test('the last request of a connection closes it, wherever in a pipeline it stands', async () => {
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
  // Another one has its own number.
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
  server.plane.acceptFailed(error);
  await oldest.end();
  await eventually('the oldest gone', () => server.statistics().open === 2);
  for (let i = 0; i < 1000; i++) server.plane.acceptFailed(error);
  await idle.end();
  busy.send(GET.slice(9));
  await busy.until(/Hello3$/);
  expect(server.lines.filter((line) => line.includes('EMFILE'))).toHaveLength(1);
  server.pass(1000);
  server.plane.acceptFailed(error);
  expect(server.lines.filter((line) => line.includes('EMFILE'))).toHaveLength(2);
});

test('a peer that was gone before it was accepted costs nobody anything', async () => {
  await start({});
  const [client] = (await open(1)) as [Client];
  await answered(client);
  server.plane.acceptFailed(Object.assign(new Error('accept ECONNABORTED'), { code: 'ECONNABORTED' }));
  expect(await answered(client)).toBe(true);
});

test('the limit keeps clear of what the system lets a process open', async () => {
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
