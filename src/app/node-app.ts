// Recognises applications for node:http, so that the error message can name them.

import { isPlain } from './app-keys.ts';

type Functions = Record<string, unknown>;

/**
 * The kind of an application for node:http: `an Express app`; undefined when it may be an application for hotpath.
 * A wrong guess would reject an application that works, so each kind is recognised by several properties.
 */
export function nodeAppKind(given: unknown): string | undefined {
  if ((typeof given !== 'object' && typeof given !== 'function') || given === null) return undefined;
  const value = given as Functions;
  if (typeof value.fetch === 'function' || (isPlain(given) && isPlain(value.routes))) return undefined;
  const has = (...names: string[]): boolean => names.every((name) => typeof value[name] === 'function');
  if (typeof given === 'function') {
    if (has('use', 'handle', 'set', 'listen')) return 'an Express app';
    if (has('use', 'handle')) return 'an Express or Connect app';
    return isNodeListener(given) ? 'a (req, res) listener' : undefined;
  }
  if (has('use', 'callback', 'listen')) return 'a Koa app';
  if (has('inject', 'register', 'listen', 'ready')) return 'a Fastify app';
  if (has('inject', 'route', 'register', 'initialize')) return 'a hapi server';
  if (has('getHttpAdapter', 'getHttpServer')) return 'a Nest app';
  if (has('listen', 'close', 'address')) return 'a server';
  if (has('listen')) return 'an app';
  return undefined;
}

/** Whether the second parameter is named like a response. A fetch handler has the context there. */
function isNodeListener(listener: { readonly length: number }): boolean {
  if (listener.length < 2) return false;
  const text = Function.prototype.toString.call(listener);
  // Up to the first parenthesis there is nothing but `async function name`.
  const second = /^[^(]{0,200}\(\s*[\w$]{1,100}\s*,\s*(\w{1,100})/.exec(text)?.[1];
  return second !== undefined && /^(res|resp|response|reply)$/i.test(second);
}
