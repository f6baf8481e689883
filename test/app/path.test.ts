// The normal form of a path: the rule by examples, and that the engine's table, the routes and request.url agree on it
// for any target.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Authority } from '../../src/app/authority.ts';
import { isUsual, normalPath, pathOf } from '../../src/app/path.ts';
import { Response } from '../../src/app/response.ts';
import { RouteTable } from '../../src/app/routes.ts';
import { Origin } from '../../src/app/url.ts';
import { PREPARED_NONE, VERDICT_REQUEST } from '../../src/memory/codes.ts';
import { TARGET } from '../../src/protocol/js/chars.ts';
import { prepare } from '../../src/protocol/prepared.ts';
import { createEngine, ENGINE_NAMES, latin1, textOf } from '../support/engines.ts';
import { FakeHead, received } from './request-fixture.ts';

const HEX = '0123456789abcdefABCDEF';
const UNRESERVED = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~';

function encoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

describe('the normal form of a path', () => {
  test.each([
    ['/', '/'],
    ['/%61dmin/%73ecret', '/admin/secret'],
    ['/%41%5A%7a%30%39%2D%2e%5f%7E', '/AZz09-._~'],
    ['/%c3%a4', '/%C3%A4'],
    // Reserved characters are data, encoded or not.
    ['/a%2fb', '/a%2Fb'],
    ['/a%3ab:c', '/a%3Ab:c'],
    ['/%2A*', '/%2A*'],
    ['/%00%7f%25', '/%00%7F%25'],
    // Dot segments, encoded or not.
    ['/a/%2e%2e/b', '/b'],
    ['/a/.%2E/b', '/b'],
    ['/%2e/a/%2e', '/a/'],
    ['/x/..%2fa', '/x/..%2Fa'],
    ['/...', '/...'],
    ['/%2e%2e%2e', '/...'],
    // A path of two slashes is a path.
    ['//a/../b', '//b'],
    // Percent signs that begin no encoded byte stay, and no decoded digit completes them.
    ['/%', '/%'],
    ['/%zz/100%', '/%zz/100%'],
    ['/%%36%31', '/%%361'],
    ['/%6%31', '/%6%31'],
    ['/%%34%31', '/%%341'],
    ['/%%2e%2e', '/%..'],
    ['/%%67', '/%g'],
    ['/%2561', '/%2561'],
    ['/%25%36%31', '/%2561'],
  ])('%s becomes %s', (path, normal) => {
    expect(normalPath(path)).toBe(normal);
    expect(normalPath(normal)).toBe(normal);
  });

  test('encodes each character in the same way, alone and behind other characters', () => {
    for (let code = 0; code < 128; code++) {
      const character = String.fromCharCode(code);
      for (const written of [encoded(character), encoded(character).toUpperCase()]) {
        const normal = UNRESERVED.includes(character) ? character : written.toUpperCase();
        // The x keeps a dot from being a dot segment.
        expect(normalPath(`/x${written}`)).toBe(`/x${normal}`);
        expect(normalPath(`/x/y${written}/z`)).toBe(`/x/y${normal}/z`);
      }
    }
  });

  test('of a normal form is itself, and decodes to the same as the path', () => {
    fc.assert(
      fc.property(target, (text) => {
        const path = pathOf(text);
        const normal = normalPath(path);
        expect(normalPath(normal)).toBe(normal);
        // There are no dot segments, so that only the encoding is compared.
        const plain = path.replaceAll(/\.|%2e/gi, 'x');
        expect(lenient(normalPath(plain))).toBe(lenient(plain));
        if (isUsual(text)) expect(normal).toBe(path);
      }),
      { numRuns: 5000 },
    );
  });

  test('takes linear time for a long path', () => {
    for (const part of ['%61', '%', '%%36', '/..', '/%2e%2e', '.', '/', '%C3', '%4%3'])
      expect(normalPath(`/${part.repeat(8192 / part.length)}`)).toBe(
        normalPath(normalPath(`/${part.repeat(8192 / part.length)}`)),
      );
  });
});

/** The path for a router that decodes once, with URL's encoding undone first. */
function lenient(path: string): string {
  return path.replaceAll(/%[\da-f]{2}/gi, (code) => String.fromCharCode(Number(`0x${code.slice(1)}`)));
}

