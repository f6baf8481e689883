// Which routes are none: told at the start, by name. What those that are do is in end-to-end/.

import { describe, expect, test } from 'vitest';
import type { Routes } from '../../src/app/app.ts';
import { Response } from '../../src/app/response.ts';
import { RouteTable } from '../../src/app/routes.ts';
import { wholeParts } from '../../src/app/send.ts';

const answer = () => new Response('a');

function tableOf(routes: unknown) {
  return RouteTable.of(routes as Routes, (fixed) => wholeParts(fixed as Response));
}

describe('a route that is none is named', () => {
  test.each<[string, string, unknown]>([
    ['no path', 'a', answer],
    ['a path with a query', '/a?b', answer],
    ['a path with a fragment', '/a#b', answer],
    ['text', '/a', 'a'],
    ['null', '/a', null],
    ['an object without methods', '/a', {}],
    ['a promise', '/a', Promise.resolve(new Response('a'))],
    ['a method that is none', '/a', { get: answer }],
    ['a method with something else', '/a', { GET: 5 }],
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

function failing(): ReadableStream {
  return new ReadableStream({ start: (controller) => controller.error(new Error('broken')) });
}
