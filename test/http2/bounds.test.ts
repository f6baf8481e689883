// What a client of HTTP/2 can't make this server do: each bound of src/http2/bounds.ts, met by the attack that it stops. The
// frames are written one by one, since no library sends them.

import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/connection/exchange.ts';
import { CONTROL_FRAMES, RESETS, STREAMS_MAX, Tally } from '../../src/http2/bounds.ts';
import { eventually } from '../support/client.ts';
import { type Http2Plane, openHttp2 } from '../support/http2.ts';
import {
  ACK,
  block,
  CANCEL,
  CONTINUATION,
  connectFrames,
  DATA,
  END_HEADERS,
  END_STREAM,
  ends,
  type FrameClient,
  frame,
  GET,
  GOAWAY,
  HEADERS,
  indexed,
  NO_ERROR,
  PING,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  RST_STREAM,
  request,
  resets,
  SETTINGS,
  settings,
  WINDOW_UPDATE,
  withFields,
  word,
} from '../support/http2-frames.ts';

const HEADER_TABLE_SIZE = 1;
const INITIAL_WINDOW_SIZE = 4;
const SECONDS = 1000;

let server: Http2Plane;
let client: FrameClient;
let exchanges: Exchange[];

beforeEach(async () => {
  server = await openHttp2();
  exchanges = [];
  serve(() => {});
  client = await connectFrames(server.tlsPort);
});

function serve(application: (exchange: Exchange) => void): void {
  server.plane.serve((exchange) => {
    exchanges.push(exchange);
    application(exchange);
  });
}

/** Nothing is left of the session, at the latest when its time is up, and another client is served. */
async function serverGoesOn(): Promise<void> {
  client.socket.destroy();
  // nghttp2 reads nothing more after an error, so not even the end of the connection.
  server.pass(201 * SECONDS);
  server.pass(3 * SECONDS);
  await eventually('closed', () => server.statistics().open === 0);
  expect(server.connections.underWay).toEqual([]);
  serve((exchange) => exchange.respond(200, '', 'ok', false));
  const other = await connectFrames(server.tlsPort);
  other.send(request(1));
  await other.until(ends(1));
}

/** The Huffman codes of digits (RFC 7541 B). */
const DIGITS = [
  '00000',
  '00001',
  '00010',
  '011001',
  '011010',
  '011011',
  '011100',
  '011101',
  '011110',
  '011111',
];

/** The status of a response, which comes first in its head. */
function status({ payload }: { payload: Buffer }): number {
  const first = payload[0] as number;
  // Indexed fields of the static table (RFC 7541 A).
  if (first & 0x80) return [200, 204, 206, 304, 400, 404, 500][(first & 0x7f) - 8] as number;
  if ((payload[1] as number) < 0x80) return Number(payload.toString('latin1', 2, 5));
  let bits = [...payload.subarray(2, 5)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let text = '';
  while (text.length < 3) {
    const digit = DIGITS.findIndex((code) => bits.startsWith(code));
    if (digit < 0) throw new Error(`no status in ${payload.toString('hex', 0, 8)}`);
    text += digit;
    bits = bits.slice(DIGITS[digit]?.length);
  }
  return Number(text);
}

/** A request whose head may need several frames. */
function requestInParts(stream: number, fields: Parameters<typeof block>[0]): Buffer[] {
  const bytes = block(fields);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 16_000) parts.push(bytes.subarray(at, at + 16_000));
  return parts.map((part, i) => {
    const last = i === parts.length - 1 ? END_HEADERS : 0;
    return i === 0
      ? frame(HEADERS, stream, part, END_STREAM | last)
      : frame(CONTINUATION, stream, part, last);
  });
}

