// The head as an application reads it: in place, or from a copy.

import { describe, expect, test } from 'vitest';
import { PREPARED_NONE, VERDICT_REQUEST } from '../../src/memory/codes.ts';
import * as layout from '../../src/memory/layout.ts';
import type { RecordHead } from '../../src/wasm/head.ts';
import { fieldCases } from '../cases/fields.ts';
import { framingCases } from '../cases/framing.ts';
import { requestLineCases } from '../cases/request-line.ts';
import { createEngine, latin1 } from '../support/engines.ts';
import { type RequestRecord, readRecord } from '../support/record.ts';

const { codec, slot } = createEngine('wasm');
slot.prepared.fallback = PREPARED_NONE;
slot.prepared.refusesHttps = false;
const { bytes } = slot.views;

const GOOD = [...requestLineCases, ...fieldCases, ...framingCases].filter(
  ({ expected }) => typeof expected === 'object',
);

/** Parses the head of an input. Returns the head, and the parts that the record names. */
function headOf(input: string): { head: RecordHead; record: RequestRecord } {
  slot.record.drop();
  slot.read.set(latin1(input));
  codec.serve(slot.readStart, slot.readStart + input.length, slot.outputs[0] as number);
  if (slot.verdict !== VERDICT_REQUEST) throw new Error(`not a request: ${JSON.stringify(input)}`);
  return { head: slot.requestHead(), record: readRecord(slot, slot.head) };
}

/** Overwrites input and record, as the turns of other connections do. */
function overwrite(): void {
  const { pointer } = slot;
  bytes.fill(0xee, pointer + layout.CARRY, slot.readEnd);
  bytes.fill(0xee, pointer + layout.RECORD, pointer + layout.RECORD + layout.RECORD_BYTES);
  slot.views.words[(pointer + layout.RECORD) >> 2] = 0;
}

function readAll(head: RecordHead): Omit<RequestRecord, 'known' | 'persistent'> {
  return {
    method: head.method,
    target: head.target,
    minor: head.versionMinor,
    fields: Array.from({ length: head.fieldCount }, (_, i) => [head.fieldName(i), head.fieldValue(i)]),
  };
}

/** Finds all lines of each name. */
function findAll(head: RecordHead, names: Iterable<string>): Record<string, number[]> {
  return Object.fromEntries(
    [...names].map((name) => {
      const places: number[] = [];
      for (let at = head.findField(name); at >= 0; at = head.findField(name, at + 1)) {
        if (places.includes(at)) throw new Error(`${name} is found at ${at} twice`);
        places.push(at);
      }
      return [name, places];
    }),
  );
}

const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

describe('every valid head of the case tables, in place and detached', () => {
  test.each(GOOD)('$name ($section)', ({ input }) => {
    const { head, record } = headOf(input);
    const { method, target, minor, fields } = record;
    expect(readAll(head)).toEqual({ method, target, minor, fields });
    const host = fields.find(([name]) => lower(name) === 'host')?.[1] ?? '';
    expect(head.host).toBe(host);

    const names = new Set([...fields.map(([name]) => lower(name)), 'host', 'hos', 'hosts', 'x', '']);
    const expected = Object.fromEntries(
      [...names].map((name) => [name, fields.flatMap(([other], i) => (lower(other) === name ? [i] : []))]),
    );
    expect(findAll(head, names)).toEqual(expected);

    head.detach();
    overwrite();
    expect(readAll(head)).toEqual({ method, target, minor, fields });
    expect(head.host).toBe(host);
    expect(findAll(head, names)).toEqual(expected);
  });
});

