// The figures of a server: each answered request once, by route, method and status; refusals by reason; bytes, times,
// listeners. Every test of a plane checks at its end that all requests are counted once (test/support/plane.ts).

import { describe, expect, test } from 'vitest';
import { Response } from '../../src/index.ts';
import { viewsOf } from '../../src/memory/views.ts';
import { Figures } from '../../src/wasm/figures.ts';
import { createMemory } from '../../src/wasm/memory.ts';
import { addStatistics, readStatistics, type Statistics } from '../../src/wasm/statistics.ts';
import { slotPointer } from '../../src/wasm/statistics-row.ts';
import { attach } from '../support/attached-app.ts';
import { eventually } from '../support/client.ts';
import { LIMITS, type TestedEngine } from '../support/engines.ts';
import { type OpenedPlane, openPlane, viewOf } from '../support/plane.ts';
import { DIRECT, PUBLIC, type Way } from '../support/ways.ts';

const WAYS: [TestedEngine, Way][] = [
  ['wasm', DIRECT],
  ['wasm debug', PUBLIC],
  ['js', DIRECT],
];

function counts({ responses }: Statistics): string[] {
  return responses.map(({ count, method, route, status }) => `${count} ${method} ${route} ${status}`).sort();
}

describe.each(WAYS)('%s engine, $read reads', (engine, io) => {
  async function open(app: Parameters<typeof attach>[1]): Promise<OpenedPlane> {
    const server = await openPlane({ engine, io, contentBytesMax: 100 });
    await attach(server.plane, app, { worker: 0, server: viewOf(server), trustProxy: 0 });
    return server;
  }

  /** Sends requests one after the other on one connection each, and waits for the ends of the responses. */
  async function ask(server: OpenedPlane, ...requests: string[]): Promise<void> {
    for (const request of requests) {
      const client = await server.connect();
      client.send(request.replace('\r\n', ' HTTP/1.1\r\nHost: a\r\nConnection: close\r\n'));
      await client.end();
    }
  }

  test('count responses by route, method and status, whoever answers', async () => {
    const server = await open({
      routes: {
        '/fixed': new Response('fixed', { headers: { ETag: '"1"' } }),
        '/users/:id': {
          GET: ({ params }) => new Response(params.id),
          POST: async () => new Response('', { status: 201 }),
        },
        '/fails': () => {
          throw new Error('no');
        },
        '/stream': () => new Response(new Blob(['a']).stream()),
      },
      fetch: ({ url }) => new Response(null, { status: url.endsWith('/old') ? 301 : 404 }),
    });
    await ask(
      server,
      'GET /fixed\r\n\r\n',
      'HEAD /fixed\r\n\r\n',
      'GET /fixed\r\nIf-None-Match: "1"\r\n\r\n',
      'PUT /fixed\r\n\r\n',
      'GET /users/1\r\n\r\n',
      'GET /users/2\r\n\r\n',
      'POST /users/1\r\n\r\n',
      'GET /fails\r\n\r\n',
      'GET /stream\r\n\r\n',
      'GET /old\r\n\r\n',
      'QUERY /\r\n\r\n',
    );
    expect(counts(server.statistics())).toEqual([
      '1 GET /fails 5xx',
      '1 GET /fixed 2xx',
      '1 GET /fixed 3xx',
      '1 GET /stream 2xx',
      '1 GET fetch 3xx',
      '1 HEAD /fixed 2xx',
      '1 POST /users/:id 2xx',
      '1 PUT /fixed 4xx',
      '1 other fetch 4xx',
      '2 GET /users/:id 2xx',
    ]);
  });

  test('count pipelined requests of the engine and of handlers', async () => {
    const server = await open({ routes: { '/a': new Response('a'), '/b': () => new Response('b') } });
    const client = await server.connect();
    client.send('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
    await client.until((received) => received.split('HTTP/1.1 200').length === 41);
    expect(counts(server.statistics())).toEqual(['20 GET /a 2xx', '20 GET /b 2xx']);
  });

  test('count refusals by reason, and the requests among them once', async () => {
    const server = await open({
      fetch: async (request) => new Response(await request.text()),
    });
    await ask(
      server,
      'POST /\r\nContent-Length: 101\r\n\r\n',
      'POST /\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const client = await server.connect();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    await eventually('begun', () => server.statistics().requests === 1);
    client.send('x\r\n');
    await client.end();
    const { refused, refusals } = server.statistics();
    expect(refusals).toEqual([
      { reason: 'Transfer-Encoding with Content-Length or in HTTP/1.0', count: 1 },
      { reason: 'content too large', count: 1 },
      { reason: 'malformed chunk', count: 1 },
    ]);
    expect(refused).toBe(3);
    expect(counts(server.statistics())).toEqual(['1 POST fetch 4xx']);
  });

  test('count a request whose client has gone before the response, and one that comes too late', async () => {
    let answer = (): void => {};
    const server = await open({
      fetch: () => new Promise((resolve) => (answer = () => resolve(new Response('a')))),
    });
    const client = await server.connect();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually('begun', () => server.statistics().requests === 1);
    client.socket.resetAndDestroy();
    await eventually('closed', () => server.statistics().open === 0);
    answer();
    expect(counts(server.statistics())).toEqual(['1 GET fetch none']);
    const late = await server.connect();
    late.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually('begun', () => server.statistics().requests === 2);
    server.pass(500_001);
    await late.end();
    expect(counts(server.statistics())).toEqual(['1 GET fetch 5xx', '1 GET fetch none']);
    expect(server.statistics().refusals).toEqual([
      { reason: 'the application did not answer in time', count: 1 },
    ]);
  });

  test('count bytes and connections', async () => {
    const server = await open({ fetch: async (request) => new Response(await request.text()) });
    const client = await server.connect();
    const request = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n${'a'.repeat(50)}`;
    client.send(request);
    await client.until(/a{50}$/);
    const { receivedBytes, sentBytes, listeners } = server.statistics();
    expect(receivedBytes).toBe(request.length);
    expect(sentBytes).toBe(client.received.length);
    expect(listeners).toEqual([{ accepted: 1, open: 1, dropped: 0 }]);
  });

  test('times are of handlers, not of the machine: a handler that waits counts as long as it waits', async () => {
    const server = await open({
      fetch: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return new Response('a');
      },
    });
    await ask(server, 'GET /\r\n\r\n');
    const { handlerTimes, requestTimes } = server.statistics();
    expect(handlerTimes.count).toBe(1);
    expect(handlerTimes.sum).toBeGreaterThan(0.025);
    expect(handlerTimes.buckets.find(({ le }) => le === 0.025)?.count).toBe(0);
    expect(requestTimes.sum).toBeGreaterThanOrEqual(handlerTimes.sum);
  });
});

describe('the figures of a slot', () => {
  const memory = createMemory({ ...LIMITS, slotCount: 2 });
  const views = viewsOf(memory);
  const figures = new Figures(views, slotPointer(1));

  test('keep the place of a route, and have one place for the routes that do not fit', () => {
    const first = figures.cellsOf('/0');
    for (let i = 0; i < 200; i++) figures.answered(figures.cellsOf(`/${i}`), 1, 200);
    expect(figures.cellsOf('/0')).toBe(first);
    const { responses } = readStatistics(views);
    expect(responses.find(({ route }) => route === 'other')?.count).toBe(200 - 127);
    expect(responses.reduce((sum, { count }) => sum + count, 0)).toBe(200);
  });

  test('cut off the name of a long route between two characters', () => {
    const name = `/${'ä'.repeat(100)}`;
    const other = new Figures(views, slotPointer(0));
    other.answered(other.cellsOf(name), 1, 200);
    expect(readStatistics(views).responses.map(({ route }) => route)).toContain(`/${'ä'.repeat(63)}`);
  });

  test('of two servers add up', () => {
    const one = readStatistics(views);
    const both = addStatistics(one, one);
    expect(both.responses.find(({ route }) => route === 'other')?.count).toBe(146);
    expect(both.responses).toHaveLength(one.responses.length);
  });
});