describe('floods', () => {
  test('rapid reset: requests that are taken back at once end the session', async () => {
    for (let i = 0; i < 1000; i++)
      client.send(request(2 * i + 1), frame(RST_STREAM, 2 * i + 1, word(CANCEL)));
    expect(await client.end()).not.toBe(NO_ERROR);
    expect(exchanges.length).toBeLessThan(RESETS.burst * 2);
    expect(exchanges.every(({ over }) => over)).toBe(true);
    await serverGoesOn();
  });

  test('requests that are taken back now and then do not', async () => {
    for (let i = 0; i < RESETS.burst / 2; i++)
      client.send(request(2 * i + 1), frame(RST_STREAM, 2 * i + 1, word(CANCEL)));
    await eventually('over', () => exchanges.length > 0 && exchanges.every(({ over }) => over));
    serve((exchange) => exchange.respond(200, '', 'ok', false));
    client.send(request(1001));
    await client.until(ends(1001));
  });

  test('too many streams, before the client knows the limit: those beyond it are refused, and in the end the session', async () => {
    for (let i = 0; i < STREAMS_MAX + 10; i++) client.send(request(2 * i + 1));
    const refused = await client.until(resets(2 * STREAMS_MAX + 1));
    expect(refused.payload.readUInt32BE()).toBe(REFUSED_STREAM);
    expect(exchanges.length).toBe(STREAMS_MAX);
    for (let i = STREAMS_MAX + 10; i < STREAMS_MAX + 300; i++) client.send(request(2 * i + 1));
    await client.end();
    expect(exchanges.length).toBe(STREAMS_MAX);
    await serverGoesOn();
  });

  test('too many streams of a client that has acknowledged the limit end the session', async () => {
    await client.until(({ type, flags }) => type === SETTINGS && (flags & ACK) === 0);
    client.send(frame(SETTINGS, 0, '', ACK));
    for (let i = 0; i < STREAMS_MAX + 1; i++) client.send(request(2 * i + 1));
    await client.end();
    await eventually('over', () => exchanges.length === STREAMS_MAX && exchanges.every(({ over }) => over));
    await serverGoesOn();
  });

  test.each([
    ['PING', frame(PING, 0, '12345678')],
    ['SETTINGS', frame(SETTINGS, 0, settings([[INITIAL_WINDOW_SIZE, 65_535]]))],
  ])('%s frames', async (_, one) => {
    const many = Buffer.concat(new Array(CONTROL_FRAMES.burst + 200).fill(one));
    client.send(many);
    expect(await client.end()).not.toBe(NO_ERROR);
    await serverGoesOn();
  });

  test('SETTINGS with too many entries', async () => {
    client.send(frame(SETTINGS, 0, settings(new Array(100).fill([INITIAL_WINDOW_SIZE, 65_535]))));
    expect(await client.end()).not.toBe(NO_ERROR);
    await serverGoesOn();
  });

  test('DATA without a byte', async () => {
    client.send(request(1, withFields({ ':method': 'POST' }), END_HEADERS));
    client.send(Buffer.concat(new Array(500).fill(frame(DATA, 1))));
    await client.end();
    await serverGoesOn();
  });

  test('CONTINUATION without an end', async () => {
    client.send(frame(HEADERS, 1, block(GET), END_STREAM));
    for (let i = 0; i < 200; i++) client.send(frame(CONTINUATION, 1, block([[`f${i}`, 'x']])));
    await client.end();
    expect(exchanges.length).toBe(0);
    await serverGoesOn();
  });

  test('CONTINUATION without a byte', async () => {
    client.send(frame(HEADERS, 1, block(GET), END_STREAM));
    client.send(Buffer.concat(new Array(1000).fill(frame(CONTINUATION, 1))));
    await client.end();
    await serverGoesOn();
  });

  test('frames of unknown types, and on closed streams, do no harm', async () => {
    serve((exchange) => exchange.respond(200, '', 'ok', false));
    client.send(request(1));
    await client.until(ends(1));
    client.send(Buffer.concat(new Array(1000).fill(frame(0x77, 1, 'x'))));
    client.send(frame(WINDOW_UPDATE, 1, word(10)), frame(RST_STREAM, 1, word(CANCEL)));
    client.send(request(3));
    await client.until(ends(3));
  });

  test('an allowance grows with time, up to its burst', () => {
    const tally = new Tally({ burst: 2, perSecond: 10 }, 0);
    expect([tally.take(0), tally.take(0), tally.take(0)]).toEqual([true, true, false]);
    expect([tally.take(250), tally.take(250)]).toEqual([true, false]);
    expect([tally.take(9000), tally.take(9000), tally.take(9000)]).toEqual([true, true, false]);
  });
});

