// Types an application from the paths of its routes, for TypeScript. At run time it does nothing.

import type { App, FixedAnswer, Handler, Method, RouteRequest } from './types.ts';

/** The value of a route whose handlers get the parameters of its path. */
export type TypedRoute<Path extends string> =
  | TypedAnswer<Path>
  | { readonly [M in Method]?: TypedAnswer<Path> };
export type TypedAnswer<Path extends string> = Handler<RouteRequest<Path>> | FixedAnswer;

/** An application whose routes are typed by their paths. */
export interface TypedApp<Path extends string> extends Omit<App, 'routes'> {
  routes?: { readonly [P in Path]: TypedRoute<P> };
}

/**
 * Returns the application. The handlers of its routes have `request.params` with the parameters of their path, and a
 * misspelt one is an error of the compiler: `defineApp({ routes: { '/users/:id': ({ params }) => … } })`.
 */
export function defineApp<const Path extends string>(app: TypedApp<Path>): App {
  return app as App;
}
