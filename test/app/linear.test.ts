// The time to process text from outside grows linearly with its length, not quadratically: a single header value must not
// block all connections of a thread.

import { describe, expect, test } from 'vitest';
import { loadApp } from '#dist/app/load.js';
import { AllowedHosts } from '../../src/app/allowed-hosts.ts';
import { Authority } from '../../src/app/authority.ts';
import { fieldsWith } from '../../src/app/body-metadata.ts';
import { Headers } from '../../src/app/headers.ts';
import { normalPath, pathOf } from '../../src/app/path.ts';
import { PieceEncoder } from '../../src/app/piece-encoder.ts';
import { explained } from '../../src/app/platform-error.ts';
import { Response } from '../../src/app/response.ts';
import {
  addMissing,
  NO_FIELDS,
  readFields,
  readTrailers,
  TEXT_FIELDS,
} from '../../src/app/response-fields.ts';
import { RouteTable } from '../../src/app/routes.ts';
import { Origin } from '../../src/app/url.ts';
import type { Access } from '../../src/connection/access.ts';
import { clientAddress, clientScheme } from '../../src/connection/proxy.ts';
import { clientKey } from '../../src/protocol/client-key.ts';
import { appFiles } from '../support/fixtures.ts';
import { FakeHead, type Field, received } from './request-fixture.ts';

const files = appFiles();

/** In characters. Three doublings stay below the size limit of a response's fields. */
const SIZE = 2048;
/** Three doublings, since the noise of a busy machine hides a single one. */
const LARGER = 8;
/** The longest error message, in characters. */
const LOADED = 2 ** 15;
const RUNS = 7;
const ATTEMPTS = 5;
/** A doubling of the input doubles a linear time and quadruples a quadratic one. */
const GROWTH_MAX = 3 ** 3;

const UNITS = [
  ...[
    ' ',
    '\t',
    '\n',
    '\r',
    '\r\n',
    ',',
    ', ',
    ' ,',
    ';',
    '; ',
    ':',
    '"',
    '\\',
    '\\"',
    '%',
    '%41',
    '/',
    '/a',
    '/..',
  ],
  ...[
    '.',
    'a',
    'a=',
    'a="',
    'a=b;',
    'a=b,',
    'for="',
    '1',
    ':1',
    '[',
    ']',
    ']:1',
    '(',
    ')',
    '=',
    '\u00ff',
    '&',
    '?',
  ],
  ...[
    'close',
    'close ',
    'close,',
    ' close',
    'gzip,',
    'gzip ',
    'a\n',
    ' at a:1:1\n',
    ' at (',
    '(a:1',
    '*',
    '+',
    '@',
    '{',
  ],
];
const AROUND: readonly (readonly [before: string, after: string])[] = [
  ['', ''],
  ['a', 'b'],
  ['a', 'b '],
  [' a', '\u0000'],
  ['close', 'x'],
  ['for="', ''],
  ['/', '\u00ff'],
];

/** The shortest of several times, in ms. */
function timeOf(work: () => unknown): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    try {
      work();
    } catch {}
    shortest = Math.min(shortest, performance.now() - start);
  }
  return shortest;
}

/** Returns how much longer the larger size takes. Adds the time of a linear use, so that a negligible time does not count. */
function growthOf(work: (size: number) => () => unknown, size: number): number {
  const [small, large] = [work(size), work(size * LARGER)];
  let growth = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && growth > GROWTH_MAX; attempt++) {
    const linear = [size, size * LARGER].map((bytes) => timeOf(() => sumOf('x'.repeat(bytes))));
    const [one, two] = linear as [number, number];
    growth = Math.min(growth, (timeOf(large) + two) / (timeOf(small) + one));
  }
  return growth;
}

function sumOf(text: string): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum += text.charCodeAt(i);
  return sum;
}