describe('heads', () => {
  test.each([
    ['slightly too large', 9],
    ['of slightly too many fields', 110],
  ])('%s get a 431', async (how, count) => {
    const value = how === 'slightly too large' ? 'x'.repeat(2000) : '';
    const fields = Array.from({ length: count }, (_, i) => [`f${i}`, value] as const);
    client.send(...requestInParts(1, [...GET, ...fields]));
    expect(status(await client.until(({ type }) => type === HEADERS))).toBe(431);
    expect(exchanges.length).toBe(0);
  });

  test('of far too many fields reset their stream', async () => {
    const fields = Array.from({ length: 300 }, (_, i) => [`f${i}`, ''] as const);
    client.send(request(1, [...GET, ...fields]));
    await client.until(resets(1));
    expect(exchanges.length).toBe(0);
  });

  test('far too large end the session', async () => {
    const fields = Array.from({ length: 60 }, (_, i) => [`f${i}`, 'x'.repeat(2000)] as const);
    client.send(...requestInParts(1, [...GET, ...fields]));
    await client.until((given) => given.type === GOAWAY || (given.type === HEADERS && status(given) === 431));
    expect(exchanges.length).toBe(0);
    await serverGoesOn();
  });

  test('an HPACK bomb, a large field that is repeated for a byte each, gets a 431', async () => {
    const bomb = Buffer.concat([block(GET), indexed('bomb', 'x'.repeat(3000)), Buffer.alloc(90, 0x80 | 62)]);
    client.send(frame(HEADERS, 1, bomb, END_STREAM | END_HEADERS));
    expect(status(await client.until(({ type }) => type === HEADERS))).toBe(431);
    expect(exchanges.length).toBe(0);
    await serverGoesOn();
  });

  test('a huge HPACK table is not kept for a client', async () => {
    const greedy = await connectFrames(server.tlsPort, [[HEADER_TABLE_SIZE, 2 ** 31 - 1]]);
    const values: Record<string, string> = { '/a': 'a'.repeat(3000), '/b': 'b'.repeat(3000) };
    serve((exchange) => exchange.respond(200, `x-a: ${values[exchange.head.target]}\r\n`, '', false));
    const sizes: number[] = [];
    for (const [i, path] of ['/a', '/a', '/b', '/a'].entries()) {
      greedy.send(request(2 * i + 1, withFields({ ':path': path })));
      const { payload } = await greedy.until((given) => given.type === HEADERS && given.stream === 2 * i + 1);
      sizes.push(payload.length);
    }
    // The second head refers to the table; by the fourth, another value has taken the place of the first.
    expect(sizes.map((size) => size > 1000)).toEqual([true, false, true, true]);
  });

  test.each([
    ['a method with a space', { ':method': 'GET /x' }],
    ['an empty method', { ':method': '' }],
    ['a path with a line break', { ':path': '/a\r\nx: y' }],
    ['a path with a space', { ':path': '/a b' }],
    ['an empty path', { ':path': '' }],
    ['a path that is a URL', { ':path': 'http://other/' }],
    ['no path', { ':path': undefined }],
    ['no scheme', { ':scheme': undefined }],
    ['another scheme', { ':scheme': 'http' }],
    ['no authority', { ':authority': undefined }],
    ['an authority with a user', { ':authority': 'a@localhost' }],
    ['an authority with a path', { ':authority': 'localhost/a' }],
    ['an unknown pseudo-field', { ':other': 'x' }],
    ['CONNECT', { ':method': 'CONNECT' }],
    ['CONNECT in its own form', { ':method': 'CONNECT', ':path': undefined, ':scheme': undefined }],
    ['Connection', { connection: 'close' }],
    ['Keep-Alive', { 'keep-alive': 'x' }],
    ['Proxy-Connection', { 'proxy-connection': 'x' }],
    ['Transfer-Encoding', { 'transfer-encoding': 'chunked' }],
    ['Upgrade', { upgrade: 'h2c' }],
    ['TE other than trailers', { te: 'gzip' }],
    ['another Host', { host: 'other' }],
    ['a Content-Length that is no number', { 'content-length': 'x' }],
    ['a Content-Length without content', { 'content-length': '5' }],
  ])('malformed requests get an error, and reach no application: %s', async (_, fields) => {
    client.send(request(1, withFields(fields as Record<string, string>)));
    const answer = await client.until(
      (given) => given.stream === 1 && (given.type === HEADERS || resets(1)(given)),
    );
    if (answer.type === HEADERS) expect(status(answer)).toBeGreaterThanOrEqual(400);
    else expect(answer.payload.readUInt32BE()).toBe(PROTOCOL_ERROR);
    expect(exchanges.length).toBe(0);
    serve((exchange) => exchange.respond(200, '', 'ok', false));
    client.send(request(3));
    await client.until(ends(3));
  });

  test.each([
    ['a line break in a value', [['x', 'a\r\nevil: 1']]],
    ['a line feed in a value', [['x', 'a\nevil: 1']]],
    ['a NUL in a value', [['x', 'a\0b']]],
    ['upper case in a name', [['X', 'a']]],
    ['a space in a name', [['x y', 'a']]],
    ['a colon in a name', [['x:y', 'a']]],
    ['an empty line in a value', [['x', '\r\n\r\nGET /evil HTTP/1.1\r\n']]],
  ])('a field never becomes another: %s', async (_, fields) => {
    const names: string[] = [];
    serve((exchange) => {
      const { head } = exchange;
      for (let i = 0; i < head.fieldCount; i++) names.push(head.fieldName(i));
      exchange.respond(200, '', 'ok', false);
    });
    client.send(request(1, [...GET, ...(fields as [string, string][]), ['last', '1']]));
    await client.until((given) => resets(1)(given) || ends(1)(given));
    expect(names.filter((name) => !['host', 'last'].includes(name))).toEqual([]);
  });
});

