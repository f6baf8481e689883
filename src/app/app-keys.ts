// The keys of an application object: those that hotpath reads, and advice for all others.

import { nearest } from '../nearest.ts';
import type { App } from './types.ts';

export const APP_KEYS = [
  'fetch',
  'routes',
  'error',
  'start',
  'stop',
] as const satisfies readonly (keyof App)[];

/** Characters of a key that a message shows. */
const KEY_LENGTH_MAX = 80;

/** Keys of other servers, and what replaces them in hotpath. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  port: 'the option --port',
  host: 'the option --host',
  idleTimeout: 'the option --idle-timeout, in milliseconds',
  maxRequestBodySize: 'the option --max-body',
  bodyLimit: 'the option --max-body',
  onError: 'the key error',
  onerror: 'the key error',
  handler: 'the key fetch',
  onRequest: 'the key fetch',
  handle: 'the key fetch',
  static: 'the key routes',
  tls: 'the options --tls-cert and --tls-key',
  unix: 'the option --unix',
};

/** Keys of other servers that have no counterpart in hotpath. */
const NOT_HERE = ['development', 'websocket', 'reusePort', 'id', 'scheduled', 'queue'];

/**
 * Makes a line for each key of an application that hotpath does not read. An object that is not plain, such as a Hono,
 * has keys of its own, so it gets no lines. The exports of a module without a default export may be for other readers,
 * so only those that look misspelt get a line.
 * @param options keys that others read
 */
export function strangeKeys(given: unknown, where: string, options: readonly string[] = []): string[] {
  if (!isPlain(given)) return [];
  return Object.keys(given).flatMap((key) => {
    if ([...APP_KEYS, ...options, '__esModule', 'default'].includes(key)) return [];
    const meant = meantBy(key);
    if (meant === undefined && isNamespace(given)) return [];
    return `${where}: the key '${shown(key)}' of the app is ignored: ${adviceFor(key, meant)}`;
  });
}

/** The end of a message about a key unknown to serve(): `: did you mean fetch?`; empty when no known key is similar. */
export function hintFor(key: string): string {
  const meant = meantBy(key);
  if (!Object.hasOwn(ELSEWHERE, key)) return meant === undefined ? '' : `: did you mean ${meant}?`;
  const place = (ELSEWHERE[key] as string).replace(/--([a-z-]+)/, (_, flag: string) =>
    flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
  );
  return `: hotpath has ${place} for it`;
}

/** A key as a message shows it, in one line. */
function shown(key: string): string {
  const text = JSON.stringify(key).slice(1, -1);
  return text.length > KEY_LENGTH_MAX ? `${text.slice(0, KEY_LENGTH_MAX)}…` : text;
}

function meantBy(key: string): string | undefined {
  const bare = key.toLowerCase().replace(/^on(?=.)/, '');
  return nearest(
    bare,
    APP_KEYS.filter((known) => known !== key),
  );
}

function adviceFor(key: string, meant: string | undefined): string {
  if (Object.hasOwn(ELSEWHERE, key)) return `hotpath has ${ELSEWHERE[key]} for it`;
  if (NOT_HERE.includes(key)) return 'hotpath has nothing like it';
  if (meant !== undefined) return `did you mean ${meant}?`;
  return `hotpath reads ${APP_KEYS.join(', ')}`;
}

/** Whether a value is an object literal, or the namespace of a module. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

export function isNamespace(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Module]';
}
