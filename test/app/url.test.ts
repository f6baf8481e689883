// request.url: the rule by examples, and for every target that the parser accepts.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Authority } from '../../src/app/authority.ts';
import { Origin } from '../../src/app/url.ts';
import { METHOD_GET } from '../../src/memory/codes.ts';
import { TARGET } from '../../src/protocol/js/chars.ts';
import { isHost } from '../../src/protocol/js/host.ts';
import { ascii, skip } from '../../src/protocol/js/scanner.ts';
import { judgeTarget } from '../../src/protocol/js/target.ts';
import { FakeHead, type Field, received } from './request-fixture.ts';

const OWN = '127.0.0.1:8080';
const own = new Origin(new Authority(), OWN);
const plain = { origin: own, scheme: 'http' } as const;
const secure = { origin: own, scheme: 'https' } as const;
const proxied = {
  origin: new Origin(
    new Authority({ trustProxy: 1, trustProxyField: ['x-forwarded-for', 'x-forwarded-proto'] }),
    OWN,
  ),
  scheme: 'http',
} as const;
/** An origin, and the scheme of the listener that a request came to. */
type Way = typeof plain | typeof secure;

function urlOf(target: string, host: string | undefined, way: Way = plain, more: Field[] = []): string {
  const fields: Field[] = host === undefined ? more : [['Host', host], ...more];
  return way.origin.urlOf(received(new FakeHead(fields, 'GET', target), way.scheme));
}

