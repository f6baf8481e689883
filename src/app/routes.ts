// The routes of an application, compiled for look-up: exact paths in a table, paths with parameters in a tree. The
// answer of each route to each method is decided once, at the start.

import { Counted } from '../state/counted.ts';
import { isForeign } from './foreign.ts';
import { NativeResponse } from './native.ts';
import { normalPath } from './path.ts';
import type { Params } from './request.ts';
import { parsePattern } from './route-pattern.ts';
import { RouteTree } from './route-tree.ts';
import type { Handler, RouteAnswer, RouteRequest, Routes } from './types.ts';

/** The handler or fixed response for one method of a route. */
export type Answer<Fixed> = Handler<RouteRequest> | Fixed;

export interface Route<Fixed> {
  /** Answers each method that `methods` does not have; when undefined, these methods get a 405. */
  readonly any: Handler<RouteRequest> | undefined;
  readonly methods: ReadonlyMap<string, Answer<Fixed>>;
  /** The value of Allow (RFC 9110 10.2.1). */
  readonly allow: string;
  /** Pointer of its figures. */
  readonly cells: number;
}

export interface Match<Fixed> {
  route: Route<Fixed>;
  params: Params | undefined;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'];

/** A route, and the names of its parameters. */
interface Named<Fixed> {
  route: Route<Fixed>;
  names: readonly string[];
}

export class RouteTable<Fixed> {
  private readonly exact = new Map<string, Route<Fixed>>();
  private tree: RouteTree<Named<Fixed>> | undefined;

  /** Finds the route of a path. @param path as in a request target, without the query */
  find(path: string): Match<Fixed> | undefined {
    // All paths in the table are in normal form, so a path that is found there needs no normalising.
    const route = this.exact.get(path);
    if (route !== undefined) return { route, params: undefined };
    const normal = normalPath(path);
    if (normal !== path) return this.find(normal);
    const found = this.tree?.find(path);
    return found && { route: found.value.route, params: paramsOf(found.value.names, found.parts) };
  }

  /**
   * Compiles routes.
   * @param prepare prepares a fixed response for sending; it gets a `path` when GET of that path, and nothing else,
   *   is answered with the response
   * @param cellsOf returns the pointer of the figures of a route
   * @throws TypeError that names the malformed route
   */
  static async of<Fixed>(
    routes: Routes,
    prepare: (
      answer: Exclude<RouteAnswer, Handler<RouteRequest>>,
      path: string | undefined,
    ) => Promise<Fixed>,
    cellsOf: (path: string) => number = () => 0,
  ): Promise<RouteTable<Fixed>> {
    const table = new RouteTable<Fixed>();
    const patterns = new Map<string, string>();
    for (const [pattern, value] of Object.entries(routes)) {
      const { shape, names } = parsePattern(pattern);
      const same = patterns.get(shape);
      if (same !== undefined)
        throw new TypeError(`route '${pattern}' matches the same paths as '${same}': merge the two`);
      patterns.set(shape, pattern);
      const isExact = names.length === 0;
      const route = {
        ...(await compile(pattern, value, (answer, isGet) =>
          prepare(answer, isExact && isGet ? shape : undefined),
        )),
        cells: cellsOf(isExact ? shape : pattern),
      };
      if (isExact) table.exact.set(shape, route);
      else (table.tree ??= new RouteTree()).add(shape, { route, names });
    }
    return table;
  }
}

async function compile<Fixed>(
  pattern: string,
  value: unknown,
  prepare: (answer: Exclude<RouteAnswer, Handler<RouteRequest>>, isGet: boolean) => Promise<Fixed>,
): Promise<Omit<Route<Fixed>, 'cells'>> {
  if (typeof value === 'function')
    return { any: value as Handler<RouteRequest>, methods: new Map(), allow: '' };
  const answers = isFixed(value) ? { GET: value } : value;
  if (typeof answers !== 'object' || answers === null)
    throw new TypeError(
      `route '${pattern}' must be a function, a Response, counted(), or an object of these for each method`,
    );
  const methods = new Map<string, Answer<Fixed>>();
  for (const [method, answer] of Object.entries(answers)) {
    if (!METHODS.includes(method))
      throw new TypeError(`route '${pattern}': ${method} is not a supported method`);
    if (typeof answer === 'function') methods.set(method, answer as Handler<RouteRequest>);
    else if (isFixed(answer)) {
      // The engine answers HEAD as GET, so a route with a HEAD of its own is not for the engine.
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

/** Makes the object of parameters. It has no prototype, so that it has no names but those of parameters. */
function paramsOf(names: readonly string[], parts: readonly string[]): Params {
  const params: Record<string, string> = Object.create(null);
  for (let i = 0; i < names.length; i++) params[names[i] as string] = decode(parts[i] as string);
  return params;
}

/** Percent-decodes a part. A part that is not percent-encoded UTF-8 stays as it is. */
function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
