// The addresses and schemes that proxies report, and which of them are trusted.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProxyField } from '../../src/connection/access.ts';
import { clientAddress, clientScheme, saysScheme } from '../../src/connection/proxy.ts';
import { FakeHead, type Field } from '../app/request-fixture.ts';

const PEER = '127.0.0.1';
const FOR: ProxyField[] = ['x-forwarded-for'];
const FOR_AND_PROTO: ProxyField[] = ['x-forwarded-for', 'x-forwarded-proto'];
const FORWARDED: ProxyField[] = ['forwarded'];

const addressBy = (trustProxy: number, trustProxyField: ProxyField[] | undefined, ...fields: Field[]) =>
  clientAddress(new FakeHead(fields), { trustProxy, trustProxyField }, PEER);
const schemeBy = (trustProxy: number, trustProxyField: ProxyField[] | undefined, ...fields: Field[]) =>
  clientScheme(new FakeHead(fields), { trustProxy, trustProxyField });
const forwardedFor = (value: string): Field => ['X-Forwarded-For', value];
const forwardedProto = (value: string): Field => ['X-Forwarded-Proto', value];
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
    [1, '[2001:db8::1]:', '2001:db8::1'],
    [1, '::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    [1, 'fe80::1%eth0', 'fe80::1%eth0'],
    [1, '[fe80::1%eth0]:80', 'fe80::1%eth0'],
    // The entry of the trusted proxy counts, whatever the client wrote before it.
    [1, '"', 'unknown'],
    [1, '", 10.0.0.1', '10.0.0.1'],
    [1, 'for=", 10.0.0.1', '10.0.0.1'],
    [1, '\\, 10.0.0.1', '10.0.0.1'],
    // An entry without an address gives 'unknown': no other entry is searched, and the client is never the proxy.
    [1, '', 'unknown'],
    [1, ',', 'unknown'],
    [1, 'unknown', 'unknown'],
    [1, '10.0.0.1, unknown', 'unknown'],
    [1, '10.0.0.1, _hidden', 'unknown'],
    [1, 'example.com', 'unknown'],
    [1, '10.0.0.256', 'unknown'],
    [1, '10.0.0.1:x', 'unknown'],
    [1, '[2001:db8::1', 'unknown'],
    [1, '[2001:db8::1]x', 'unknown'],
    [1, '"10.0.0.1"', 'unknown'],
    [1, '10.0.0.1 10.0.0.2', 'unknown'],
  ])('with %i proxies and X-Forwarded-For: %s is %s', (proxies, value, address) => {
    expect(addressBy(proxies, FOR, forwardedFor(value))).toBe(address);
    expect(addressBy(proxies, FOR_AND_PROTO, forwardedFor(value), forwardedProto('http'))).toBe(address);
    // The default.
    expect(addressBy(proxies, undefined, forwardedFor(value))).toBe(address);
  });

  test('several field lines are one list', () => {
    const fields = [forwardedFor('10.0.0.1'), forwardedFor('10.0.0.2, 10.0.0.3')];
    expect([1, 2, 3, 4].map((proxies) => addressBy(proxies, FOR, ...fields))).toEqual([
      '10.0.0.3',
      '10.0.0.2',
      '10.0.0.1',
      '10.0.0.1',
    ]);
  });

  test("without the field that the proxies write, it is the connection's address", () => {
    for (const fields of [FOR, FORWARDED, FOR_AND_PROTO]) expect(addressBy(1, fields)).toBe(PEER);
    expect(addressBy(1, ['x-forwarded-proto'], forwardedFor('10.0.0.1'), forwarded('for=10.0.0.1'))).toBe(
      PEER,
    );
  });

  test.each([
    [0, 'for=10.0.0.1', PEER],
    [1, 'for=10.0.0.1', '10.0.0.1'],
    [1, 'For="10.0.0.1:80";Proto=https;by=10.0.0.9', '10.0.0.1'],
    [1, 'for="[2001:db8::1]:80"', '2001:db8::1'],
    [1, 'for="[2001:db8::1]:_port"', '2001:db8::1'],
    [1, 'for="2001:db8::1"', '2001:db8::1'],
    [1, 'for="[fe80::1%eth0]"', 'fe80::1%eth0'],
    [1, 'for=10.0.0.1, proto=http;for=10.0.0.2', '10.0.0.2'],
    [2, 'for=10.0.0.1, proto=http;for=10.0.0.2', '10.0.0.1'],
    [1, 'by="a, for=10.0.0.7"; for=10.0.0.1', '10.0.0.1'],
    [1, 'by="a\\", for=10.0.0.7";for=10.0.0.1', '10.0.0.1'],
    [1, 'for=10.0.0.1;by="a\\", for=10.0.0.7"', '10.0.0.1'],
    [1, 'for=10.0.0.1;by="a\\\\"', '10.0.0.1'],
    [1, 'for=10.0.0.1;by="\\", for=\\"10.0.0.7"', '10.0.0.1'],
    [1, 'for=10.0.0.1;by=""', '10.0.0.1'],
    [1, 'for="10.0\\.0.\\1"', '10.0.0.1'],
    [2, 'for=10.0.0.1,, for=10.0.0.2,', '10.0.0.1'],
    [1, ';for=10.0.0.1;;', '10.0.0.1'],
    [9, 'for=10.0.0.1, for=10.0.0.2', '10.0.0.1'],
    // Identifiers that a proxy invents.
    [1, 'for=unknown', 'unknown'],
    [1, 'for=Unknown', 'unknown'],
    [1, 'for=_hidden', '_hidden'],
    [1, 'for="_SEVKISEK.1-a:_gazonk"', '_SEVKISEK.1-a'],
    [1, 'for=_', 'unknown'],
    [1, 'proto=https', 'unknown'],
    // The element of the trusted proxy counts, whatever the client wrote before it.
    [1, 'for=", for=10.0.0.1', '10.0.0.1'],
    [1, 'for=", for="[2001:db8::1]:80"', '2001:db8::1'],
    [1, 'for="\\, for=10.0.0.1', '10.0.0.1'],
    [1, 'for="\\, for="10.0.0.1"', '10.0.0.1'],
    [1, '", for=10.0.0.1;by=x', '10.0.0.1'],
    [1, '=, for=10.0.0.1', '10.0.0.1'],
    [1, '\\, for=10.0.0.1', '10.0.0.1'],
    [1, 'a b c, for=10.0.0.1', '10.0.0.1'],
    [1, 'for=10.0.0.7;, for=10.0.0.1', '10.0.0.1'],
    [1, 'for=[2001:db8::1], for=10.0.0.1', '10.0.0.1'],
    [2, 'for=", for=10.0.0.1, for=10.0.0.2', '10.0.0.1'],
    [2, 'for=", for="10.0.0.1", for="10.0.0.2"', '10.0.0.1'],
    // A malformed field gives 'unknown', and the client is never the proxy.
    [2, 'for=", for=10.0.0.2', 'unknown'],
    [1, 'for=10.0.0.1, "', 'unknown'],
    [1, 'for=10.0.0.1, for="10.0.0.2\\"', 'unknown'],
    [1, 'for=[2001:db8::1]', 'unknown'],
    [1, 'for=10.0.0.1 for=10.0.0.2', 'unknown'],
    [1, 'for=10.0.0.1;for=10.0.0.2', 'unknown'],
    [1, 'for=10.0.0.1;FOR=10.0.0.2', 'unknown'],
    [1, 'for="10.0.0.1', 'unknown'],
    [1, 'for=10.0.0.1"', 'unknown'],
    [1, 'for"10.0.0.1"', 'unknown'],
    [1, '="10.0.0.1"', 'unknown'],
    [1, 'for=', 'unknown'],
    [1, 'for="x"10.0.0.1', 'unknown'],
    [1, '10.0.0.1', 'unknown'],
    [1, ',', 'unknown'],
    [1, '', 'unknown'],
  ])('with %i proxies and Forwarded: %s is %s', (proxies, value, address) => {
    expect(addressBy(proxies, FORWARDED, forwarded(value))).toBe(address);
  });

  test('several lines of Forwarded are one list, and an unclosed quote ends with its line', () => {
    expect(addressBy(1, FORWARDED, forwarded('for="'), forwarded('for=10.0.0.1'))).toBe('10.0.0.1');
    expect(addressBy(1, FORWARDED, forwarded('for="\\'), forwarded('for="10.0.0.1"'))).toBe('10.0.0.1');
    expect(addressBy(2, FORWARDED, forwarded('a'), forwarded('for=10.0.0.1'), forwarded('for=b'))).toBe(
      '10.0.0.1',
    );
  });

  test('a field that the proxies do not write does not count, beside theirs or alone', () => {
    const [one, other] = [forwarded('for=10.0.0.1;proto=https'), forwardedFor('10.0.0.2')];
    expect(addressBy(1, FOR, one, other)).toBe('10.0.0.2');
    expect(addressBy(1, FORWARDED, one, other)).toBe('10.0.0.1');
    expect(addressBy(1, FOR, one)).toBe(PEER);
    expect(addressBy(1, FORWARDED, other)).toBe(PEER);
    expect(addressBy(1, FOR, one, forwardedFor('unknown'))).toBe('unknown');
    expect(addressBy(1, FORWARDED, forwarded('for=_hidden'), other)).toBe('_hidden');
  });

  const character = fc.constantFrom(...'"\\=;, \tabfor1.:[]_');
  const clients = fc.oneof(
    fc.array(character, { maxLength: 20 }).map((characters) => characters.join('')),
    fc.constantFrom(
      'for="',
      'for="\\',
      'for=10.9.9.9',
      'for="10.9.9.9',
      '10.9.9.9, ',
      'by="a\\"',
      ';',
      '"\\"',
    ),
  );
  const token = fc
    .array(fc.constantFrom(...'ab_%~!1.'), { minLength: 1, maxLength: 5 })
    .map((all) => all.join(''));
  const quoted = fc
    .array(fc.oneof(fc.constantFrom(...'ab,;= 1'), fc.constantFrom('\\"', '\\\\', '\\a', ', for=10.9.9.9')), {
      maxLength: 6,
    })
    .map((all) => `"${all.join('')}"`);
  const parameter = fc.tuple(fc.constantFrom('by', 'host', 'proto', 'x'), fc.oneof(token, quoted));
  /** An entry as a proxy may write it, and its address. */
  const element = fc
    .tuple(
      fc.uniqueArray(parameter, { maxLength: 3, selector: ([name]) => name }),
      fc.nat(3),
      fc.constantFrom('for=10.0.0.1', 'for="10.0.0.1"', 'For="10.0.0.1:80"'),
    )
    .map(([others, place, own]) => {
      const parameters = others.map(([name, value]) => `${name}=${value}`);
      parameters.splice(place, 0, own);
      return parameters.join(';');
    });

  test("nothing that a client writes changes the proxy's entry, in one line or in two", () => {
    fc.assert(
      fc.property(clients, element, element, (client, outer, inner) => {
        for (const fields of [
          [forwarded(`${client}, ${outer}`)],
          [forwarded(`${client},${outer}`)],
          [forwarded(client), forwarded(outer)],
        ]) {
          expect(addressBy(1, FORWARDED, ...fields)).toBe('10.0.0.1');
          const two = [...fields, forwarded(inner.replaceAll('10.0.0.1', '10.0.0.2'))];
          expect([1, 2].map((proxies) => addressBy(proxies, FORWARDED, ...two))).toEqual([
            '10.0.0.2',
            '10.0.0.1',
          ]);
        }
        const entries = [forwardedFor(client), forwardedFor('10.0.0.1, 10.0.0.2')];
        expect([1, 2].map((proxies) => addressBy(proxies, FOR, ...entries))).toEqual([
          '10.0.0.2',
          '10.0.0.1',
        ]);
      }),
      { numRuns: 5000 },
    );
  });

  test('whatever a field says, the client is never the peer', () => {
    fc.assert(
      fc.property(clients, fc.integer({ min: 1, max: 4 }), (value, proxies) => {
        expect(addressBy(proxies, FORWARDED, forwarded(value))).not.toBe(PEER);
        expect(addressBy(proxies, FOR, forwardedFor(value))).not.toBe(PEER);
      }),
    );
  });

  test('takes linear time for a long list', () => {
    for (const part of ['for="\\\\', 'a=b;', ' ', '"', '\\', '\\"', ',', 'a', '="', '";x="'])
      for (const end of ['', '"', 'a="'])
        expect(addressBy(100, FORWARDED, forwarded(part.repeat(60_000 / part.length) + end))).not.toBe(PEER);
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
    [1, 'https, "', undefined],
  ])('with %i proxies and X-Forwarded-Proto: %s is %s', (proxies, value, scheme) => {
    expect(schemeBy(proxies, FOR_AND_PROTO, forwardedProto(value))).toBe(scheme);
    expect(schemeBy(proxies, ['x-forwarded-proto'], forwardedProto(value))).toBe(scheme);
  });

  test('is never read from a field that the proxies do not write', () => {
    const [proto, list] = [forwardedProto('https'), forwardedFor('10.0.0.1')];
    for (const fields of [FOR, undefined, FORWARDED]) {
      expect(schemeBy(1, fields, proto, list)).toBeUndefined();
      expect(schemeBy(1, fields, proto)).toBeUndefined();
      if (fields !== FORWARDED)
        expect(schemeBy(1, fields, forwarded('for=10.0.0.1;proto=https'))).toBeUndefined();
    }
    expect(schemeBy(1, FOR_AND_PROTO, forwarded('proto=https'), list)).toBeUndefined();
    expect(schemeBy(1, FOR_AND_PROTO, forwarded('proto=https'), forwardedProto('http'))).toBe('http');
  });

  test("is read from the proxy's element when the proxies write Forwarded", () => {
    expect(schemeBy(1, FORWARDED, forwarded('for=10.0.0.1;proto=https'))).toBe('https');
    expect(schemeBy(1, FORWARDED, forwarded('for=10.0.0.1;proto="HTTPS"'))).toBe('https');
    expect(schemeBy(1, FORWARDED, forwarded('proto=https'), forwardedProto('http'))).toBe('https');
    expect(schemeBy(1, FORWARDED, forwarded('proto=https, for=10.0.0.1'))).toBeUndefined();
    expect(schemeBy(1, FORWARDED, forwarded('proto=https;x=", for=10.0.0.1'))).toBeUndefined();
    expect(schemeBy(1, FORWARDED, forwarded('for=", proto=http'))).toBe('http');
    expect(schemeBy(1, FORWARDED, forwarded('proto=wss'))).toBeUndefined();
    expect(schemeBy(0, FORWARDED, forwarded('proto=https'))).toBeUndefined();
    expect(schemeBy(1, FORWARDED)).toBeUndefined();
  });

  test('is reported only by trusted proxies that write it', () => {
    const by = (trustProxy: number, trustProxyField?: ProxyField[]) =>
      saysScheme({ trustProxy, trustProxyField });
    expect([by(1, FORWARDED), by(1, FOR_AND_PROTO), by(1, ['x-forwarded-proto'])]).toEqual([
      true,
      true,
      true,
    ]);
    expect([by(0, FORWARDED), by(1, FOR), by(1), by(0)]).toEqual([false, false, false, false]);
  });
});
