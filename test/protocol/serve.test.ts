// The responses of the engines, byte for byte, and where serve() stops.

import { beforeEach, describe, expect, test } from 'vitest';
import { ERROR_OVERLOADED } from '../../src/memory/codes.ts';
import { ERROR_RESPONSES } from '../../src/protocol/errors.ts';
import { preparedResponses } from '../../src/protocol/prepared.ts';
import { reasonPhrase } from '../../src/protocol/status.ts';
import { rowPointer } from '../../src/wasm/state/rows.ts';
import { readStatistics } from '../../src/wasm/statistics.ts';
import { contentCases } from '../cases/content.ts';
import { fieldCases } from '../cases/fields.ts';
import { framingCases } from '../cases/framing.ts';
import { requestLineCases } from '../cases/request-line.ts';
import { converse, everySplit, roomForOne } from '../support/conversation.ts';
import { createEngine, ENGINE_NAMES, type Engine, latin1, textOf } from '../support/engines.ts';
import { readRecord } from '../support/record.ts';
import { readResponses } from '../support/responses.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const DATE = 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n';

const hello = (n: number, connection = ''): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${DATE}${connection}Content-Length: ${`Hello${n}`.length}\r\n\r\nHello${n}`;

describe.each(ENGINE_NAMES)('%s', (name) => {
  let engine: Engine;
  beforeEach(() => {
    engine = createEngine(name);
  });
  const output = (...parts: string[]): string => converse(engine, parts).output;

  test('one request', () => {
    expect(converse(engine, [GET])).toMatchObject({
      output: hello(1),
      closed: false,
      left: 0,
      unfinished: false,
    });
  });

  test('a TLS ClientHello gets an error that names TLS, however it is cut', () => {
    const hello = '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03';
    for (const parts of everySplit(hello)) {
      const { output, closed } = converse(engine, parts);
      const [refusal, ...more] = readResponses(output, new Set());
      expect(refusal).toMatchObject({ statusCode: 400, content: expect.stringContaining('this is TLS') });
      expect([more, closed]).toEqual([[], true]);
    }
    expect(converse(engine, ['\x16'])).toMatchObject({ unfinished: true, closed: false });
    expect(output(`${GET}\x16`, '\x04')).not.toContain('TLS');
  });

  test('the length grows with the number', () => {
    engine.exports.counterAdd(rowPointer(0), 98);
    expect(output(GET, GET)).toBe(hello(99) + hello(100));
  });

  test.each([[2 ** 31 - 1], [2 ** 31], [2 ** 32 - 1], [2 ** 32], [10 ** 15], [2 ** 53 - 1]])(
    'number %d',
    (n) => {
      const { views } = engine.slot;
      new BigInt64Array(views.bytes.buffer)[rowPointer(0) / 8] = BigInt(n - 1);
      expect(output(GET)).toBe(hello(n));
    },
  );

  test('HEAD gets only the head', () => {
    const head = output(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${GET}`);
    expect(head).toBe(hello(1).slice(0, -'Hello1'.length) + hello(2));
  });

  test('HTTP/1.0 closes unless asked to keep alive', () => {
    expect(converse(engine, ['GET / HTTP/1.0\r\n\r\n'])).toMatchObject({
      output: hello(1, 'Connection: close\r\n'),
      closed: true,
    });
    expect(converse(engine, ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'])).toMatchObject({
      output: hello(2, 'Connection: keep-alive\r\n'),
      closed: false,
    });
  });

  test('Connection: close in the middle of a pipeline ends it there', () => {
    const close = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    expect(converse(engine, [GET + close + GET])).toMatchObject({
      output: hello(1) + hello(2, 'Connection: close\r\n'),
      closed: true,
    });
  });

  test('a pipeline is answered in order at every split', () => {
    const input = `${GET}HEAD /x HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n${GET}`;
    const whole = readResponses(output(input), new Set([1])).map(({ content }) => content);
    expect(whole).toEqual(['Hello1', '', 'Hello3', 'Hello4']);
    for (const parts of everySplit(input)) {
      const fresh = createEngine(name);
      expect(converse(fresh, parts)).toMatchObject({
        output: hello(1) + hello(2).slice(0, -6) + hello(3, 'Connection: keep-alive\r\n') + hello(4),
        left: 0,
      });
    }
  });

  test('before an error all earlier requests are answered', () => {
    const { output, closed } = converse(engine, [`${GET}${GET}GET / HTTP/1.1\nX\r\n\r\n`]);
    const [first, second, third] = readResponses(output);
    expect([first?.content, second?.content]).toEqual(['Hello1', 'Hello2']);
    expect(third).toMatchObject({ statusCode: 400 });
    expect(third?.fields.get('connection')).toBe('close');
    expect(closed).toBe(true);
  });

  test('every error has its response, and HEAD gets no content', () => {
    for (const { error, statusCode, text } of ERROR_RESPONSES) {
      engine.codec.refuse(error, engine.slot.outputs[0] as number);
      const at = engine.slot.outputs[0] as number;
      const response = textOf(engine.slot.views.bytes.subarray(at, at + engine.slot.written));
      const [read] = readResponses(response);
      expect(read).toMatchObject({
        statusCode,
        content: `${statusCode} ${reasonPhrase(statusCode)}: ${text}\n`,
      });
      expect(read?.fields.get('connection')).toBe('close');
    }
    const refused = output('HEAD / HTTP/1.1\r\n\r\n');
    expect(readResponses(refused, new Set([0]))[0]?.statusCode).toBe(400);
    // When no method was read, that of the last request does not count.
    expect(readResponses(output('\0'))[0]?.content).toMatch('400');
  });

  test('an error without a request has content, whatever the request before it', () => {
    output('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
    const at = engine.slot.outputs[0] as number;
    const refusal = (): string => {
      engine.codec.refuse(ERROR_OVERLOADED, at);
      return textOf(engine.slot.views.bytes.subarray(at, at + engine.slot.written));
    };
    expect(readResponses(refusal())[0]?.content).toMatch('503');
    // Within an unfinished HEAD it has none.
    const { slot, codec } = engine;
    slot.read.set(latin1('HEAD / HTTP'));
    codec.serve(slot.readStart, slot.readStart + 11, at);
    expect(readResponses(refusal(), new Set([0]))[0]?.content).toBe('');
  });

  test('while draining, the response to the last request received closes, and those before it do not', () => {
    engine.slot.draining = true;
    expect(converse(engine, [GET + GET])).toMatchObject({
      output: hello(1) + hello(2, 'Connection: close\r\n'),
      closed: true,
    });
    expect(converse(engine, [GET + GET.slice(0, 9), GET.slice(9)])).toMatchObject({
      output: hello(3) + hello(4, 'Connection: close\r\n'),
      closed: true,
    });
  });

  test('the last request that a connection may send closes it', () => {
    engine.slot.requestsLeft = 3;
    expect(output(GET)).toBe(hello(1));
    expect(engine.slot.requestsLeft).toBe(2);
    expect(converse(engine, [GET + GET + GET])).toMatchObject({
      output: hello(2) + hello(3, 'Connection: close\r\n'),
      closed: true,
    });
    expect(engine.slot.requestsLeft).toBe(0);
  });

  test('serve() returns after each response when only one is certain to fit', () => {
    expect(converse(engine, [GET + GET + GET], roomForOne(engine.slot)).turns).toBe(3);
  });

  test('a turn reports only its own head and its own error', () => {
    const { slot } = engine;
    converse(engine, ['\0']);
    expect([slot.head, slot.error < 0]).toEqual([0, true]);
    converse(engine, [GET]);
    expect([slot.head, slot.error]).toEqual([slot.readStart, 0]);
    converse(engine, [GET.slice(0, 9)]);
    expect([slot.head, slot.error]).toEqual([0, 0]);
  });

  test('a full output region is written before further requests are answered', () => {
    const least = 'GET / HTTP/1.1\r\nHost:\r\n\r\n';
    const count = Math.floor(engine.slot.read.length / least.length);
    const { output, turns, left } = converse(engine, [least.repeat(count)]);
    expect(turns).toBeGreaterThan(5);
    expect(left).toBe(0);
    expect(readResponses(output).map(({ content }) => content)).toEqual(
      Array.from({ length: count }, (_, i) => `Hello${i + 1}`),
    );
  });

  test('statistics count answered and rejected requests', () => {
    converse(engine, [GET + GET + GET]);
    converse(engine, [`${GET}x`, '\0']);
    expect(readStatistics(engine.slot.views)).toMatchObject({ requests: 4, refused: 1 });
  });

  test('a half-parsed head of one connection does not touch another', () => {
    const { slot, codec } = engine;
    const first = converse(engine, ['GET /long HTTP/1.1\r\nHost: a\r\nCookie: x']);
    expect(first.left).toBeGreaterThan(0);
    expect(output(GET)).toBe(hello(1));
    expect(codec.parse(slot.readStart, slot.readStart + GET.length)).toBeGreaterThan(0);
  });
});

