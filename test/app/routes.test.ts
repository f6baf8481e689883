// The table of routes by itself: which route a path leads to, what is prepared for which path, and what is no
// route at all.

import { describe, expect, test } from 'vitest';
import type { Routes } from '../../src/app/app.ts';
import { NativeResponse } from '../../src/app/native.ts';
import { Response } from '../../src/app/response.ts';
import { RouteTable } from '../../src/app/routes.ts';

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
    [['/a/*'], '/a', ['/a/*', expect.anything()]],
    [['/a/*'], '/a/b/c', ['/a/*', expect.objectContaining({ _: 'b/c' })]],
    [['/a/*'], '/ab', undefined],
    [['/*'], '/a/b', ['/*', expect.objectContaining({ _: 'a/b' })]],
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
    // As it is written in a program, or in a request.
    [['/grün'], '/gr%C3%BCn', ['/grün', undefined]],
    [['/gr%C3%BCn'], '/gr%C3%BCn', ['/gr%C3%BCn', undefined]],
    [['/100%25'], '/100%25', ['/100%25', undefined]],
    [['/a b'], '/a%20b', ['/a b', undefined]],
    // Dot segments are none.
    [['/a/*', '/b'], '/a/../b', ['/b', undefined]],
    [['/a/*', '/b'], '/a/%2e%2e/b', ['/b', undefined]],
    [['/*', '/b'], '//a/../b', ['/*', expect.anything()]],
    [['/*', '/b'], '//b/.', ['/*', expect.anything()]],
    // Parameters are decoded, each for itself.
    [['/:x/:y'], '/%C3%A4%2F/b%20c', ['/:x/:y', { x: 'ä/', y: 'b c' }]],
    [['/:x/:y'], '/%20/%E0', ['/:x/:y', { x: ' ', y: '%E0' }]],
    [['/:x/:y'], '/%E0/%20', ['/:x/:y', { x: '%E0', y: ' ' }]],
  ])('of %j, %s leads to %j', async (paths, path, expected) => {
    expect(found(await tableOf(...paths), path)).toEqual(expected);
  });
});

test('fixed answers are prepared for the exact path whose GET they are', async () => {
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
  [{ '/a': { get: named('a') } }, "route '/a': there is no method get here"],
  [{ '/a': { BREW: named('a') } }, "route '/a': there is no method BREW here"],
  [{ '/a': { GET: 'text' } }, "route '/a', GET: must be a function"],
  [{ '/a': { GET: undefined } }, "route '/a', GET: must be a function"],
])('%o is no table of routes', async (routes, message) => {
  await expect(RouteTable.of(routes as Routes, async () => 'prepared')).rejects.toThrow(message);
});
