// Response fields: how lines are built, which fields are rejected, and which belong to the server alone.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addMissing,
  JSON_FIELDS,
  NO_FIELDS,
  pairsOf,
  readFields,
  readTrailers,
  TEXT_FIELDS,
} from '../../src/app/response-fields.ts';

function linesOf(headers: unknown, missing = NO_FIELDS): string[] {
  return readFields(headers as HeadersInit, missing)
    .lines.split('\r\n')
    .slice(0, -1);
}

const OUTER = '\t\r\n ';

describe('field lines are built from', () => {
  test.each<[string, unknown, string[]]>([
    ['a plain object', { 'X-One': '1', two: 2 }, ['x-one: 1', 'two: 2']],
    ['pairs', [['X-One', '1'], new Set(['two', '2'])], ['x-one: 1', 'two: 2']],
    ['a Map', new Map([['X-One', '1']]), ['x-one: 1']],
    ['Headers', new Headers({ 'X-One': '1' }), ['x-one: 1']],
    ['a generator', pairs(), ['x-one: 1', 'x-one: 2']],
    ['nothing', {}, []],
    ['a name in two spellings', { A: '1', a: '2' }, ['a: 1', 'a: 2']],
    ['an empty value', { a: '' }, ['a: ']],
    ['white space around', { a: `${OUTER}b c${OUTER}` }, ['a: b c']],
    ['nothing but white space', { a: OUTER }, ['a: ']],
    ['bytes above ASCII', { a: '\u00ff\u0080' }, ['a: \u00ff\u0080']],
    ['other control characters, which Fetch allows', { a: 'b\u0001\u007fc' }, ['a: b\u0001\u007fc']],
    ['null and undefined', { a: null, b: undefined }, ['a: null', 'b: undefined']],
    ['every sign of a token', { "!#$%&'*+-.^_`|~09azAZ": '' }, ["!#$%&'*+-.^_`|~09azaz: "]],
    ['inherited members', Object.create({ a: '1' }), []],
    [
      'names of Object.prototype',
      JSON.parse('{"__proto__":"1","constructor":"2"}'),
      ['__proto__: 1', 'constructor: 2'],
    ],
  ])('%s', (_, headers, lines) => {
    expect(linesOf(headers)).toEqual(lines);
    // The second result comes from the cache.
    if (!(Symbol.iterator in Object(headers))) expect(linesOf(headers)).toEqual(lines);
  });

  function* pairs() {
    yield ['X-One', '1'];
    yield ['x-one', '2'];
  }

  test('several cookies, each in a line of its own', () => {
    const headers = new Headers();
    headers.append('set-cookie', 'a=1');
    headers.append('set-cookie', 'b=2');
    expect(linesOf(headers)).toEqual(['set-cookie: a=1', 'set-cookie: b=2']);
  });

  test('a name with alternating values, alone and among others', () => {
    for (let i = 0; i < 6; i++) {
      expect(linesOf({ alone: `${i % 2}` })).toEqual([`alone: ${i % 2}`]);
      expect(linesOf({ alone: `${i % 3}`, b: '1' })).toEqual([`alone: ${i % 3}`, 'b: 1']);
      expect(linesOf({ b: '1', alone: `${i % 3}` })).toEqual(['b: 1', `alone: ${i % 3}`]);
    }
  });

  test('values that are too long for the cache', () => {
    for (const value of ['x'.repeat(500), 'short', 'y'.repeat(500), 'short'])
      expect(linesOf({ long: value })).toEqual([`long: ${value}`]);
  });

  test('more names than the cache has room for', () => {
    for (let i = 0; i < 2500; i++) expect(linesOf({ [`X-${i}`]: '1' })).toEqual([`x-${i}: 1`]);
  });
});

test.each([
  ['long', 100_000, 'y'.repeat(100)],
  ['short', 300_000, ''],
])('%s names from outside the program, without filling memory', (_, count, rest) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) readFields({ [`x-${i}-${rest}`]: '1' }, NO_FIELDS);
  collect();
  // If they were cached, they would take some 40 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
});

