// Prepared responses with exact paths: which response answers which request, in all engines and in a short model.

import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Carry } from '../../src/connection/carry.ts';
import { bucketOf } from '../../src/memory/bucket.ts';
import {
  PREPARED_DEFAULT,
  PREPARED_NONE,
  PREPARED_REDIRECT,
  STATE_START,
  VERDICT_AGAIN,
  VERDICT_CLOSE,
  VERDICT_REQUEST,
} from '../../src/memory/codes.ts';
import * as layout from '../../src/memory/layout.ts';
import { ERROR_RESPONSES } from '../../src/protocol/errors.ts';
import { type Prepared, prepare } from '../../src/protocol/prepared.ts';
import { guardsIntact } from '../../src/wasm/memory.ts';
import { REQUESTS_MAX, Slot } from '../../src/wasm/slot.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { readStatistics } from '../../src/wasm/statistics.ts';
import { everySplit, lineOf, roomForOne } from '../support/conversation.ts';
import { createEngine, ENGINE_NAMES, type Engine, latin1, textOf } from '../support/engines.ts';
import { readResponses, withoutInterim } from '../support/responses.ts';

const COUNTER = 7;

/** A response that names its route, even in reply to HEAD. */
function routed(route: number | string, counter = -1, content = ''): Omit<Prepared, 'index'> {
  return prepare(0, { statusCode: 200, fields: [['Route', `${route}`]], content, counter });
}

/** Puts the paths into the slot. Each response names the index of its path. */
function route({ slot }: Engine, paths: readonly string[]): void {
  slot.prepared.forgetRoutes();
  for (const [i, path] of paths.entries()) slot.prepared.addRoute(path, routed(i));
}

