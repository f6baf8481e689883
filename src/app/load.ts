// Imports the module of an application and checks what it exports. Whatever is wrong with it is one line.

import { execFileSync } from 'node:child_process';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { oneLine } from '../one-line.ts';
import type { App, ErrorHandler, Handler, Routes, StartHook, StopHook } from './app.ts';
import { isNamespace, isPlain, strangeKeys } from './keys.ts';
import { kindOf } from './kind.ts';
import { nodeAppKind } from './node-app.ts';

const EXPECTED = 'an app is { fetch(request) { … } }, { routes: { … } }, both, or the function alone';

/** Wrappings that are taken off a default export. */
const WRAPPINGS_MAX = 3;

/**
 * Imports an application.
 * @param file URL of its module
 * @param note called with a line for each key of the application that means nothing here
 * @throws Error with one line that names the file: what its import failed with and where, or what it lacks
 */
export async function loadApp(file: string, note: (text: string) => void = () => {}): Promise<App> {
  const path = fileURLToPath(file);
  let module: Record<string, unknown>;
  try {
    module = await import(file);
  } catch (error) {
    throw loadError(file, error);
  }
  let given: unknown;
  let app: App;
  try {
    given = unwrap(module);
    app = appOf(given, path);
  } catch (error) {
    // Ours names the file; a getter of the application may throw anything.
    throw error instanceof Error && error.message.includes(path) ? error : loadError(file, error);
  }
  for (const line of strangeKeys(given, path)) note(line);
  return app;
}

/**
 * The error of an application, in one line that says where it was thrown.
 * @param file URL of its module
 */
export function loadError(file: string, error: unknown, what = "can't load"): Error {
  const path = fileURLToPath(file);
  return new Error(`${what} ${path}: ${explain(error, path)}`);
}

/** Takes off what compilers and bundlers wrap a default export in: ES modules that became CommonJS, once or twice. */
function unwrap(module: object): unknown {
  let value: unknown = module;
  for (let i = 0; i < WRAPPINGS_MAX && isWrapping(value); i++) value = value.default;
  return value;
}

function isWrapping(value: unknown): value is { default: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  const { default: inner, fetch, routes, __esModule } = value as Record<string, unknown>;
  if (inner === undefined) return false;
  return isNamespace(value) || __esModule === true || (fetch === undefined && routes === undefined);
}

/**
 * An application from what a program or a module gives as one. A function is its `fetch`. Of an object that is
 * no plain one only `fetch` counts: a Hono or an Elysia has a `routes` or an `error` of its own.
 * @param where it is from, for the message
 * @throws TypeError when it is none
 */
export function appOf(given: unknown, where: string): App {
  const foreign = nodeAppKind(given);
  if (foreign !== undefined)
    throw new TypeError(
      `${where} has ${foreign} for node:http: hotpath calls fetch handlers, such as those of Hono: ${EXPECTED}`,
    );
  if (typeof given === 'function') {
    if (/^class\b/.test(Function.prototype.toString.call(given)))
      throw new TypeError(`${where} has a class: give an object of it, new ${given.name || 'App'}()`);
    return { fetch: given as Handler };
  }
  if (given instanceof Promise) throw new TypeError(`${where} has a promise of an app: await it`);
  if (typeof given !== 'object' || given === null) throw new TypeError(`${where} has no app: ${EXPECTED}`);
  const { fetch, error, routes, start, stop } = given as { [Name in keyof App]: unknown };
  const plain = isPlain(given);
  const app: App = {};
  if (fetch !== undefined) app.fetch = functionOf(fetch, 'fetch', where).bind(given) as Handler;
  if (plain && error !== undefined) app.error = functionOf(error, 'error', where).bind(given) as ErrorHandler;
  if (plain && start !== undefined) app.start = functionOf(start, 'start', where).bind(given) as StartHook;
  if (plain && stop !== undefined) app.stop = functionOf(stop, 'stop', where).bind(given) as StopHook;
  if (plain && routes !== undefined) app.routes = routesOf(routes, where);
  if (app.fetch === undefined && app.routes === undefined)
    throw new TypeError(`${where} has neither fetch nor routes: ${EXPECTED}`);
  if (app.fetch === undefined && Object.keys(app.routes as Routes).length === 0)
    throw new TypeError(`${where} has no fetch, and its routes are empty: ${EXPECTED}`);
  return app;
}

/** Routes that were passed over in silence would guard nothing. */
function routesOf(value: unknown, where: string): Routes {
  if (isPlain(value)) return value as Routes;
  throw new TypeError(
    `routes in ${where} must be an object literal with a path for each key, not ${kindOf(value)}: those of a framework are its own, give { fetch: app.fetch }`,
  );
}

function functionOf(value: unknown, name: string, where: string): (...args: never[]) => unknown {
  if (typeof value !== 'function')
    throw new TypeError(`${name} in ${where} must be a function, not ${typeof value}`);
  return value as (...args: never[]) => unknown;
}

/** The error and its place, in one line. */
function explain(error: unknown, path: string): string {
  if (!(error instanceof Error)) return `it threw ${JSON.stringify(error) ?? String(error)}`;
  const { name, message, stack = '' } = error;
  const place = error instanceof SyntaxError ? placeOfSyntaxError(path) : placeOf(stack);
  const text = oneLine(message);
  if (/import statement outside a module|Unexpected token 'export'/.test(text))
    return `${text}${place === undefined ? '' : ` (${place})`}: put "type": "module" into package.json, or call it .mjs`;
  return `${name}: ${text}${place === undefined || text.includes(place) ? '' : ` (${place})`}`;
}

/** Where a stack was outside of Node and of this file. */
function placeOf(stack: string): string | undefined {
  const places = [...stack.matchAll(/^ +at (?:.*\()?((?:file:\/\/)?[^()\n]+):(\d+):\d+\)?$/gm)];
  const place = places.find(([, file = '']) => !/^node:/.test(file.replace(/^async /, '')));
  if (place === undefined) return undefined;
  const file = (place[1] as string).replace(/^async /, '');
  if (file === import.meta.url) return undefined;
  return `${file.startsWith('file:') ? fileURLToPath(file) : file}:${place[2]}`;
}

/** Node tells it only when it checks the file itself; undefined when the error is in what the file imports. */
function placeOfSyntaxError(path: string): string | undefined {
  try {
    execFileSync(execPath, ['--check', path], { stdio: 'pipe', encoding: 'utf8' });
    return undefined;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    return /^.*:\d+$/m.exec(stderr)?.[0].replace(/^file:\/\/.*(?=:\d+$)/, (url) => fileURLToPath(url));
  }
}
