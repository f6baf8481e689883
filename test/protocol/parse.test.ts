// Both engines against the case tables, in every way the bytes may come.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ERROR_FIELD_COUNT,
  ERROR_FIELD_VALUE,
  ERROR_HEAD_SIZE,
  ERROR_TARGET,
  ERROR_TARGET_SIZE,
  ERROR_VERSION,
  MORE,
} from '../../src/memory/codes.ts';
import type { HeadCase } from '../cases/case.ts';
import { fieldCases } from '../cases/fields.ts';
import { framingCases } from '../cases/framing.ts';
import { requestLineCases } from '../cases/request-line.ts';
import { createEngine, ENGINE_NAMES, latin1, parseEveryWay } from '../support/engines.ts';

const TABLES: Record<string, HeadCase[]> = {
  'request line': requestLineCases,
  fields: fieldCases,
  framing: framingCases,
};

describe.each(ENGINE_NAMES)('%s', (name) => {
  const engine = createEngine(name);

  for (const [table, cases] of Object.entries(TABLES))
    describe(table, () => {
      test.each(cases)('$name ($section)', ({ input, expected }) => {
        const { result, record } = parseEveryWay(engine, input);
        if (typeof expected === 'number') expect(result).toBe(expected);
        else {
          expect(result).toBe(input.length);
          expect(record).toMatchObject(expected);
        }
      });
    });

  test('a browser-sized head', () => {
    const input = readFileSync('bench/data/request-703-bytes.http', 'latin1');
    const { result, record } = parseEveryWay(engine, input);
    expect(result).toBe(703);
    expect(record?.fields.map(([field]) => field)).toEqual([
      'Host',
      'User-Agent',
      'Accept',
      'Accept-Language',
      'Accept-Encoding',
      'Accept-Charset',
      'Keep-Alive',
      'Connection',
      'Cookie',
    ]);
  });
});

/** Every byte in the midst of others, and in which places it may stand. */
const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const TCHAR = `!#$%&'*+-.^_\`|~${ALPHANUMERIC}`;
const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
const SOME = 'x'.repeat(15);
const PLACES: [place: string, section: string, members: string, before: string, after: string][] = [
  ['method', '9.1', TCHAR, SOME, `${SOME} / HTTP/1.1\r\nHost: a\r\n\r\n`],
  [
    'target',
    '4.2',
    EVERY_BYTE.filter((byte) => /[!-~]/.test(byte) && !'"#<>\\'.includes(byte)).join(''),
    `GET /${SOME}`,
    `${SOME} HTTP/1.1\r\nHost: a\r\n\r\n`,
  ],
  // The first colon ends the name.
  ['field name', '5.6.2', `${TCHAR}:`, `GET / HTTP/1.1\r\nHost: a\r\n${SOME}`, `${SOME}: b\r\n\r\n`],
  [
    'field value',
    '5.5',
    EVERY_BYTE.filter((byte) => /[\t -~\x80-\xff]/.test(byte)).join(''),
    `GET / HTTP/1.1\r\nHost: a\r\nA:${SOME}`,
    `${SOME}\r\n\r\n`,
  ],
  ['host', '7.2', `-._~!$&'()*+,;=${ALPHANUMERIC}`, `GET / HTTP/1.1\r\nHost:${SOME}`, `${SOME}\r\n\r\n`],
];

describe.each(ENGINE_NAMES)('%s, every byte', (name) => {
  const { codec, slot } = createEngine(name);

  test.each(PLACES)('in a %s (RFC 9110 %s)', (_, __, members, before, after) => {
    const passing = EVERY_BYTE.filter((byte) => {
      const input = latin1(before + byte + after);
      slot.read.set(input);
      const result = codec.parse(slot.readStart, slot.readStart + input.length);
      slot.record.drop();
      return result > 0;
    });
    expect(passing.join('')).toBe([...members].sort().join(''));
  });
});

