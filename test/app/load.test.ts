// What counts as an application, and what is said of modules that are none.

import { Hono } from 'hono';
import { AutoRouter } from 'itty-router';
import { afterAll, describe, expect, test } from 'vitest';
import type { ServerRequest } from '#dist/app/app.js';
import { appOf, loadApp } from '#dist/app/load.js';
import { appFiles } from '../support/app-files.ts';

const files = appFiles();
afterAll(() => files.remove());

let count = 0;
/** A module of this text; its path and what it is loaded as. */
function load(text: string, ending = 'mjs'): { path: string; app: ReturnType<typeof loadApp> } {
  const name = `${++count}.${ending}`;
  const path = files.write(name, text);
  return { path, app: loadApp(files.urlOf(name)) };
}

const context = {} as never;
const request = new Request('http://a/') as ServerRequest;

describe('a module is an application', () => {
  test.each([
    ['with an object by default', 'export default { fetch: () => new Response("a") };'],
    ['with a function by default', 'export default () => new Response("a");'],
    ['with a named fetch', 'export function fetch() { return new Response("a"); }'],
    [
      'whose fetch uses this',
      'export default { text: "a", fetch() { return new Response(this.text); }, routes: {} };',
    ],
    [
      'with an object of a class',
      'class A { #text = "a"; fetch() { return new Response(this.#text); } } export default new A();',
    ],
    ['that waits', 'await null; export default { fetch: async () => new Response("a") };'],
  ])('%s', async (_, text) => {
    const app = await load(text).app;
    const response = await app.fetch?.(request, context);
    expect(await response?.text()).toBe('a');
  });

  test('of CommonJS', async () => {
    const app = await load('module.exports = { fetch: () => new Response("a") };', 'cjs').app;
    expect(app.fetch).toBeTypeOf('function');
  });

  test('with routes alone, and with all three', async () => {
    const routes = await load('export default { routes: { "/": new Response("a") } };').app;
    expect(Object.keys(routes)).toEqual(['routes']);
    expect(Object.keys(routes.routes ?? {})).toEqual(['/']);
    const all = await load('export default { routes: Object.create(null), fetch() {}, error() {} };').app;
    expect(Object.keys(all).sort()).toEqual(['error', 'fetch', 'routes']);
    const named = await load('export const routes = {}; export function error() {}').app;
    expect(Object.keys(named).sort()).toEqual(['error', 'routes']);
  });

  test('of Hono or itty-router: its routes are its own', async () => {
    const hono = new Hono().get('/', (c) => c.text('a'));
    const app = appOf(hono, 'hono');
    expect(Object.keys(app)).toEqual(['fetch']);
    expect(await (await app.fetch?.(request, context))?.text()).toBe('a');
    expect(Object.keys(appOf(AutoRouter(), 'itty'))).toEqual(['fetch']);
  });

  test('of a framework with an error of its own: that is no handler of ours', () => {
    class Framework {
      fetch(): Response {
        return new Response('a');
      }
      error(): this {
        return this;
      }
    }
    expect(Object.keys(appOf(new Framework(), 'framework'))).toEqual(['fetch']);
  });
});

describe('one line says what is wrong with a module', () => {
  test.each([
    ['nothing', '', /has neither fetch nor routes: an app is \{ fetch/],
    ['something else', 'export default 7;', /has no app: an app is/],
    ['null', 'export default null;', /has no app: an app is/],
    ['an object without either', 'export default { error() {} };', /has neither fetch nor routes/],
    ['routes that are no object', 'export default { routes: [] };', /has neither fetch nor routes/],
    ['a fetch that is none', 'export default { fetch: "x" };', /fetch in .* must be a function, not string/],
    [
      'an error that is none',
      'export default { routes: {}, error: 1 };',
      /error in .* must be a function, not/,
    ],
  ])('with %s', async (_, text, says) => {
    const { path, app } = load(text);
    const message = await messageOf(app);
    expect(message).toMatch(says);
    expect(message).toContain(path);
    expect(message).not.toContain('\n');
  });

  test('that throws: where', async () => {
    const { path, app } = load(
      '\nfunction connect() {\n  throw new TypeError("no\\n database");\n}\nconnect();',
    );
    expect(await messageOf(app)).toBe(`can't load ${path}: TypeError: no database (${path}:3)`);
    const inNode = load('import { readFileSync } from "node:fs";\nreadFileSync("/nothing/here");');
    expect(await messageOf(inNode.app)).toBe(
      `can't load ${inNode.path}: Error: ENOENT: no such file or directory, open '/nothing/here' (${inNode.path}:2)`,
    );
    const inCommonJs = load('\nthrow new Error("no");', 'cjs');
    expect(await messageOf(inCommonJs.app)).toBe(
      `can't load ${inCommonJs.path}: Error: no (${inCommonJs.path}:2)`,
    );
  });

  test('that throws no error, rejects, or one without a stack', async () => {
    const text = load('throw "text";');
    expect(await messageOf(text.app)).toBe(`can't load ${text.path}: it threw "text"`);
    const nothing = load('throw undefined;');
    expect(await messageOf(nothing.app)).toBe(`can't load ${nothing.path}: it threw undefined`);
    const bare = load('const e = new Error("bare"); delete e.stack; e.stack = undefined; throw e;');
    expect(await messageOf(bare.app)).toBe(`can't load ${bare.path}: Error: bare`);
  });

  test('of wrong syntax: where', async () => {
    const { path, app } = load('const a = 1;\nexport default { fetch( { };');
    expect(await messageOf(app)).toMatch(new RegExp(`: SyntaxError: .* \\(${path}:2\\)$`));
  });

  test.each(['import { counter } from "hotpath";', 'export default {};'])(
    'whose package.json says CommonJS, and what to do: %s',
    async (text) => {
      files.write('package.json', '{ "type": "commonjs" }');
      const { path, app } = load(text, 'js');
      const message = await messageOf(app);
      expect(message).toMatch(/: put "type": "module" into package.json, or call it .mjs$/);
      expect(message).toContain(`${path}:1`);
    },
  );

  test('that imports what is not there', async () => {
    const { path, app } = load('import "./nothing.mjs";');
    expect(await messageOf(app)).toMatch(
      /can't load .*: Error: Cannot find module .*nothing.mjs' imported from/,
    );
    expect(await messageOf(app)).toContain(path);
  });
});

async function messageOf(app: Promise<unknown>): Promise<string> {
  return app.then(
    () => 'loaded',
    (error: Error) => error.message,
  );
}