describe('a malformed field is rejected:', () => {
  test.each(['\r', '\n', '\0', '\r\n', '\u0100', '\u010a', '\u010d', '\u{1f600}', '\ud800'])(
    'a value with %j',
    (char) => {
      for (const headers of [{ 'X-Bad': `a${char}b` }, [['X-Bad', `a${char}b`]]] as HeadersInit[])
        expect(() => readFields(headers, NO_FIELDS)).toThrow(/^the value of x-bad holds/);
      expect(() => new Headers({ 'X-Bad': `a${char}b` })).toThrow(TypeError);
    },
  );

  test.each(['', 'a b', 'a:', 'a\r\nb', 'a\0', 'ä', '(', 'a\u0100', ' a', 'a\n'])('the name %j', (name) => {
    for (const headers of [{ [name]: '1' }, [[name, '1']]] as HeadersInit[])
      expect(() => readFields(headers, NO_FIELDS)).toThrow(TypeError);
    expect(() => new Headers({ [name]: '1' })).toThrow(TypeError);
  });

  test('again when it is used a second time', () => {
    for (let i = 0; i < 3; i++) {
      expect(() => readFields({ ok: '1', again: 'a\nb' }, NO_FIELDS)).toThrow(TypeError);
      expect(linesOf({ again: 'a' })).toEqual(['again: a']);
    }
  });

  test.each([null, 'a: b', 5, [['a']], [['a', 'b', 'c']], ['ab'], [null], { a: Symbol('b') }])(
    'the fields %o',
    (headers) => {
      expect(() => readFields(headers as never, NO_FIELDS)).toThrow(TypeError);
      expect(() => new Headers(headers as never)).toThrow(TypeError);
    },
  );

  test('a value that makes other fields while it is converted to a string', () => {
    const value = { toString: () => `${linesOf({ a: 'inner', b: '2' }).length}` };
    expect(linesOf({ a: '1', b: value, c: '3' })).toEqual(['a: 1', 'b: 2', 'c: 3']);
  });
});

test('exactly the fields that a Headers object rejects', () => {
  const name = fc.oneof(
    fc.constantFrom('a', 'A', 'Connection', 'set-cookie', 'content-length', ''),
    // The platform's Headers ignore that name in a record.
    fc.string().filter((text) => text !== '__proto__'),
  );
  const value = fc.string({
    unit: fc.oneof(fc.constantFrom(...'\r\n\t\0 ,ab'), fc.string({ maxLength: 1 })),
  });
  const pairs = fc.array(fc.tuple(name, fc.oneof(value, fc.string({ unit: 'binary' }))), { maxLength: 4 });
  fc.assert(
    fc.property(pairs, fc.boolean(), (pairs, asRecord) => {
      const headers = asRecord ? Object.fromEntries(pairs) : pairs;
      expect(outcome(() => new Headers(pairsOf(readFields(headers, NO_FIELDS))))).toEqual(
        outcome(() => new Headers(headers)),
      );
    }),
    { numRuns: 2000 },
  );

  function outcome(make: () => Headers): unknown {
    try {
      return [...make()];
    } catch (error) {
      return (error as Error).constructor;
    }
  }
});

