// The route table: the route that matches a path, the paths with prepared responses, and the errors for malformed tables.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NativeResponse } from '../../src/app/native.ts';
import { Response } from '../../src/app/response.ts';
import { RouteTable } from '../../src/app/routes.ts';
import type { Routes } from '../../src/app/types.ts';

type Named = (() => globalThis.Response) & { route: string };

function named(route: string): Named {
  return Object.assign(() => new Response(), { route });
}

/** Each path with a handler of its own. */
function tableOf(...paths: string[]): Promise<RouteTable<never>> {
  return RouteTable.of<never>(Object.fromEntries(paths.map((path) => [path, named(path)])), async () =>
    expect.fail('nothing is fixed'),
  );
}

function found(table: RouteTable<never>, path: string): unknown {
  const match = table.find(path);
  return match && [(match.route.any as unknown as Named).route, match.params && { ...match.params }];
}

describe('a path leads to', () => {
  test.each<[string[], string, unknown]>([
    [['/a', '/:x'], '/a', ['/a', undefined]],
    [['/:x', '/a'], '/a', ['/a', undefined]],
    [['/a/:x', '/a/*'], '/a/b', ['/a/:x', { x: 'b' }]],
    [['/a/*'], '/a', ['/a/*', { _: '' }]],
    [['/a/*'], '/a/', ['/a/*', { _: '' }]],
    [['/a/*'], '/a/b/c', ['/a/*', { _: 'b/c' }]],
    [['/a/*'], '/a/b/', ['/a/*', { _: 'b' }]],
    [['/a/*'], '/a//b', ['/a/*', { _: '/b' }]],
    [['/a/*'], '/ab', undefined],
    [['/*'], '/', ['/*', { _: '' }]],
    [['/*'], '/a/b', ['/*', { _: 'a/b' }]],
    [['/:x/*'], '/a', ['/:x/*', { x: 'a', _: '' }]],
    [['/:x/*'], '/', undefined],
    [['/:x'], '/', undefined],
    [['/a/:x'], '/a/', undefined],
    [['/a/:x/b'], '/a//b', undefined],
    // The first segment in which routes differ decides, unless the rest then does not match.
    [['/a/:x/c', '/:x/b/d'], '/a/b/d', ['/:x/b/d', { x: 'a' }]],
    [['/a/:x/c', '/:x/b/d', '/*'], '/a/b/e', ['/*', { _: 'a/b/e' }]],
    [['/a/*', '/:x/b'], '/a/b', ['/a/*', { _: 'b' }]],
    [['/:a/:b', '/:c/d'], '/x/d', ['/:c/d', { c: 'x' }]],
    [['/:a/:b', '/:c/d'], '/x/e', ['/:a/:b', { a: 'x', b: 'e' }]],
    // A slash at the end is a part of the path.
    [['/a', '/a/'], '/a/', ['/a/', undefined]],
    [['/a'], '/a/', undefined],
    [['/a/'], '/a', undefined],
    [['/:x'], '/b/', undefined],
    [['/:x', '/:x/'], '/b', ['/:x', { x: 'b' }]],
    [['/:x/'], '/b/', ['/:x/', { x: 'b' }]],
    [['/:x', '/*'], '/b/', ['/*', expect.anything()]],
    [['/:x/c', '/*', '/b/*'], '/b/c/', ['/b/*', expect.anything()]],
    [['/*', '/b/*', '/b/:x'], '/b/c/', ['/b/*', expect.anything()]],
    [['/b/*', '/:x/c', '/*'], '/b/c/', ['/b/*', expect.anything()]],
    // Paths as a program writes them, and as a request writes them.
    [['/grün'], '/gr%C3%BCn', ['/grün', undefined]],
    [['/gr%C3%BCn'], '/gr%C3%BCn', ['/gr%C3%BCn', undefined]],
    [['/100%25'], '/100%25', ['/100%25', undefined]],
    [['/a b'], '/a%20b', ['/a b', undefined]],
    [['/a '], '/a%20', ['/a ', undefined]],
    [['/%61%2f'], '/a%2F', ['/%61%2f', undefined]],
    [['/%61/:x'], '/a/b', ['/%61/:x', { x: 'b' }]],
    [['/a/../:x'], '/b', ['/a/../:x', { x: 'b' }]],
    [['/%3Ax/%2A'], '/%3ax/%2a', ['/%3Ax/%2A', undefined]],
    [['/%3Ax'], '/y', undefined],
    // Unreserved characters are the same encoded or not; all other characters differ.
    [['/a/*'], '/%61/secret', ['/a/*', { _: 'secret' }]],
    [['/a/*'], '/x/../%61/secret', ['/a/*', { _: 'secret' }]],
    [['/a/*'], '/%2e/a/%73ecret', ['/a/*', { _: 'secret' }]],
    [['/a'], '/%61', ['/a', undefined]],
    [['/a/*'], '/a%2Fsecret', undefined],
    [['/a/*'], '/A/secret', undefined],
    [['/a/*'], '//a/secret', undefined],
    [['/a/*'], '/a;x/secret', undefined],
    [['/a/*'], '/%2561/secret', undefined],
    [['/a/*', '/x/*'], '/x/..%2fa', ['/x/*', { _: '../a' }]],
    // Dot segments are removed.
    [['/a/*', '/b'], '/a/../b', ['/b', undefined]],
    [['/a/*', '/b'], '/a/%2e%2e/b', ['/b', undefined]],
    [['/*', '/b'], '//a/../b', ['/*', expect.anything()]],
    [['/*', '/b'], '//b/.', ['/*', expect.anything()]],
    // Each parameter is decoded separately.
    [['/:x/:y'], '/%C3%A4%2F/b%20c', ['/:x/:y', { x: 'ä/', y: 'b c' }]],
    [['/:x/:y'], '/%20/%E0', ['/:x/:y', { x: ' ', y: '%E0' }]],
    [['/:x/:y'], '/%E0/%20', ['/:x/:y', { x: '%E0', y: ' ' }]],
  ])('of %j, %s leads to %j', async (paths, path, expected) => {
    expect(found(await tableOf(...paths), path)).toEqual(expected);
  });
});

