// The startup errors that name a malformed route. The tests in end-to-end/ cover valid routes.

import { describe, expect, test } from 'vitest';
import { Response } from '../../src/app/response.ts';
import { RouteTable } from '../../src/app/routes.ts';
import { wholeParts } from '../../src/app/send.ts';
import type { Routes } from '../../src/app/types.ts';

const answer = () => new Response('a');

function tableOf(routes: unknown) {
  return RouteTable.of(routes as Routes, (fixed) => wholeParts(fixed as Response));
}

describe('a malformed route is named in the error', () => {
  test.each<[string, string, unknown]>([
    ['no path', 'a', answer],
    ['a path with a query', '/a?b', answer],
    ['a path with a fragment', '/a#b', answer],
    ['text', '/a', 'a'],
    ['null', '/a', null],
    ['an object without methods', '/a', {}],
    ['a promise', '/a', Promise.resolve(new Response('a'))],
    ['an unknown method', '/a', { get: answer }],
    ['a method with a number', '/a', { GET: 5 }],
    ['Response.error()', '/a', Response.error()],
    ['a response with trailers', '/a', new Response('a', { trailers: () => ({}) })],
    ['a stream that fails', '/a', new Response(failing())],
  ])('%s', async (_, pattern, value) => {
    await expect(tableOf({ [pattern]: value })).rejects.toThrow(`route '${pattern}'`);
  });

  test('a response that has been read', async () => {
    const read = new Response('a');
    await read.text();
    await expect(tableOf({ '/a': read })).rejects.toThrow("route '/a'");
  });
});

describe('the segments of a route are exact or parameters, with an optional * at the end', () => {
  test.each([
    ['a', "must begin with a slash: write '/a'"],
    ['*', "must begin with a slash: write '/*'"],
    ['/s/*/b', "may have a '*' only as its last segment: write ':name'"],
    ['/*/', "may have a '*' only as its last segment"],
    ['/d/*.js', "'*.js': write '*' alone, as the last segment"],
    ['/d/a*', "'a*': write '*' alone"],
    ['/h/**', "'**': write '*' alone"],
    ['/h/**:rest', "'**:rest': write '*' alone"],
    ['/a/:id?', "the optional parameter ':id?': write two routes"],
    ['/a/:id?/b', "the optional parameter ':id?'"],
    ['/a/:id+', "':id+': a parameter is ':' and a name"],
    ['/a/:id*', "':id*': a parameter is"],
    ['/a/:id(\\d+)', "':id(\\d+)': a parameter is"],
    ['/a/:a:b', "':a:b': a parameter is"],
    ['/a/:a-:b', "':a-:b': a parameter is"],
    ['/a/:id.json', "':id.json': a parameter is"],
    ['/a/:1', "':1': a parameter is"],
    ['/a/:ä', "':ä': a parameter is"],
    ['/a/:%61', "':%61': a parameter is"],
    ['/a/:', "':': a parameter is"],
    ['/a/:/b', "':': a parameter is"],
    ['/a/::b', "'::b': a parameter is"],
    ['/a/user-:id', "'user-:id': a parameter is a whole segment"],
    ['/v1:batch', "'v1:batch': a parameter is a whole segment"],
    ['/n/{a,b}', "'{a,b}': write a route for each choice"],
    ['/n/{/b}?', 'write a route for each choice'],
    ['/n/(.*)', 'has the segment'],
    ['/n/(a|b)', "'(a|b)': write a route for each choice"],
    ['/n/a)', 'write a route for each choice'],
    ['/n/\\:a', 'has the segment'],
    ['/n\\a', 'must not have a backslash'],
    ['/a?', 'leave out what begins with ? or #'],
    ['/a?b=:c', 'leave out what begins with ? or #'],
    ['/:a/b#c', 'leave out what begins with ? or #'],
    ['/a\tb', 'must not have a control character'],
    ['/a\r\nb/:c', 'must not have a control character'],
    ['/:a/:a', "has two parameters named 'a': rename one"],
    ['/:a/b/:a/*', "has two parameters named 'a': rename one"],
    ['/:_/*', "has two parameters named '_', as * is named '_': rename one"],
  ])('%j is rejected with one line that says how to write it', async (pattern, says) => {
    const error = await tableOf({ '/': answer, [pattern]: answer }).then(
      () => undefined,
      (error: Error) => error,
    );
    const named = pattern.replace('\t', '\\x09').replace('\r\n', '\\x0d\\x0a');
    expect(error?.message).toMatch(/^route '.*' /);
    expect(error?.message.startsWith(`route '${named}' `), error?.message).toBe(true);
    expect(error?.message).toContain(says);
    expect(error?.message).not.toMatch(/\n|rou3/);
  });

  test.each([
    ['/a/:x', '/a/:y'],
    ['/a/:x/*', '/a/:y/*'],
    ['/a', '/%61'],
    ['/b', '/a/../b'],
    ['/grün', '/gr%c3%bcn'],
    ['/%C3%A4/:x', '/ä/:y'],
  ])('%s and %s match the same paths', async (one, other) => {
    await expect(tableOf({ [one]: answer, [other]: answer })).rejects.toThrow(
      `route '${other}' matches the same paths as '${one}': merge the two`,
    );
  });

  test.each([
    '/a/:x',
    '/a/:x/',
    '/a/*',
    '/:a/:b',
    '/:a1_B',
    '/~a-b_c.d',
    "/[a]|!$&'+,;=@",
    '/ä/ö',
    '/a//b',
    '/',
  ])('%s is valid', async (pattern) => {
    await expect(tableOf({ [pattern]: answer })).resolves.toBeDefined();
  });
});

function failing(): ReadableStream {
  return new ReadableStream({ start: (controller) => controller.error(new Error('broken')) });
}
