// The events of an exchange: a response was sent, a piece was sent. Also informational responses, and parts of a head that
// the application sets.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import { type Client, eventually, GET, sleep } from '../support/client.ts';
import { HeldSocket } from '../support/held-socket.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { WAYS } from '../support/ways.ts';

const LARGE = Buffer.alloc(8 * 1024 * 1024, 'x');
const PIECE = Buffer.from('a piece');
const request = (method = 'GET', version = '1.1', fields = ''): string =>
  `${method} / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`;

/** Records that bytes or a response were sent, or the error that prevents it. */
const noter = (notes: string[], name: string) => (error?: Error & { code?: string }) =>
  notes.push(error === undefined ? name : `${name}: ${error.code ?? error.message}`);

describe.each(WAYS)('$write writes', (io) => {
  let server: OpenedPlane;
  let client: Client;
  let notes: string[];
  beforeEach(async () => {
    server = await openPlane({ io });
    client = await server.connect();
    notes = [];
  });

  describe('a response has left', () => {
    test.each<[string, (exchange: Exchange) => void]>([
      ['whole', (exchange) => exchange.respond(200, '', 'abc', false)],
      ['whole, without content', (exchange) => exchange.respond(204, '', '', false)],
      [
        'from where its content lies',
        (exchange) => exchange.respond(200, '', LARGE.subarray(0, 100_000), false),
      ],
      ['prepared', (exchange) => exchange.answer(0)],
      [
        'in pieces',
        (exchange) => {
          exchange.begin(200, '', undefined, false);
          exchange.write(PIECE);
          exchange.write(PIECE);
          exchange.end('');
        },
      ],
      [
        'in pieces of a known length',
        (exchange) => {
          exchange.begin(200, '', PIECE.length, false);
          exchange.write(PIECE);
          exchange.end('');
        },
      ],
    ])('%s, at once and later: emitted once for each, in order, not within the call', async (_, answer) => {
      let number = 0;
      server.plane.serve((exchange) => {
        const name = `${++number}`;
        exchange.on('left', noter(notes, name));
        const run = (): void => {
          answer(exchange);
          notes.push(`${name} answered`);
        };
        if (number % 2 === 0) setImmediate(run);
        else run();
      });
      client.send(GET.repeat(4));
      await eventually('all left', () => notes.length === 8);
      for (const name of ['1', '2', '3', '4'])
        expect(notes.indexOf(name)).toBeGreaterThan(notes.indexOf(`${name} answered`));
      expect(notes.filter((note) => note.length === 1)).toEqual(['1', '2', '3', '4']);
    });

    test('only when a slow client has let the kernel take its last byte', async () => {
      server.plane.serve((exchange) => {
        exchange.on('left', noter(notes, 'left'));
        exchange.respond(200, '', LARGE, false);
      });
      client.socket.pause();
      client.send(GET);
      await eventually('lent', () => server.plane.outputs.spare === 6);
      await sleep(50);
      expect(notes).toEqual([]);
      client.socket.resume();
      await eventually('left', () => notes.length > 0);
      expect(notes).toEqual(['left']);
      await client.until((text) => text.length > LARGE.length);
    });

    test('never, when the client vanishes before', async () => {
      server.plane.serve((exchange) => {
        exchange.on('left', noter(notes, 'left'));
        exchange.on('gone', () => notes.push('gone'));
        exchange.begin(200, '', LARGE.length, false);
        exchange.write(LARGE, true);
        exchange.end('');
        notes.push(exchange.over ? 'over' : 'not over');
      });
      client.socket.pause();
      client.send(GET);
      await eventually('lent', () => server.plane.outputs.spare === 6);
      client.close();
      await eventually('told', () => notes.length > 1);
      // The response was complete, so the exchange reports no 'gone'.
      expect(notes).toEqual(['over', 'left: ERR_CLIENT_GONE']);
    });

    test('never, when it is not completed', async () => {
      server.plane.serve((exchange) => {
        exchange.on('left', noter(notes, 'left'));
        exchange.on('gone', () => notes.push('gone'));
        exchange.begin(200, '', undefined, false);
        exchange.write(PIECE);
      });
      client.send(GET);
      await client.until(/a piece\r\n$/);
      client.close();
      await eventually('told', () => notes.length > 1);
      expect(notes).toEqual(['gone', 'left: ERR_CLIENT_GONE']);
    });

    test('a listener may answer other requests', async () => {
      const other = await server.connect();
      let waiting: Exchange | undefined;
      server.plane.serve((exchange) => {
        if (waiting === undefined) waiting = exchange;
        else {
          exchange.on('left', () => {
            if (!waiting?.over) waiting?.respond(200, '', 'other', false);
          });
          exchange.respond(200, '', 'one', false);
        }
      });
      // The server begins the second request of a pipeline when the first has been answered.
      other.send(GET + GET);
      await eventually('waiting', () => waiting !== undefined);
      client.send(`${GET}GET /rest HTTP/1.1\r\n`);
      expect(readResponses(await client.until(/one$/))[0]?.content).toBe('one');
      await other.until(/otherHTTP[\s\S]*one$/);
      client.send('Host: a\r\n\r\n');
      await client.until(/one[\s\S]*one$/);
    });
  });

  describe('the callback of a write', () => {
    test('is called in order, when the bytes have left', async () => {
      server.plane.serve((exchange) => {
        exchange.begin(200, '', undefined, false);
        exchange.write(PIECE, false, noter(notes, 'held'));
        exchange.write(PIECE, false, noter(notes, 'second'));
        exchange.write(new Uint8Array(0), false, noter(notes, 'empty'));
        exchange.on('left', noter(notes, 'left'));
        setTimeout(() => {
          exchange.write(PIECE, false, noter(notes, 'third'));
          exchange.end('');
          notes.push('ended');
        }, 20);
      });
      client.send(GET);
      await eventually('left', () => notes.includes('left'));
      expect(notes).toEqual(['held', 'second', 'empty', 'ended', 'third', 'left']);
      await client.until(/0\r\n\r\n$/);
      expect(readResponses(client.received, undefined, 'any')[0]?.content).toBe('a piece'.repeat(3));
    });

    test('is called for a single piece, which is sent whole', async () => {
      server.plane.serve((exchange) => {
        exchange.begin(200, '', undefined, false);
        exchange.write(PIECE, false, noter(notes, 'held'));
        exchange.end('');
      });
      client.send(GET);
      await eventually('told', () => notes.length > 0);
      expect(notes).toEqual(['held']);
      await client.until(/a piece$/);
      expect(readResponses(client.received)[0]?.fields.get('content-length')).toBe('7');
    });

    test('waits until a slow client lets the kernel take the bytes', async () => {
      server.plane.serve((exchange) => {
        exchange.begin(200, '', LARGE.length + PIECE.length, false);
        exchange.write(LARGE, true, noter(notes, 'large'));
        exchange.write(PIECE, true, noter(notes, 'small'));
      });
      client.socket.pause();
      client.send(GET);
      await eventually('lent', () => server.plane.outputs.spare < 7);
      await sleep(50);
      expect(notes).toEqual([]);
      client.socket.resume();
      await eventually('told', () => notes.length === 2);
      expect(notes).toEqual(['large', 'small']);
    });

    test('gets an error when the client vanishes, or the response is withdrawn or over', async () => {
      let exchange: Exchange | undefined;
      server.plane.serve((one) => {
        exchange = one;
        one.begin(200, '', undefined, false);
        one.write(PIECE, false, noter(notes, 'taken back'));
        one.withdraw();
        one.begin(200, '', LARGE.length, false);
        one.write(LARGE, true, noter(notes, 'cut'));
      });
      client.socket.pause();
      client.send(GET);
      await eventually('lent', () => server.plane.outputs.spare === 6);
      client.close();
      await eventually('told', () => notes.length > 1);
      exchange?.write(PIECE, false, noter(notes, 'late'));
      await sleep(1);
      expect(notes).toEqual([
        'taken back: the response does not go on',
        'cut: ERR_CLIENT_GONE',
        'late: ERR_CLIENT_GONE',
      ]);
    });

    test('gets an error after the connection was destroyed, before the close is known', async () => {
      server.plane.serve((exchange) => {
        exchange.on('left', noter(notes, 'left'));
        exchange.begin(200, '', undefined, false);
        exchange.write(PIECE);
        server.connections.destroy();
        exchange.write(PIECE, false, noter(notes, 'second'));
        exchange.end('');
      });
      client.send(GET);
      await eventually('told', () => notes.length > 1);
      expect(notes).toEqual([expect.stringMatching(/^second: ERR_/), expect.stringMatching(/^left: ERR_/)]);
    });

    test('is called for HTTP/1.0, too, and HEAD has only the event', async () => {
      server.plane.serve((exchange) => {
        if (exchange.begin(200, '', undefined, false)) {
          exchange.write(PIECE, false, noter(notes, 'first'));
          exchange.write(PIECE, false, noter(notes, 'second'));
        }
        exchange.on('left', noter(notes, 'left'));
        exchange.end('');
      });
      client.send(request('HEAD'));
      await eventually('left', () => notes.length === 1);
      client.send(request('GET', '1.0'));
      await client.end();
      expect(notes).toEqual(['left', 'first', 'second', 'left']);
    });
  });

  test('any number of listeners get abort, gone and drain, until they are removed', async () => {
    let exchange: Exchange | undefined;
    const off = (): unknown => notes.push('never');
    server.plane.serve((one) => {
      exchange = one;
      one.onAbort = () => notes.push('abort 1');
      one.on('abort', ({ message }) => notes.push(`abort 2: ${message}`));
      one.on('abort', () => notes.push('abort 3'));
      one.onDrain = () => notes.push('drain 1');
      one.on('drain', () => notes.push('drain 2'));
      one.onGone = () => notes.push('gone 1');
      one.on('gone', () => notes.push('gone 2'));
      for (const event of ['abort', 'drain', 'gone', 'left'] as const) {
        one.on(event, off);
        one.off(event, off);
      }
      one.begin(200, '', undefined, false);
      one.write(LARGE, true);
    });
    client.socket.pause();
    client.send(GET);
    await eventually('lent', () => server.plane.outputs.spare === 6);
    client.socket.resume();
    await eventually('drained', () => notes.length === 2);
    client.close();
    await eventually('gone', () => exchange?.over === true);
    expect(notes).toEqual([
      'drain 1',
      'drain 2',
      'abort 1',
      expect.stringMatching(/^abort 2: the client closed/),
      'abort 3',
      'gone 1',
      'gone 2',
      'drain 1',
      'drain 2',
    ]);
  });

  describe('an informational response', () => {
    const LINK = 'link: </a.css>; rel=preload\r\n';

    test('is sent at once, before its response, and behind earlier ones', async () => {
      let exchange: Exchange | undefined;
      server.plane.serve((one) => {
        if (one.head.target === '/first') one.respond(200, '', 'first', false);
        else {
          exchange = one;
          notes.push(`${one.inform(103, LINK)} ${one.inform(102, '')}`);
        }
      });
      client.send(`GET /first HTTP/1.1\r\nHost: a\r\n\r\n${GET}`);
      await client.until(
        /firstHTTP\/1\.1 103 Early Hints\r\nlink: .*\r\n\r\nHTTP\/1\.1 102 Processing\r\n\r\n$/,
      );
      exchange?.inform(103, '');
      await client.until(/103 Early Hints\r\n\r\n$/);
      exchange?.respond(200, '', 'second', false);
      await client.until(/second$/);
      client.send(GET);
      await client.until(/102 Processing\r\n\r\n$/);
      exchange?.respond(204, '', '', false);
      expect(notes).toEqual(['true true', 'true true']);
    });

    test('is sent while the head of a stream is held back, and not behind it', async () => {
      server.plane.serve((exchange) => {
        exchange.begin(200, '', undefined, false);
        notes.push(`${exchange.inform(103, LINK)}`);
        exchange.write(PIECE);
        exchange.write(PIECE);
        notes.push(`${exchange.inform(103, LINK)}`);
        exchange.end('');
        notes.push(`${exchange.inform(103, LINK)}`);
      });
      client.send(GET);
      await client.until(/0\r\n\r\n$/);
      expect(notes).toEqual(['true', 'false', 'false']);
      expect(client.received).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nlink: [^\r]*\r\n\r\nHTTP\/1\.1 200 OK/);
      expect(client.received.split('103')).toHaveLength(2);
    });

    test('is not sent to HTTP/1.0', async () => {
      server.plane.serve((exchange) => {
        notes.push(`${exchange.inform(103, LINK)}`);
        exchange.respond(200, '', 'abc', false);
      });
      client.send(request('GET', '1.0'));
      expect(readResponses(await client.end())[0]?.content).toBe('abc');
      expect(notes).toEqual(['false']);
    });

    test('is sent before a response to HEAD', async () => {
      server.plane.serve((exchange) => {
        exchange.inform(103, LINK);
        exchange.respond(200, '', 'abc', false);
      });
      client.send(request('HEAD'));
      const [early, final] = (await client.until((text) => text.split('\r\n\r\n').length === 3)).split(
        '\r\n\r\n',
      );
      expect(early).toMatch(/^HTTP\/1\.1 103 /);
      expect(final).toMatch(/^HTTP\/1\.1 200 [\s\S]*content-length: 3/i);
    });

    test('100 is sent once, and the content follows', async () => {
      server.plane.serve((exchange) => {
        exchange.inform(100, '');
        void exchange.content?.readWhole().then((content) => exchange.respond(200, '', content, false));
      });
      client.send(request('POST', '1.1', 'Content-Length: 3\r\nExpect: 100-continue\r\n'));
      await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
      client.send('abc');
      await client.until(/abc$/);
      expect(client.received.split('100 Continue')).toHaveLength(2);
      // The connection stays persistent, since the client sent the content that 100 Continue asked for.
      expect(client.received).not.toMatch(/connection: close/i);
    });

    test('is refused for another status, or fields that are too large', async () => {
      server.plane.serve((exchange) => {
        for (const [statusCode, fields] of [
          [99, ''],
          [101, ''],
          [200, ''],
          [Number.NaN, ''],
          [103, `x: ${'x'.repeat(32_768)}\r\n`],
        ] as const)
          try {
            exchange.inform(statusCode, fields);
          } catch (error) {
            notes.push((error as Error).name);
          }
        exchange.respond(200, '', 'abc', false);
      });
      client.send(GET);
      await client.until(/abc$/);
      expect(notes).toEqual(Array(5).fill('RangeError'));
      expect(client.received).toMatch(/^HTTP\/1\.1 200 /);
    });

    test('restarts the handler timeout', async () => {
      let exchange: Exchange | undefined;
      server.plane.serve((one) => {
        exchange = one;
      });
      const { handlerTimeoutMs } = server.plane.deadlines;
      client.send(GET);
      await eventually('begun', () => exchange !== undefined);
      server.pass(handlerTimeoutMs / 2);
      exchange?.inform(102, '');
      server.pass(handlerTimeoutMs / 2);
      await sleep(10);
      expect(client.received).toBe('HTTP/1.1 102 Processing\r\n\r\n');
      // The time may have begun anew only when the kernel had taken the response.
      server.pass(handlerTimeoutMs);
      await client.until(/503/);
    });
  });

  describe('a head with parts that the application sets', () => {
    const DATE = 'Tue, 15 Nov 1994 08:12:31 GMT';

    test('has them, once, whole and in pieces', async () => {
      let number = 0;
      server.plane.serve((exchange) => {
        exchange.headParts = { reasonPhrase: 'Fine', date: DATE };
        if (number++ === 0) exchange.respond(200, '', 'abc', false);
        else {
          exchange.begin(200, '', undefined, false);
          exchange.write(PIECE);
          exchange.end('');
        }
      });
      client.send(GET + GET);
      await client.until(/a piece$/);
      for (const { statusCode, fields } of readResponses(client.received)) {
        expect(statusCode).toBe(200);
        expect(fields.get('date')).toBe(DATE);
      }
      expect(client.received.match(/HTTP\/1\.1 200 Fine\r\n/g)).toHaveLength(2);
      expect(client.received.match(/\ndate: /gi)).toHaveLength(2);
    });

    test.each([
      ['a reason phrase with a line end', { reasonPhrase: 'Fine\r\nx: y', date: undefined }],
      ['a Date of another length', { reasonPhrase: undefined, date: `${DATE} or so` }],
      ['a Date with a line end', { reasonPhrase: undefined, date: DATE.replace(' GMT', '\r\nGM') }],
    ])('is refused for %s', async (_, headParts) => {
      server.plane.serve((exchange) => {
        for (const answer of [
          () => exchange.respond(200, '', 'abc', false),
          () => exchange.begin(200, '', undefined, false),
        ])
          try {
            exchange.headParts = headParts;
            answer();
          } catch (error) {
            notes.push((error as Error).name);
          }
        // The parts belonged to the rejected response only.
        exchange.respond(200, '', 'abc', false);
      });
      client.send(GET);
      await client.until(/abc$/);
      expect(notes).toEqual(['RangeError', 'RangeError']);
      expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    });
  });
});

test.each(['direct', 'public'] as const)(
  'events wait for bytes that the kernel takes late, %s writes',
  async (write) => {
    const notes: string[] = [];
    const server = await openPlane({ io: { accept: 'public', read: 'public', write } });
    server.plane.serve((exchange) => {
      exchange.on('left', noter(notes, 'left'));
      exchange.begin(200, '', undefined, false);
      exchange.write(PIECE, false, noter(notes, 'written'));
      exchange.end('');
      notes.push('ended');
    });
    const socket = new HeldSocket();
    server.accept(socket.accepted);
    socket.push(GET);
    await eventually('held', () => socket.holds);
    await sleep(5);
    expect(notes).toEqual(['ended']);
    socket.release();
    await sleep(1);
    expect(notes).toEqual(['ended', 'written', 'left']);
    socket.destroy();
  },
);
