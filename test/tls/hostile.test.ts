// Clients of an HTTPS port that break the rules of TLS, stall, or vanish. After each of them the server still answers, and
// no connection and no output region is left: openPlane() checks that.

import { connect as connectTls, type TLSSocket } from 'node:tls';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import { type Client, connect, eventually, GET, sleep } from '../support/client.ts';
import { atEnd } from '../support/fixtures.ts';
import { ALERT, recordTypes, relayTo } from '../support/man-in-the-middle.ts';
import { type OpenedPlane, openPlane, type PlaneOptions } from '../support/plane.ts';
import { readResponses } from '../support/responses.ts';
import { readAll } from '../support/watched.ts';
import { TLS, TLS_PUBLIC, type Way } from '../support/ways.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'PRI', 'x'];
const LARGE = Buffer.alloc(5 * 1024 * 1024, 'large');
/** Wait for what must not happen. */
const QUIET_MS = 50;

describe.each<[string, Way]>([
  ['direct', TLS],
  ['public', TLS_PUBLIC],
])('%s I/O', (_, io) => {
  let server: OpenedPlane;
  const start = async (options: PlaneOptions = {}): Promise<void> => {
    server = await openPlane({ io, ...options });
  };
  /** Connects without a handshake. */
  const connectRaw = async (): Promise<Client> => {
    const client = await connect(server.port);
    atEnd(client.close);
    return client;
  };
  /** The first bytes of a client of TLS. */
  const hello = async (): Promise<string> => {
    const bytes: Buffer[] = [];
    const { port, close } = await listenOnce((piece) => bytes.push(piece));
    const client = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    client.on('error', () => {});
    await eventually('a greeting', () => bytes.length > 0);
    client.destroy();
    close();
    return Buffer.concat(bytes).toString('latin1');
  };
  const stillServes = async (): Promise<void> => {
    await eventually('all closed', () => server.statistics().open === 0);
    const client = await server.connect();
    client.send(GET);
    await client.until(/Hello\d+$/);
    client.close();
    await eventually('all closed', () => server.statistics().open === 0);
  };
  beforeEach(async () => {
    await start();
  });

  describe('plain HTTP', () => {
    test.each(METHODS)('%s gets a 400 in plain text, and the connection closes', async (method) => {
      const client = await connectRaw();
      client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
      const [response] = readResponses(await client.end());
      expect(response?.statusCode).toBe(400);
      expect(response?.content).toMatch(/this port speaks HTTPS/);
      expect(response?.fields.get('connection')).toBe('close');
      client.close();
      await stillServes();
    });

    test('an empty line before it, or any letter, gets the same', async () => {
      for (const text of ['\r\n', '\n', 'q']) {
        const client = await connectRaw();
        client.send(text);
        expect(readResponses(await client.end())[0]?.statusCode).toBe(400);
        client.close();
      }
      await stillServes();
    });

    test('no request of it reaches the application', async () => {
      let handed = 0;
      server.plane.serve((exchange) => {
        handed++;
        exchange.respond(200, '', '', false);
      });
      const client = await connectRaw();
      client.send(GET.repeat(10));
      await client.end();
      expect(handed).toBe(0);
      expect(server.statistics().requests).toBe(0);
      client.close();
    });
  });

  describe('bytes that are not TLS', () => {
    test.each([
      ['zeros', '\0'.repeat(100)],
      ['an unknown type of record', '\x19\x03\x03\x00\x05hello'],
      ['a record of the largest length', `\x16\x03\x01\xff\xff${'x'.repeat(1000)}`],
      ['empty records', '\x16\x03\x01\x00\x00'.repeat(100)],
      ['application data', '\x17\x03\x03\x00\x05hello'],
      ['an alert', '\x15\x03\x03\x00\x02\x02\x28'],
      ['a greeting of SSL 2', `\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10${'x'.repeat(37)}`],
      ['a handshake that is no greeting', '\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00'],
      ['a greeting that announces 16 MB', '\x16\x03\x01\x00\x05\x01\xff\xff\xff\x03'],
      ['all ones', '\xff'.repeat(20_000)],
    ])('%s', async (_, text) => {
      const client = await connectRaw();
      client.send(text);
      await eventually('the server closes', () => client.ended || client.socket.destroyed);
      client.close();
      await stillServes();
    });

    test('a greeting whose bytes are changed, one at a time', async () => {
      const greeting = await hello();
      for (let at = 0; at < Math.min(greeting.length, 120); at += 3) {
        const client = await connectRaw();
        const changed = String.fromCharCode(greeting.charCodeAt(at) ^ 0xff);
        client.send(greeting.slice(0, at) + changed + greeting.slice(at + 1));
        client.socket.end();
        await client.end().catch(() => '');
        client.close();
      }
      await stillServes();
    });

    test('after the handshake', async () => {
      const relay = await relayTo(server.port);
      const client = await connect(relay.port, undefined, true);
      client.send(GET);
      await client.until(/Hello\d+$/);
      relay.hidesEnd = true;
      relay.alter = () => Buffer.from(GET.repeat(10));
      client.send(GET);
      await client.end().catch(() => '');
      expect(server.statistics().requests).toBe(1);
      client.close();
      await stillServes();
    });

    test('a record whose last byte was changed', async () => {
      const relay = await relayTo(server.port);
      const client = await connect(relay.port, undefined, true);
      client.send(GET);
      await client.until(/Hello\d+$/);
      relay.hidesEnd = true;
      relay.alter = (bytes) => {
        const changed = Buffer.from(bytes);
        changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
        return changed;
      };
      client.send(GET);
      await client.end().catch(() => '');
      expect(server.statistics().requests).toBe(1);
      client.close();
      await stillServes();
    });
  });

  describe('a handshake that does not go on', () => {
    const partOf = async (share: number): Promise<string> => {
      const greeting = await hello();
      return greeting.slice(0, Math.floor(greeting.length * share));
    };
    const STAGES: [string, () => Promise<string>][] = [
      ['before the first byte', async () => ''],
      ['within the greeting', () => partOf(0.5)],
      ['behind the greeting', () => partOf(1)],
    ];

    test.each(STAGES)('is cut at its timeout %s, and counts as a connection meanwhile', async (_, text) => {
      await start({ deadlines: { handshakeTimeoutMs: 50_000 } });
      const client = await connectRaw();
      client.send(await text());
      await sleep(QUIET_MS);
      expect(server.statistics().open).toBe(1);
      server.pass(40_000);
      await sleep(QUIET_MS);
      expect(server.statistics().open).toBe(1);
      server.pass(20_000);
      await client.end().catch(() => '');
      client.close();
      await stillServes();
    });

    test.each(STAGES)('ends when the client closes its half %s', async (_, text) => {
      const client = await connectRaw();
      client.send(await text());
      client.socket.end();
      await client.end().catch(() => '');
      client.close();
      await stillServes();
    });

    test.each(STAGES)('ends when the client resets the connection %s', async (_, text) => {
      const client = await connectRaw();
      client.send(await text());
      await sleep(5);
      client.socket.resetAndDestroy();
      await stillServes();
    });

    test('a client that sends byte by byte is served', async () => {
      const relay = await relayTo(server.port);
      relay.bytewise = true;
      const client = await connect(relay.port, undefined, true);
      client.send(GET + GET);
      await client.until((received) => readResponses(received).length === 2);
      client.close();
    });

    test('at the limit of connections it makes room after its grace', async () => {
      await start({ limits: { connectionsMax: 1 }, deadlines: { handshakeTimeoutMs: 60_000 } });
      const silent = await connectRaw();
      await eventually('accepted', () => server.statistics().open === 1);
      // The time of the tick before the last one counts.
      server.pass(30_000);
      server.pass(1);
      const client = await server.connect();
      client.send(GET);
      await client.until(/Hello\d+$/);
      await silent.end().catch(() => '');
      silent.close();
    });

    test('a client beyond the limit gets a 503 over TLS', async () => {
      await start({ limits: { connectionsMax: 1 } });
      let answer = (): void => {};
      server.plane.serve((exchange) => {
        answer = () => exchange.respond(200, '', 'late', false);
      });
      const busy = await server.connect();
      busy.send(GET);
      await eventually('a request', () => server.plane.slot.statistics.openEverywhere === 1);
      const refused = await server.connect();
      expect(readResponses(await refused.end())[0]?.statusCode).toBe(503);
      refused.close();
      answer();
      await busy.until(/late$/);
    });
  });

  describe('a client that closes its half', () => {
    test('after the handshake', async () => {
      const client = await server.connect();
      client.socket.end();
      expect(await client.end()).toBe('');
      client.close();
      await stillServes();
    });

    test('within a head', async () => {
      const client = await server.connect();
      client.send(GET.slice(0, 20));
      client.socket.end();
      expect(readResponses(await client.end())[0]?.statusCode).toBe(400);
      client.close();
      await stillServes();
    });

    test('within content', async () => {
      const client = await server.connect();
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
      client.socket.end();
      expect(readResponses(await client.end())[0]?.statusCode).toBe(400);
      client.close();
      await stillServes();
    });

    test('while it reads a large response: it gets all of it', async () => {
      server.plane.serve((exchange) => exchange.respond(200, '', LARGE, false));
      const client = await server.connect();
      client.socket.pause();
      client.socket.end(GET);
      await sleep(QUIET_MS);
      client.socket.resume();
      const [response] = readResponses(await client.end());
      expect(response?.content.length).toBe(LARGE.length);
      client.close();
    });

    test('with the closure alert alone, or with the end of TCP alone', async () => {
      const relay = await relayTo(server.port);
      relay.hidesEnd = true;
      const polite = await connect(relay.port, undefined, true);
      polite.send(GET);
      await polite.until(/Hello\d+$/);
      polite.socket.end();
      await polite.end();
      polite.close();
      await stillServes();

      const rude = await connect(server.port);
      const over = connectTls({ socket: rude.socket, rejectUnauthorized: false });
      over.on('error', () => {});
      await new Promise((resolve) => over.once('secureConnect', resolve));
      rude.socket.end();
      await stillServes();
      over.destroy();
      rude.close();
    });
  });

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
    const connected = async (port: number): Promise<TLSSocket> => {
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
      });
      socket.on('error', () => {});
      atEnd(() => socket.destroy());
      await new Promise((resolve) => socket.once('secureConnect', resolve));
      return socket;
    };

    test('the end of a connection is announced', async () => {
      const relay = await relayTo(server.port);
      const socket = await connected(relay.port);
      const before = recordTypes(relay.fromServer).length;
      socket.write(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      socket.resume();
      await eventually('the end', () => relay.ended === 'end');
      const types = recordTypes(relay.fromServer).slice(before);
      // TLS 1.3 hides the type of an alert: it is the last of two records or more.
      expect(version === 'TLSv1.2' ? types.at(-1) : types.length > 1 && ALERT).toBe(ALERT);
    });

    test.each([
      ['that breaks off', (exchange: Exchange) => exchange.breakOff()],
      ['that the stop of the server cuts', () => server.connections.destroy()],
    ])('a response %s is never ended as if it were complete', async (_, end) => {
      server.plane.serve((exchange) => {
        exchange.begin(200, '', undefined, true);
        exchange.write(Buffer.from('half'));
        setTimeout(() => end(exchange), 30);
      });
      const relay = await relayTo(server.port);
      const socket = await connected(relay.port);
      socket.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
      let received = '';
      socket.setEncoding('latin1').on('data', (text) => (received += text));
      await eventually('the end', () => relay.ended !== undefined);
      expect(relay.ended).toBe('reset');
      expect(recordTypes(relay.fromServer).at(-1)).not.toBe(ALERT);
      expect(received).toMatch(/half$/);
    });

    test('a slow reader gets a large response whole', async () => {
      server.plane.serve((exchange) => exchange.respond(200, '', LARGE, false));
      const socket = await connected(server.port);
      socket.pause();
      socket.write(GET);
      const pieces: Buffer[] = [];
      let bytes = 0;
      while (bytes < LARGE.length) {
        await sleep(2);
        for (let piece = socket.read(); piece !== null; piece = socket.read()) {
          pieces.push(piece);
          bytes += piece.length;
        }
      }
      const whole = Buffer.concat(pieces);
      expect(whole.subarray(whole.length - LARGE.length).equals(LARGE)).toBe(true);
    });

    test('a client that never reads is cut at the write timeout', async () => {
      await start({ deadlines: { writeTimeoutMs: 5000 } });
      server.plane.serve((exchange) => exchange.respond(200, '', LARGE, false));
      const socket = await connected(server.port);
      socket.pause();
      socket.write(GET);
      await sleep(QUIET_MS);
      expect(server.statistics().open).toBe(1);
      server.pass(5100);
      await eventually('cut', () => server.statistics().open === 0);
    });

    test('a large content arrives whole, in any pieces', async () => {
      await start({ contentBytesMax: LARGE.length });
      server.plane.serve((exchange) => {
        void readAll(exchange).then((content) => exchange.respond(200, '', `${content.equals(LARGE)}`, true));
      });
      const socket = await connected(server.port);
      let received = '';
      socket.setEncoding('latin1').on('data', (text) => (received += text));
      socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${LARGE.length}\r\n\r\n`);
      for (let at = 0, size = 1; at < LARGE.length; at += size, size = (size * 3 + 1) % 200_000)
        socket.write(LARGE.subarray(at, at + size));
      await eventually('an answer', () => received.endsWith('true'));
    });
  });

  describe('a renegotiation', () => {
    const renegotiating = async (): Promise<TLSSocket> => {
      const socket = connectTls({
        port: server.port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        maxVersion: 'TLSv1.2',
      });
      socket.on('error', () => {});
      atEnd(() => socket.destroy());
      await new Promise((resolve) => socket.once('secureConnect', resolve));
      return socket;
    };

    test.each([
      ['before a request', ''],
      ['within a head', GET.slice(0, 12)],
      ['within content', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf'],
      ['behind a request', GET],
    ])('%s is refused', async (_, text) => {
      const socket = await renegotiating();
      if (text !== '') socket.write(text);
      let failed = false;
      socket.renegotiate({ rejectUnauthorized: false }, (error) => {
        failed = error !== null;
      });
      socket.on('close', () => {
        failed = true;
      });
      socket.resume();
      await eventually('a refusal', () => failed);
      socket.destroy();
      await stillServes();
    });
  });
});

async function listenOnce(received: (bytes: Buffer) => void): Promise<{ port: number; close(): void }> {
  const { createServer } = await import('node:net');
  const server = createServer((socket) => socket.on('error', () => {}).on('data', received));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { port, close: () => server.close() };
}