/** Returns the answer to a request line: a route by its index, 'hello', or undefined for the caller of serve(). */
function ask({ codec, slot }: Engine, line: string, shift = 0): string | undefined {
  const text = `${line} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const start = slot.readStart + shift;
  const output = slot.outputs[0] as number;
  slot.read.set(latin1(text), shift);
  const cursor = codec.serve(start, start + text.length, output);
  if (cursor !== start + text.length || slot.head !== start) throw new Error(`${line}: stopped within`);
  if (slot.verdict === VERDICT_REQUEST) {
    if (slot.written !== 0) throw new Error(`${line}: answered and handed over`);
    return undefined;
  }
  const answer = textOf(slot.views.bytes.subarray(output, output + slot.written));
  return /\r\nRoute: (.*)\r\n/.exec(answer)?.[1] ?? 'hello';
}

/** The model. Of two routes with one path the later one counts. */
function answering(paths: readonly string[], line: string): string | undefined {
  const [method, target] = line.split(' ') as [string, string];
  const index = paths.lastIndexOf(target.split('?')[0] as string);
  return (method === 'GET' || method === 'HEAD') && index >= 0 ? `${index}` : undefined;
}

describe.each(ENGINE_NAMES)('%s', (name) => {
  const engine = createEngine(name);
  const { slot } = engine;
  slot.prepared.fallback = PREPARED_NONE;
  const expectAll = (paths: readonly string[], lines: Iterable<string>): void => {
    let shift = 0;
    for (const line of lines) {
      const [answer, expected] = [ask(engine, line, shift++ % 17), answering(paths, line)];
      if (answer !== expected) throw new Error(`${line}: ${answer}, not ${expected}`);
    }
  };
  afterEach(() => {
    slot.prepared.forgetRoutes();
    slot.prepared.fallback = PREPARED_NONE;
    expect(guardsIntact(slot.views, 0)).toBe(true);
  });

  test('GET and HEAD are answered, whatever the query; other methods are left to the caller', () => {
    const paths = ['/', '/a', '/a/b'];
    route(engine, paths);
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'get', 'GETS', 'X'];
    const targets = ['/', '/a', '/a/b', '/a/', '/b', '//', '/a//b', '/A', '/%61', '/a;x', '/a&x'];
    const queries = ['', '?', '?b', '?/a', '??', '?a?b', `?${'q'.repeat(40)}`];
    expectAll(
      paths,
      methods.flatMap((method) =>
        targets.flatMap((target) => queries.map((query) => `${method} ${target}${query}`)),
      ),
    );
    // The expected results are not only equal, but these.
    expect([ask(engine, 'GET /a?b'), ask(engine, 'HEAD /a/b'), ask(engine, 'GET /b')]).toEqual([
      '1',
      '2',
      undefined,
    ]);
  });

  test('a target that is not a path is left to the caller', () => {
    route(engine, ['/', '/x', '*', 'http:']);
    for (const line of ['GET http://a/x', 'GET http://a/', 'GET http://a', 'HEAD http://a?x', 'OPTIONS *'])
      expect(ask(engine, line), line).toBeUndefined();
  });

  test('a target with the scheme https gets a 421, or is left to the caller when the request may have come by https', () => {
    route(engine, ['/', '/x']);
    const status = (line: string): string | undefined => {
      const text = `${line} HTTP/1.1\r\nHost: a\r\n\r\n`;
      const output = slot.outputs[0] as number;
      slot.read.set(latin1(text));
      expect(engine.codec.serve(slot.readStart, slot.readStart + text.length, output)).toBe(
        slot.readStart + text.length,
      );
      if (slot.verdict === VERDICT_REQUEST) return undefined;
      const [response] = readResponses(
        textOf(slot.views.bytes.subarray(output, output + slot.written)),
        new Set(line.startsWith('HEAD ') ? [0] : []),
      );
      expect(response?.fields.get('connection')).toBeUndefined();
      return `${response?.statusCode}`;
    };
    const https = [
      'GET https://a/x',
      'HEAD HTTPS://a',
      'GET hTTpS://a?/x',
      'POST https://[::1]:443/',
      'BREW https://a/',
    ];
    for (const fallback of [PREPARED_NONE, PREPARED_DEFAULT]) {
      slot.prepared.fallback = fallback;
      for (const line of https) expect(status(line), line).toBe('421');
      slot.prepared.refusesHttps = false;
      for (const line of https) expect(status(line), line).toBeUndefined();
      slot.prepared.refusesHttps = true;
      for (const line of [
        'GET http://a/x',
        'GET http://https/',
        'OPTIONS *',
        'GET /none?https://',
        'GET //https://a',
      ])
        expect(status(line), line).toBe(fallback === PREPARED_NONE ? undefined : '200');
    }
    expect(status('GET /x')).toBe('200');
  });

  test('a question mark behind the target has no effect', () => {
    route(engine, ['/', '/a']);
    const output = slot.outputs[0] as number;
    for (const field of ['A:?', 'A: b?', 'A:\t???']) {
      const text = `GET / HTTP/1.0\r\n${field}\r\n\r\n`;
      slot.read.set(latin1(text));
      engine.codec.serve(slot.readStart, slot.readStart + text.length, output);
      expect(slot.verdict).toBe(VERDICT_CLOSE);
    }
  });

  test('paths of 1 to 70 bytes, each the beginning of the next, and all paths that differ in one byte', () => {
    const path = (bytes: number): string => `/${'abcdefghijklmnop'.repeat(5)}`.slice(0, bytes);
    const paths = Array.from({ length: 70 }, (_, i) => path(i + 1));
    route(engine, paths);
    expectAll(paths, lines());

    function* lines(): Iterable<string> {
      for (const whole of [...paths, path(71)]) {
        yield `GET ${whole}`;
        yield `HEAD ${whole}?${whole}`;
        for (let at = 1; at < whole.length; at++)
          for (const other of ['z', '?', '@', '~', '/', String.fromCharCode(whole.charCodeAt(at) ^ 1)])
            yield `GET ${whole.slice(0, at)}${other}${whole.slice(at + 1)}`;
      }
    }
  });

  test('every byte that a path may contain, and the question mark', () => {
    const bytes = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).filter(
      (byte) => !'"#<>\\^`{|}?'.includes(byte),
    );
    const paths = [...bytes.map((byte) => `/a${byte}b`), '/a', '/a%3Fb', '/a%3f'];
    route(engine, paths);
    const targets = [...paths, '/a?b', '/a%3F', '/a%3fb', '/a%3Fb?x'];
    expectAll(
      paths,
      targets.map((target) => `GET ${target}`),
    );
  });

  test('paths in one bucket', () => {
    const text = (number: number): string => `${number}`.padStart(4, '0');
    const path = (number: number): string => `/${text(number)}-in-the-middle-${text(number).slice(0, 2)}00-e`;
    const paths = Array.from({ length: 99 }, (_, i) => path(i));
    const buckets = new Set(paths.map((one) => bucketOf(latin1(one), 0, one.length)));
    expect(buckets.size).toBe(1);
    route(engine, paths);
    expectAll(
      paths,
      Array.from({ length: 200 }, (_, i) => `GET ${path(i)}`),
    );
  });

  test('as many routes as there is room for, without the former ones', () => {
    const fixed = PREPARED_REDIRECT + 1;
    const paths = Array.from({ length: layout.PREPARED_COUNT_MAX - fixed }, (_, i) => `/r/${i}`);
    route(engine, paths);
    expectAll(
      paths,
      Array.from({ length: 1100 }, (_, i) => `GET /r/${i}`),
    );
    route(engine, ['/r/5']);
    expectAll(
      ['/r/5'],
      paths.map((path) => `GET ${path}`),
    );
    slot.prepared.forgetRoutes();
    expectAll(
      [],
      paths.map((path) => `GET ${path}`),
    );
  });

  test('the later of two routes with the same path counts', () => {
    route(engine, ['/a', '/b', '/a']);
    expect([ask(engine, 'GET /a'), ask(engine, 'GET /b')]).toEqual(['2', '1']);
  });

  test('requests that match no route', () => {
    const own = slot.prepared.addRoute('/own', routed('own'));
    for (const routes of [[], ['/a']]) {
      slot.prepared.fallback = PREPARED_NONE;
      for (const path of routes) slot.prepared.addRoute(path, routed(path));
      expect([ask(engine, 'GET /b'), ask(engine, 'POST /a')]).toEqual([undefined, undefined]);
      slot.prepared.fallback = PREPARED_DEFAULT;
      expect([ask(engine, 'GET /b'), ask(engine, 'POST /a')]).toEqual(['hello', 'hello']);
      slot.prepared.fallback = own;
      expect([ask(engine, 'GET /b'), ask(engine, 'POST /a')]).toEqual(['own', 'own']);
    }
  });

  test('a slot with only the response of a path', () => {
    const bare: Engine = { ...engine, slot: new Slot(slot.views, 0) };
    bare.slot.prepared.fallback = PREPARED_NONE;
    bare.slot.prepared.addRoute('/a', routed('a'));
    expect([ask(bare, 'GET /a'), ask(bare, 'GET /b')]).toEqual(['a', undefined]);
    for (const prepared of [...ERROR_RESPONSES.keys()])
      bare.slot.prepared.put(prepare(prepared, { statusCode: 200, fields: [], content: '' }));
    expect(ask(bare, 'GET /a')).toBeUndefined();
  });
});