/** Returns a flat string, as text from outside is, not a rope of parts. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

const headOf = (...fields: Field[]) => new FakeHead(fields);
const origin = new Origin(new Authority(), '127.0.0.1:8080');
const hosts = new AllowedHosts(['a', '*.b', 'c:80']);
const X_FORWARDED: Access = { trustProxy: 2, trustProxyField: ['x-forwarded-for', 'x-forwarded-proto'] };
const FORWARDED: Access = { trustProxy: 2, trustProxyField: ['forwarded'] };
const stream = new ReadableStream();
const table = await RouteTable.of<string>(
  { '/a/:b/c': () => new Response(), '/s/*': () => new Response(), '/a/a/:x/:y': () => new Response() },
  async () => '',
);

const USES: Record<string, (text: string) => unknown> = {
  'the value of a response field': (text) => readFields({ 'x-name': text }, TEXT_FIELDS),
  'the value of a response field in a list': (text) => readFields([['x-name', text]], TEXT_FIELDS),
  'the name of a response field': (text) => readFields({ [text]: '' }, TEXT_FIELDS),
  'Connection of a response': (text) => readFields({ connection: text }, NO_FIELDS),
  'Content-Length of a response': (text) => readFields({ 'content-length': text }, NO_FIELDS),
  'Date of a response': (text) => readFields({ date: text }, NO_FIELDS),
  'a trailer': (text) => readTrailers({ 'x-name': text }),
  'Content-Encoding of a fetched response': (text) =>
    fieldsWith(readFields({ 'content-encoding': text }, NO_FIELDS), stream, 'http://a/'),
  'a Content-Type that is searched for': (text) =>
    addMissing(readFields({ a: text }, NO_FIELDS), TEXT_FIELDS),
  statusText: (text) => new Response('', { statusText: text }),
  'a name that is looked up': (text) => new Headers(headOf(['a', 'b'])).get(text),
  'a field of a request': (text) => [...new Headers(headOf(['a', text], ['cookie', text]))],
  'X-Forwarded-For': (text) => clientAddress(headOf(['x-forwarded-for', text]), X_FORWARDED, '127.0.0.1'),
  'X-Forwarded-Proto': (text) => clientScheme(headOf(['x-forwarded-proto', text]), X_FORWARDED),
  Forwarded: (text) => clientAddress(headOf(['forwarded', text]), FORWARDED, '127.0.0.1'),
  'the scheme in Forwarded': (text) => clientScheme(headOf(['forwarded', text]), FORWARDED),
  'Host with allowed hosts': (text) => hosts.has('http', text),
  Host: (text) => origin.urlOf(received(headOf(['host', text]))),
  'a request target': (text) => origin.urlOf(received(new FakeHead([['host', 'a']], 'GET', `/${text}`))),
  'a whole URL as target': (text) =>
    origin.urlOf(received(new FakeHead([['host', 'a']], 'GET', `http://a/${text}`))),
  'the address of a client': (text) => clientKey(text, 64),
  'an error of the platform': (text) => explained(new TypeError(`Cannot read private member #${text}`)),
  'a piece of a stream': (text) => new PieceEncoder().bytesOf(text),
  'a path': (text) => normalPath(`/${text}`),
  'the path of a target': (text) => pathOf(`http:/${text}`),
  'a path that is looked up': (text) => table.find(`/a/${text}`),
};

describe('time grows linearly with the length', () => {
  test.each(Object.entries(USES))('of %s', (_, use) => {
    for (const unit of UNITS)
      for (const [before, after] of AROUND) {
        const growth = growthOf((size) => {
          const text = flat(before + unit.repeat(Math.ceil(size / unit.length)) + after);
          return () => use(text);
        }, SIZE);
        expect(growth, JSON.stringify([before, unit, after])).toBeLessThan(GROWTH_MAX);
      }
  });

  test.each<[string, (count: number) => unknown]>([
    ['many fields', (count) => readFields(manyPairs(count), TEXT_FIELDS)],
    ['many names', (count) => readFields(Object.fromEntries(manyPairs(count)), TEXT_FIELDS)],
    ['many cookies', (count) => readFields(manyPairs(count, 'set-cookie'), TEXT_FIELDS)],
    ['many lengths', (count) => readFields(manyPairs(count, 'content-length'), TEXT_FIELDS)],
    ['many codings', (count) => codings(count)],
    ['many fields of a request', (count) => [...new Headers(headOf(...manyPairs(count)))]],
    ['many fields with the same name', (count) => new Headers(headOf(...manyPairs(count, 'a'))).get('a')],
    [
      'many cookies of a request',
      (count) => new Headers(headOf(...manyPairs(count, 'set-cookie'))).getSetCookie(),
    ],
    ['many fields that are changed', (count) => new Headers(headOf(...manyPairs(count))).append('a', 'b')],
    [
      'many proxies',
      (count) => clientAddress(headOf(...manyPairs(count, 'x-forwarded-for')), X_FORWARDED, ''),
    ],
    [
      'many elements of Forwarded',
      (count) => clientAddress(headOf(...manyPairs(count, 'forwarded')), FORWARDED, ''),
    ],
    ['many fields of a response', (count) => new Response('', { headers: manyPairs(count) }).headers],
  ])('of %s', (_, use) => {
    expect(growthOf((size) => () => use(size), 256)).toBeLessThan(GROWTH_MAX);
  });

  test('of the error with which an application fails to load', async () => {
    const times = new Map<number, number>();
    const units = [' ', '\n', ' \n', '(', 'a:1:1', '    at a:1:1\n', '    at (a:1:1)\n', '    at a\n'];
    for (const unit of units) {
      let growth = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < ATTEMPTS && growth > GROWTH_MAX; attempt++) {
        for (const size of [LOADED, LOADED * LARGER]) {
          const text = `throw new Error('x' + ${JSON.stringify(unit)}.repeat(${size / unit.length}) + 'y');`;
          const name = `${attempt}-${size}-${units.indexOf(unit)}.mjs`;
          files.write(name, text);
          const start = performance.now();
          await expect(loadApp(files.urlOf(name))).rejects.toThrow('Error: x');
          times.set(size, performance.now() - start);
        }
        growth = (times.get(LOADED * LARGER) as number) / (times.get(LOADED) as number);
      }
      expect(growth, JSON.stringify(unit)).toBeLessThan(GROWTH_MAX);
    }
  });
});

test('a value above the size limit of all fields is rejected before any pattern runs over it', () => {
  const text = `a${' '.repeat(100_000)}b `;
  for (const use of [
    () => new Response('', { headers: { 'x-name': text } }),
    () => new Response('', { headers: [['x-name', text]] }),
    () => new Response('', { headers: { [text]: 'x' } }),
    () => readTrailers({ 'x-name': text }),
  ])
    expect(use).toThrow(RangeError);
});

test('white space around a value does not count for the size limit', () => {
  const space = ' \t\r\n'.repeat(100_000);
  expect(readFields({ 'x-name': `${space}a b${space}` }, NO_FIELDS).lines).toBe('x-name: a b\r\n');
  expect(readFields({ 'x-name': space }, NO_FIELDS).lines).toBe('x-name: \r\n');
});

function manyPairs(count: number, name?: string): [string, string][] {
  return Array.from({ length: count }, (_, i) => [name ?? `n${i}`, `${i}`]);
}

function codings(count: number): unknown {
  const fields = { ...NO_FIELDS, lines: 'content-encoding: gzip\r\n'.repeat(count) };
  return fieldsWith(fields, stream, 'http://a/');
}
