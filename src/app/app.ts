// What users write: an application, its routes, its handlers, and what these are given.

import type { Counted } from '../state/counted.ts';
import type { Statistics } from '../wasm/statistics.ts';

/** An application, as Bun.serve() takes it and as a module exports it by default. `fetch`, `routes` or both. */
export interface App {
  /** Answers by path, before `fetch`. */
  routes?: Routes;
  /** Answers what no route does. Without it that is a 404. */
  fetch?: Handler;
  /** Answers in the place of a handler that threw or rejected. Without it that is a 500 that tells no details. */
  error?: ErrorHandler;
  /**
   * Called on each thread before it serves, and awaited. When it throws, rejects, or takes longer than the load
   * timeout, the start of the server, or its reload, fails.
   */
  start?: StartHook;
  /**
   * Called on each thread after the last request has been answered or cut, and awaited within what is left of the
   * drain timeout, at least a second. It is called only where start() has succeeded.
   */
  stop?: StopHook;
}

export type StartHook = (context: StartContext) => void | Promise<void>;
export type StopHook = (context: StopContext) => void | Promise<void>;

/** Passed to start(). */
export interface StartContext {
  /** Which of the server's threads this is, from 0. */
  readonly worker: number;
  readonly server: ServerView;
}

/** Passed to stop(). */
export interface StopContext {
  readonly reason: StopReason;
}

/**
 * Why an application stops on a thread: the server stops; a reload has put new threads in its place; or another
 * thread failed to start, so that this start or reload has failed.
 */
export type StopReason = 'stop' | 'reload' | 'failure';

/** A request as handlers get it: that of the Fetch standard, and what its trailer section says. */
export interface ServerRequest extends Request {
  /** Known when the body has been read to its end, which it is not by this. */
  readonly trailers: Promise<Headers>;
  /** Some types of the platform's Request are without. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Answers a request. */
export type Handler<R extends ServerRequest = ServerRequest> = (
  request: R,
  context: Context,
) => Response | Promise<Response>;

export type ErrorHandler = (error: unknown, request: ServerRequest) => Response | Promise<Response>;

/**
 * Paths, exact (`/health`), with parameters (`/users/:id`) or with `*` as the last segment (`/files/*`), and what
 * answers each. Any other use of `*`, `:`, `?`, `(`, `)`, `{` or `}` in a path is refused.
 */
export type Routes = Readonly<Record<string, RouteValue>>;

/**
 * A handler; a fixed response or a counted one, both prepared once and answered without JavaScript; or
 * one of these for each method.
 */
export type RouteValue = RouteAnswer | { readonly [M in Method]?: RouteAnswer };
export type RouteAnswer = Handler<RouteRequest> | Response | Counted;
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'PATCH' | 'TRACE';

/** The request of a route. */
export interface RouteRequest extends ServerRequest {
  /** What stands for each `:name` of the path, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** What a handler gets to know beside the request. */
export interface Context {
  /** The address of the client: the peer's, or what trusted proxies say it is, which may be `unknown`. */
  readonly remoteAddress: string;
  /** Which of the server's threads this is, from 0. */
  readonly worker: number;
  readonly server: ServerView;
}

/** A server as its handlers see it. */
export interface ServerView {
  /** Without a slash at the end: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /**
   * Aborts when the server begins to drain: it stops, or a reload has put other threads, or handlers, in the place
   * of these. A stream that ends by itself then is not cut at the drain timeout.
   */
  readonly draining: AbortSignal;
  /** Totals and gauges over all threads of the server. */
  stats(): Statistics;
}