const engines = ENGINE_NAMES.map((name) => createEngine(name));

describe('at random', () => {
  const part = fc.constantFrom('a', 'b', '/', '.', '%3F', '=', 'abcdefghijklmnop', 'abcdefghijklmnoq', 'A');
  const path = fc.array(part, { maxLength: 7 }).map((parts) => `/${parts.join('')}`);
  const mutation = fc.oneof(
    fc.constant((text: string): string => text),
    part.map(
      (more) =>
        (text: string): string =>
          text + more,
    ),
    fc.nat({ max: 90 }).map(
      (size) =>
        (text: string): string =>
          text.slice(0, size) || '/',
    ),
    fc.tuple(fc.integer({ min: 1, max: 90 }), part).map(
      ([at, other]) =>
        (text: string): string =>
          text.slice(0, at) + other + text.slice(at + 1),
    ),
    part.map(
      (query) =>
        (text: string): string =>
          `${text}?${query}`,
    ),
    fc.constant((text: string): string => `http://a${text}`),
  );
  const method = fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'get');
  const asked = fc.tuple(method, fc.nat(), fc.array(mutation, { maxLength: 2 }));

  test('which route answers a request line', () => {
    fc.assert(
      fc.property(
        fc.array(path, { maxLength: 30 }),
        fc.array(asked, { minLength: 1, maxLength: 20 }),
        fc.nat({ max: 40 }),
        (paths, asks, shift) => {
          const lines = asks.map(([verb, which, mutations]) => {
            const begun = paths[which % (paths.length + 1)] ?? '/none';
            // A request that is no longer a valid target asks for the root.
            const target = mutations.reduce((text, mutate) => mutate(text), begun);
            return `${verb} ${/^(\/|http:\/\/a(\/|$))/.test(target) ? target : '/'}`;
          });
          const expected = lines.map((line) => answering(paths, line));
          for (const engine of engines) {
            engine.slot.prepared.fallback = PREPARED_NONE;
            route(engine, paths);
            expect(lines.map((line) => ask(engine, line, shift))).toEqual(expected);
          }
        },
      ),
      { numRuns: 700 },
    );
  });
});

