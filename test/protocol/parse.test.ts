// Both engines against the case tables, with the bytes arriving in every possible way.

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

/** The places of a head, and the bytes that are valid in each. */
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
    // Bytes that have been scanned are replaced by ones that would be an error.
    slot.read.fill(0, from, to);
    if (to > 23 && from < 22) slot.read.set(latin1('a'), 22);
    const result = codec.parse(slot.readStart, end + rest.length);
    slot.record.drop();
    expect(result).toBe(end + rest.length);
  });

  test('bytes behind the end do not make a GET', () => {
    const input = latin1('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    for (let cut = 1; cut < input.length; cut++) {
      slot.read.set(input);
      // The bytes behind the end are the ones that follow, but they have not arrived yet.
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

  test('a head of the largest size, and one byte larger', () => {
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

  test('an error behind the limit is reported as the limit', () => {
    const head = padded(300);
    expect(result(`${head.slice(0, 199)}\0`)).toBe(ERROR_FIELD_VALUE);
    expect(result(`${head.slice(0, 200)}\0`)).toBe(ERROR_HEAD_SIZE);
  });

  test('a target of the largest length, and one byte longer', () => {
    const target = (size: number, next = ' HTTP/1.1\r\nHost: a\r\n\r\n'): string =>
      `GET /${'t'.repeat(size - 1)}${next}`;
    expect(result(target(50))).toBeGreaterThan(0);
    expect(result(target(50, ''))).toBe(MORE);
    expect(result(target(51))).toBe(ERROR_TARGET_SIZE);
    expect(result(target(51, ''))).toBe(ERROR_TARGET_SIZE);
    expect(result(target(1000))).toBe(ERROR_TARGET_SIZE);
    expect(result(target(51, '\0'))).toBe(ERROR_TARGET_SIZE);
  });

  test('the largest number of fields, and one more', () => {
    const fields = (count: number): string =>
      `GET / HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(count - 1)}\r\n`;
    expect(result(fields(3))).toBeGreaterThan(0);
    expect(result(fields(4))).toBe(ERROR_FIELD_COUNT);
  });

  test('an error at the last byte within the limit, and at the first byte behind it', () => {
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
