// Imports the module of an application and checks what it exports. Whatever is wrong with it is one line.

import { execFileSync } from 'node:child_process';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { App, ErrorHandler, Handler, Routes } from './app.ts';

const EXPECTED = 'an app is { fetch(request) { … } }, { routes: { … } }, both, or the function alone';

/**
 * Imports an application.
 * @param file URL of its module
 * @throws Error with one line that names the file: what its import failed with and where, or what it lacks
 */
export async function loadApp(file: string): Promise<App> {
  const path = fileURLToPath(file);
  let module: Record<string, unknown>;
  try {
    module = await import(file);
  } catch (error) {
    throw new Error(`can't load ${path}: ${explain(error, path)}`);
  }
  return appOf('default' in module ? module.default : module, path);
}

/**
 * An application from what a program or a module gives as one. A function is its `fetch`. Of an object that is
 * no plain one only `fetch` counts: a Hono or an Elysia has a `routes` or an `error` of its own.
 * @param where it is from, for the message
 * @throws Error when it is none
 */
export function appOf(given: unknown, where: string): App {
  if (typeof given === 'function') return { fetch: given as Handler };
  if (typeof given !== 'object' || given === null) throw new TypeError(`${where} has no app: ${EXPECTED}`);
  const { fetch, error, routes } = given as { [Name in keyof App]: unknown };
  const plain = isPlain(given);
  const app: App = {};
  if (fetch !== undefined) app.fetch = functionOf(fetch, 'fetch', where).bind(given) as Handler;
  if (plain && error !== undefined) app.error = functionOf(error, 'error', where).bind(given) as ErrorHandler;
  if (plain && isPlain(routes)) app.routes = routes as Routes;
  if (app.fetch === undefined && app.routes === undefined)
    throw new TypeError(`${where} has neither fetch nor routes: ${EXPECTED}`);
  return app;
}

function functionOf(value: unknown, name: string, where: string): (...args: never[]) => unknown {
  if (typeof value !== 'function')
    throw new TypeError(`${name} in ${where} must be a function, not ${typeof value}`);
  return value as (...args: never[]) => unknown;
}

/** An object literal, or the namespace of a module. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The error and its place, in one line. */
function explain(error: unknown, path: string): string {
  if (!(error instanceof Error)) return `it threw ${JSON.stringify(error) ?? String(error)}`;
  const { name, message, stack = '' } = error;
  const place = error instanceof SyntaxError ? placeOfSyntaxError(path) : placeOf(stack);
  const text = inOneLine(message);
  if (/import statement outside a module|Unexpected token 'export'/.test(text))
    return `${text}${place === undefined ? '' : ` (${place})`}: put "type": "module" into package.json, or call it .mjs`;
  return `${name}: ${text}${place === undefined || text.includes(place) ? '' : ` (${place})`}`;
}

function inOneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
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