/** A request of a pipeline, with what the model needs. */
interface Asked {
  method: string;
  target: string;
  /** Bytes of content; chunked, when below 0. */
  content: number;
  minor: number;
  connection: '' | 'close' | 'keep-alive';
}

function textOfRequest({ method, target, content, minor, connection }: Asked): string {
  const lines = [`${method} ${target} HTTP/1.${minor}`, 'Host: a'];
  const chunked = content < 0 && minor === 1;
  const size = Math.abs(content);
  if (connection !== '') lines.push(`Connection: ${connection}`);
  if (chunked) lines.push('Transfer-Encoding: chunked');
  else if (size > 0) lines.push(`Content-Length: ${size}`);
  const data = 'GET /hidden HTTP/1.1\r\n'.repeat(5).slice(0, size);
  return `${lines.join('\r\n')}\r\n\r\n${chunked ? `${size.toString(16)}\r\n${data}\r\n0\r\nA: b\r\n\r\n` : data}`;
}

function persists({ minor, connection }: Asked): boolean {
  return minor === 1 ? connection !== 'close' : connection === 'keep-alive';
}

/** The events of a pipeline, in order. */
interface Followed {
  /** The `Route` of each response, `hello` for one without, or the request line that was left to the caller. */
  events: string[];
  /** Which of the events said that the connection closes, or -1. */
  closing: number;
  requests: number;
  counted: number;
  requestsLeft: number;
}

const PATHS = ['/a', '/counted', '/abcdefghijklmnopqrstuvwxyz'];
const COUNTED = 1;

/** Drives an engine as a connection does whose application answers at once. Other connections use the slot between reads. */
function follow({ codec, slot }: Engine, parts: string[]): Followed {
  const { bytes } = slot.views;
  const before = readStatistics(slot.views).requests;
  const counter = rowPointer(COUNTER) / 8;
  const counters = new BigInt64Array(bytes.buffer);
  counters[counter] = 0n;
  const events: string[] = [];
  let text = '';
  let closed = false;
  let carry: Carry | undefined;
  const heads: boolean[] = [];
  const tell = (): void => {
    const answered = readResponses(
      withoutInterim(text),
      new Set(heads.flatMap((head, i) => (head ? [i] : []))),
    );
    for (const { fields } of answered) events.push(fields.get('route') ?? 'hello');
    text = '';
    heads.length = 0;
  };
  const room = roomForOne(slot, 2);
  for (const part of parts) {
    slot.read.set(latin1(part));
    const end = slot.readStart + part.length;
    let cursor = carry?.restore(part.length) ?? slot.readStart;
    const start = cursor;
    for (;;) {
      cursor = codec.serve(cursor, end, room);
      const written = textOf(bytes.subarray(room, room + slot.written));
      text += written;
      if (slot.verdict === VERDICT_REQUEST) {
        tell();
        events.push(lineOf(slot.requestHead()));
        closed = !slot.record.persistent || slot.requestsLeft === 0;
      } else {
        if (withoutInterim(written) !== '') {
          heads.push(slot.record.headOnly);
          tell();
          closed = slot.verdict === VERDICT_CLOSE;
        }
        if (slot.verdict !== VERDICT_AGAIN) break;
      }
      if (closed) break;
    }
    if (closed) break;
    if (cursor === end && !slot.record.unfinished) carry = undefined;
    else if (carry === undefined || cursor !== start) carry = new Carry(slot, cursor, end);
    else carry.append(slot.readStart, end);
    const record = slot.pointer + layout.RECORD;
    bytes.fill(0xee, record, record + layout.RECORD_BYTES);
    slot.views.words[(record + layout.RECORD_STATE) >> 2] = STATE_START;
    bytes.fill(0xee, start, end);
  }
  slot.record.drop();
  return {
    events,
    closing: closed ? events.length - 1 : -1,
    requests: readStatistics(slot.views).requests - before,
    counted: Number(counters[counter]),
    requestsLeft: slot.requestsLeft,
  };
}

