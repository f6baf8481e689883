// What proxies say, and how much of it is believed.

import { describe, expect, test } from 'vitest';
import { clientAddress, clientScheme } from '../../src/app/proxy.ts';
import { FakeHead, type Field } from './request-fixture.ts';

const PEER = '192.0.2.9';

const addressBy = (proxies: number, ...fields: Field[]) => clientAddress(new FakeHead(fields), proxies, PEER);
const schemeBy = (proxies: number, ...fields: Field[]) => clientScheme(new FakeHead(fields), proxies);
const forwardedFor = (value: string): Field => ['X-Forwarded-For', value];
const forwarded = (value: string): Field => ['Forwarded', value];

describe("the client's address", () => {
  test.each([
    [0, '10.0.0.1', PEER],
    [1, '10.0.0.1', '10.0.0.1'],
    [1, '10.0.0.1, 10.0.0.2, 10.0.0.3', '10.0.0.3'],
    [2, '10.0.0.1, 10.0.0.2, 10.0.0.3', '10.0.0.2'],
    [3, '10.0.0.1,10.0.0.2 ,\t10.0.0.3', '10.0.0.1'],
    [9, '10.0.0.1, 10.0.0.2', '10.0.0.1'],
    [2, '10.0.0.1, , 10.0.0.2,', '10.0.0.1'],
    [1, '10.0.0.1:8080', '10.0.0.1'],
    [1, '2001:db8::1', '2001:db8::1'],
    [1, '[2001:db8::1]', '2001:db8::1'],
    [1, '[2001:db8::1]:8080', '2001:db8::1'],
    [1, '::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    // What is no address is not believed, and nothing else is searched for one.
    [1, '', PEER],
    [1, ',', PEER],
    [1, 'unknown', PEER],
    [1, '10.0.0.1, unknown', PEER],
    [1, 'example.com', PEER],
    [1, '10.0.0.256', PEER],
    [1, '10.0.0.1:x', PEER],
    [1, '[2001:db8::1', PEER],
    [1, '[2001:db8::1]x', PEER],
    [1, '"10.0.0.1"', PEER],
    [1, '10.0.0.1 10.0.0.2', PEER],
  ])('with %i proxies and X-Forwarded-For: %s is %s', (proxies, value, address) => {
    expect(addressBy(proxies, forwardedFor(value))).toBe(address);
  });

  test('several field lines are one list', () => {
    const fields = [forwardedFor('10.0.0.1'), forwardedFor('10.0.0.2, 10.0.0.3')];
    expect([1, 2, 3, 4].map((proxies) => addressBy(proxies, ...fields))).toEqual([
      '10.0.0.3',
      '10.0.0.2',
      '10.0.0.1',
      '10.0.0.1',
    ]);
  });

  test("without a field it is the connection's", () => {
    expect(addressBy(1)).toBe(PEER);
  });

  test.each([
    [0, 'for=10.0.0.1', PEER],
    [1, 'for=10.0.0.1', '10.0.0.1'],
    [1, 'For="10.0.0.1:80";Proto=https;by=10.0.0.9', '10.0.0.1'],
    [1, 'for="[2001:db8::1]:80"', '2001:db8::1'],
    [1, 'for=10.0.0.1, proto=http;for=10.0.0.2', '10.0.0.2'],
    [2, 'for=10.0.0.1, proto=http;for=10.0.0.2', '10.0.0.1'],
    [1, 'by="a, for=10.0.0.7"; for=10.0.0.1', '10.0.0.1'],
    [1, 'by="a\\", for=10.0.0.7";for=10.0.0.1', '10.0.0.1'],
    [1, 'for="10.0\\.0.\\1"', '10.0.0.1'],
    [2, 'for=10.0.0.1,, for=10.0.0.2,', '10.0.0.1'],
    [1, 'for=unknown', PEER],
    [1, 'for=_hidden', PEER],
    [1, 'proto=https', PEER],
    // Broken grammar
    [1, 'for=10.0.0.1, "', PEER],
    [1, 'for=[2001:db8::1]', PEER],
    [1, 'for=10.0.0.1 for=10.0.0.2', PEER],
    [1, 'for="10.0.0.1', PEER],
    [1, '10.0.0.1', PEER],
    [1, '', PEER],
  ])('with %i proxies and Forwarded: %s is %s', (proxies, value, address) => {
    expect(addressBy(proxies, forwarded(value))).toBe(address);
  });

  test('Forwarded does not count beside X-Forwarded-For', () => {
    expect(addressBy(1, forwarded('for=10.0.0.1'), forwardedFor('10.0.0.2'))).toBe('10.0.0.2');
    expect(addressBy(1, forwarded('for=10.0.0.1'), forwardedFor('unknown'))).toBe(PEER);
  });

  test('a long list costs a long list, no more', () => {
    const value = 'for="\\\\'.repeat(2000);
    expect(addressBy(1, forwarded(value))).toBe(PEER);
    expect(addressBy(1, forwarded('a=b;'.repeat(4000)))).toBe(PEER);
    expect(addressBy(1, forwarded(' '.repeat(16_000)))).toBe(PEER);
  });
});

describe("the client's scheme", () => {
  test.each([
    [0, 'https', undefined],
    [1, 'https', 'https'],
    [1, 'HTTP', 'http'],
    [1, 'http, https', 'https'],
    [2, 'http, https', 'http'],
    [5, 'https', 'https'],
    [1, 'wss', undefined],
    [1, 'javascript', undefined],
    [1, '', undefined],
    [1, 'https http', undefined],
  ])('with %i proxies and X-Forwarded-Proto: %s is %s', (proxies, value, scheme) => {
    expect(schemeBy(proxies, ['X-Forwarded-Proto', value])).toBe(scheme);
  });

  test('is what Forwarded says when there are no X-Forwarded fields', () => {
    expect(schemeBy(1, forwarded('for=10.0.0.1;proto=https'))).toBe('https');
    expect(schemeBy(1, forwarded('proto=https'), forwardedFor('10.0.0.1'))).toBeUndefined();
    expect(schemeBy(1, forwarded('proto=https'), ['X-Forwarded-Proto', 'http'])).toBe('http');
    expect(schemeBy(0, forwarded('proto=https'))).toBeUndefined();
    expect(schemeBy(1)).toBeUndefined();
  });
});