describe('the URL of a request', () => {
  test.each([
    // origin-form
    ['/', 'localhost:8080', 'http://localhost:8080/'],
    ['/a/b?c=d&e=%20', 'localhost', 'http://localhost/a/b?c=d&e=%20'],
    ['/', 'Example.COM', 'http://example.com/'],
    ['/', 'example.com:80', 'http://example.com/'],
    ['/', 'example.com:', 'http://example.com/'],
    ['/', 'example.com:0080', 'http://example.com/'],
    ['/', '[::1]:8080', 'http://[::1]:8080/'],
    ['/', '[0:0::1]', 'http://[::1]/'],
    ['/', '0x7f.1', 'http://127.0.0.1/'],
    ['/', 'ex%41mple.com', 'http://example.com/'],
    ['//x', 'a', 'http://a//x'],
    ['//x/y?z', 'a', 'http://a//x/y?z'],
    ['///', 'a', 'http://a///'],
    ['/http://b/', 'a', 'http://a/http://b/'],
    ['/@b', 'a', 'http://a/@b'],
    ['/a/./b/../c', 'a', 'http://a/a/c'],
    ['/a/%2e%2E/c', 'a', 'http://a/c'],
    ['/..', 'a', 'http://a/'],
    ['/a/.', 'a', 'http://a/a/'],
    ['/.well-known/x', 'a', 'http://a/.well-known/x'],
    ['/a.b/c..d', 'a', 'http://a/a.b/c..d'],
    ['/?a=/../b', 'a', 'http://a/?a=/../b'],
    ['/%61%7E%2d%5f%2E%39', 'a', 'http://a/a~-_.9'],
    ['/%c3%a4%2f%3f', 'a', 'http://a/%C3%A4%2F%3F'],
    ['/%2e%2e/%61?%61%2e', 'a', 'http://a/a?%61%2e'],
    ['/%%36%31/%6%31', 'a', 'http://a/%%361/%6%31'],
    ['/%', 'a', 'http://a/%'],
    ['/%zz/100%?%', 'a', 'http://a/%zz/100%?%'],
    ['/[]|', 'a', 'http://a/[]|'],
    ['/{}`', 'a', 'http://a/%7B%7D%60'],
    ["/it's?it's", 'a', "http://a/it's?it%27s"],
    ['/?[]{}|^`', 'a', 'http://a/?[]{}|^`'],
    ['/??', 'a', 'http://a/??'],
    // Without a host, or with a host that URL rejects
    ['/a', undefined, 'http://127.0.0.1:8080/a'],
    ['/a', '', 'http://127.0.0.1:8080/a'],
    ['/a', ':90', 'http://127.0.0.1:8080/a'],
    ['/a', '1.2.3.4.5', 'http://127.0.0.1:8080/a'],
    ['/a', '[::::]', 'http://127.0.0.1:8080/a'],
    ['/a', 'a:99999', 'http://127.0.0.1:8080/a'],
    ['/a', 'a%2fb', 'http://127.0.0.1:8080/a'],
    // A Host with more than a host, in case the parser accepts it one day
    ['/a', 'a/b', 'http://127.0.0.1:8080/a'],
    ['/a', 'user@a', 'http://127.0.0.1:8080/a'],
    ['/a', 'a?b', 'http://127.0.0.1:8080/a'],
    ['/a', 'a#b', 'http://127.0.0.1:8080/a'],
    // absolute-form
    ['http://b/c?d', 'a', 'http://b/c?d'],
    ['HTTPS://B:443/c', 'a', 'https://b/c'],
    ['http://b', 'a', 'http://b/'],
    ['http://b?c', 'a', 'http://b/?c'],
    ['http://b/%61%2fc?%61', 'a', 'http://b/a%2Fc?%61'],
    ['http://b//c/../d', undefined, 'http://b//d'],
    ['http://1.2.3.4.5/c?d', 'a', 'http://127.0.0.1:8080/c?d'],
    ['https://b:99999', 'a', 'https://127.0.0.1:8080/'],
    // asterisk-form
    ['*', 'a', 'http://a/'],
    ['*', undefined, 'http://127.0.0.1:8080/'],
  ])('of %s with Host %s is %s', (target, host, url) => {
    expect(urlOf(target, host)).toBe(url);
  });

  test("has the listener's scheme, without the default port", () => {
    expect(urlOf('/a', 'a:443', secure)).toBe('https://a/a');
    expect(urlOf('/a', 'a:443')).toBe('http://a:443/a');
    expect(urlOf('/a', 'a:80', secure)).toBe('https://a:80/a');
    expect(urlOf('/a', 'a:80')).toBe('http://a/a');
    expect(urlOf('http://b/c', 'a', secure)).toBe('http://b/c');
    expect(urlOf('*', 'a', secure)).toBe('https://a/');
    expect(new Origin(new Authority(), 'A:80').urlOf(received(new FakeHead([])))).toBe('http://a/');
  });

  test('has the scheme that a trusted proxy reports, and the same host', () => {
    const fields: Field[] = [
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'evil'],
    ];
    expect(urlOf('/a', 'a', proxied, fields)).toBe('https://a/a');
    expect(urlOf('/a', 'a', proxied)).toBe('http://a/a');
    expect(urlOf('/a', undefined, proxied, fields)).toBe('https://127.0.0.1:8080/a');
    expect(urlOf('/a', 'a', plain, fields)).toBe('http://a/a');
    expect(urlOf('http://b/a', 'a', proxied, fields)).toBe('http://b/a');
  });

  test('does not keep the host of the former request', () => {
    const urls = ['a', 'A', undefined, 'b', '1.2.3.4.5', 'a'].map((host) => urlOf('/', host));
    expect(urls).toEqual([
      'http://a/',
      'http://a/',
      'http://127.0.0.1:8080/',
      'http://b/',
      'http://127.0.0.1:8080/',
      'http://a/',
    ]);
  });

  test('the same target on another host, by another scheme, or after another target of its size', () => {
    const http: Field = ['X-Forwarded-Proto', 'http'];
    const https: Field = ['X-Forwarded-Proto', 'https'];
    for (const [target, host, scheme, url] of [
      ['/a', 'a', http, 'http://a/a'],
      ['/a', 'a', http, 'http://a/a'],
      ['/a', 'b', http, 'http://b/a'],
      ['/a', 'b', https, 'https://b/a'],
      ['/b', 'b', https, 'https://b/b'],
      ['/b', 'a', https, 'https://a/b'],
      ['/.', 'a', https, 'https://a/'],
      ['/.', 'a', https, 'https://a/'],
      ['/b', 'a', http, 'http://a/b'],
    ] as const)
      expect(urlOf(target, host, proxied, [scheme])).toBe(url);
    for (const size of [63, 64, 65, 66])
      for (const letter of 'aab') {
        const path = `/${letter.repeat(size - 1)}`;
        expect(urlOf(path, 'a')).toBe(`http://a${path}`);
      }
  });

  test('a server whose own host is invalid fails at startup', () => {
    for (const host of ['', 'a b', 'a/b', 'a:99999'])
      expect(() => new Origin(new Authority(), host)).toThrow(TypeError);
  });
});

