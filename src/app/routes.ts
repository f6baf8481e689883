// The routes of an application, as they are looked up: exact paths in a table, patterns in rou3's tree. What a
// route answers to which method is settled here, once, at the start.

import { addRoute, createRouter, findAllRoutes, findRoute, type RouterContext } from 'rou3';
import { Counted } from '../state/counted.ts';
import type { Handler, RouteAnswer, RouteRequest, Routes } from './app.ts';
import { NativeResponse } from './native.ts';
import type { Params } from './request.ts';
import { normalPath } from './url.ts';

/** What answers one method of a route. */
export type Answer<Prepared> = Handler<RouteRequest> | Prepared;

export interface Route<Prepared> {
  /** What answers any method that `methods` does not name; undefined: 405. */
  readonly any: Handler<RouteRequest> | undefined;
  readonly methods: ReadonlyMap<string, Answer<Prepared>>;
  /** The value of Allow (RFC 9110 10.2.1). */
  readonly allow: string;
  /** It is for paths that end in a slash, too. */
  readonly slashed: boolean;
}

export interface Match<Prepared> {
  route: Route<Prepared>;
  params: Params | undefined;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'];

export class RouteTable<Prepared> {
  private readonly exact = new Map<string, Route<Prepared>>();
  private patterns: RouterContext<Route<Prepared>> | undefined;

  /** @param path as it stands in a request target, without a query */
  find(path: string): Match<Prepared> | undefined {
    const route = this.exact.get(path);
    if (route !== undefined) return { route, params: undefined };
    const normal = normalPath(path);
    if (normal !== path) return this.find(normal);
    if (this.patterns === undefined) return undefined;
    const found = this.findPattern(this.patterns, path);
    return found && { route: found.data, params: found.params && decodeAll(found.params) };
  }

  /** To rou3 a slash at the end is none; here it is a part of the path, as in exact ones. */
  private findPattern(patterns: RouterContext<Route<Prepared>>, path: string) {
    const found = findRoute(patterns, '', path);
    if (found === undefined || !path.endsWith('/') || found.data.slashed) return found;
    return findAllRoutes(patterns, '', path).findLast(({ data }) => data.slashed);
  }

  /**
   * Compiles routes.
   * @param prepare makes of a fixed answer what sends it; `path` is told where GET of that path and of no other
   *   leads to it
   * @throws TypeError that names the route
   */
  static async of<Prepared>(
    routes: Routes,
    prepare: (
      answer: Exclude<RouteAnswer, Handler<RouteRequest>>,
      path: string | undefined,
    ) => Promise<Prepared>,
  ): Promise<RouteTable<Prepared>> {
    const table = new RouteTable<Prepared>();
    for (const [pattern, value] of Object.entries(routes)) {
      if (!pattern.startsWith('/')) throw new TypeError(`route '${pattern}' must begin with a slash`);
      const isExact = !/[:*\\(){}]/.test(pattern);
      if (isExact && /[?#]/.test(pattern))
        throw new TypeError(`route '${pattern}' must be a path: without a query, which no route looks at`);
      const path = isExact ? normalPath(pattern) : pattern;
      const route = await compile(pattern, value, (answer, isGet) =>
        prepare(answer, isExact && isGet ? path : undefined),
      );
      if (isExact) table.exact.set(path, route);
      else addRoute((table.patterns ??= createRouter()), '', path.replace(/\/\*$/, '/**'), route);
    }
    return table;
  }
}

async function compile<Prepared>(
  pattern: string,
  value: unknown,
  prepare: (answer: Exclude<RouteAnswer, Handler<RouteRequest>>, isGet: boolean) => Promise<Prepared>,
): Promise<Route<Prepared>> {
  const slashed = /[/*]$/.test(pattern);
  if (typeof value === 'function')
    return { any: value as Handler<RouteRequest>, methods: new Map(), allow: '', slashed };
  const answers = isFixed(value) ? { GET: value } : value;
  if (typeof answers !== 'object' || answers === null)
    throw new TypeError(
      `route '${pattern}' must be a function, a Response, counted(), or an object of these for each method`,
    );
  const methods = new Map<string, Answer<Prepared>>();
  for (const [method, answer] of Object.entries(answers)) {
    if (!METHODS.includes(method))
      throw new TypeError(`route '${pattern}': there is no method ${method} here`);
    if (typeof answer === 'function') methods.set(method, answer as Handler<RouteRequest>);
    else if (isFixed(answer)) {
      // HEAD follows GET in the engine, unless the route has one of its own.
      const isGet = method === 'GET' && !('HEAD' in answers);
      try {
        methods.set(method, await prepare(answer, isGet));
      } catch (error) {
        throw new TypeError(`route '${pattern}': ${error instanceof Error ? error.message : error}`);
      }
    } else throw new TypeError(`route '${pattern}', ${method}: must be a function, a Response or counted()`);
  }
  if (methods.size === 0)
    throw new TypeError(
      `route '${pattern}' must answer at least one method: give functions or Responses by method`,
    );
  const get = methods.get('GET');
  if (get !== undefined && !methods.has('HEAD')) methods.set('HEAD', get);
  return { any: undefined, methods, allow: [...new Set([...methods.keys(), 'OPTIONS'])].join(', '), slashed };
}

function isFixed(value: unknown): value is Exclude<RouteAnswer, Handler<RouteRequest>> {
  return value instanceof NativeResponse || value instanceof Counted;
}

/** A value that is no percent-encoded UTF-8 stays as it is. */
function decodeAll(params: Record<string, string>): Params {
  for (const name in params) {
    const value = params[name] as string;
    if (!value.includes('%')) continue;
    try {
      params[name] = decodeURIComponent(value);
    } catch {}
  }
  return params;
}
