// The routes of an application, as they are looked up: exact paths in a table, those with parameters in a tree. What
// a route answers to which method is settled here, once, at the start.

import { Counted } from '../state/counted.ts';
import type { Handler, RouteAnswer, RouteRequest, Routes } from './app.ts';
import { isForeign } from './foreign.ts';
import { NativeResponse } from './native.ts';
import { normalPath } from './path.ts';
import type { Params } from './request.ts';
import { parsePattern } from './route-pattern.ts';
import { RouteTree } from './route-tree.ts';

/** What answers one method of a route. */
export type Answer<Prepared> = Handler<RouteRequest> | Prepared;

export interface Route<Prepared> {
  /** What answers any method that `methods` does not name; undefined: 405. */
  readonly any: Handler<RouteRequest> | undefined;
  readonly methods: ReadonlyMap<string, Answer<Prepared>>;
  /** The value of Allow (RFC 9110 10.2.1). */
  readonly allow: string;
}

export interface Match<Prepared> {
  route: Route<Prepared>;
  params: Params | undefined;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'];

/** A route with parameters, and their names. */
interface Named<Prepared> {
  route: Route<Prepared>;
  names: readonly string[];
}

export class RouteTable<Prepared> {
  private readonly exact = new Map<string, Route<Prepared>>();
  private tree: RouteTree<Named<Prepared>> | undefined;

  /** @param path as it stands in a request target, without a query */
  find(path: string): Match<Prepared> | undefined {
    // The paths of the table are in normal form, so that one that is there is in normal form, too.
    const route = this.exact.get(path);
    if (route !== undefined) return { route, params: undefined };
    const normal = normalPath(path);
    if (normal !== path) return this.find(normal);
    const found = this.tree?.find(path);
    return found && { route: found.value.route, params: paramsOf(found.value.names, found.parts) };
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
    const patterns = new Map<string, string>();
    for (const [pattern, value] of Object.entries(routes)) {
      const { shape, names } = parsePattern(pattern);
      const same = patterns.get(shape);
      if (same !== undefined)
        throw new TypeError(`route '${pattern}' matches what '${same}' does: make one route of them`);
      patterns.set(shape, pattern);
      const isExact = names.length === 0;
      const route = await compile(pattern, value, (answer, isGet) =>
        prepare(answer, isExact && isGet ? shape : undefined),
      );
      if (isExact) table.exact.set(shape, route);
      else (table.tree ??= new RouteTree()).add(shape, { route, names });
    }
    return table;
  }
}

async function compile<Prepared>(
  pattern: string,
  value: unknown,
  prepare: (answer: Exclude<RouteAnswer, Handler<RouteRequest>>, isGet: boolean) => Promise<Prepared>,
): Promise<Route<Prepared>> {
  if (typeof value === 'function')
    return { any: value as Handler<RouteRequest>, methods: new Map(), allow: '' };
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
  return { any: undefined, methods, allow: [...new Set([...methods.keys(), 'OPTIONS'])].join(', ') };
}

function isFixed(value: unknown): value is Exclude<RouteAnswer, Handler<RouteRequest>> {
  return value instanceof NativeResponse || value instanceof Counted || isForeign(value);
}

/** The object has no prototype, so that any name is a parameter's and nothing else. */
function paramsOf(names: readonly string[], parts: readonly string[]): Params {
  const params: Record<string, string> = Object.create(null);
  for (let i = 0; i < names.length; i++) params[names[i] as string] = decode(parts[i] as string);
  return params;
}

/** A part that is no percent-encoded UTF-8 stays as it is. */
function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
