// The modules that are applications, and the error messages for all other modules.

import { basename } from 'node:path';
import { Hono } from 'hono';
import { AutoRouter } from 'itty-router';
import { describe, expect, test } from 'vitest';
import { strangeKeys } from '#dist/app/app-keys.js';
import { appOf, loadApp } from '#dist/app/load.js';
import type { ServerRequest } from '#dist/app/types.js';
import { appFiles } from '../support/fixtures.ts';

const files = appFiles();

let count = 0;
/** Loads a module with this text. @returns its path and the application */
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

  test('if it is CommonJS', async () => {
    const app = await load('module.exports = { fetch: () => new Response("a") };', 'cjs').app;
    expect(app.fetch).toBeTypeOf('function');
  });

  test.each([
    ['once', 'exports.default = app;'],
    ['twice', 'exports.default = { __esModule: true, default: app };'],
    ['by an interop of a bundler', 'exports.default = { default: app };'],
  ])('if it was compiled from ES modules to CommonJS, with `default` %s', async (_, text) => {
    const app = await load(
      `Object.defineProperty(exports, '__esModule', { value: true });
       const app = { fetch: () => new Response("a"), error() {} }; ${text}`,
      'cjs',
    ).app;
    expect(Object.keys(app).sort()).toEqual(['error', 'fetch']);
    expect(await (await app.fetch?.(request, context))?.text()).toBe('a');
  });

  test('with any kind of function as fetch', async () => {
    for (const text of [
      '(req) => new Response("a")',
      '(request, context) => new Response("a")',
      '(request, { server }) => new Response("a")',
      '(req, env, ctx) => new Response("a")',
      '(...args) => new Response("a")',
      'async function fetch(req, info) { return new Response("a"); }',
      'Object.assign((request) => new Response("a"), { use() {}, port: 1 })',
      '{ fetch: (req, res) => new Response("a") }',
      '{ fetch: () => new Response("a"), listen() {}, use() {}, callback() {} }',
    ]) {
      const app = await load(`export default ${text};`).app;
      expect(app.fetch, text).toBeTypeOf('function');
    }
  });

  test('with start() and stop(), which keep their `this`', async () => {
    const app = await load(
      'export default { fetch() {}, seen: [], start() { this.seen.push("start"); }, stop() { return this.seen; } };',
    ).app;
    await app.start?.({} as never);
    expect(await app.stop?.({ reason: 'stop' })).toEqual(['start']);
  });

  test('with routes alone, and with all three', async () => {
    const routes = await load('export default { routes: { "/": new Response("a") } };').app;
    expect(Object.keys(routes)).toEqual(['routes']);
    expect(Object.keys(routes.routes ?? {})).toEqual(['/']);
    const all = await load('export default { routes: Object.create(null), fetch() {}, error() {} };').app;
    expect(Object.keys(all).sort()).toEqual(['error', 'fetch', 'routes']);
    const named = await load(
      'export const routes = { "/": () => new Response("a") }; export function error() {}',
    ).app;
    expect(Object.keys(named).sort()).toEqual(['error', 'routes']);
  });

  test("of Hono or itty-router, whose routes are the framework's own", async () => {
    const hono = new Hono().get('/', (c) => c.text('a'));
    const app = appOf(hono, 'hono');
    expect(Object.keys(app)).toEqual(['fetch']);
    expect(await (await app.fetch?.(request, context))?.text()).toBe('a');
    expect(Object.keys(appOf(AutoRouter(), 'itty'))).toEqual(['fetch']);
  });

  test("of a framework whose error is the framework's own, not a handler", () => {
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

describe('an unknown key is reported, once', () => {
  test.each([
    [
      'a misspelt key',
      'fetch() {}, fetsh() {}',
      ["the key 'fetsh' of the app is ignored: did you mean fetch?"],
    ],
    [
      'another misspelt key',
      'routes: { "/": () => {} }, route: {}',
      ["the key 'route' of the app is ignored: did you mean routes?"],
    ],
    [
      'a key of Bun',
      'fetch() {}, idleTimeout: 1',
      [
        "the key 'idleTimeout' of the app is ignored: hotpath has the option --idle-timeout, in milliseconds for it",
      ],
    ],
    [
      'a key of another server',
      'fetch() {}, onerror() {}',
      ["the key 'onerror' of the app is ignored: hotpath has the key error for it"],
    ],
    [
      'a key of another server that is an option',
      "fetch() {}, unix: '/tmp/a'",
      ["the key 'unix' of the app is ignored: hotpath has the option --unix for it"],
    ],
    [
      'a key of another server without a counterpart',
      'fetch() {}, websocket: {}',
      ["the key 'websocket' of the app is ignored: hotpath has nothing like it"],
    ],
    [
      'a key unlike any known key',
      'fetch() {}, banana: 1',
      ["the key 'banana' of the app is ignored: hotpath reads fetch, routes, error, start, stop"],
    ],
    [
      'several keys',
      'fetch() {}, hostname: "a", tls: {}, reusePort: true',
      [
        "the key 'tls' of the app is ignored: hotpath has the options --tls-cert and --tls-key for it",
        "the key 'reusePort' of the app is ignored: hotpath has nothing like it",
      ],
    ],
    [
      'a key with a line end, and a long key',
      `fetch() {}, 'a\\n\\x1b[31m': 1, ${'x'.repeat(100)}: 1`,
      [
        "the key 'a\\n\\u001b[31m' of the app is ignored: hotpath reads fetch, routes, error, start, stop",
        `the key '${'x'.repeat(80)}…' of the app is ignored: hotpath reads fetch, routes, error, start, stop`,
      ],
    ],
    ['known keys only', 'fetch() {}, routes: {}, error() {}, start() {}, stop() {}', []],
    ['options that the command reads', 'fetch() {}, port: 1, hostname: "a"', []],
  ])('%s', async (_, keys, lines) => {
    const notes: string[] = [];
    const path = files.write(`keys-${++count}.mjs`, `export default { ${keys} };`);
    await loadApp(files.urlOf(basename(path)), (line) => notes.push(line));
    expect(notes).toEqual(lines.map((line) => `${path}: ${line}`));
  });

  test("a framework's object may have other keys, and a module may have other exports", async () => {
    const notes: string[] = [];
    const note = (line: string): number => notes.push(line);
    const named = files.write(
      `keys-${++count}.mjs`,
      'export function fetch() {} export const config = {}; export const port = 1; export function eror() {}',
    );
    await loadApp(files.urlOf(basename(named)), note);
    expect(notes).toEqual([`${named}: the key 'eror' of the app is ignored: did you mean error?`]);
    expect(strangeKeys(new Hono(), 'hono')).toEqual([]);
  });
});

describe('an application for node:http is rejected, and the error line explains how to adapt it', () => {
  test.each([
    [
      'an Express app',
      'Object.assign(function (req, res, next) {}, { use() {}, handle() {}, set() {}, listen() {} })',
    ],
    ['a Koa app', 'new (class Koa { use() {} callback() {} listen() {} })()'],
    ['a Fastify app', '{ inject() {}, register() {}, listen() {}, ready() {}, route() {} }'],
    ['a server', '(await import("node:http")).createServer()'],
    ['a (req, res) listener', '(req, res) => res.end("a")'],
    ['a (req, res) listener', 'async function (request, response) { response.end("a"); }'],
  ])('%s: %s', async (kind, text) => {
    const { path, app } = load(`export default ${text};`);
    expect(await messageOf(app)).toMatch(`${path} has ${kind} for node:http: hotpath calls fetch handlers`);
  });
});

describe('the error for an invalid module is one line', () => {
  test.each([
    [
      'empty routes without fetch',
      'export default { routes: {} };',
      /has no fetch, and its routes are empty: an app is/,
    ],
    [
      'a start that is not a function',
      'export default { fetch() {}, start: 1 };',
      /start in .* must be a function, not number/,
    ],
    [
      'a getter that throws',
      'export default { get fetch() { throw new Error("no secret"); } };',
      /^can't load .*: Error: no secret/,
    ],
    ['no exports', '', /has neither fetch nor routes: an app is \{ fetch/],
    ['a number by default', 'export default 7;', /has no app: an app is/],
    ['null', 'export default null;', /has no app: an app is/],
    ['an object without fetch and routes', 'export default { error() {} };', /has neither fetch nor routes/],
    [
      'routes that are an array',
      'export default { routes: [] };',
      /routes in .* must be an object literal with a path for each key, not /,
    ],
    [
      'routes that are a Map beside fetch',
      'export default { fetch() {}, routes: new Map() };',
      /routes in .* must be/,
    ],
    [
      'routes that are a list beside fetch',
      'export default { fetch() {}, routes: [["/a", () => {}]] };',
      /routes in .* must be/,
    ],
    [
      'routes that are inherited',
      'export default { fetch() {}, routes: Object.create({ "/a": () => {} }) };',
      /routes in .* must be/,
    ],
    [
      'routes that are a function',
      'export default { fetch() {}, routes: () => {} };',
      /routes in .* must be/,
    ],
    ['routes that are null', 'export default { fetch() {}, routes: null };', /routes in .* must be/],
    [
      'a fetch that is not a function',
      'export default { fetch: "x" };',
      /fetch in .* must be a function, not string/,
    ],
    [
      'an error that is not a function',
      'export default { routes: {}, error: 1 };',
      /error in .* must be a function, not/,
    ],
  ])('for %s', async (_, text, says) => {
    const { path, app } = load(text);
    const message = await messageOf(app);
    expect(message).toMatch(says);
    expect(message).toContain(path);
    expect(message).not.toContain('\n');
  });

  test('of a module that throws, with the place', async () => {
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

  test('of a module that throws a value other than an Error, or an Error without a stack', async () => {
    const text = load('throw "text";');
    expect(await messageOf(text.app)).toBe(`can't load ${text.path}: it threw "text"`);
    const nothing = load('throw undefined;');
    expect(await messageOf(nothing.app)).toBe(`can't load ${nothing.path}: it threw undefined`);
    const bare = load('const e = new Error("bare"); delete e.stack; e.stack = undefined; throw e;');
    expect(await messageOf(bare.app)).toBe(`can't load ${bare.path}: Error: bare`);
  });

  test('of a module with a syntax error, with the place', async () => {
    const { path, app } = load('const a = 1;\nexport default { fetch( { };');
    expect(await messageOf(app)).toMatch(new RegExp(`: SyntaxError: .* \\(${path}:2\\)$`));
  });

  test.each(['import { counter } from "hotpath";', 'export default {};'])(
    'of a module whose package.json sets CommonJS, with the fix: %s',
    async (text) => {
      files.write('package.json', '{ "type": "commonjs" }');
      const { path, app } = load(text, 'js');
      const message = await messageOf(app);
      expect(message).toMatch(/: put "type": "module" into package.json, or call it .mjs$/);
      expect(message).toContain(`${path}:1`);
    },
  );

  test('of a module that imports a missing module', async () => {
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
