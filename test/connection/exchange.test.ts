// Responses that an application sends, whole or piece by piece, and that a strict parser reads.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Application, Exchange } from '../../src/connection/exchange.ts';
import { type Client, eventually, sleep } from '../support/client.ts';
import { HeldSocket } from '../support/held-socket.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { type Response, readResponses } from '../support/responses.ts';
import { watch } from '../support/watched.ts';
import { ENGINE_WAYS } from '../support/ways.ts';

const HEADS = new Set([0]);

describe.each(ENGINE_WAYS)('%s engine, $write writes', (engine, io) => {
  let server: OpenedPlane;
  let client: Client;
  beforeEach(async () => {
    server = await openPlane({ engine, io });
    client = await server.connect();
  });
  const reconnect = async (): Promise<void> => {
    client.close();
    client = await server.connect();
  };
  const request = (method = 'GET', version = '1.1', fields = ''): string =>
    `${method} /x HTTP/${version}\r\nHost: a\r\n${fields}\r\n`;
  /** The response to a request that closes its connection. */
  const answerTo = async (application: Application, text = request('GET', '1.1')): Promise<Response> => {
    server.plane.serve(application);
    client.send(text.replace(/\r\n\r\n$/, '\r\nConnection: close\r\n\r\n'));
    const heads = text.startsWith('HEAD') ? HEADS : undefined;
    const responses = readResponses(await client.end(), heads, 'any');
    expect(responses).toHaveLength(1);
    return responses[0] as Response;
  };
  const cut = (): Promise<void> => eventually('cut', () => client.ended || client.socket.destroyed);

  describe('respond()', () => {
    const FIELDS = 'x-a: 1\r\nx-b: 2\r\n';
    test.each([0, 1, 15, 16, 17, 16_383, 16_384, 16_385, 65_000, 65_536, 65_537, 1_048_576])(
      '%d bytes, as text and as bytes, now and later',
      async (size) => {
        const text = 'hotpath!'.repeat(size / 8 + 1).slice(0, size);
        server.plane.serve((exchange) => {
          const content = exchange.head.target.startsWith('/text') ? text : Buffer.from(text);
          if (exchange.head.target.endsWith('now')) exchange.respond(200, FIELDS, content, false);
          else setImmediate(() => exchange.respond(200, FIELDS, content, false));
        });
        const targets = ['/text/now', '/bytes/now', '/text/later', '/bytes/later', '/text/now'];
        client.send(targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
        client.socket.end();
        const responses = readResponses(await client.end());
        expect(responses).toHaveLength(5);
        for (const { statusCode, fields, content } of responses) {
          expect(statusCode).toBe(200);
          expect(fields.get('x-b')).toBe('2');
          expect(content === text).toBe(true);
        }
      },
    );

    test('a response that fills the output region exactly, or is a few bytes shorter or longer', async () => {
      // The space for the content depends on the size of the head, which the first response shows.
      server.plane.serve((exchange) =>
        exchange.respond(200, '', 'x'.repeat(Number(exchange.head.target.slice(1))), false),
      );
      const ask = (size: number): string => `GET /${size} HTTP/1.1\r\nHost: a\r\n\r\n`;
      client.send(ask(10_000));
      const { length } = await client.until((text) => text.endsWith('x'.repeat(10_000)));
      const left = 65_536 - (length - 10_000);
      const sizes = [-2, -1, 0, 1, 2, 16, 64, 65].map((more) => left + more);
      client.received = '';
      client.send(sizes.map(ask).join(''));
      client.socket.end();
      expect(readResponses(await client.end()).map(({ content }) => content.length)).toEqual(sizes);
    });

    test('a response that does not fit behind earlier responses is sent after them', async () => {
      const large = `x: ${'x'.repeat(32_000)}\r\n`;
      const kinds: Record<string, Application> = {
        '/small': (exchange) => exchange.respond(200, '', 'abc', false),
        '/fields': (exchange) => exchange.respond(200, large, '', false),
        '/text': (exchange) => exchange.respond(200, '', 'x'.repeat(64_000), false),
        '/large': (exchange) => exchange.respond(200, '', 'x'.repeat(20_000), false),
        '/piece': (exchange) => {
          exchange.begin(200, '', undefined, false);
          exchange.write(Buffer.alloc(16_384, 'x'));
          exchange.end('');
        },
        '/tight': (exchange) => {
          exchange.begin(200, large.slice(31_000).replace(/^/, 'x: '), undefined, false);
          exchange.write(Buffer.alloc(16_384, 'x'));
          exchange.end('');
        },
        '/most': (exchange) => exchange.respond(200, '', 'x'.repeat(48_650), false),
        '/trailers': (exchange) => {
          exchange.begin(200, '', undefined, false);
          exchange.write(Buffer.alloc(16_384, 'x'));
          exchange.end(large);
        },
        '/head': (exchange) => {
          exchange.begin(200, large, undefined, false);
          exchange.end('');
        },
      };
      server.plane.serve((exchange) => kinds[exchange.head.target]?.(exchange));
      const targets = Object.keys(kinds).flatMap((target) => ['/text', target, '/small', target, target]);
      const ask = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
      // A full region must not overflow into the next region.
      const { bytes } = server.engine.slot.views;
      const next = server.engine.slot.outputs[1] as number;
      const marked = bytes.subarray(next, next + 65_536);
      for (const target of Object.keys(kinds)) {
        await reconnect();
        marked.fill(0xab);
        client.send(ask('/text') + ask('/most') + ask(target) + ask('/small'));
        await client.until(/\r\n\r\nabc$/);
        expect(
          marked.every((byte) => byte === 0xab),
          target,
        ).toBe(true);
      }
      await reconnect();
      client.send(targets.map(ask).join(''));
      client.socket.end();
      const sizes: Record<string, number> = {
        '/small': 3,
        '/text': 64_000,
        '/most': 48_650,
        '/large': 20_000,
      };
      for (const target of ['/piece', '/tight', '/trailers']) sizes[target] = 16_384;
      const responses = readResponses(await client.end(), undefined, 'any');
      expect(responses.map(({ content }) => content.length)).toEqual(
        targets.map((target) => sizes[target] ?? 0),
      );
    });

    test.each(['é', '€', '😀', '\ud800', 'a\u0000b', `${'x'.repeat(16_383)}é`, '€'.repeat(30_000)])(
      'text %#',
      async (text) => {
        const { content } = await answerTo((exchange) => exchange.respond(200, '', text, false));
        expect(content === Buffer.from(text).toString('latin1')).toBe(true);
      },
    );

    test.each([204, 304])('%d has neither content nor length', async (statusCode) => {
      const { fields, content } = await answerTo((exchange) => exchange.respond(statusCode, '', 'no', false));
      expect([fields.get('content-length'), content]).toEqual([undefined, '']);
    });

    test('205 has length 0; an unknown status has no phrase', async () => {
      const { fields } = await answerTo((exchange) => exchange.respond(205, '', '', false));
      expect(fields.get('content-length')).toBe('0');
      await reconnect();
      await answerTo((exchange) => exchange.respond(599, '', 'a', false));
      expect(client.received).toMatch(/^HTTP\/1\.1 599 \r\n/);
    });

    test('the response to HEAD has the length and no content', async () => {
      for (const content of ['', 'abc', 'x'.repeat(100_000)]) {
        await reconnect();
        const response = await answerTo(
          (exchange) => exchange.respond(200, '', content, false),
          request('HEAD'),
        );
        expect(response.fields.get('content-length')).toBe(String(content.length));
        client.close();
      }
    });

    test('HTTP version, request and application decide whether the connection closes', async () => {
      const connections: (string | undefined)[] = [];
      for (const [version, fields, close] of [
        ['1.0', '', false],
        ['1.0', 'Connection: keep-alive\r\n', false],
        ['1.0', 'Connection: keep-alive\r\n', true],
        ['1.1', '', false],
        ['1.1', '', true],
        ['1.1', 'Connection: close\r\n', false],
      ] as const) {
        server.plane.serve((exchange) => exchange.respond(200, '', 'abc', close));
        await reconnect();
        client.send(request('GET', version, fields));
        await client.until(/abc$/);
        await sleep(20);
        const [response] = readResponses(client.received);
        const connection = response?.fields.get('connection');
        connections.push(connection);
        expect(client.ended).toBe(connection === 'close');
        client.close();
      }
      expect(connections).toEqual(['close', 'keep-alive', 'close', undefined, 'close', 'close']);
    });

    test('fields that are too large throw before any byte is sent; a second response throws', async () => {
      const thrown: unknown[] = [];
      const attempt = (action: () => void): void => {
        try {
          action();
        } catch (error) {
          thrown.push(error);
        }
      };
      const large = `x: ${'x'.repeat(32_768)}\r\n`;
      const { content } = await answerTo((exchange) => {
        attempt(() => exchange.respond(200, large, '', false));
        attempt(() => exchange.begin(200, large, 3, false));
        exchange.respond(200, `${'x'.repeat(32_000)}: x\r\n`, 'abc', false);
        expect(exchange.over).toBe(true);
        attempt(() => exchange.respond(200, '', 'again', false));
        attempt(() => exchange.begin(200, '', 3, false));
        exchange.answer(0);
      });
      expect(content).toBe('abc');
      expect(thrown.slice(0, 2).every((error) => error instanceof RangeError)).toBe(true);
      expect(thrown.slice(2).map(String)).toEqual(Array(2).fill('Error: a request is answered once'));
    });
  });

  describe('begin(), write(), end()', () => {
    const pieces = [1, 2, 16_383, 16_384, 16_385, 3, 102_400, 102_400, 1, 0, 5].map((size, i) =>
      Buffer.alloc(size, 97 + i),
    );
    const whole = Buffer.concat(pieces).toString('latin1');
    const stream =
      (length: number | undefined, trailers = '', slowly = false): Application =>
      (exchange) => {
        exchange.begin(200, 'x: y\r\n', length, false);
        const left = [...pieces];
        const next = (): void => {
          for (;;) {
            const piece = left.shift();
            if (piece === undefined) {
              exchange.end(trailers);
              return;
            }
            if (!exchange.write(piece)) break;
            if (slowly) {
              setImmediate(next);
              return;
            }
          }
          exchange.onDrain = () => {
            exchange.onDrain = undefined;
            next();
          };
        };
        next();
      };

    test.each([false, true])('chunked, with trailers; slowly: %s', async (slowly) => {
      const response = await answerTo(stream(undefined, 'sum: 1\r\n', slowly));
      expect(response.content === whole).toBe(true);
      expect(response.chunks).toEqual(pieces.map(({ length }) => length).filter((length) => length > 0));
      expect([...(response.trailers ?? [])]).toEqual([['sum', '1']]);
    });

    test.each([false, true])('by length; slowly: %s', async (slowly) => {
      const response = await answerTo(stream(whole.length, '', slowly));
      expect(response.content === whole).toBe(true);
      expect(response.fields.get('content-length')).toBe(String(whole.length));
    });

    test('a large chunk may be the only one, or the last', async () => {
      for (const sizes of [[20_000], [3, 20_000], [20_000, 102_400]]) {
        await reconnect();
        const { chunks } = await answerTo((exchange) => {
          exchange.begin(200, '', undefined, false);
          // The wait keeps the stream from ending at once.
          setTimeout(() => {
            for (const size of sizes) exchange.write(Buffer.alloc(size, 'x'));
            exchange.end('');
          }, 5);
        });
        expect(chunks).toEqual(sizes);
      }
    });

    test('a stream that ends at once is sent with its length', async () => {
      const { content, fields } = await answerTo((exchange) => {
        exchange.begin(200, '', undefined, false);
        exchange.write(Buffer.from('abc'));
        exchange.end('');
      });
      expect([content, fields.get('content-length')]).toEqual(['abc', '3']);
    });

    test('a stream may close the connection', async () => {
      server.plane.serve((exchange) => {
        exchange.begin(200, '', 3, true);
        exchange.write(Buffer.from('abc'));
        exchange.end('');
      });
      client.send(request().repeat(2));
      const [response, ...more] = readResponses(await client.end());
      expect([response?.fields.get('connection'), more]).toEqual(['close', []]);
    });

    test('a response of unknown length to HEAD keeps an HTTP/1.0 connection open if the client asks for keep-alive', async () => {
      server.plane.serve((exchange) => {
        exchange.begin(200, '', undefined, false);
        exchange.end('');
      });
      client.send(request('HEAD', '1.0', 'Connection: keep-alive\r\n').repeat(2));
      await client.until((text) => text.split('\r\n\r\n').length === 3);
      expect(client.received).toMatch(
        /^(HTTP\/1\.1 200 OK\r\n(Date: .*\r\n)?Connection: keep-alive\r\n\r\n){2}$/i,
      );
    });

    test('the close ends a stream of unknown length to an HTTP/1.0 client', async () => {
      const response = await answerTo(stream(undefined), request('GET', '1.0', ''));
      expect(response.content === whole).toBe(true);
      expect(response.fields.get('connection')).toBe('close');
      expect(response.fields.get('transfer-encoding')).toBeUndefined();
      await reconnect();
      server.plane.serve(stream(undefined));
      client.send(request('GET', '1.0', 'Connection: keep-alive\r\n'));
      const [kept] = readResponses(await client.end(), undefined, 'any');
      expect(kept?.fields.get('connection')).toBe('close');
    });

    test.each([
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ])('%s with %d: nothing may follow', async (method, statusCode) => {
      let follows = true;
      let error: unknown;
      const { content, fields } = await answerTo((exchange) => {
        follows = exchange.begin(statusCode, '', 10, false);
        try {
          exchange.write(Buffer.from('abc'));
        } catch (thrown) {
          error = thrown;
        }
        exchange.end('');
      }, request(method));
      expect([follows, content, error instanceof RangeError]).toEqual([false, '', true]);
      expect(fields.get('content-length')).toBe(method === 'HEAD' ? '10' : undefined);
    });

    test('more content than the announced length throws; less content cuts the connection', async () => {
      let error: unknown;
      const more = await answerTo((exchange) => {
        exchange.begin(200, '', 3, false);
        exchange.write(Buffer.from('ab'));
        try {
          exchange.write(Buffer.from('cd'));
        } catch (thrown) {
          error = thrown;
        }
        exchange.write(Buffer.from('c'));
        exchange.end('');
      });
      expect(more.content).toBe('abc');
      expect(error).toBeInstanceOf(RangeError);
      await reconnect();
      let watched: ReturnType<typeof watch> | undefined;
      server.plane.serve((exchange) => {
        watched = watch(exchange);
        exchange.begin(200, '', 4, false);
        exchange.write(Buffer.from('abc'));
        exchange.end('');
      });
      client.send(request());
      await cut();
      expect(() => readResponses(client.received)).toThrow('content of 3 bytes, not 4');
      await eventually('gone', () => watched?.gone === 1);
      expect(watched?.aborts).toHaveLength(1);
    });

    test('a chunked response that breaks off has no last chunk', async () => {
      server.plane.serve((exchange) => {
        exchange.begin(200, '', undefined, false);
        exchange.write(Buffer.from('abc'));
        setTimeout(() => exchange.breakOff(), 20);
      });
      client.send(request());
      await cut();
      expect(client.received).toMatch(/3\r\nabc\r\n$/);
    });

    test('the head is sent at once when no content follows yet', async () => {
      let exchange: Exchange | undefined;
      server.plane.serve((open) => {
        exchange = open;
        open.begin(200, 'content-type: text/event-stream\r\n', undefined, false);
      });
      client.send(request());
      await client.until(/\r\n\r\n$/);
      exchange?.write(Buffer.from('data: 1\n\n'));
      await client.until(/data: 1\n\n\r\n$/);
      expect(exchange?.write(new Uint8Array(0))).toBe(true);
      exchange?.end('');
      await client.until(/\r\n0\r\n\r\n$/);
    });

    test('calls do nothing after the client has disconnected', async () => {
      let exchange: Exchange | undefined;
      server.plane.serve((open) => {
        exchange = open;
      });
      client.send(request());
      await eventually('handed over', () => exchange !== undefined);
      client.socket.resetAndDestroy();
      await eventually('gone', () => exchange?.over === true);
      exchange?.respond(200, '', 'abc', false);
      exchange?.begin(200, '', undefined, false);
      expect(exchange?.write(Buffer.from('abc'))).toBe(true);
      exchange?.end('');
      exchange?.answer(0);
      exchange?.breakOff();
    });
  });
});

test.each(['direct', 'public'] as const)(
  'head and first chunk are sent in one write, %s writes',
  async (write) => {
    const server = await openPlane({ io: { accept: 'public', read: 'public', write } });
    const held = (): HeldSocket => {
      const socket = new HeldSocket();
      server.accept(socket.accepted);
      socket.release(1);
      socket.push('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      return socket;
    };
    server.plane.serve((exchange) => {
      setTimeout(() => {
        exchange.begin(200, '', undefined, false);
        exchange.write(Buffer.from('abc'));
      }, 5);
    });
    const streaming = held();
    await eventually('written', () => streaming.taken !== '');
    expect(streaming.taken).toMatch(/\r\n\r\n3\r\nabc\r\n$/);
    server.plane.serve((exchange) => {
      setTimeout(() => {
        exchange.begin(200, '', 0, false);
        exchange.end('');
      }, 5);
    });
    const empty = held();
    await eventually('written', () => empty.taken !== '');
    expect(readResponses(empty.taken)).toHaveLength(1);
    streaming.destroy();
    empty.destroy();
  },
);
