// The field Server-Timing (W3C) on the responses of handlers: how long the handler took. Handlers are wrapped once, when an
// application is prepared, so a server without the option does nothing for it.

import { isPromise } from './is-promise.ts';
import { withFields } from './pending-fields.ts';
import type { App, Handler, Routes, RouteValue } from './types.ts';

/** The same application, whose handlers' responses have the field. Fixed responses and those of error() do not. */
export function withServerTiming({ fetch, routes, ...others }: App): App {
  return {
    ...others,
    ...(fetch !== undefined && { fetch: timed(fetch) }),
    ...(routes !== undefined && { routes: timedRoutes(routes) }),
  };
}

function timedRoutes(routes: Routes): Routes {
  return Object.fromEntries(Object.entries(routes).map(([path, value]) => [path, timedValue(value)]));
}

function timedValue(value: RouteValue): RouteValue {
  if (typeof value === 'function') return timed(value as Handler) as RouteValue;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([method, answer]) => [
      method,
      typeof answer === 'function' ? timed(answer as Handler) : answer,
    ]),
  ) as RouteValue;
}

function timed(handler: Handler): Handler {
  return (request, context) => {
    const begunMs = performance.now();
    const result = handler(request, context);
    return isPromise(result) ? result.then((response) => add(response, begunMs)) : add(result, begunMs);
  };
}

/** Adds to a field that the handler has set itself. */
function add(response: Response, begunMs: number): Response {
  return withFields(response, [['server-timing', `handler;dur=${(performance.now() - begunMs).toFixed(3)}`]]);
}
