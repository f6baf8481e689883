// Large content is read directly into the memory that the application gets. The content is complete, does not change later,
// and the bytes around it stay as they were, however the content ends.

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import { ReceivedContent } from '../../src/connection/received-content.ts';
import { type Client, eventually, GET, sleep } from '../support/client.ts';
import type { TestedEngine } from '../support/engines.ts';
import { type OpenedPlane, openPlane } from '../support/plane.ts';
import { readResponses, withoutInterim } from '../support/responses.ts';
import { readAll, type Watched, watch } from '../support/watched.ts';
import { PUBLIC } from '../support/ways.ts';

const ENGINES: TestedEngine[] = ['wasm', 'wasm debug', 'js'];
const READ_BYTES = 65_536;
const MEGABYTE = 1024 * 1024;
const SIZES = [READ_BYTES - 1, READ_BYTES, READ_BYTES + 1, MEGABYTE, 3 * MEGABYTE + 7];
/** More than the buffers of both kernels hold. */
const LARGE_BYTES = 24 * MEGABYTE;

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const post = (length: number, fields = ''): string =>
  `POST /x HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: ${length}\r\n\r\n`;
const told = (text: string): string[] => readResponses(text).map(({ content }) => content);

/** Returns bytes that differ at every position, and between seeds. */
function pattern(size: number, seed = 1): Buffer {
  const words = Uint32Array.from({ length: Math.ceil(size / 4) }, (_, i) => Math.imul(i + seed, 0x9e3779b1));
  return Buffer.from(words.buffer, 0, size);
}

/** How an application reads; each gives all of the content. */
const READERS: Record<string, (exchange: Exchange) => Promise<Uint8Array>> = {
  'as it comes': readAll,
  slowly: async ({ content }) => {
    const pieces: [bytes: Uint8Array, hash: string][] = [];
    for (let piece = await content?.read(); piece !== undefined; piece = await content?.read()) {
      pieces.push([piece, hashOf(piece)]);
      if (pieces.length % 8 === 0) await sleep(1);
    }
    for (const [piece, hash] of pieces) expect(hashOf(piece) === hash).toBe(true);
    expect(new Set(pieces.map(([{ buffer }]) => buffer)).size).toBe(pieces.length);
    return Buffer.concat(pieces.map(([piece]) => piece));
  },
  whole: async ({ content }) => (await content?.readWhole()) ?? new Uint8Array(0),
  'whole, behind its first pieces': async ({ content }) => {
    const first = (await content?.read()) ?? new Uint8Array(0);
    const second = (await content?.read()) ?? new Uint8Array(0);
    return Buffer.concat([first, second, (await content?.readWhole()) ?? new Uint8Array(0)]);
  },
};

