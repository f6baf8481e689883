// Both engines against the case tables, in every way the bytes may come.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ERROR_FIELD_COUNT,
  ERROR_FIELD_VALUE,
  ERROR_HEAD_SIZE,
  ERROR_TARGET_SIZE,
  ERROR_VERSION,
  MORE,
} from '../../src/protocol/codes.ts';
import type { HeadCase } from '../cases/case.ts';
import { fieldCases } from '../cases/fields.ts';
import { framingCases } from '../cases/framing.ts';
import { requestLineCases } from '../cases/request-line.ts';
import { createEngine, ENGINE_NAMES, parseEveryWay } from '../support/engines.ts';

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

  test('a version cut by the limit', () => {
    const small = createEngine(name, { headBytesMax: 64, targetBytesMax: 60 });
    const line = (size: number, version: string): string => `GET /${'t'.repeat(size)} ${version}`;
    expect(parseEveryWay(small, line(52, 'HTTX/1.1\r\n')).result).toBe(ERROR_VERSION);
    expect(parseEveryWay(small, line(56, 'HTTX/1.1\r\n')).result).toBe(ERROR_HEAD_SIZE);
    expect(parseEveryWay(small, line(55, 'HTTP/1.1\r\n')).result).toBe(ERROR_HEAD_SIZE);
  });
});