test('names and values of parameters never reach a prototype', async () => {
  const table = await tableOf('/:__proto__/:constructor/:toString/*');
  const match = table.find('/__proto__/constructor/%5F_proto__/hasOwnProperty');
  expect(Object.entries(match?.params ?? {})).toEqual([
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['toString', '__proto__'],
    ['_', 'hasOwnProperty'],
  ]);
  expect(Object.getPrototypeOf(match?.params)).toBe(null);
  const literal = await tableOf('/__proto__', '/constructor/:x', '/:x/valueOf');
  expect(found(literal, '/__proto__')).toEqual(['/__proto__', undefined]);
  expect(found(literal, '/constructor/a')).toEqual(['/constructor/:x', { x: 'a' }]);
  expect(found(literal, '/constructor')).toBeUndefined();
  expect(found(literal, '/hasOwnProperty')).toBeUndefined();
  expect(found(literal, '/__proto__/valueOf')).toEqual(['/:x/valueOf', { x: '__proto__' }]);
});

describe('of the routes that match, the most exact route answers', () => {
  const literal = fc.constantFrom('a', 'b', 'c', '');
  const pattern = fc
    .tuple(fc.array(fc.oneof(literal, fc.constant(':')), { maxLength: 4 }), fc.constantFrom('', '', '*'))
    .map(([segments, rest]) => {
      const named = segments.map((segment, i) => (segment === ':' ? `:p${i}` : segment));
      return `/${[...named, ...(rest === '' ? [] : [rest])].join('/')}`;
    });
  const shapeOf = (pattern: string): string => pattern.replaceAll(/:p\d/g, ':');
  const patterns = fc.uniqueArray(pattern, { minLength: 1, maxLength: 12, selector: shapeOf });
  const path = fc
    .array(fc.oneof(literal, fc.constantFrom('d', 'x')), { minLength: 1, maxLength: 5 })
    .map((segments) => `/${segments.join('/')}`);

  /** The values of a pattern's parameters for a path. */
  function matched(pattern: string, path: string): Record<string, string> | undefined {
    const params: Record<string, string> = {};
    const [segments, parts] = [pattern.split('/'), path.split('/')];
    for (const [i, segment] of segments.entries()) {
      if (segment === '*') return { ...params, _: parts.slice(i).join('/').replace(/\/$/, '') };
      const part = parts[i];
      if (segment.startsWith(':') ? !part : part !== segment) return undefined;
      if (segment.startsWith(':')) params[segment.slice(1)] = part as string;
    }
    return segments.length === parts.length ? params : undefined;
  }

  /** Compares two patterns that match the same path: the pattern that wins sorts first. */
  function rank(pattern: string): string {
    return pattern
      .split('/')
      .map((segment) => (segment === '*' ? '2' : segment.startsWith(':') ? '1' : '0'))
      .join('');
  }

  test('as the model says, in any order of the routes', async () => {
    await fc.assert(
      fc.asyncProperty(patterns, fc.array(path, { minLength: 1, maxLength: 8 }), async (given, paths) => {
        const table = await tableOf(...given);
        for (const path of paths) {
          const matching = given.filter((pattern) => matched(pattern, path) !== undefined);
          const [first] = matching.sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
          const params = first?.includes(':') || first?.endsWith('*') ? matched(first, path) : undefined;
          expect(found(table, path), path).toEqual(first && [first, params]);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

test('fixed responses are prepared for the exact path whose GET they answer', async () => {
  const fixed = new NativeResponse('fixed');
  const own = new NativeResponse();
  const prepared: unknown[] = [];
  const table = await RouteTable.of<string>(
    {
      '/a': fixed,
      '/ä b': { GET: fixed },
      '/:x': fixed,
      '/files/*': fixed,
      '/post': { POST: fixed },
      '/head': { GET: fixed, HEAD: own },
    },
    async (answer, path) => {
      prepared.push([answer === own ? 'own' : 'fixed', path]);
      return `answer ${prepared.length}`;
    },
  );
  expect(prepared).toEqual([
    ['fixed', '/a'],
    ['fixed', '/%C3%A4%20b'],
    ['fixed', undefined],
    ['fixed', undefined],
    ['fixed', undefined],
    ['fixed', undefined],
    ['own', undefined],
  ]);
  expect([...(table.find('/a')?.route.methods ?? [])]).toEqual([
    ['GET', 'answer 1'],
    ['HEAD', 'answer 1'],
  ]);
  expect([...(table.find('/post')?.route.methods.keys() ?? [])]).toEqual(['POST']);
  expect(table.find('/head')?.route.methods.get('HEAD')).toBe('answer 7');
});

test.each([
  [{ GET: named('a') }, 'GET, HEAD, OPTIONS'],
  [{ HEAD: named('a') }, 'HEAD, OPTIONS'],
  [{ POST: named('a'), OPTIONS: named('a') }, 'POST, OPTIONS'],
  [new NativeResponse(), 'GET, HEAD, OPTIONS'],
  [new Response(), 'GET, HEAD, OPTIONS'],
])('Allow of %o is %s', async (value, allow) => {
  const table = await RouteTable.of<string>({ '/': value }, async () => 'prepared');
  expect(table.find('/')?.route.allow).toBe(allow);
});

test.each<[unknown, string]>([
  [{ a: named('a') }, "route 'a' must begin with a slash"],
  [{ '': named('a') }, "route '' must begin with a slash"],
  [{ '/a': 'text' }, "route '/a' must be a function"],
  [{ '/a': null }, "route '/a' must be a function"],
  [{ '/a': { get: named('a') } }, "route '/a': get is not a supported method"],
  [{ '/a': { BREW: named('a') } }, "route '/a': BREW is not a supported method"],
  [{ '/a': { GET: 'text' } }, "route '/a', GET: must be a function"],
  [{ '/a': { GET: undefined } }, "route '/a', GET: must be a function"],
])('%o is not a valid route table', async (routes, message) => {
  await expect(RouteTable.of(routes as Routes, async () => 'prepared')).rejects.toThrow(message);
});
