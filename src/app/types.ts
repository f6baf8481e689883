// The types of what users write: an application, its routes and handlers, and what handlers are passed.

import type { Logger } from 'pino';
import type { Counted } from '../state/counted.ts';
import type { TlsConnection } from '../tls/tls-connection.ts';
import type { Statistics } from '../wasm/statistics.ts';

/** An application: `fetch`, `routes` or both. Bun.serve() takes the same shape, and a module exports it by default. */
export interface App {
  /** Handlers and fixed responses by path. They come before `fetch`. */
  routes?: Routes;
  /** Answers requests that match no route. Without `fetch` they get a 404. */
  fetch?: Handler;
  /** Answers in place of a handler that threw or rejected. Without it the client gets a 500 without details. */
  error?: ErrorHandler;
  /**
   * Called and awaited on each thread before the thread serves. When it throws, rejects, or takes longer than the load
   * timeout, the start of the server fails, or the reload does.
   */
  start?: StartHook;
  /**
   * Called and awaited on each thread after its last request has been answered or cut, for as long as the drain timeout
   * allows, and at least a second. It is called only where start() has succeeded.
   */
  stop?: StopHook;
}

export type StartHook = (context: StartContext) => void | Promise<void>;
export type StopHook = (context: StopContext) => void | Promise<void>;

/** The argument of start(). */
export interface StartContext {
  /** Index of this thread among the threads of the server, from 0. */
  readonly worker: number;
  readonly server: ServerView;
}

/** The argument of stop(). */
export interface StopContext {
  readonly reason: StopReason;
}

/**
 * Why an application stops on a thread: the server stops; a reload has replaced the thread; or another thread failed to
 * start, so that this start or reload has failed.
 */
export type StopReason = 'stop' | 'reload' | 'failure';

/** The request that handlers get: the Request of the Fetch standard, with the trailer fields. */
export interface ServerRequest extends Request {
  /** Resolves when the body has been read to its end. Asking for the trailers does not read the body. */
  readonly trailers: Promise<Headers>;
  /** Declared here because some type libraries leave it out of Request. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Answers a request. */
export type Handler<R extends ServerRequest = ServerRequest> = (
  request: R,
  context: Context,
) => Response | Promise<Response>;

export type ErrorHandler = (error: unknown, request: ServerRequest) => Response | Promise<Response>;

/**
 * Handlers and fixed responses by path. A path is exact (`/health`), has parameters (`/users/:id`) or ends in `*`
 * (`/files/*`). Any other use of `*`, `:`, `?`, `(`, `)`, `{` or `}` in a path is rejected.
 */
export type Routes = Readonly<Record<string, RouteValue>>;

/**
 * A handler, a fixed response or a counted one, or one of these for each method. Fixed and counted responses are
 * prepared once and sent without running JavaScript.
 */
export type RouteValue = RouteAnswer | { readonly [M in Method]?: RouteAnswer };
export type RouteAnswer = Handler<RouteRequest> | FixedAnswer;
/** A response that is prepared once. */
export type FixedAnswer = Response | Counted;
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'PATCH' | 'TRACE';

/** The request of a route. */
export interface RouteRequest<Path extends string = string> extends ServerRequest {
  /** The value of each `:name` in the path, and the rest that `*` matches as `_`, percent-decoded. */
  readonly params: RouteParams<Path>;
}

/** The parameters of a path: `{ id: string; _: string }` for `/users/:id/*`. Of a path that is not known, any name. */
export type RouteParams<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParameterOf<Path>]: string };

type ParameterOf<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? ParameterOfSegment<Segment> | ParameterOf<Rest>
  : ParameterOfSegment<Path>;
type ParameterOfSegment<Segment extends string> = Segment extends `:${infer Name}`
  ? Name
  : Segment extends '*'
    ? '_'
    : never;

/** The second argument of a handler: the client, the thread and the server. */
export interface Context {
  /**
   * The client's address: the peer's, or the one that trusted proxies report. `unknown` if the proxies report no address, or
   * the peer has gone. Empty for a client of a unix socket, unless a trusted proxy reports its address.
   */
  readonly remoteAddress: string;
  /** The scheme that the client used: to reach this server, or a trusted proxy that reports it. */
  readonly protocol: 'http' | 'https';
  /** The version of HTTP that the peer speaks. */
  readonly httpVersion: '1.0' | '1.1' | '2';
  /**
   * The TLS of the connection, with the client's certificate. Undefined if the connection is not encrypted, and so behind
   * a proxy that ends the encryption.
   */
  readonly tls: TlsConnection | undefined;
  /**
   * The id of the request, as the access log has it: the one that a trusted proxy passes in the field of `requestIdField`, or
   * a new one, unique over all threads and machines.
   */
  readonly requestId: string;
  /**
   * A logger of pino, whose lines have the id of the request as `reqId`. They are JSON on standard output. Its level follows the
   * option `log`: `errors` lets pass `warn` and above, `start` `info`, `connections` `debug`, `requests` everything.
   */
  readonly log: Logger;
  /** Index of this thread among the threads of the server, from 0. */
  readonly worker: number;
  readonly server: ServerView;
}

/** The server, for its handlers. */
export interface ServerView {
  /** Without a slash at the end: `http://127.0.0.1:8080`. Begins with https if the server speaks TLS. */
  readonly url: string;
  readonly port: number;
  /**
   * Aborts when these handlers begin to drain: the server stops, or a reload has replaced them. End long streams then,
   * so that the drain timeout does not cut them.
   */
  readonly draining: AbortSignal;
  /** Totals and gauges over all threads of the server. */
  stats(): Statistics;
}