/** The events by the model. `left` is how many more requests the connection may send. */
function foretell(requests: readonly Asked[], fallback: number, left: number, draining: boolean): Followed {
  const events: string[] = [];
  let counted = 0;
  let closing = -1;
  for (const [i, asked] of requests.entries()) {
    const { method, target, minor } = asked;
    const found = answering(PATHS, `${method} ${target}`);
    const handed = found === undefined && fallback === PREPARED_NONE;
    if (found === `${COUNTED}`) counted++;
    events.push(handed ? `${method} ${target} HTTP/1.${minor}` : (found ?? 'hello'));
    const last = events.length === left || (draining && !handed && i === requests.length - 1);
    if (last || !persists(asked)) {
      closing = i;
      break;
    }
  }
  return { events, closing, requests: events.length, counted, requestsLeft: left - events.length };
}

describe('pipelines with prepared responses and requests for the caller', () => {
  const prepareAll = (): void => {
    for (const { slot } of engines) {
      slot.prepared.forgetRoutes();
      for (const [i, path] of PATHS.entries())
        slot.prepared.addRoute(path, routed(i, i === COUNTED ? COUNTER : -1, 'x'));
      slot.prepared.fallback = PREPARED_NONE;
      slot.draining = false;
      slot.requestsLeft = REQUESTS_MAX;
    }
  };

  const asked: fc.Arbitrary<Asked> = fc.record({
    method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST'),
    target: fc.constantFrom(...PATHS, '/b', '/a?q', '/counted?n=1'),
    content: fc.constantFrom(0, 0, 0, 1, 16, 100, -1, -100),
    minor: fc.constantFrom(1, 1, 1, 1, 0),
    connection: fc.constantFrom<('' | 'keep-alive' | 'close')[]>('', '', 'keep-alive', 'keep-alive', 'close'),
  });

  test('at random: order, counts, which one closes', () => {
    fc.assert(
      fc.property(
        fc.array(asked, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(PREPARED_NONE, PREPARED_DEFAULT),
        fc.oneof(fc.constant(REQUESTS_MAX), fc.integer({ min: 1, max: 6 })),
        fc.boolean(),
        fc.array(fc.nat({ max: 999 }), { maxLength: 4 }),
        (requests, fallback, left, draining, cuts) => {
          prepareAll();
          const text = requests.map(textOfRequest).join('');
          // Which request is the last received depends on how the bytes arrive.
          const places = draining
            ? []
            : [...new Set(cuts.map((cut) => cut % text.length))].sort((a, b) => a - b);
          const parts = [0, ...places]
            .map((from, i) => text.slice(from, places[i]))
            .filter((part) => part !== '');
          const expected = foretell(requests, fallback, left, draining);
          for (const engine of engines) {
            engine.slot.prepared.fallback = fallback;
            engine.slot.draining = draining;
            engine.slot.requestsLeft = left;
            expect(follow(engine, parts), engine.name).toEqual(expected);
            expect(guardsIntact(engine.slot.views, 0)).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a GET for a prepared response whose content comes in parts keeps its route, at every split', () => {
    prepareAll();
    for (const content of [20, -20]) {
      const requests: Asked[] = ['/counted', '/b', '/a'].map((target) => ({
        method: 'GET',
        target,
        content,
        minor: 1,
        connection: '',
      }));
      const expected = {
        ...foretell(requests, PREPARED_NONE, REQUESTS_MAX, false),
        requestsLeft: expect.anything(),
      };
      for (const parts of everySplit(requests.map(textOfRequest).join('')))
        for (const engine of engines) expect(follow(engine, parts), engine.name).toEqual(expected);
    }
  });

  test('a counted route does not count a rejected request', () => {
    prepareAll();
    for (const engine of engines) {
      const { slot } = engine;
      const before = readStatistics(slot.views);
      const counters = new BigInt64Array(slot.views.bytes.buffer);
      const counter = rowPointer(COUNTER) / 8;
      counters[counter] = 0n;
      const good = 'GET /counted HTTP/1.1\r\nHost: a\r\n\r\n';
      const bad = 'GET /counted HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n';
      slot.read.set(latin1(good + good + bad + good));
      const output = slot.outputs[0] as number;
      const end = slot.readStart + good.length * 3 + bad.length;
      engine.codec.serve(slot.readStart, end, output);
      const text = textOf(slot.views.bytes.subarray(output, output + slot.written));
      expect(readResponses(text).map(({ statusCode }) => statusCode)).toEqual([200, 200, 400]);
      expect(slot.verdict).toBe(VERDICT_CLOSE);
      expect(counters[counter]).toBe(2n);
      expect(readStatistics(slot.views)).toMatchObject({
        requests: before.requests + 2,
        refused: before.refused + 1,
      });
    }
  });

  test('a turn stops behind a head for the caller, with the responses before it', () => {
    prepareAll();
    const [first, handed, last] = ['GET /a', 'POST /a', 'GET /a'].map(
      (line) =>
        `${line} HTTP/1.1\r\nHost: a\r\n${line.startsWith('POST') ? 'Content-Length: 3\r\n' : ''}\r\n`,
    ) as [string, string, string];
    for (const { codec, slot } of engines) {
      slot.requestsLeft = 10;
      const before = readStatistics(slot.views).requests;
      const output = slot.outputs[1] as number;
      const start = slot.readStart;
      slot.read.set(latin1(`${first}${handed}abc${last}`));
      const end = start + first.length + handed.length + 3 + last.length;
      const cursor = codec.serve(start, end, output);
      const { written } = slot;
      expect(cursor - start).toBe(first.length + handed.length);
      expect([slot.verdict, slot.head - start, slot.error]).toEqual([VERDICT_REQUEST, first.length, 0]);
      expect([slot.requestsLeft, readStatistics(slot.views).requests - before]).toEqual([8, 2]);
      expect([slot.record.inContent, slot.record.contentLength]).toEqual([true, 3]);
      expect(readResponses(textOf(slot.views.bytes.subarray(output, output + written)))).toHaveLength(1);
      // The content is skipped, and the request is neither answered nor counted again.
      expect(codec.serve(cursor, end, output + written)).toBe(end);
      expect([slot.written, slot.head]).toEqual([written, start + first.length + handed.length + 3]);
      expect([slot.requestsLeft, readStatistics(slot.views).requests - before]).toEqual([7, 3]);
    }
  });
});

describe('a full slot', () => {
  const engine = createEngine('wasm');
  const { slot } = engine;
  slot.prepared.fallback = PREPARED_NONE;
  const region = (): Buffer =>
    Buffer.from(slot.views.bytes.slice(slot.pointer, slot.pointer + layout.GUARD_BEFORE_INPUT));
  /** Checks that nothing has changed, in the slot or in later responses. */
  const expectRefused = (act: () => void): void => {
    const before = region();
    expect(act).toThrow(RangeError);
    expect(region().equals(before)).toBe(true);
  };
  afterEach(() => slot.prepared.forgetRoutes());
  const size = (bytes: number): Omit<Prepared, 'index'> => {
    const empty = routed('x');
    return { ...empty, content: 'x'.repeat(bytes - empty.head.length) };
  };

  test('a response has at most this many bytes', () => {
    slot.prepared.addRoute('/large', size(layout.PREPARED_RESPONSE_BYTES_MAX));
    expect(ask(engine, 'GET /large')).toBe('x');
    expectRefused(() => slot.prepared.addRoute('/larger', size(layout.PREPARED_RESPONSE_BYTES_MAX + 1)));
    expectRefused(() => slot.prepared.put({ ...size(layout.PREPARED_RESPONSE_BYTES_MAX + 1), index: 0 }));
    expect([ask(engine, 'GET /larger'), ask(engine, 'GET /large')]).toEqual([undefined, 'x']);
  });

  test('the table has this many entries', () => {
    let index = -1;
    while (index < layout.PREPARED_COUNT_MAX - 1)
      index = slot.prepared.addRoute(`/${index + 1}`, routed(index + 1));
    expectRefused(() => slot.prepared.addRoute('/more', routed('more')));
    expectRefused(() => slot.prepared.put({ ...routed('more'), index: layout.PREPARED_COUNT_MAX }));
    expect(ask(engine, `GET /${index}`)).toBe(`${index}`);
  });

  test('the text region has this many bytes, and a rejected response takes none of them', () => {
    const fill = (): number => {
      let count = 0;
      try {
        for (; ; count++) slot.prepared.addRoute(`/${count}`, size(layout.PREPARED_RESPONSE_BYTES_MAX));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
      return count;
    };
    const count = fill();
    expect(count).toBeGreaterThan(10);
    expectRefused(() => slot.prepared.addRoute('/more', size(layout.PREPARED_RESPONSE_BYTES_MAX)));
    // The rest is filled to the last byte, so that head and content, or the path alone, no longer fit.
    let left = 0;
    for (let bytes = layout.PREPARED_RESPONSE_BYTES_MAX; bytes >= 64; bytes -= 16)
      try {
        slot.prepared.addRoute(`/left/${bytes}`, {
          ...routed('left'),
          head: 'HTTP/1.1 200 OK\r\n'.padEnd(bytes),
        });
        left++;
        bytes += 16;
      } catch {}
    expect(left).toBeGreaterThan(0);
    expectRefused(() => slot.prepared.addRoute('/a', { ...routed(''), head: 'x'.repeat(64) }));
    expectRefused(() => slot.prepared.addRoute(`/${'p'.repeat(100)}`, { ...routed(''), head: '' }));
    // The buckets follow the texts.
    const buckets = (slot.pointer + layout.ROUTES) >> 2;
    const firsts = slot.views.words.subarray(buckets, buckets + layout.ROUTE_BUCKET_COUNT);
    expect(firsts.every((index) => index >= 0 && index < layout.PREPARED_COUNT_MAX)).toBe(true);
    expect(guardsIntact(slot.views, 0)).toBe(true);
    expect(ask(engine, 'GET /0')).toBe('x');
    slot.prepared.forgetRoutes();
    expect(fill()).toBe(count);
  });

  test('an invalid counter is rejected', () => {
    slot.prepared.addRoute('/a', routed('a'));
    expectRefused(() => slot.prepared.addRoute('/b', { ...routed('b'), counter: layout.STATE_COUNT_MAX }));
    expectRefused(() => slot.prepared.put({ ...routed('b'), index: 0, counter: layout.STATE_COUNT_MAX }));
    expect([ask(engine, 'GET /a'), ask(engine, 'GET /b')]).toEqual(['a', undefined]);
  });

  test('afterwards all other routes answer as before', () => {
    const fresh = createEngine('wasm');
    fresh.slot.prepared.fallback = PREPARED_NONE;
    const output = slot.outputs[0] as number;
    for (const { error } of ERROR_RESPONSES) {
      const texts = [engine, fresh].map((one) => {
        one.codec.refuse(error, output);
        return textOf(one.slot.views.bytes.subarray(output, output + one.slot.written));
      });
      expect(texts[0]).toBe(texts[1]);
    }
  });
});