describe('windows', () => {
  test('a client whose window stays small makes the server keep a slice of each response', async () => {
    const small = await connectFrames(server.tlsPort, [[INITIAL_WINDOW_SIZE, 1]]);
    const content = Buffer.alloc(5_000_000);
    serve((exchange) => exchange.respond(200, '', content, false));
    const before = process.memoryUsage();
    for (let i = 0; i < 100; i++) small.send(request(2 * i + 1));
    await small.until(({ type, stream }) => type === DATA && stream === 199);
    await sleep(50);
    const { external, arrayBuffers } = process.memoryUsage();
    expect(external + arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(50_000_000);
    expect(server.connections.underWay.length).toBe(100);
    small.socket.destroy();
    await eventually('over', () => server.connections.underWay.length === 0);
  });

  test('a response goes on through windows of any size', async () => {
    const small = await connectFrames(server.tlsPort, [[INITIAL_WINDOW_SIZE, 0]]);
    serve((exchange) => exchange.respond(200, '', Buffer.alloc(70_000, 'x'), false));
    small.send(request(1));
    await small.until(({ type }) => type === HEADERS);
    let bytes = 0;
    while (bytes < 70_000) {
      small.received.length = 0;
      small.send(frame(WINDOW_UPDATE, 1, word(7_000)), frame(WINDOW_UPDATE, 0, word(7_000)));
      await small.until(({ type }) => type === DATA);
      await sleep(2);
      for (const { type, payload } of small.received) if (type === DATA) bytes += payload.length;
    }
    expect(bytes).toBe(70_000);
  });

  // Node 24 ends the session where Node 20 resets the stream.
  const refused = async (): Promise<void> => {
    await client.until((given) => resets(1)(given) || given.type === GOAWAY);
    await eventually('over', () => exchanges.every(({ over }) => over));
    await serverGoesOn();
  };

  test.each([0, 1])('a window that grows too far is an error: stream %i', async (stream) => {
    client.send(request(1), frame(WINDOW_UPDATE, stream, word(2 ** 31 - 1)));
    await refused();
  });

  test('content beyond the window is an error', async () => {
    client.send(request(1, withFields({ ':method': 'POST' }), END_HEADERS));
    for (let i = 0; i < 40; i++) client.send(frame(DATA, 1, Buffer.alloc(16_000)));
    await refused();
  });
});

describe('frames that break the rules', () => {
  test.each([0, 2])(
    'a GOAWAY with code %i, with requests and content behind it in one piece',
    async (code) => {
      const post = withFields({ ':method': 'POST' });
      client.send(
        request(1, post, END_HEADERS),
        frame(GOAWAY, 0, Buffer.concat([word(0), word(code)])),
        request(3, post, END_HEADERS),
        frame(DATA, 3, 'x'),
        frame(DATA, 1, 'x', END_STREAM),
        frame(DATA, 3, 'x', END_STREAM),
        request(5),
      );
      serve((exchange) => exchange.respond(200, '', 'ok', false));
      await sleep(50);
      await serverGoesOn();
    },
  );

  test('a session that was ended for them closes at the idle timeout', async () => {
    client.send(frame(DATA, 0, 'x'));
    await client.end();
    server.pass(201 * SECONDS);
    server.pass(3 * SECONDS);
    await eventually('closed', () => client.closed);
  });

  test.each([
    ['other bytes', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['a frame too large', frame(DATA, 1, Buffer.alloc(20_000))],
    ['DATA on stream 0', frame(DATA, 0, 'x')],
    ['HEADERS on stream 2', request(2)],
    ['a push', frame(5, 1, Buffer.concat([word(2), block(GET)]), END_HEADERS)],
    [
      'broken HPACK',
      frame(HEADERS, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), END_STREAM | END_HEADERS),
    ],
  ])('ends the session: %s', async (_, bytes) => {
    client.send(bytes);
    await client.end();
    await serverGoesOn();
  });
});
