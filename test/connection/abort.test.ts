// Clients that disconnect at every stage, and handlers that take too long: each side is notified once, and the server keeps
// nothing of the request.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Io } from '../../src/connection/endpoint.ts';
import type { Exchange } from '../../src/connection/exchange.ts';
import { type Client, connect, eventually, sleep } from '../support/client.ts';
import type { TestedEngine } from '../support/engines.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { readAll, type Watched, watch } from '../support/watched.ts';
import { DIRECT, PUBLIC } from '../support/ways.ts';

const WAYS: [TestedEngine, Io][] = [
  ['wasm', DIRECT],
  ['wasm debug', PUBLIC],
  ['js', { accept: 'public', read: 'direct', write: 'public' }],
];

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const POST = 'POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n';

describe.each(WAYS)('%s engine, $read reads, $write writes', (engine, io) => {
  let server: OpenedPlane;
  let client: Client;
  let watched: Watched[];
  beforeEach(async () => {
    server = await openPlane({ engine, io });
    client = await server.connect();
    watched = [];
  });
  const serve = (application: (exchange: Exchange) => unknown = () => {}): void =>
    server.plane.serve((exchange) => {
      watched.push(watch(exchange));
      application(exchange);
    });
  const told = ({ aborts, gone }: Watched): number[] => [aborts.length, gone];
  const allClosed = (): Promise<void> => eventually('closed', () => server.statistics().open === 0);

  /** Each stage: the bytes and the handler that lead to it, and whether the exchange is complete at that stage. */
  const STAGES: Record<
    string,
    { sent: string; application?: (exchange: Exchange) => unknown; complete?: true }
  > = {
    'before a head': { sent: '' },
    'within a head': { sent: 'GET / HTTP/1.1\r\nHo' },
    'while the handler waits': { sent: get('/') },
    'while the handler waits, with a pipeline behind it': {
      sent: get('/') + get('/2') + get('/3').slice(0, 9),
    },
    'before content': { sent: POST, application: (exchange) => readAll(exchange).catch(() => {}) },
    'within content that is read': {
      sent: `${POST}abc`,
      application: (exchange) => readAll(exchange).catch(() => {}),
    },
    'within content that the handler does not read': { sent: `${POST}abc` },
    'after the head of the response': {
      sent: get('/'),
      application: (exchange) => exchange.begin(200, '', undefined, false),
    },
    'within a stream': {
      sent: get('/'),
      application: (exchange) => {
        exchange.begin(200, '', undefined, false);
        exchange.write(Buffer.from('abc'));
      },
    },
    'within a stream that the peer does not read': {
      sent: get('/'),
      application: (exchange) => {
        exchange.begin(200, '', undefined, false);
        while (exchange.write(Buffer.alloc(1_000_000)));
      },
    },
    'within a stream of small pieces that the peer does not read': {
      sent: get('/'),
      application: (exchange) => {
        exchange.begin(200, '', undefined, false);
        while (exchange.write(Buffer.alloc(16_000)));
        for (let i = 0; i < 12; i++) exchange.write(Buffer.alloc(16_000));
      },
    },
    'within a whole response that the peer does not read': {
      sent: get('/'),
      application: (exchange) => exchange.respond(200, '', Buffer.alloc(50_000_000), false),
    },
    'right after a whole response': {
      sent: get('/'),
      application: (exchange) => exchange.respond(200, '', 'abc', false),
      complete: true,
    },
    'after the response, within its content': {
      sent: `${POST}abc`,
      application: (exchange) => exchange.respond(200, '', 'abc', false),
      complete: true,
    },
  };

  test.each(Object.entries(STAGES))('a reset %s', async (_, { sent, application, complete }) => {
    serve(application);
    client.socket.pause();
    if (sent !== '') client.send(sent);
    await (sent.includes('\r\n\r\n')
      ? eventually('handed over', () => watched.length > 0)
      : eventually('accepted', () => server.statistics().accepted > 0));
    await sleep(10);
    client.socket.resetAndDestroy();
    await allClosed();
    for (const each of watched) expect(told(each)).toEqual(complete ? [0, 0] : [1, 1]);
    expect(watched.every(({ exchange }) => exchange.over)).toBe(true);
    await sleep(5);
    for (const { exchange } of watched)
      if (exchange.content !== undefined) await expect(readAll(exchange)).rejects.toThrow();
  });

  test.each(
    Object.entries(STAGES).filter(([, { sent, complete }]) => sent.endsWith('\r\n\r\n') && !complete),
  )('the end of its side, then of all, %s', async (stage, { sent, application }) => {
    serve(application);
    client.socket.pause();
    client.send(sent);
    await eventually('handed over', () => watched.length > 0);
    client.socket.end();
    await eventually('aborted', () => watched[0]?.exchange.aborted !== undefined);
    client.close();
    const [first] = watched as [Watched];
    if (!first.exchange.over) first.exchange.breakOff();
    await allClosed();
    // A response that breaks off before its head was sent is replaced by a complete error response.
    expect(told(first)).toEqual([1, stage === 'while the handler waits' ? 0 : 1]);
  });

  test('a peer that has closed its side still gets its whole response', async () => {
    serve();
    const large = 'x'.repeat(300_000);
    for (const answer of [
      (exchange: Exchange) => exchange.respond(200, '', 'late', false),
      (exchange: Exchange) => exchange.respond(200, '', large, false),
      async (exchange: Exchange) => {
        exchange.begin(200, '', 8, false);
        exchange.write(Buffer.from('late'));
        await sleep(10);
        exchange.write(Buffer.from('late'));
        exchange.end('');
      },
    ]) {
      client.close();
      client = await server.connect();
      watched = [];
      client.socket.end(get('/'));
      await eventually('aborted', () => watched[0]?.aborts.length === 1);
      await answer(watched[0]?.exchange as Exchange);
      const [response] = readResponses(await client.end());
      expect(['late', 'latelate', large]).toContain(response?.content);
      expect(told(watched[0] as Watched)).toEqual([1, 0]);
    }
  });

  test('a silent stream to a peer that has closed its side is cut after 2 s', async () => {
    serve((exchange) => {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.from('a'));
    });
    client.socket.end(get('/'));
    await eventually('aborted', () => watched[0]?.aborts.length === 1);
    server.pass(1500);
    watched[0]?.exchange.write(Buffer.from('b'));
    await client.until(/1\r\nb\r\n$/);
    server.pass(1500);
    await sleep(20);
    expect(told(watched[0] as Watched)).toEqual([1, 0]);
    server.pass(1000);
    await allClosed();
    expect(told(watched[0] as Watched)).toEqual([1, 1]);
  });

  test('a request whose handler exceeds the handler timeout gets 503', async () => {
    const { handlerTimeoutMs } = server.plane.deadlines;
    serve();
    for (const text of [
      get('/'),
      get('/').replace('GET', 'HEAD'),
      get('/').replace('1.1', '1.0'),
      get('/') + get('/2'),
    ]) {
      client.close();
      client = await server.connect();
      watched = [];
      client.send(text);
      await eventually('handed over', () => watched.length === 1);
      server.pass(handlerTimeoutMs - 100_000);
      expect(watched[0]?.aborts).toEqual([]);
      server.pass(100_000);
      const heads = text.startsWith('HEAD') ? new Set([0]) : undefined;
      const [response, ...more] = readResponses(await client.end(), heads);
      expect([response?.statusCode, response?.fields.get('connection'), more]).toEqual([503, 'close', []]);
      const [{ exchange, aborts }] = watched as [Watched];
      expect([exchange.over, aborts.length]).toEqual([true, 1]);
      exchange.respond(200, '', 'too late', false);
      exchange.begin(200, '', 3, false);
      exchange.write(Buffer.from('abc'));
      exchange.end('');
      expect(watched).toHaveLength(1);
    }
    expect(server.statistics().refused).toBe(4);
  });

  test('a stream that makes no progress is cut, and a stream that makes progress is not', async () => {
    const { handlerTimeoutMs } = server.plane.deadlines;
    serve((exchange) => exchange.begin(200, '', undefined, false));
    client.send(get('/'));
    await client.until(/\r\n\r\n$/);
    for (let i = 0; i < 3; i++) {
      server.pass(handlerTimeoutMs * 0.8);
      watched[0]?.exchange.write(Buffer.from('a'));
      await sleep(5);
    }
    expect(told(watched[0] as Watched)).toEqual([0, 0]);
    server.pass(handlerTimeoutMs);
    await allClosed();
    expect(told(watched[0] as Watched)).toEqual([1, 1]);
    expect(watched[0]?.aborts[0]).toMatchObject({ code: 'ERR_HANDLER_TIMEOUT' });
    expect(client.received).toMatch(/(1\r\na\r\n){3}$/);
  });

  test('responses to exchanges that are open when the server begins to drain have Connection: close', async () => {
    serve();
    const others = await Promise.all([server.connect(), server.connect(), server.connect()]);
    client.send(get('/respond'));
    others[0]?.send(get('/stream'));
    others[1]?.send(`${POST}abc`);
    others[2]?.send(get('/1') + get('/2'));
    await eventually('handed over', () => watched.length === 4);
    let drained = false;
    server.listener.close();
    const draining = server.connections.drain().then(() => {
      drained = true;
    });
    await sleep(30);
    expect(drained).toBe(false);
    for (const { exchange } of watched.slice()) {
      if (exchange.head.target === '/stream') {
        exchange.begin(200, '', 3, false);
        exchange.write(Buffer.from('abc'));
        exchange.end('');
      } else exchange.respond(200, '', 'abc', false);
    }
    await eventually('the pipelined one', () => watched.length === 5);
    watched[4]?.exchange.respond(200, '', 'abc', false);
    for (const each of [client, ...others]) {
      const responses = readResponses(await each.end());
      expect(responses.map(({ fields }) => fields.get('connection')).at(-1)).toBe('close');
      expect(responses).toHaveLength(each === others[2] ? 2 : 1);
      each.close();
    }
    await draining;
  });

  test('onDrain is called when the client has disconnected', async () => {
    let drains = 0;
    serve((exchange) => {
      exchange.onDrain = () => drains++;
      exchange.begin(200, '', undefined, false);
      while (exchange.write(Buffer.alloc(1_000_000)));
    });
    client.socket.pause();
    client.send(get('/'));
    await eventually('handed over', () => watched.length > 0);
    client.socket.resetAndDestroy();
    await allClosed();
    expect([drains, watched[0]?.gone]).toEqual([1, 1]);
  });

  test('a prepared response while the server drains has Connection: close', async () => {
    serve();
    client.send(get('/'));
    await eventually('handed over', () => watched.length === 1);
    server.listener.close();
    const draining = server.connections.drain();
    watched[0]?.exchange.answer(0);
    const [response] = readResponses(await client.end());
    expect(response?.fields.get('connection')).toBe('close');
    // The peer leaves its side open.
    server.pass(2000);
    await draining;
  });

  test('a request pipelined behind a synchronous response is answered while the server drains', async () => {
    serve((exchange) => exchange.respond(200, '', 'abc', false));
    server.plane.slot.draining = true;
    client.send(get('/1') + get('/2'));
    const responses = readResponses(await client.end());
    expect(responses.map(({ fields }) => fields.get('connection'))).toEqual([undefined, 'close']);
  });

  test('a stream that was begun before the server drains is the last response', async () => {
    serve((exchange) => {
      exchange.begin(200, '', 6, false);
      exchange.write(Buffer.from('abc'));
    });
    client.send(get('/'));
    await client.until(/abc$/);
    server.listener.close();
    const draining = server.connections.drain();
    await sleep(20);
    watched[0]?.exchange.write(Buffer.from('def'));
    watched[0]?.exchange.end('');
    expect(readResponses(await client.end())).toHaveLength(1);
    server.pass(2000);
    await draining;
  });

  test('a prepared answer that an application sends', async () => {
    serve((exchange) =>
      exchange.head.target === '/later' ? setImmediate(() => exchange.answer(0)) : exchange.answer(0),
    );
    client.send(get('/') + get('/later') + get('/'));
    client.socket.end();
    expect(readResponses(await client.end()).map(({ content }) => content)).toEqual([
      'Hello1',
      'Hello2',
      'Hello3',
    ]);
  });
});

test('thousands of aborted requests leak no memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const server = await openPlane();
  let open = 0;
  let gone = 0;
  server.plane.serve((exchange) => {
    open++;
    exchange.onGone = () => gone++;
    if (exchange.head.target === '/stream') {
      exchange.begin(200, '', undefined, false);
      exchange.write(Buffer.from('abc'));
    }
    exchange.content?.read().catch(() => {});
  });
  const texts = [get('/'), get('/stream'), `${POST}abc`];
  const round = async (count: number): Promise<number> => {
    for (let i = 0; i < count; i += 100) {
      const before = open;
      const clients = await Promise.all(Array.from({ length: 100 }, () => connect(server.port)));
      for (const [k, client] of clients.entries()) client.send(texts[k % 3] as string);
      while (open < before + 100) await sleep(1);
      for (const client of clients) client.socket.resetAndDestroy();
      while (gone < open) await sleep(1);
    }
    collect();
    await sleep(10);
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = await round(500);
  const after = await round(2500);
  // An exchange with its head and its content takes some 2 KB: 2,500 of them would be 5 MB.
  expect(after - before).toBeLessThan(3_000_000);
  expect([open, gone, server.statistics().open]).toEqual([3000, 3000, 0]);
});
