// The redirects of the engines, byte for byte, at every split; and where a turn stops that redirects.

import { describe, expect, test } from 'vitest';
import { HEAD_END_BYTES_MAX } from '../../src/connection/outflow.ts';
import {
  PREPARED_NONE,
  PREPARED_REDIRECT,
  VERDICT_AGAIN,
  VERDICT_CLOSE,
  VERDICT_MORE,
  VERDICT_REQUEST,
} from '../../src/memory/codes.ts';
import { HEAD_BYTES_MAX, OUTPUT_BYTES, PREPARED_RESPONSE_BYTES_MAX } from '../../src/memory/layout.ts';
import { ERROR_RESPONSES } from '../../src/protocol/errors.ts';
import { guardsIntact } from '../../src/wasm/memory.ts';
import { REQUESTS_MAX, Slot } from '../../src/wasm/slot.ts';
import { readStatistics } from '../../src/wasm/statistics.ts';
import { redirectCases } from '../cases/redirect.ts';
import { byteByByte, type Conversation, converse, everySplit, roomForOne } from '../support/conversation.ts';
import { createEngine, ENGINE_NAMES, latin1, textOf } from '../support/engines.ts';
import { expectRedirects, redirect } from '../support/redirects.ts';

const GET = 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n';

test('all cases have different names', () => {
  const names = redirectCases.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test('the redirect has an index above those of all errors', () => {
  expect(Math.max(...ERROR_RESPONSES.map(({ error }) => -error))).toBeLessThan(PREPARED_REDIRECT);
});

describe.each(ENGINE_NAMES)('%s', (name) => {
  const engine = createEngine(name);
  const { codec, slot } = engine;

  describe('each place at every split', () => {
    test.each(redirectCases)('$name ($section)', (expected) => {
      slot.redirectPort = expected.port ?? 443;
      const [whole, ...others] = everySplit(expected.input).map((parts) => converse(engine, parts));
      const { output, closed, unfinished } = whole as Conversation;
      expectRedirects(output, expected);
      expect({ closed, unfinished }).toEqual({
        closed: expected.end === 'closed',
        unfinished: expected.end === 'unfinished',
      });
      for (const other of others) expect(other).toMatchObject({ output, closed, unfinished });
      const stepped = converse(engine, [expected.input], roomForOne(slot));
      expect(stepped).toMatchObject({ output, closed, unfinished });

      slot.recordsEvents = true;
      for (const parts of [[expected.input], byteByByte(expected.input)]) {
        const { events } = converse(engine, parts);
        const responses = events.flatMap(({ response }) => response ?? []);
        expect(responses.join('')).toBe(output);
      }
      slot.recordsEvents = false;
      expect(guardsIntact(slot.views, 0)).toBe(true);
    });
  });

  test('a connection that does not redirect is answered as before', () => {
    for (const port of [8443, 0, 8443, 0]) {
      slot.redirectPort = port;
      const { output } = converse(engine, [GET]);
      if (port === 0) expect(output).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      else expect(output).toBe(redirect('https://a:8443/b'));
    }
  });

  test('no route answers where requests are redirected', () => {
    slot.redirectPort = 443;
    slot.prepared.addRoute('/b', { head: 'HTTP/1.1 200 OK\r\n', content: 'b', counter: -1, bare: false });
    expect(converse(engine, [GET]).output).toBe(redirect('https://a/b'));
    slot.redirectPort = 0;
    expect(converse(engine, [GET]).output).toContain('\r\n\r\nb');
    slot.prepared.forgetRoutes();
  });

  test('a new owner of the slot begins without a redirect', () => {
    const used = createEngine(name);
    used.slot.redirectPort = 443;
    used.slot.prepared.redirectsAll = false;
    const next = new Slot(used.slot.views, 0);
    expect(converse(used, [GET]).output).toMatch(/^HTTP\/1\.1 200 /);
    next.redirectPort = 443;
    expect(converse(used, [GET]).output).toBe(redirect('https://a/b'));
  });

  test('while draining, and at the last request, the redirect says that the connection closes', () => {
    slot.redirectPort = 443;
    const close = redirect('https://a/b', 'Connection: close\r\n');
    slot.draining = true;
    expect(converse(engine, [GET + GET])).toMatchObject({
      output: redirect('https://a/b') + close,
      closed: true,
    });
    slot.draining = false;
    slot.requestsLeft = 2;
    expect(converse(engine, [GET + GET + GET])).toMatchObject({
      output: redirect('https://a/b') + close,
      closed: true,
    });
    slot.requestsLeft = 1;
    const post = 'POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';
    for (const parts of everySplit(post + GET)) {
      slot.requestsLeft = 1;
      expect(converse(engine, parts)).toMatchObject({ output: close, closed: true });
    }
    slot.requestsLeft = REQUESTS_MAX;
  });

  test('content is not asked for', () => {
    slot.redirectPort = 443;
    const fields = 'Host: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n';
    expect(converse(engine, [`POST /b HTTP/1.1\r\n${fields}`])).toMatchObject({
      output: redirect('https://a/b', 'Connection: close\r\n'),
      closed: true,
    });
  });

  test('the error in content behind a redirect is reported, and not answered again', () => {
    slot.redirectPort = 443;
    const head = 'POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    slot.recordsEvents = true;
    const { output, closed, events } = converse(engine, [head, 'x']);
    slot.recordsEvents = false;
    expect({ output, closed }).toEqual({ output: redirect('https://a/b'), closed: true });
    expect(events.map(({ request, error }) => [request, error < 0])).toEqual([
      ['POST /b HTTP/1.1', false],
      [undefined, true],
    ]);
    expect(slot.error).toBeLessThan(0);
  });

  test('each redirect is counted as a request', () => {
    slot.redirectPort = 443;
    const before = readStatistics(slot.views);
    converse(engine, [
      `${GET}POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx${GET}OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n`,
      'x\r\n',
    ]);
    const { requests, refused } = readStatistics(slot.views);
    expect([requests - before.requests, refused - before.refused]).toEqual([4, 1]);
  });

  test('the caller of serve() gets each request if it decides about hosts, and answers with the same bytes', () => {
    slot.redirectPort = 8443;
    slot.prepared.redirectsAll = false;
    const output = slot.outputs[0] as number;
    for (const [head, expected] of [
      [GET, redirect('https://a:8443/b')],
      ['GET http://c:1/d HTTP/1.1\r\nHost: a\r\n\r\n', redirect('https://c:8443/d')],
      ['GET https://c/d HTTP/1.1\r\nHost: a\r\n\r\n', undefined],
      ['OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 400 /],
      ['GET /b HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ] as const) {
      slot.read.set(latin1(head));
      const end = slot.readStart + head.length;
      expect(codec.serve(slot.readStart, end, output)).toBe(end);
      expect([slot.verdict, slot.written]).toEqual([VERDICT_REQUEST, 0]);
      if (expected === undefined) continue;
      const to = codec.answer(PREPARED_REDIRECT, output, false, false, false);
      const text = textOf(slot.views.bytes.subarray(output, to));
      if (typeof expected === 'string') expect(text).toBe(expected);
      else expect(text).toMatch(expected);
    }
    slot.prepared.redirectsAll = true;
    slot.prepared.fallback = PREPARED_NONE;
    expect(converse(engine, [GET]).output).toBe(redirect('https://a:8443/b'));
    slot.prepared.fallback = 0;
  });
});

describe.each(ENGINE_NAMES)('%s, the largest heads', (name) => {
  const engine = createEngine(name, { headBytesMax: HEAD_BYTES_MAX, targetBytesMax: HEAD_BYTES_MAX - 1 });
  const { codec, slot } = engine;
  const output = slot.outputs[0] as number;
  slot.redirectPort = 8443;
  const around = `GET / HTTP/1.1\r\nHost: h\r\n\r\n`.length;

  test('a redirect of any size fits an empty region, and a turn stops if the next one might not fit', () => {
    const target = `/${'p'.repeat(HEAD_BYTES_MAX - around)}`;
    const head = `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`;
    expect(head).toHaveLength(HEAD_BYTES_MAX);
    expect(converse(engine, [head, GET]).output).toBe(
      redirect(`https://h:8443${target}`) + redirect('https://a:8443/b'),
    );
    slot.read.set(latin1(GET + GET));
    const end = slot.readStart + GET.length * 2;
    // One byte of room decides. The bytes that vary take at most 256.
    const last = output + OUTPUT_BYTES - HEAD_BYTES_MAX - 256;
    expect(codec.serve(slot.readStart, end, last)).toBe(slot.readStart + GET.length);
    expect([slot.verdict, slot.written > 0]).toEqual([VERDICT_AGAIN, true]);
    expect(codec.serve(slot.readStart, end, last + 1)).toBe(slot.readStart);
    expect([slot.verdict, slot.written]).toEqual([VERDICT_AGAIN, 0]);
    slot.redirectPort = 0;
    expect(codec.serve(slot.readStart, end, last + 1)).toBe(end);
    expect(slot.verdict).toBe(VERDICT_MORE);
    slot.redirectPort = 8443;
    expect(guardsIntact(slot.views, 0)).toBe(true);
  });

  test('a caller that builds the largest redirect knows how much room it takes', () => {
    const target = `/${'p'.repeat(HEAD_BYTES_MAX - around)}`;
    const largest = redirect(`https://h:65535${target}`, 'Connection: keep-alive\r\n');
    const room = slot.prepared.bytesMax(PREPARED_REDIRECT) + HEAD_END_BYTES_MAX;
    expect(largest.length).toBeLessThanOrEqual(room);
    expect(room).toBeLessThanOrEqual(OUTPUT_BYTES);
    expect(slot.prepared.bytesMax(0)).toBe(PREPARED_RESPONSE_BYTES_MAX);
  });

  test('a long redirect of a request with content closes behind the content', () => {
    const target = `/${'p'.repeat(60_000)}`;
    const head = `PUT ${target} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\n`;
    for (const parts of [[`${head}ab${GET}`], [head, 'a', 'b'], [`${head}a`, `b${GET}`]])
      expect(converse(engine, parts)).toMatchObject({
        output: redirect(`https://h:8443${target}`, 'Connection: close\r\n'),
        closed: true,
      });
    expect(slot.verdict).toBe(VERDICT_CLOSE);
  });
});