describe("the server's own fields", () => {
  test('are kept apart from the lines', () => {
    const headers = {
      Connection: 'Keep-Alive',
      'Content-Length': '5',
      Date: 'today',
      'Keep-Alive': 'timeout=5',
      'Proxy-Connection': 'close',
      'Transfer-Encoding': 'chunked',
      Upgrade: 'h2c',
      'X-Other': '1',
    };
    const fields = readFields(headers, NO_FIELDS);
    expect(fields).toMatchObject({ lines: 'x-other: 1\r\n', close: false, length: 5 });
    expect(new Headers(pairsOf(fields))).toEqual(new Headers(headers));
  });

  test.each([
    ['close', true],
    ['CLOSE', true],
    ['keep-alive, close', true],
    ['close ,x', true],
    ['closed', false],
    ['x-close', false],
    ['keep-alive', false],
    ['', false],
  ])('connection: %s', (connection, close) => {
    expect(readFields({ connection }, NO_FIELDS).close).toBe(close);
    expect(
      readFields(
        [
          ['connection', 'x'],
          ['connection', connection],
        ],
        NO_FIELDS,
      ).close,
    ).toBe(close);
  });

  test.each([
    ['0', 0],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['0x10', undefined],
    ['1e3', undefined],
    ['5, 5', undefined],
    ['', undefined],
  ])('content-length: %s', (value, length) => {
    expect(readFields({ 'content-length': value }, NO_FIELDS)).toMatchObject({ lines: '', length });
  });

  test('two Content-Length fields are ignored', () => {
    const twice: HeadersInit = [
      ['content-length', '5'],
      ['content-length', '5'],
    ];
    expect(readFields(twice, NO_FIELDS).length).toBeUndefined();
  });

  test('are found whether long or short, before or behind another field', () => {
    for (const value of ['x'.repeat(500), 'x'])
      for (let i = 0; i < 2; i++) {
        expect(readFields({ upgrade: value }, NO_FIELDS).own).toBe(`upgrade: ${value}\r\n`);
        expect(readFields({ connection: 'close', behind: '1' }, NO_FIELDS)).toMatchObject({
          lines: 'behind: 1\r\n',
          close: true,
        });
        expect(readFields({ behind: '1' }, NO_FIELDS)).toMatchObject({
          lines: 'behind: 1\r\n',
          close: false,
        });
      }
  });
});

describe('a missing Content-Type', () => {
  test('is added', () => {
    expect(readFields(undefined, TEXT_FIELDS)).toBe(TEXT_FIELDS);
    expect(linesOf({ a: '1' }, JSON_FIELDS)).toEqual(['a: 1', 'content-type: application/json']);
    expect(linesOf([['a', '1']], JSON_FIELDS)).toEqual(['a: 1', 'content-type: application/json']);
    expect(linesOf({ a: '1' })).toEqual(['a: 1']);
  });

  test('is not added beside another', () => {
    expect(linesOf({ 'Content-TYPE': 'text/html' }, TEXT_FIELDS)).toEqual(['content-type: text/html']);
    expect(linesOf([['Content-TYPE', '']], TEXT_FIELDS)).toEqual(['content-type: ']);
  });

  test('is added to fields that have been read', () => {
    const other = readFields({ a: 'content-type: b', 'x-content-type': 'c' }, NO_FIELDS);
    expect(addMissing(other, TEXT_FIELDS).lines).toBe(other.lines + TEXT_FIELDS.lines);
    expect(addMissing(other, NO_FIELDS)).toBe(other);
    const typed = readFields({ a: '1', 'content-type': 'b' }, NO_FIELDS);
    expect(addMissing(typed, TEXT_FIELDS)).toBe(typed);
  });
});

describe('trailers', () => {
  test('become field lines', () => {
    expect(readTrailers({ 'X-Sum': 'abc', b: '2' })).toBe('x-sum: abc\r\nb: 2\r\n');
    expect(readTrailers([])).toBe('');
  });

  test.each([
    'Content-Length',
    'Transfer-Encoding',
    'Host',
    'Content-Encoding',
    'Content-Type',
    'Content-Range',
    'Trailer',
    'Connection',
    'Set-Cookie',
    'Cache-Control',
    'Authorization',
    'TE',
  ])('can not be %s', (name) => {
    expect(() => readTrailers({ ok: '1', [name]: '1' })).toThrow(
      new TypeError(`${name.toLowerCase()} can't be a trailer field`),
    );
  });

  test('are validated as other fields are', () => {
    expect(() => readTrailers({ a: 'b\r\nc' })).toThrow(TypeError);
  });
});