describe.each(ENGINE_NAMES)('%s, resumed', (name) => {
  const { codec, slot } = createEngine(name);

  test.each([
    ['a method', 'METH', 'OD / HTTP/1.1\r\nHost: a\r\n\r\n', 0, 4],
    ['a target', 'GET /target', ' HTTP/1.1\r\nHost: a\r\n\r\n', 5, 11],
    ['a field name', 'GET / HTTP/1.1\r\nHost: a\r\nName', 's: b\r\n\r\n', 25, 29],
    ['a field value', 'GET / HTTP/1.1\r\nHost: a\r\nName: value', 's\r\n\r\n', 31, 36],
    ['the fields before', 'GET / HTTP/1.1\r\nHost: a\r\nName: value\r\nN', 'o: b\r\n\r\n', 16, 36],
  ])('no byte of %s is scanned twice', (_, first, rest, from, to) => {
    slot.read.set(latin1(first + rest));
    const end = slot.readStart + first.length;
    expect(codec.parse(slot.readStart, end)).toBe(MORE);
    // What has been scanned would now be an error.
    slot.read.fill(0, from, to);
    if (to > 23 && from < 22) slot.read.set(latin1('a'), 22);
    const result = codec.parse(slot.readStart, end + rest.length);
    slot.record.drop();
    expect(result).toBe(end + rest.length);
  });

  test('GET is not believed of bytes behind the end', () => {
    const input = latin1('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    for (let cut = 1; cut < input.length; cut++) {
      slot.read.set(input);
      // What lies behind is what comes, though it has not come yet.
      expect(codec.parse(slot.readStart, slot.readStart + cut)).toBe(MORE);
      expect(codec.parse(slot.readStart, slot.readStart + input.length)).toBe(slot.readStart + input.length);
    }
  });
});

describe.each(ENGINE_NAMES)('%s, at its limits', (name) => {
  const engine = createEngine(name, { headBytesMax: 200, targetBytesMax: 50, fieldCountMax: 3 });
  const result = (input: string): number => parseEveryWay(engine, input).result;
  const padded = (size: number): string => {
    const [before, after] = ['GET / HTTP/1.1\r\nHost: a\r\nA: ', '\r\n\r\n'];
    return before + 'x'.repeat(size - before.length - after.length) + after;
  };

  test('a head as large as may be, and one byte larger', () => {
    expect(result(padded(200))).toBe(200);
    expect(result(padded(201))).toBe(ERROR_HEAD_SIZE);
    expect(result(padded(5000))).toBe(ERROR_HEAD_SIZE);
  });

  test('an empty line before the head is not part of it', () => {
    expect(result(`\r\n${padded(200)}`)).toBe(202);
    expect(result(`\r\n${padded(201)}`)).toBe(ERROR_HEAD_SIZE);
  });

  test('an unfinished head that fills the limit', () => {
    expect(result(padded(300).slice(0, 199))).toBe(MORE);
    expect(result(padded(300).slice(0, 200))).toBe(ERROR_HEAD_SIZE);
  });

  test('what is wrong behind the limit is the limit', () => {
    const head = padded(300);
    expect(result(`${head.slice(0, 199)}\0`)).toBe(ERROR_FIELD_VALUE);
    expect(result(`${head.slice(0, 200)}\0`)).toBe(ERROR_HEAD_SIZE);
  });

  test('a target as long as may be, and one byte longer', () => {
    const target = (size: number, next = ' HTTP/1.1\r\nHost: a\r\n\r\n'): string =>
      `GET /${'t'.repeat(size - 1)}${next}`;
    expect(result(target(50))).toBeGreaterThan(0);
    expect(result(target(50, ''))).toBe(MORE);
    expect(result(target(51))).toBe(ERROR_TARGET_SIZE);
    expect(result(target(51, ''))).toBe(ERROR_TARGET_SIZE);
    expect(result(target(1000))).toBe(ERROR_TARGET_SIZE);
    expect(result(target(51, '\0'))).toBe(ERROR_TARGET_SIZE);
  });

  test('as many fields as may be, and one more', () => {
    const fields = (count: number): string =>
      `GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(count - 1)}\r\n`;
    expect(result(fields(3))).toBeGreaterThan(0);
    expect(result(fields(4))).toBe(ERROR_FIELD_COUNT);
  });

  test('what the last byte within the limit decides, and the first behind it', () => {
    const small = createEngine(name, { headBytesMax: 64, targetBytesMax: 60 });
    for (const [size, error] of [
      [64, ERROR_TARGET],
      [65, ERROR_HEAD_SIZE],
    ] as const)
      for (const end of [' ', '\0'])
        expect(parseEveryWay(small, `GET ${'a'.repeat(size - 5)}${end}HTTP/1.1`).result).toBe(error);
  });

  test('a version cut by the limit', () => {
    const small = createEngine(name, { headBytesMax: 64, targetBytesMax: 60 });
    const line = (size: number, version: string): string => `GET /${'t'.repeat(size)} ${version}`;
    expect(parseEveryWay(small, line(52, 'HTTX/1.1\r\n')).result).toBe(ERROR_VERSION);
    expect(parseEveryWay(small, line(56, 'HTTX/1.1\r\n')).result).toBe(ERROR_HEAD_SIZE);
    expect(parseEveryWay(small, line(55, 'HTTP/1.1\r\n')).result).toBe(ERROR_HEAD_SIZE);
  });
});
