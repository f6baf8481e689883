// Lazy Headers compared with native Headers of the same fields.

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Headers } from '../../src/app/headers.ts';
import { NativeHeaders, NativeRequest, NativeResponse } from '../../src/app/native.ts';
import { FakeHead, type Field } from './request-fixture.ts';

const FIELDS: readonly Field[] = [
  ['Host', 'example.com'],
  ['Accept', 'text/html'],
  ['cookie', 'a=1'],
  ['X-Latin', 'caf\u00e9'],
  ['ACCEPT', '*/*'],
  ['Set-Cookie', 'b=2'],
  ['Empty', ''],
  ['Cookie', 'c=3'],
  ['set-cookie', 'a=1'],
  ['accept', 'text/plain'],
];

const lazyOnes = (fields = FIELDS) => new Headers(new FakeHead(fields));
const nativeOnes = (fields = FIELDS) => new NativeHeaders(fields as [string, string][]);

type Use = (headers: globalThis.Headers) => unknown;

const READING: Record<string, Use> = {
  'get of one line': (headers) => headers.get('host'),
  'get in any case': (headers) => headers.get('HoSt'),
  'get of several lines': (headers) => headers.get('accept'),
  'get of cookies': (headers) => headers.get('cookie'),
  'get of Set-Cookie': (headers) => headers.get('set-cookie'),
  'get of a missing field': (headers) => headers.get('content-type'),
  'get of an empty value': (headers) => headers.get('empty'),
  'get of Latin-1': (headers) => headers.get('x-latin'),
  'get by a name that is not a string': (headers) => headers.get({ toString: () => 'Host' } as string),
  'get by an array with a name in lower case': (headers) => headers.get(['host'] as unknown as string),
  'get of an invalid name': (headers) => headers.get('a b'),
  'get of an empty name': (headers) => headers.get(''),
  'get of a name that is ASCII only in lower case': (headers) => headers.get('\u212a'),
  'get of __proto__': (headers) => headers.get('__proto__'),
  'has in any case': (headers) => [headers.has('HOST'), headers.has('accept'), headers.has('nothing')],
  'has of an invalid name': (headers) => headers.has('a:'),
  getSetCookie: (headers) => headers.getSetCookie(),
  entries: (headers) => [...headers.entries()],
  keys: (headers) => [...headers.keys()],
  values: (headers) => [...headers.values()],
  'itself, iterated': (headers) => [...headers],
  forEach: (headers) => {
    const seen: unknown[] = [];
    headers.forEach(function (this: unknown, value, name, all) {
      seen.push([name, value, all === headers, this]);
    }, 'this');
    return seen;
  },
  'forEach without a function': (headers) => headers.forEach(undefined as never),
  'Object.fromEntries': (headers) => Object.fromEntries(headers),
  'new Headers': (headers) => [...new NativeHeaders(headers)],
  'new Request': (headers) => [...new NativeRequest('http://a/', { headers }).headers],
  'new Response': (headers) => [...new NativeResponse('', { headers }).headers].sort(),
  'as a string': (headers) => String(headers),
};

const CHANGING: Record<string, Use> = {
  append: (headers) => headers.append('Accept', 'image/*'),
  'append of a new field': (headers) => headers.append('aa', 'b'),
  'append of a cookie': (headers) => headers.append('Set-Cookie', 'd=4'),
  'append of a value with CRLF': (headers) => headers.append('a', 'b\r\nc: d'),
  set: (headers) => headers.set('accept', 'x'),
  delete: (headers) => headers.delete('ACCEPT'),
  'delete of a missing field': (headers) => headers.delete('nothing'),
  'delete of an invalid name': (headers) => headers.delete('a b'),
};

function outcome(use: Use, headers: globalThis.Headers): unknown {
  try {
    return use(headers);
  } catch (error) {
    return (error as Error).constructor;
  }
}

describe('lazy Headers', () => {
  test.each(Object.entries(READING))('%s gives the same as on native Headers', (_, use) => {
    expect(outcome(use, lazyOnes())).toEqual(outcome(use, nativeOnes()));
    expect(outcome(use, lazyOnes([]))).toEqual(outcome(use, nativeOnes([])));
  });

  describe.each(Object.entries(CHANGING))('after %s', (_, change) => {
    test.each(Object.entries(READING))('%s gives the same as on native Headers', (_, use) => {
      const lazy = lazyOnes();
      const native = nativeOnes();
      expect(outcome(change, lazy)).toEqual(outcome(change, native));
      expect(outcome(use, lazy)).toEqual(outcome(use, native));
    });
  });

  test('a change shows in an iterator that is under way', () => {
    const withChange = (headers: globalThis.Headers) => {
      const seen: unknown[] = [];
      for (const [name] of headers) {
        if (seen.push(name) === 1) headers.delete('host');
        if (name === 'empty') headers.append('zz', 'last');
      }
      return seen;
    };
    expect(withChange(lazyOnes())).toEqual(withChange(nativeOnes()));
  });

  test('are instances of Headers', () => {
    expect(lazyOnes()).toBeInstanceOf(NativeHeaders);
    expect(lazyOnes()).toBeInstanceOf(Headers);
    expect(Object.prototype.toString.call(lazyOnes())).toBe('[object Headers]');
    expect(inspect(lazyOnes([['Host', 'a']]))).toBe("Headers { host: 'a' }");
  });

  test('define every member of native Headers themselves', () => {
    expect(
      membersOf(NativeHeaders.prototype).filter((name) => !Object.hasOwn(Headers.prototype, name)),
    ).toEqual([]);
  });

  test('a copy and its original do not share changes', () => {
    const headers = lazyOnes();
    const early = headers.copy();
    headers.set('host', 'changed');
    const late = headers.copy();
    headers.delete('host');
    expect([early.get('host'), late.get('host'), headers.get('host')]).toEqual([
      'example.com',
      'changed',
      null,
    ]);
  });

  test('looking up a name reads only the lines with that name, and searches once more', () => {
    const head = new FakeHead(FIELDS);
    const headers = new Headers(head);
    expect(head.found + head.values).toBe(0);
    headers.get('host');
    expect([head.found, head.values]).toEqual([2, 1]);
    headers.get('nothing');
    expect([head.found, head.values]).toEqual([3, 1]);
    headers.has('accept');
    expect([head.found, head.values]).toEqual([4, 1]);
    const one = new FakeHead([['Host', 'a']]);
    new Headers(one).get('host');
    expect([one.found, one.values]).toEqual([1, 1]);
  });
});

/** Names of the members that programs may call, without those of the platform's inspection. */
function membersOf(prototype: object): string[] {
  return Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
}