describe.each(ENGINES)('%s engine', (engine) => {
  let server: OpenedPlane;
  let client: Client;
  let watched: Watched[];
  /** How many bytes landed. */
  let landed: number;
  beforeEach(async () => {
    server = await openPlane({ engine, contentBytesMax: LARGE_BYTES });
    client = await server.connect();
    watched = [];
    landed = 0;
    const { landed: real } = ReceivedContent.prototype;
    vi.spyOn(ReceivedContent.prototype, 'landed').mockImplementation(function (this: ReceivedContent, bytes) {
      landed += bytes;
      real.call(this, bytes);
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const serve = (application: (exchange: Exchange) => unknown): void =>
    server.plane.serve((exchange) => {
      watched.push(watch(exchange));
      application(exchange);
    });
  /** Answers a POST with the hash of the content, a GET with its number. */
  const digest = (reader: (exchange: Exchange) => Promise<Uint8Array>): void =>
    serve(async (exchange) => {
      const number = watched.length;
      if (exchange.content === undefined) exchange.respond(200, '', `request ${number}`, false);
      else {
        const bytes = await reader(exchange);
        exchange.respond(200, '', `${bytes.length} ${hashOf(bytes)}`, false);
      }
    });

  describe.each(Object.entries(READERS))('read %s', (_, reader) => {
    test.each(SIZES)('%d bytes, with requests before and behind them', async (size) => {
      digest(reader);
      const [first, second] = [pattern(size), pattern(size, 77)];
      client.send(GET + post(size));
      client.socket.write(first);
      client.send(GET + post(size));
      client.socket.write(second);
      client.socket.end(GET);
      expect(told(await client.end())).toEqual([
        'request 1',
        `${size} ${hashOf(first)}`,
        'request 3',
        `${size} ${hashOf(second)}`,
        'request 5',
      ]);
      if (size >= MEGABYTE) expect(landed).toBeGreaterThan(READ_BYTES / 2);
    });
  });

  test('contents on several connections at once, among requests on others', async () => {
    digest(readAll);
    const contents = [1, 2, 3, 4].map((seed) => pattern(2 * MEGABYTE + seed, seed * 1000));
    const clients = await Promise.all(contents.map(() => server.connect()));
    for (const [i, { socket }] of clients.entries()) socket.write(post(contents[i]?.length ?? 0));
    for (let at = 0; at < 3 * MEGABYTE; at += 300_000) {
      for (const [i, { socket }] of clients.entries())
        socket.write(contents[i]?.subarray(at, at + 300_000) ?? '');
      client.received = '';
      client.send(GET);
      await client.until(/request \d+$/);
    }
    for (const [i, other] of clients.entries()) {
      const content = contents[i] as Buffer;
      expect(told(await other.until(/[0-9a-f]{64}$/))).toEqual([`${content.length} ${hashOf(content)}`]);
      other.close();
    }
    expect(landed).toBeGreaterThan(0);
  });

  test('a content of 3 MiB behind 100 Continue', async () => {
    digest(readAll);
    const content = pattern(3 * MEGABYTE);
    client.send(post(content.length, 'Expect: 100-continue\r\n'));
    await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
    client.socket.write(content);
    client.socket.end(GET);
    expect(told(withoutInterim(await client.end()))).toEqual([
      `${content.length} ${hashOf(content)}`,
      'request 2',
    ]);
    expect(landed).toBeGreaterThan(0);
  });

  test('the server reads no more from a client while the application does not read, and content that has landed waits', async () => {
    serve(() => {});
    const content = pattern(LARGE_BYTES);
    client.send(post(content.length));
    client.socket.write(content);
    await eventually('handed over', () => watched.length === 1);
    const { exchange } = watched[0] as Watched;
    const first = (await exchange.content?.read()) as Uint8Array;
    const hash = hashOf(first);
    let before = -1;
    while (before !== client.socket.writableLength) {
      before = client.socket.writableLength;
      await sleep(50);
    }
    // The kernel's buffers, and the window.
    expect(before).toBeGreaterThan(0);
    expect(landed).toBeLessThanOrEqual(2 * READ_BYTES);
    const rest = await readAll(exchange);
    expect(hashOf(first)).toBe(hash);
    expect(hashOf(Buffer.concat([first, rest])) === hashOf(content)).toBe(true);
    exchange.respond(200, '', 'done', false);
    await client.until(/done$/);
  });

  /** Content made of requests: a server that loses count of the content answers them. */
  const requests = Buffer.from(GET.repeat(Math.ceil(MEGABYTE / GET.length))).subarray(0, MEGABYTE);

  test.each(['answered', 'cancelled and answered', 'cancelled and answered late', 'given up whole'])(
    'content that is %s midway is skipped up to the next request',
    async (how) => {
      const kept: [bytes: Uint8Array, hash: string][] = [];
      serve(async (exchange) => {
        const { content } = exchange;
        if (content !== undefined) {
          for (let i = 0; i < 4; i++) {
            const piece = (await content.read()) as Uint8Array;
            kept.push([piece, hashOf(piece)]);
          }
          // By now memory is allocated for the next bytes of the content.
          if (how === 'given up whole') content.readWhole().catch(() => {});
          if (how.startsWith('cancelled')) content.cancel();
          if (how.endsWith('late')) await sleep(5);
        }
        exchange.respond(200, '', `${watched.length}`, false);
      });
      client.send(post(requests.length));
      client.socket.write(requests);
      client.send(GET + post(requests.length));
      client.socket.write(requests);
      client.socket.end(GET);
      expect(told(await client.end())).toEqual(['1', '2', '3', '4']);
      for (const [piece, hash] of kept) expect(hashOf(piece)).toBe(hash);
      expect(landed).toBeGreaterThan(0);
    },
  );

  test.each(['piece by piece', 'whole'])('a client that half-closes or resets midway: %s', async (kind) => {
    const content = pattern(3 * MEGABYTE);
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const failures: unknown[] = [];
      const pieces: Uint8Array[] = [];
      serve(async (exchange) => {
        try {
          if (kind === 'whole') await exchange.content?.readWhole();
          else
            for (let piece = await exchange.content?.read(); piece; piece = await exchange.content?.read())
              pieces.push(piece);
        } catch (error) {
          failures.push(error);
        }
      });
      landed = 0;
      const peer = await server.connect();
      peer.socket.write(post(content.length));
      peer.socket.write(content.subarray(0, 2 * MEGABYTE));
      await eventually('in quantity', () => landed > 0 && peer.socket.writableLength === 0);
      await sleep(5);
      peer.socket[how]();
      await eventually('failed', () => failures.length === 1);
      expect(failures[0]).toBeInstanceOf(Error);
      const text = Buffer.concat(pieces);
      expect(content.subarray(0, text.length).equals(text)).toBe(true);
      if (how === 'end') {
        if (kind !== 'whole') expect(text).toHaveLength(2 * MEGABYTE);
        expect(readResponses(await peer.end()).map(({ statusCode }) => statusCode)).toEqual([400]);
      }
      expect(watched.at(-1)).toMatchObject({ gone: 1, exchange: { over: true } });
      peer.close();
    }
    // The next connection gets no bytes of the earlier contents.
    digest(readAll);
    client.send(post(content.length));
    client.socket.write(content);
    expect(told(await client.until(/[0-9a-f]{64}$/))).toEqual([`${content.length} ${hashOf(content)}`]);
  });

  test('a peer that stops midway gets 408', async () => {
    serve((exchange) => void readAll(exchange).catch(() => {}));
    client.send(post(MEGABYTE));
    client.socket.write(pattern(MEGABYTE / 2));
    await eventually('in quantity', () => landed > 0 && client.socket.writableLength === 0);
    await sleep(20);
    const { bodyTimeoutMs } = server.plane.deadlines;
    server.pass(bodyTimeoutMs / 2);
    client.send('x');
    await sleep(20);
    // Content that lands extends the deadline as copied content does.
    server.pass(bodyTimeoutMs - 20_000);
    await sleep(5);
    expect(watched[0]).toMatchObject({ gone: 0 });
    server.pass(20_000);
    expect(readResponses(await client.end()).map(({ statusCode }) => statusCode)).toEqual([408]);
  });

  test('small pieces after a large part of the content are read into the slot again', async () => {
    const pieces: Uint8Array[] = [];
    serve(async (exchange) => {
      for (let piece = await exchange.content?.read(); piece; piece = await exchange.content?.read())
        pieces.push(piece);
      exchange.respond(200, '', 'done', false);
    });
    const content = pattern(MEGABYTE + 10);
    client.send(post(content.length));
    client.socket.write(content.subarray(0, MEGABYTE));
    const size = (): number => pieces.reduce((sum, { length }) => sum + length, 0);
    await eventually('the lot', () => size() === MEGABYTE);
    expect(landed).toBeGreaterThan(0);
    const before = [pieces.length, landed] as const;
    for (let at = MEGABYTE; at < content.length; at++) {
      client.socket.write(content.subarray(at, at + 1));
      await eventually('a byte more', () => size() === at + 1);
    }
    await client.until(/done$/);
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
    // The first small piece may still land.
    expect(landed).toBeLessThanOrEqual(before[1] + 1);
    for (const { buffer } of pieces.slice(before[0])) expect(buffer.byteLength).toBe(1);
  });

  test('content that is arriving when the server begins to drain is read to its end', async () => {
    digest(readAll);
    const content = pattern(3 * MEGABYTE);
    client.send(post(content.length));
    client.socket.write(content.subarray(0, MEGABYTE));
    await eventually('in quantity', () => landed > 0);
    const drained = server.connections.drain();
    await sleep(20);
    client.socket.write(content.subarray(MEGABYTE));
    const [response] = readResponses(await client.end());
    expect(response?.content).toBe(`${content.length} ${hashOf(content)}`);
    expect(response?.fields.get('connection')).toBe('close');
    client.close();
    await drained;
  });
});

test('public reads never land outside the slot', async () => {
  const server = await openPlane({ io: PUBLIC, contentBytesMax: LARGE_BYTES });
  const room = vi.spyOn(ReceivedContent.prototype, 'room');
  const content = pattern(3 * MEGABYTE);
  server.plane.serve(async (exchange) => exchange.respond(200, '', hashOf(await readAll(exchange)), false));
  const client = await server.connect();
  client.send(post(content.length));
  client.socket.write(content);
  expect(told(await client.until(/[0-9a-f]{64}$/))).toEqual([hashOf(content)]);
  expect(room).not.toHaveBeenCalled();
  room.mockRestore();
  client.close();
});