const TARGET_CHARACTERS = [...TARGET.keys()].filter((byte) => TARGET[byte] === 1);
const character = fc.constantFrom(...TARGET_CHARACTERS.map((byte) => String.fromCharCode(byte)));
/** Parts to which URL gives a meaning, more frequent than in random text. */
const piece = fc.oneof(
  { weight: 3, arbitrary: character },
  fc.constantFrom('/', '//', '.', '..', '%2e', '%2E', '%', '?', "'", '@', ':', '/.', '%25', 'C|', '{', '^'),
);
const rest = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
const host = fc
  .oneof(
    fc.constantFrom(
      'localhost:8080',
      'a',
      'xn--',
      'xn--a',
      'XN--BCHER-KVA.de',
      '1.2.3',
      '0x',
      '1.',
      'a..b',
      '[::1]',
    ),
    fc.constantFrom(
      'b%C3%BCcher',
      '%e4%bd%a0',
      '%EF%BC%8E',
      'a%00',
      'a%25',
      '%C2%AD',
      '[1:2]',
      '[::ffff:1.2.3.4]',
    ),
    fc
      .array(fc.oneof(character, fc.constantFrom('.', '%', ':1', 'xn--', '1', 'ä'.normalize())), {
        maxLength: 8,
      })
      .map((all) => all.join('')),
    fc.tuple(fc.constantFrom('a', '[::1]', '1.1'), fc.nat(70_000)).map(([name, port]) => `${name}:${port}`),
  )
  .filter((text) => isHost(ascii(text), 0, text.length));

const way = fc.constantFrom<Way[]>(plain, secure, proxied);

/** A target with the encoded unreserved characters of its path decoded; a digit that would complete a code stays encoded. */
function decodedOnce(target: string): string {
  const [path, ...query] = target.split('?') as [string, ...string[]];
  let decoded = '';
  for (let at = 0; at < path.length; at++) {
    const code = /^%[\da-f]{2}/i.exec(path.slice(at))?.[0];
    if (code === undefined) {
      decoded += path[at];
      continue;
    }
    const letter = String.fromCharCode(Number(`0x${code.slice(1)}`));
    const makesCode = /[\da-f]/i.test(letter) && /(?:^|[^%]|%[\da-f]{2})%[\da-f]?$/i.test(decoded);
    decoded += /[\w\-.~]/.test(letter) && !makesCode ? letter : code.toUpperCase();
    at += 2;
  }
  return [decoded, ...query].join('?');
}

function normal(url: string): void {
  expect(new URL(url).href).toBe(url);
}

describe('for every target that the parser accepts', () => {
  test('a target in origin-form gives a URL in the form that URL gives it', () => {
    const target = rest.map((text) => `/${text}`);
    fc.assert(
      fc.property(target, fc.option(host, { nil: undefined }), way, (target, host, way) => {
        const bytes = ascii(target);
        expect(skip(bytes, TARGET, 0, bytes.length)).toBe(bytes.length);
        const url = urlOf(target, host, way);
        normal(url);
        const start = new URL(url).origin;
        expect(url).toBe(new URL(start + decodedOnce(target)).href);
      }),
      { numRuns: 3000 },
    );
  });

  test('a target in absolute-form gives a URL in the form that URL gives it', () => {
    const target = fc
      .tuple(fc.constantFrom('http://', 'https://', 'HTTP://'), host, fc.constantFrom('/', '?', ''), rest)
      .map(([scheme, host, delimiter, rest]) => scheme + host + delimiter + (delimiter === '' ? '' : rest))
      .filter((text) => judgeTarget(ascii(text), METHOD_GET, 0, text.length) === 0);
    fc.assert(
      fc.property(target, fc.option(host, { nil: undefined }), way, (target, host, way) => {
        normal(urlOf(target, host, way));
      }),
      { numRuns: 2000 },
    );
  });

  test('every character may occur in the path and in the query', () => {
    for (const byte of TARGET_CHARACTERS) {
      const letter = String.fromCharCode(byte);
      for (const target of [`/${letter}`, `/a${letter}`, `/a/${letter}/b`, `/?${letter}`, `/?a${letter}b`])
        expect(urlOf(target, 'a'), target).toBe(new URL(`http://a${target}`).href);
    }
  });
});
