// The lines of the access log, whatever a client sends: one line each, valid JSON, and nothing that a terminal obeys.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Entry, LoggedAddress, NO_HEAD, type Protocol } from '../../src/logs/entry.ts';
import { ESCAPES, type LogFormat, makeFormat } from '../../src/logs/formats.ts';
import { Line } from '../../src/logs/line.ts';
import { isRequestId, RequestIds } from '../../src/logs/request-ids.ts';
import { LINE_BYTES_MAX } from '../../src/logs/ring.ts';

const EPOCH_MS = Date.UTC(2026, 10, 28, 1, 28, 50, 123);

/** An entry of a request with this target, and with these differences. */
function entryOf(target: string, differences: Partial<Entry> = {}, method = 'GET'): Entry {
  const source = Buffer.from(`--${method} ${target} HTTP/1.1`, 'latin1');
  const targetStart = 3 + method.length;
  return {
    epochMs: EPOCH_MS,
    source,
    methodStart: 2,
    methodEnd: 2 + method.length,
    targetStart,
    targetEnd: targetStart + target.length,
    protocol: 1,
    statusCode: 200,
    contentBytes: 13,
    durationMs: 0.4123,
    address: new LoggedAddress('127.0.0.1'),
    cells: 1,
    id: undefined,
    reason: undefined,
    complete: true,
    referer: '',
    agent: '',
    ...differences,
  };
}

/** The lines that a format makes of these entries. */
function linesOf(name: LogFormat, entries: Entry[], query = false, route = '/users/:id'): string[] {
  const bytes = new Uint8Array(LINE_BYTES_MAX + 64);
  const line = new Line(bytes, new DataView(bytes.buffer), ESCAPES[name]);
  const ids = new RequestIds();
  const format = makeFormat(name, {
    pid: 7,
    hostname: 'host"ä',
    worker: 2,
    query,
    routeOf: () => route,
    nextId: () => ids.next(),
  });
  return entries.map((entry) => {
    line.at = 0;
    format.write(line, entry);
    expect(line.at).toBeLessThanOrEqual(LINE_BYTES_MAX);
    return Buffer.from(bytes.buffer, 0, line.at).toString('latin1');
  });
}

const ID = /[0-9a-z]{11}-[0-9a-z]{8}/;