describe.each(ENGINE_NAMES)('%s, content', (name) => {
  const engine = createEngine(name);
  const head = (fields: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

  test.each(contentCases)('$name ($section)', ({ fields, content, expected }) => {
    const next = expected === 'whole' ? GET : '';
    for (const parts of everySplit(content + next)) {
      const { output, closed, unfinished } = converse(engine, [head(fields) + parts[0], ...parts.slice(1)]);
      if (expected === 'unfinished')
        expect({ output, closed, unfinished }).toEqual({ output: '', closed: false, unfinished: true });
      else if (expected === 'whole') {
        expect(readResponses(output).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
        expect({ closed, unfinished }).toEqual({ closed: false, unfinished: false });
      } else {
        const response = ERROR_RESPONSES.find(({ error }) => error === expected);
        expect(readResponses(output).map(({ content }) => content)).toEqual([
          `${response?.statusCode} ${reasonPhrase(response?.statusCode ?? 0)}: ${response?.text}\n`,
        ]);
        expect(closed).toBe(true);
      }
    }
  });

  test('a head cut anywhere before its content', () => {
    const message = `${head('Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n0\r\nT: x\r\n\r\n`;
    for (const parts of everySplit(message + GET))
      expect(readResponses(converse(engine, parts).output)).toHaveLength(2);
  });

  test('trailers are kept in the record, and have no effect', () => {
    const { codec, slot } = createEngine(name);
    const before = `${head('Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n0\r\n`;
    const message = `${before}Digest: abc\r\nConnection: close\r\nContent-Length: 7\r\n\r\n`;
    slot.read.set(latin1(message));
    const end = slot.readStart + message.length;
    expect(codec.serve(slot.readStart, end, slot.outputs[0] as number)).toBe(end);
    const { fields, persistent } = readRecord(slot, slot.readStart + before.length);
    expect(fields).toEqual([
      ['Digest', 'abc'],
      ['Connection', 'close'],
      ['Content-Length', '7'],
    ]);
    expect(persistent).toBe(true);
  });

  test('100 Continue is sent only when the server waits for the content', () => {
    const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
    const expecting = head('Expect: 100-continue\r\nContent-Length: 3\r\n');
    const asked = converse(engine, [expecting, 'ab', 'c']).output;
    expect(asked.startsWith(CONTINUE)).toBe(true);
    expect(readResponses(asked.slice(CONTINUE.length))).toHaveLength(1);
    expect(converse(engine, [`${expecting}a`, 'bc']).output).not.toContain(CONTINUE);
    expect(converse(engine, [expecting.replace('1.1', '1.0'), 'abc']).output).not.toContain(CONTINUE);
    expect(converse(engine, [head('Expect: 100-continue\r\n')]).output).not.toContain(CONTINUE);
    const chunks = converse(engine, [
      head('Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n'),
      '0\r\n\r\n',
    ]);
    expect(chunks.output.startsWith(CONTINUE)).toBe(true);
    const tooLarge = converse(engine, [head('Expect: 100-continue\r\nContent-Length: 100001\r\n')]);
    expect(readResponses(tooLarge.output)[0]?.statusCode).toBe(413);
  });
});

test('the engines answer every case with the same bytes, at every split', () => {
  const engines = ENGINE_NAMES.map((name) => createEngine(name));
  for (const { input } of [...requestLineCases, ...fieldCases, ...framingCases])
    for (const parts of [[input, GET], [...input]]) {
      const [wasm, debug, js] = engines.map((engine) => converse(engine, parts));
      expect(js).toEqual(wasm);
      expect(debug).toEqual(wasm);
    }
});

test('a prepared response must fit', () => {
  const { slot } = createEngine('wasm');
  const [prepared] = preparedResponses(0);
  if (!prepared) throw new Error('none');
  expect(() => slot.prepared.put({ ...prepared, index: 1024 })).toThrow(RangeError);
  expect(() => slot.prepared.put({ ...prepared, content: 'x'.repeat(20000) })).toThrow(RangeError);
  expect(() => slot.prepared.put({ ...prepared, counter: 256 })).toThrow(RangeError);
});
