// A plane serves sockets of several endpoints at once. Each endpoint decides how its sockets are read and written.

import { beforeEach, expect, test } from 'vitest';
import { type Io, plainEndpoint } from '../../src/connection/endpoint.ts';
import { type Listener, listen } from '../../src/connection/listener.ts';
import { type Client, connect, eventually, GET } from '../support/client.ts';
import { atEnd } from '../support/fixtures.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { readAll } from '../support/watched.ts';
import { DIRECT, PUBLIC } from '../support/ways.ts';

const WAYS: Io[] = [
  DIRECT,
  PUBLIC,
  { accept: 'public', read: 'public', write: 'direct' },
  { accept: 'public', read: 'direct', write: 'public' },
];

let server: OpenedPlane;
let listeners: Listener[];
let clients: Client[];
beforeEach(async () => {
  server = await openPlane();
  const at = { host: '127.0.0.1', port: 0, reusePort: false };
  listeners = await Promise.all(WAYS.map((io) => listen(server.connections, at, plainEndpoint(io))));
  clients = await connectAll();
  atEnd(() => {
    for (const listener of listeners) listener.close();
  });
});
const connectAll = (): Promise<Client[]> =>
  Promise.all(
    listeners.map(async ({ port }) => {
      const client = await connect(port);
      atEnd(client.close);
      return client;
    }),
  );

test('heads and contents that arrive in halves, by turns, are not mixed up', async () => {
  server.plane.serve((exchange) => {
    void readAll(exchange).then((content) => exchange.respond(200, '', content, false));
  });
  const text = (i: number): string =>
    `POST /${i} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${`${i}`.repeat(1000)}`;
  for (let from = 0; from < text(0).length; from += 61) {
    for (const [i, client] of clients.entries()) client.send(text(i).slice(from, from + 61));
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const [i, client] of clients.entries()) {
    await client.until((received) => received.endsWith(`${i}`.repeat(1000)));
    expect(readResponses(client.received)).toHaveLength(1);
  }
});

test('pipelines that the engine answers and slow readers of large contents do not disturb each other', async () => {
  const large = Buffer.alloc(4 * 1024 * 1024, 'x');
  server.plane.serve((exchange) => exchange.respond(200, '', large, false));
  for (const client of clients) {
    client.socket.pause();
    client.send(GET);
  }
  await eventually('all are waited for', () => server.plane.outputs.spare === 7 - clients.length);
  server.plane.serve(undefined);
  const others = await connectAll();
  for (const client of others) client.send(GET.repeat(1000));
  for (const client of others) {
    await client.until((received) => received.split('HTTP/1.1 200').length === 1001);
  }
  for (const client of clients) client.socket.resume();
  for (const client of clients) await client.until(large.length);
});