describe('findField()', () => {
  const { head } = headOf(
    'GET / HTTP/1.1\r\nHost: a\r\nCookie: 1\r\nX-A: 2\r\nCOOKIE: 3\r\ncookie: 4\r\nCookie2: 5\r\n\r\n',
  );
  head.detach();

  test.each([
    ['host', 0, 0],
    ['cookie', 0, 1],
    ['cookie', 1, 1],
    ['cookie', 2, 3],
    ['cookie', 4, 4],
    ['cookie', 5, -1],
    ['cookie', 6, -1],
    ['cookie', 100, -1],
    ['cookie2', 0, 5],
    ['x-a', 0, 2],
    ['x_a', 0, -1],
    ['cooki', 0, -1],
    ['', 0, -1],
    // The caller passes names in lower case.
    ['Host', 0, -1],
  ])('finds %j from index %d on', (name, from, index) => {
    expect(head.findField(name, from)).toBe(index);
  });

  test('ignores the case of letters only', () => {
    // '@' and '`', '[' and '{', '^' and '~', '_' and DEL differ in the same bit as upper and lower case do.
    const { head } = headOf('GET / HTTP/1.1\r\nHost: a\r\n^: 1\r\n~: 2\r\n`: 3\r\nA^Z: 4\r\n\r\n');
    expect(['^', '~', '`', '@', 'a^z', 'a~z'].map((name) => head.findField(name))).toEqual([
      1, 2, 3, -1, 4, -1,
    ]);
  });
});

test('a head with the largest size and the largest number of fields', () => {
  const many = createEngine('wasm', {
    headBytesMax: layout.HEAD_BYTES_MAX,
    fieldCountMax: layout.FIELD_COUNT_MAX,
  });
  many.slot.prepared.fallback = PREPARED_NONE;
  const fields = Array.from({ length: layout.FIELD_COUNT_MAX - 1 }, (_, i): [string, string] => [
    `F${i}`,
    `${i}`,
  ]);
  const [before, after] = ['GET / HTTP/1.1\r\nHost: a\r\n', '\r\n'];
  const lines = (): string => fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const left = layout.HEAD_BYTES_MAX - (before + lines() + after).length;
  (fields[0] as [string, string])[1] += 'x'.repeat(left);
  const text = before + lines() + after;
  many.slot.read.set(latin1(text));
  const { readStart } = many.slot;
  many.codec.serve(readStart, readStart + text.length, many.slot.outputs[0] as number);
  const head = many.slot.requestHead();
  head.detach();
  many.slot.read.fill(0);
  expect(readAll(head).fields).toEqual([['Host', 'a'], ...fields]);
  expect(head.findField(`f${layout.FIELD_COUNT_MAX - 2}`)).toBe(layout.FIELD_COUNT_MAX - 1);
});

test('an empty line before the head, and bytes beyond ASCII', () => {
  const { head } = headOf('\r\nGET /b?c HTTP/1.1\r\nHost: a\r\nX: \x80\xff\r\n\r\n');
  expect([head.method, head.target, head.fieldValue(1)]).toEqual(['GET', '/b?c', '\x80\xff']);
  head.detach();
  overwrite();
  expect([head.method, head.target, head.fieldValue(1)]).toEqual(['GET', '/b?c', '\x80\xff']);
});

test('a head without a Host has none of an earlier head', () => {
  expect(headOf('GET / HTTP/1.1\r\nHost: earlier\r\n\r\n').head.host).toBe('earlier');
  const { head } = headOf('GET / HTTP/1.0\r\n\r\n');
  expect(head.host).toBe('');
  head.detach();
  expect(head.host).toBe('');
});

test('the methods of each size are told apart', () => {
  const methods = 'GET PUT POST HEAD GETS PATCH TRACE DELETE OPTIONS get Get GE QUERY'.split(' ');
  for (const method of methods)
    expect(headOf(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).head.method).toBe(method);
});

test('two detached heads share no memory', () => {
  const { head } = headOf('GET /detached HTTP/1.1\r\nHost: a\r\n\r\n');
  head.detach();
  const { head: other } = headOf('POST /other HTTP/1.0\r\n\r\n');
  other.detach();
  expect([head.target, head.fieldCount, other.target, other.fieldCount]).toEqual([
    '/detached',
    1,
    '/other',
    0,
  ]);
});

test('every method of a released head throws', () => {
  for (const detached of [false, true]) {
    const { head } = headOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    if (detached) head.detach();
    head.release();
    const asks: (() => unknown)[] = [
      () => head.method,
      () => head.target,
      () => head.host,
      () => head.versionMinor,
      () => head.fieldCount,
      () => head.fieldName(0),
      () => head.fieldValue(0),
      () => head.findField('host'),
      () => head.detach(),
    ];
    for (const ask of asks) expect(ask).toThrow('the request has been answered');
  }
});
