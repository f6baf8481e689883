// A turn must leave no state to the next turn, whatever an application does: no bytes in the output region, no record that
// points into the content of a request, no connection that still holds the turn.

import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import { type Client, eventually, sleep } from '../support/client.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { readAll, watch } from '../support/watched.ts';
import { ENGINE_WAYS } from '../support/ways.ts';

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (target: string, content: string, fields = ''): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: ${content.length}\r\n\r\n${content}`;

describe.each(ENGINE_WAYS)('%s engine, $read reads', (engine, io) => {
  let server: OpenedPlane;
  beforeEach(async () => {
    server = await openPlane({ engine, io });
  });
  const open = (): Promise<Client> => server.connect();
  const told = (text: string): string[] =>
    readResponses(text).map(({ statusCode, content }) => `${statusCode} ${content}`);
  const echo = (exchange: Exchange): void => exchange.respond(200, '', exchange.head.target, false);
  /** Checks that another connection gets its response. */
  const expectFresh = async (): Promise<void> => {
    const client = await open();
    client.send(get('/fresh'));
    expect(told(await client.until((text) => text.endsWith('/fresh')))).toEqual(['200 /fresh']);
    client.close();
  };

  test('a synchronous answer that closes while content is on its way', async () => {
    server.plane.serve(echo);
    for (const request of [
      'POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\nConnection: close\r\n\r\nabc',
      'POST /asked HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n',
      'POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nab',
    ]) {
      const client = await open();
      client.send(request);
      expect(told(await client.end())).toHaveLength(1);
      await expectFresh();
    }
  });

  test('content that ends too early leaves no part of its head', async () => {
    server.plane.serve((exchange) => {
      const { target } = exchange.head;
      if (target === '/fresh') return echo(exchange);
      const send = (): void => {
        exchange.begin(200, '', 10, false);
        exchange.end('');
      };
      if (target === '/now') send();
      else setTimeout(send, 10);
    });
    for (const target of ['/now', '/later']) {
      const client = await open();
      client.send(get(target));
      await eventually('cut', () => client.ended || client.socket.destroyed);
      expect(client.received).toBe('');
      await expectFresh();
    }
  });

  test('complete responses are sent before a response that fails, and the failure is logged', async () => {
    server.plane.serve((exchange) =>
      exchange.head.target === '/broken' ? exchange.breakOff() : echo(exchange),
    );
    const client = await open();
    client.send(get('/1') + get('/2') + get('/broken') + get('/3'));
    await eventually('cut', () => client.socket.destroyed || client.ended);
    expect(told(client.received)).toEqual(['200 /1', '200 /2', '500 ']);
    await expectFresh();
  });

  test('an exchange of another connection is answered within a turn', async () => {
    const waiting: Exchange[] = [];
    server.plane.serve((exchange) => {
      const { target } = exchange.head;
      if (target.startsWith('/wait')) {
        waiting.push(exchange);
        return;
      }
      if (target === '/release')
        for (const other of waiting.splice(0)) {
          if (other.head.target.endsWith('stream')) {
            other.begin(200, '', 6, false);
            other.write(Buffer.from('stream'));
            other.end('');
          } else other.respond(200, '', other.head.target, false);
        }
      echo(exchange);
    });
    const others = await Promise.all([open(), open(), open()]);
    for (const [i, other] of others.entries())
      other.send(get(i === 2 ? '/wait/stream' : `/wait/${i}`) + get(`/next/${i}`));
    await eventually('all wait', () => waiting.length === 3);
    const client = await open();
    const fields = 'X: 12345\r\n';
    client.send(get('/before') + get('/release') + get('/after') + post('/last', 'abc', fields));
    expect(told(await client.until((text) => text.endsWith('/last')))).toEqual([
      '200 /before',
      '200 /release',
      '200 /after',
      '200 /last',
    ]);
    for (const [i, other] of others.entries())
      expect(told(await other.until((text) => text.endsWith(`/next/${i}`)))).toEqual([
        i === 2 ? '200 stream' : `200 /wait/${i}`,
        `200 /next/${i}`,
      ]);
  });

  test.each(['respond', 'stream', 'end', 'prepared'])(
    "a response within another connection's turn has no bytes of that turn: %s",
    async (kind) => {
      let waiting: Exchange | undefined;
      server.plane.serve((exchange) => {
        const { target } = exchange.head;
        if (target === '/wait') {
          waiting = exchange;
          if (kind === 'end') exchange.begin(200, '', 0, false);
          return;
        }
        if (target === '/release' && waiting !== undefined) {
          if (kind === 'respond') waiting.respond(200, '', 'late', false);
          else if (kind === 'prepared') waiting.answer(0);
          else if (kind === 'stream') {
            waiting.begin(200, '', 4, false);
            waiting.write(Buffer.from('late'));
            waiting.end('');
          } else waiting.end('');
        }
        echo(exchange);
      });
      const other = await open();
      other.send(get('/wait'));
      await eventually('waiting', () => waiting !== undefined);
      const client = await open();
      client.send(get('/before') + get('/release') + get('/after'));
      const received = await client.until((text) => text.endsWith('/after'));
      expect(told(received)).toEqual(['200 /before', '200 /release', '200 /after']);
      const answer = { respond: '200 late', stream: '200 late', end: '200 ', prepared: '200 Hello1' }[kind];
      expect(told(await other.until((text) => text.includes('\r\n\r\n')))).toEqual([answer]);
    },
  );

  test('responses before a response that is cut are sent', async () => {
    server.plane.serve((exchange) => {
      if (exchange.head.target !== '/cut') return echo(exchange);
      exchange.begin(200, '', 10, false);
      exchange.end('');
    });
    const client = await open();
    client.send(get('/1') + get('/2') + get('/cut'));
    await eventually('cut', () => client.socket.destroyed || client.ended);
    expect(told(client.received)).toEqual(['200 /1', '200 /2']);
  });

  test('a trailer section in three reads, with and without a next request', async () => {
    const methods: string[] = [];
    server.plane.serve((exchange) => {
      methods.push(exchange.head.method);
      if (exchange.head.target === '/late') setTimeout(() => echo(exchange), 60);
      else echo(exchange);
    });
    const head = (target: string): string =>
      `POST ${target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSu`;
    const late = await open();
    late.send(head('/late'));
    await sleep(20);
    late.send(`m: 1\r\n\r\n${get('/next')}`);
    expect(told(await late.until((text) => text.endsWith('/next')))).toEqual(['200 /late', '200 /next']);
    expect(methods).toEqual(['POST', 'GET']);
    const left = await open();
    left.send(head('/left'));
    await left.until((text) => text.endsWith('/left'));
    left.send('m');
    await sleep(20);
    left.socket.end();
    expect(told(await left.end())).toEqual(['200 /left']);
  });

  test('an application that throws', async () => {
    server.plane.serve((exchange) => {
      const { target } = exchange.head;
      if (target === '/throw') throw new Error('thrown');
      if (target === '/throw/begun') {
        exchange.begin(200, '', undefined, false);
        exchange.write(Buffer.from('abc'));
        throw new Error('thrown');
      }
      echo(exchange);
      if (target === '/throw/answered') throw new Error('thrown');
    });
    const plain = await open();
    plain.send(get('/1') + post('/throw', 'x'.repeat(10)) + get('/2'));
    expect(told(await plain.end())).toEqual(['200 /1', '500 ']);
    await expectFresh();
    const partial = await open();
    partial.send(post('/throw', 'x'.repeat(10)).slice(0, -3));
    expect(told(await partial.end())).toEqual(['500 ']);
    await expectFresh();
    const begun = await open();
    begun.send(get('/1') + get('/throw/begun') + get('/2'));
    await eventually('cut', () => begun.socket.destroyed || begun.ended);
    expect(begun.received).not.toMatch(/\r\n0\r\n/);
    await expectFresh();
    const answered = await open();
    answered.send(get('/throw/answered') + get('/2'));
    expect(told(await answered.until((text) => text.endsWith('/2')))).toEqual([
      '200 /throw/answered',
      '200 /2',
    ]);
    await expectFresh();
  });

  test('a request that has been answered is not refused as well when its content breaks off', async () => {
    server.plane.serve(echo);
    const short = await open();
    short.socket.end(post('/short', 'x'.repeat(10)).slice(0, -3));
    expect(told(await short.end())).toEqual(['200 /short']);
    const slow = await open();
    slow.send(post('/slow', 'x'.repeat(10)).slice(0, -3));
    await slow.until((text) => text.endsWith('/slow'));
    server.pass(1_000_000);
    expect(told(await slow.end())).toEqual(['200 /slow']);
    const bad = await open();
    bad.send('POST /bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab');
    await bad.until((text) => text.endsWith('/bad'));
    bad.send('cdeXX');
    expect(told(await bad.end())).toEqual(['200 /bad']);
    await expectFresh();
  });

  test('a malformed chunk right behind a head of two reads: the response to HEAD has no content', async () => {
    server.plane.serve(echo);
    const client = await open();
    client.send('HE');
    await sleep(20);
    client.send('AD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nX');
    const [response] = readResponses(await client.end(), new Set([0]));
    expect(response?.statusCode).toBe(400);
    await expectFresh();
  });

  test('a pipelined request whose client closed before the end of the content', async () => {
    const malformed = 'PUT /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nX\r\n';
    for (const second of [post('/2', 'x'.repeat(10)).slice(0, -3), malformed]) {
      const exchanges: Exchange[] = [];
      server.plane.serve((exchange) => {
        exchanges.push(exchange);
      });
      const client = await open();
      client.socket.end(get('/1') + second);
      await eventually('aborted', () => exchanges[0]?.aborted !== undefined);
      exchanges[0]?.respond(200, '', 'one', false);
      expect(readResponses(await client.end()).map(({ statusCode }) => statusCode)).toEqual([200, 400]);
      expect(exchanges).toHaveLength(1);
    }
  });

  test('requests that are begun after the peer has closed its side are aborted from the start', async () => {
    const exchanges: Exchange[] = [];
    server.plane.serve((exchange) => {
      exchanges.push(exchange);
    });
    const client = await open();
    client.socket.end(get('/1') + get('/2'));
    await eventually('aborted', () => exchanges[0]?.aborted !== undefined);
    exchanges[0]?.respond(200, '', 'one', false);
    expect(exchanges[1]?.aborted).toBeInstanceOf(Error);
    exchanges[1]?.respond(200, '', 'two', false);
    expect(told(await client.end())).toEqual(['200 one', '200 two']);
  });

  test('100 Continue is not sent for content that is cancelled', async () => {
    server.plane.serve((exchange) => {
      exchange.content?.cancel();
      echo(exchange);
    });
    const client = await open();
    client.send('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n');
    const received = await client.end();
    expect(told(received)).toEqual(['200 /x']);
    expect(readResponses(received)[0]?.fields.get('connection')).toBe('close');
  });

  test('all chunks of one read are taken whole', async () => {
    server.plane.serve((exchange) => {
      const whole = exchange.content?.takeWhole();
      const trailers = exchange.content?.trailers.map((pair) => pair.join('=')).join();
      exchange.respond(200, '', `${Buffer.from(whole ?? []).toString('latin1')} ${trailers}`, false);
    });
    const client = await open();
    const chunks = '3;x=y\r\nabc\r\n1\r\nd\r\n10\r\n0123456789abcdef\r\n';
    client.send(
      `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\nSum: 1\r\n\r\n${get('/y')}`,
    );
    const received = await client.until((text) => text.split('HTTP/1.1').length === 3);
    expect(told(received)).toEqual(['200 abcd0123456789abcdef Sum=1', '200  undefined']);
  });

  test('the head of a request that was answered at once is gone after the turn', async () => {
    let exchange: Exchange | undefined;
    server.plane.serve((open) => {
      exchange = open;
      echo(open);
    });
    const client = await open();
    client.send(get('/x'));
    await client.until((text) => text.endsWith('/x'));
    expect(() => exchange?.head.target).toThrow('the request has been answered');
    expect(() => exchange?.head.findField('host')).toThrow('the request has been answered');
  });

  test('a response sent within onAbort is the only one', async () => {
    const { handlerTimeoutMs } = server.plane.deadlines;
    server.plane.serve((exchange) => {
      if (exchange.head.target === '/fresh') return echo(exchange);
      exchange.onAbort = () => {
        exchange.begin(200, '', undefined, false);
        exchange.write(Buffer.from('late'));
        setImmediate(() => exchange.end(''));
      };
    });
    const client = await open();
    client.send(get('/x'));
    await sleep(20);
    server.pass(handlerTimeoutMs);
    await client.until((text) => text.endsWith('0\r\n\r\n'));
    expect(client.received.split('HTTP/1.1')).toHaveLength(2);
    client.close();
    await expectFresh();
  });

  test('pipelined bytes give a handler no more time', async () => {
    const { handlerTimeoutMs } = server.plane.deadlines;
    const watched = [] as ReturnType<typeof watch>[];
    server.plane.serve((exchange) => {
      watched.push(watch(exchange));
    });
    const client = await open();
    client.send(get('/x'));
    for (let i = 0; i < 4; i++) {
      await sleep(20);
      server.pass(handlerTimeoutMs / 3);
      client.send('G');
    }
    await eventually('answered', () => client.received !== '');
    expect(watched[0]?.aborts).toHaveLength(1);
  });

  test('the response goes on when content fails behind its head', async () => {
    const { bodyTimeoutMs } = server.plane.deadlines;
    let exchange: Exchange | undefined;
    let failure: unknown;
    server.plane.serve((open) => {
      exchange = open;
      open.begin(200, '', undefined, false);
      open.write(Buffer.from('a'));
      readAll(open).catch((error) => {
        failure = error;
      });
    });
    const client = await open();
    client.send(post('/x', 'abc').slice(0, -1));
    await client.until((text) => text.includes('\r\n\r\n1\r\na\r\n'));
    server.pass(bodyTimeoutMs);
    await eventually('failed', () => failure !== undefined);
    server.pass(1000);
    exchange?.write(Buffer.from('b'));
    exchange?.end('');
    expect(await client.end()).toMatch(/\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n$/);
  });
});

test('errors that an application throws are logged', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  const server = await openPlane({ log: 'errors' });
  const thrown = new Error('thrown');
  server.plane.serve(() => {
    throw thrown;
  });
  const client = await server.connect();
  client.send(get('/'));
  await client.end();
  client.close();
  expect(logged.mock.calls).toEqual([['The application failed:', thrown]]);
  logged.mockRestore();
});