describe('json', () => {
  test('has the names of pino', () => {
    const [line = ''] = linesOf('json', [entryOf('/users/7?secret=1')]);
    expect(JSON.parse(line)).toEqual({
      level: 30,
      time: EPOCH_MS,
      pid: 7,
      hostname: 'host"ä',
      worker: 2,
      reqId: expect.stringMatching(ID),
      method: 'GET',
      url: '/users/7',
      protocol: 'HTTP/1.1',
      statusCode: 200,
      bytes: 13,
      responseTime: 0.412,
      remoteAddress: '127.0.0.1',
      route: '/users/:id',
      msg: 'request completed',
    });
  });

  test('a refused message has a reason, and no method without a head', () => {
    const [line = ''] = linesOf('json', [
      entryOf('/', { methodEnd: NO_HEAD, statusCode: 408, reason: 'too slow', durationMs: 0 }),
    ]);
    const read = JSON.parse(line) as Record<string, unknown>;
    expect(read).toMatchObject({
      statusCode: 408,
      reason: 'too slow',
      msg: 'request refused',
      responseTime: 0,
    });
    expect(read).not.toHaveProperty('method');
    expect(read).not.toHaveProperty('url');
  });

  test('a passed id, another version, a time that changes', () => {
    const lines = linesOf('json', [
      entryOf('/', { id: 'abc.1', protocol: 2, complete: false }),
      entryOf('/', { epochMs: EPOCH_MS + 1, protocol: 0, durationMs: 12 }),
    ]).map((line) => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([
      { reqId: 'abc.1', protocol: 'HTTP/2.0', msg: 'request aborted', time: EPOCH_MS },
      { protocol: 'HTTP/1.0', time: EPOCH_MS + 1, responseTime: 12 },
    ]);
  });
});

test('combined is the format of nginx, with its escapes', () => {
  const line = linesOf('combined', [
    entryOf('/a"b?q=1', { referer: 'http://x/?token=1', agent: 'a"\\\t\u00e4' }),
    entryOf('/', { methodEnd: NO_HEAD, statusCode: 400, address: new LoggedAddress('') }),
  ]);
  const time = /\[28\/Nov\/2026:\d\d:\d\d:50 [+-]\d{4}\]/;
  const [first = '', second = ''] = line.map((text) => text.replace(time, '[T]'));
  expect(first).toBe(
    '127.0.0.1 - - [T] "GET /a\\x22b HTTP/1.1" 200 13 "http://x/" "a\\x22\\x5C\\x09\\xE4"\n',
  );
  expect(second).toBe('unix: - - [T] "-" 400 13 "-" "-"\n');
});

test('text is a line for people', () => {
  const [first = '', second = ''] = linesOf(
    'text',
    [entryOf('/a?b=1'), entryOf('/', { reason: 'too slow', statusCode: 408, durationMs: 3 })],
    true,
  );
  expect(first.replace(ID, 'ID')).toBe(
    '2026-11-28T01:28:50.123Z 127.0.0.1 "GET /a?b=1 HTTP/1.1" 200 13 bytes 0.412 ms, route /users/:id, worker 2, id ID\n',
  );
  expect(second).toMatch(/ 408 13 bytes 3 ms, route .*, refused: too slow\n$/);
});

test('no bytes from outside make another line, break JSON, or reach a terminal', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array).toString('latin1'));
  fc.assert(
    fc.property(bytes, bytes, bytes, bytes, fc.boolean(), (method, target, referer, agent, query) => {
      const entry = entryOf(target, { referer, agent }, method);
      for (const name of ['json', 'text', 'combined'] as const) {
        const [line = ''] = linesOf(name, [entry], query, target);
        expect(line).toMatch(/^[\x20-\x7e]+\n$/);
        if (name === 'json')
          expect(JSON.parse(line)).toMatchObject({
            method,
            url: query ? target : target.split('?', 1)[0],
          });
      }
    }),
  );
});

test('longest parts are cut, and the line stays whole', () => {
  const long = '\x01'.repeat(65_000);
  for (const name of ['json', 'text', 'combined'] as const) {
    const [line = ''] = linesOf(name, [entryOf(long, { referer: long, agent: long, id: long }, long)]);
    expect(line.length).toBeGreaterThan(16_000);
    if (name === 'json') expect(JSON.parse(line)).toMatchObject({ msg: 'request completed' });
    else expect(line).toMatch(name === 'combined' ? /"\n$/ : /, id .*\n$/);
  }
});

test('numbers are written exactly', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.constantFrom<Protocol>(0, 1, 2),
      (contentBytes, durationMs, protocol) => {
        const [line = ''] = linesOf('json', [entryOf('/', { contentBytes, durationMs, protocol })]);
        const read = JSON.parse(line) as { bytes: number; responseTime: number };
        expect(read.bytes).toBe(contentBytes);
        expect(read.responseTime).toBeCloseTo(durationMs, 2);
      },
    ),
  );
});

test('made ids are unique, of one length, and valid where ids are passed on', () => {
  const one = new RequestIds();
  const other = new RequestIds();
  const ids = Array.from({ length: 5000 }, (_, i) => (i % 2 ? one : other).nextText());
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) {
    expect(id).toMatch(new RegExp(`^${ID.source}$`));
    expect(isRequestId(id)).toBe(true);
  }
  for (const bad of ['', 'a b', 'a\nb', '"', '{', 'ä', 'x'.repeat(129)]) expect(isRequestId(bad)).toBe(false);
});