const letter = fc
  .constantFrom(...[...TARGET.keys()].filter((byte) => TARGET[byte] === 1))
  .map(String.fromCharCode);
const part = fc.oneof(
  letter,
  fc.constantFrom(...UNRESERVED).map(encoded),
  fc.tuple(fc.constantFrom(...HEX), fc.constantFrom(...HEX)).map(([high, low]) => `%${high}${low}`),
  fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2E',
    '%',
    '%%',
    '%2f',
    '%5c',
    '%25',
    '/../',
    '/./',
    ';',
    'a',
    'admin',
  ),
);
const target = fc
  .tuple(fc.array(part, { maxLength: 10 }), fc.constantFrom('', '', '?', '?/a', '?%61'))
  .map(([parts, query]) => `/${parts.join('')}${query}`);

/** Ways to spell one path. A slash has one spelling. */
const respelt = (path: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      ...[...path].map((character) =>
        character === '/'
          ? fc.constant('/')
          : fc.constantFrom(character, encoded(character), encoded(character).toUpperCase()),
      ),
    )
    .map((characters) => characters.join(''))
    .chain((text) =>
      fc.constantFrom(`/${text}`, `/./${text}`, `/x/../${text}`, `/%2e%2E/${text}`, `/x/.%2e/${text}?/y`),
    );

describe('the engines, the routes and request.url agree', () => {
  const paths = [
    '/',
    '/admin',
    '/admin/secret',
    '/a',
    '/a/b',
    '/-._~09',
    '/%2F',
    '/%C3%A4',
    '/..%2Fa',
    '/%',
    '/a/',
  ];
  const engines = ENGINE_NAMES.map((name) => createEngine(name));
  const origin = new Origin(new Authority(), '127.0.0.1:8080');
  const table = RouteTable.of<string>(
    {
      ...Object.fromEntries(paths.map((path) => [path, new Response('fixed')])),
      '/admin/*': () => new Response('guarded'),
      '/a/:x/c': () => new Response('parameter'),
    },
    async (_, path) => path as string,
  );
  for (const { slot } of engines) {
    slot.prepared.fallback = PREPARED_NONE;
    for (const path of paths)
      slot.prepared.addRoute(path, prepare(0, { statusCode: 200, fields: [['Route', path]], content: '' }));
  }

  async function agree(text: string): Promise<void> {
    const routes = await table;
    const url = new URL(origin.urlOf(received(new FakeHead([['Host', 'a']], 'GET', text))));
    const found = routes.find(pathOf(text));
    const byUrl = routes.find(url.pathname);
    expect(url.pathname, text).toBe(normalPath(pathOf(text)));
    expect([found?.route, found?.params], text).toEqual([byUrl?.route, byUrl?.params]);
    const exact = paths.find((path) => path === url.pathname);
    expect(found?.route.methods.get('GET'), text).toBe(exact);
    for (const { codec, slot, name } of engines) {
      const request = `GET ${text} HTTP/1.1\r\nHost: a\r\n\r\n`;
      const output = slot.outputs[0] as number;
      slot.read.set(latin1(request));
      codec.serve(slot.readStart, slot.readStart + request.length, output);
      // The engine answers as the routes would, and leaves all other paths to the routes.
      if (slot.verdict === VERDICT_REQUEST) continue;
      const answer = textOf(slot.views.bytes.subarray(output, output + slot.written));
      expect(/\r\nRoute: (.*)\r\n/.exec(answer)?.[1], `${name}: ${text}`).toBe(exact);
    }
  }

  test('for any target', async () => {
    await fc.assert(fc.asyncProperty(target, agree), { numRuns: 3000 });
  });

  test('for any spelling of a path that a route guards', async () => {
    const routes = await table;
    const spelling = fc.constantFrom('admin/any', 'admin/a-b_c.d~e', 'admin').chain(respelt);
    await fc.assert(
      fc.asyncProperty(spelling, async (text) => {
        await agree(text);
        expect(routes.find(pathOf(text)), text).toBeDefined();
      }),
      { numRuns: 1500 },
    );
  });
});
