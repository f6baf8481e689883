// Imports the module of an application and checks what it exports. Every error is one line.

import { execFileSync } from 'node:child_process';
import { execPath, versions } from 'node:process';
import { fileURLToPath } from 'node:url';
import { oneLine } from '../one-line.ts';
import { isNamespace, isPlain, strangeKeys } from './app-keys.ts';
import { kindOf } from './kind.ts';
import { nodeAppKind } from './node-app.ts';
import type { App, ErrorHandler, Handler, Routes, StartHook, StopHook } from './types.ts';

const EXPECTED = 'an app is { fetch(request) { … } }, { routes: { … } }, both, or the function alone';

/** Options that a default export may have, as in Bun. The command reads them before the threads load the module. */
export const OPTIONS_BESIDE_FETCH = ['port', 'host', 'hostname'] as const;

/** Layers of `default` that are removed from a default export. */
const WRAPPINGS_MAX = 3;

/**
 * Imports an application.
 * @param file URL of its module
 * @param note called with a line for each key of the application that hotpath ignores
 * @throws Error with one line that names the file and says why and where its import failed, or what it lacks
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
    // Our own errors name the file. A getter of the application may throw anything.
    throw error instanceof Error && error.message.includes(path) ? error : loadError(file, error);
  }
  for (const line of strangeKeys(given, path, ['config', ...OPTIONS_BESIDE_FETCH])) note(line);
  return app;
}

/**
 * Makes an error, in one line, that says what an application threw and where.
 * @param file URL of its module
 */
export function loadError(file: string, error: unknown, what = "can't load"): Error {
  const path = fileURLToPath(file);
  return new Error(`${what} ${path}: ${explain(error, path)}`);
}

/** Removes the `default` layers that compilers and bundlers add, once or twice, to ES modules that became CommonJS. */
export function unwrap(module: object): unknown {
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
 * Makes an application from a value of a program or a module. A function becomes `fetch`. Of an object that is not plain
 * only `fetch` is used: a Hono or an Elysia has `routes` and `error` for its own purposes.
 * @param where the source of the value, for error messages
 * @throws TypeError when the value is not an application
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

/** Checks that routes are a plain object. Routes that were silently ignored would leave paths unguarded. */
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

/** Describes the error and where it was thrown, in one line. */
function explain(error: unknown, path: string): string {
  if (!(error instanceof Error)) return `it threw ${JSON.stringify(error) ?? String(error)}`;
  const { name, message, stack = '' } = error;
  const place = error instanceof SyntaxError ? placeOfSyntaxError(path) : placeOf(stack);
  const text = oneLine(message);
  const [, typed] =
    (error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION'
      ? (/"(\.(?:[cm]?ts|[jt]sx))"/.exec(text) ?? [])
      : [];
  if (typed !== undefined)
    return `Node ${versions.node} can't load ${typed} files: ${typed.endsWith('x') ? '' : 'use Node 22.18 or later, '}start with NODE_OPTIONS="--import tsx", or compile them to JavaScript`;
  if (/import statement outside a module|Unexpected token 'export'/.test(text))
    return `${text}${place === undefined ? '' : ` (${place})`}: put "type": "module" into package.json, or call it .mjs`;
  return `${name}: ${text}${place === undefined || text.includes(place) ? '' : ` (${place})`}`;
}

/** The first place in a stack that is outside of Node; undefined if hotpath has it. */
function placeOf(stack: string): string | undefined {
  const places = [...stack.matchAll(/^ +at (?:.*\()?((?:file:\/\/)?[^()\n]+):(\d+):\d+\)?$/gm)];
  const place = places.find(([, file = '']) => !/^node:/.test(file.replace(/^async /, '')));
  if (place === undefined) return undefined;
  const file = (place[1] as string).replace(/^async /, '');
  if (file.startsWith(new URL('../', import.meta.url).href)) return undefined;
  return `${file.startsWith('file:') ? fileURLToPath(file) : file}:${place[2]}`;
}

/** The place of a syntax error in this file, found by `node --check`; undefined if the file has none. */
export function placeOfSyntaxError(path: string): string | undefined {
  try {
    execFileSync(execPath, ['--check', path], { stdio: 'pipe', encoding: 'utf8' });
    return undefined;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    return /^.*:\d+$/m.exec(stderr)?.[0].replace(/^file:\/\/.*(?=:\d+$)/, (url) => fileURLToPath(url));
  }
}
