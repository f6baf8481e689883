// Hands each request that the engine does not answer to a route or to fetch, and sends the Response.

import type { Exchange } from '../connection/exchange.ts';
import type { Plane } from '../connection/plane.ts';
import { ERROR_LEASE_EXHAUSTED, ERROR_MISDIRECTED } from '../memory/codes.ts';
import { refusalText } from '../protocol/errors.ts';
import { reasonPhrase } from '../protocol/status.ts';
import { isLeaseExhausted } from '../state/lease-exhausted.ts';
import { Authority } from './authority.ts';
import { type AppEnvironment, RequestContext } from './context.ts';
import { FixedResponse, FixedResponses } from './fixed-responses.ts';
import { isPromise } from './is-promise.ts';
import { pathOf } from './path.ts';
import { pendingFieldLines, withPendingFields } from './pending-fields.ts';
import { explained } from './platform-error.ts';
import { type Params, Request } from './request.ts';
import { TEXT_FIELDS } from './response-fields.ts';
import { type Route, RouteTable } from './routes.ts';
import { type Failed, send } from './send.ts';
import { withServerTiming } from './server-timing.ts';
import type { App, ErrorHandler, Handler, ServerRequest } from './types.ts';
import { Origin } from './url.ts';

/** The name of `fetch` among the routes in the figures. */
const FETCH_ROUTE = 'fetch';

/**
 * Prepares an application for a plane.
 * @returns the function that then binds it to the plane, in place of the application bound before
 * @throws TypeError or RangeError that names the malformed route
 */
export async function prepareApp(plane: Plane, given: App, environment: AppEnvironment): Promise<() => void> {
  const app = environment.serverTiming ? withServerTiming(given) : given;
  const fixed = new FixedResponses(plane);
  const authority = new Authority(environment);
  // The engine looks only at the path, so it may answer only when any host is allowed.
  const byPath = authority.anyHost;
  // Before those of the routes, which may take all that is left of the table.
  const fetchCells = plane.slot.figures.cellsOf(FETCH_ROUTE);
  const routes =
    app.routes &&
    (await RouteTable.of<FixedResponse>(
      app.routes,
      (answer, path) => fixed.prepare(answer, byPath ? path : undefined),
      (pattern) => plane.slot.figures.cellsOf(pattern),
    ));
  const dispatcher = new Dispatcher(plane, app, fetchCells, routes, environment, authority);
  return () => {
    fixed.place();
    plane.slot.prepared.refusesHttps = !authority.maybeHttps;
    plane.serve((exchange) => dispatcher.answer(exchange));
  };
}

class Dispatcher {
  private readonly fetch: Handler | undefined;
  private readonly error: ErrorHandler | undefined;
  private origin: Origin | undefined;

  /** @param fetchCells pointer of the figures of `fetch` */
  constructor(
    private readonly plane: Plane,
    { fetch, error }: App,
    private readonly fetchCells: number,
    private readonly routes: RouteTable<FixedResponse> | undefined,
    private readonly environment: AppEnvironment,
    private readonly authority: Authority,
  ) {
    this.fetch = fetch;
    this.error = error;
  }

  answer(exchange: Exchange): void {
    if (!this.authority.answersFor(exchange)) {
      exchange.answer(-ERROR_MISDIRECTED);
      return;
    }
    if (this.routes !== undefined) {
      const match = this.routes.find(pathOf(exchange.head.target));
      if (match !== undefined) {
        exchange.routeCells = match.route.cells;
        this.follow(exchange, match.route, match.params);
        return;
      }
    }
    if (this.fetch === undefined) fail(exchange, 404);
    else {
      exchange.routeCells = this.fetchCells;
      this.handle(exchange, this.fetch, undefined);
    }
  }

  private follow(
    exchange: Exchange,
    { any, methods, allow }: Route<FixedResponse>,
    params: Params | undefined,
  ): void {
    const { method } = exchange.head;
    const answer = methods.get(method) ?? any;
    if (answer === undefined) {
      const lines = `allow: ${allow}\r\n`;
      if (method === 'OPTIONS') exchange.respond(204, lines, '', false);
      else fail(exchange, 405, lines);
    } else if (answer instanceof FixedResponse) answer.send(exchange);
    else this.handle(exchange, answer as Handler, params);
  }

  /** Calls a handler, and sends the response that it returns or that its promise resolves to. */
  private handle(exchange: Exchange, handler: Handler, params: Params | undefined): void {
    const request = new Request(exchange, (this.origin ??= this.makeOrigin()));
    if (params !== undefined) request.params = params;
    try {
      const result = handler(request as ServerRequest, new RequestContext(exchange, this.environment));
      if (isPromise(result)) this.await(exchange, request, result);
      else this.send(exchange, request, result);
    } catch (error) {
      this.fail(exchange, request, error);
    }
  }

  private await(exchange: Exchange, request: Request, result: Promise<globalThis.Response>): void {
    // A second promise, for catch(), would take longer than this.
    Promise.resolve(result).then(
      (response) => this.sendOrFail(exchange, request, response),
      (error: unknown) => this.fail(exchange, request, error),
    );
  }

  private sendOrFail(exchange: Exchange, request: Request, response: globalThis.Response): void {
    try {
      this.send(exchange, request, response);
    } catch (error) {
      this.fail(exchange, request, error);
    }
  }

  private send(exchange: Exchange, request: Request, response: globalThis.Response): void {
    if (send(exchange, response, this.failed, request)) this.environment.platformAnswered?.();
  }

  /** Called when the response of a handler fails while it is sent. */
  private readonly failed: Failed = (exchange, request, error, begun): void => {
    if (begun) this.brokeOff(error);
    else this.fail(exchange, request as Request, error);
  };

  private brokeOff(error: unknown): void {
    this.plane.log.failed('A response broke off', error);
  }

  /** Answers for a handler that has failed: by the application's error(), called once, or by a 500. */
  private fail(exchange: Exchange, request: Request, reason: unknown): void {
    // The client has disconnected, which most likely made the handler fail.
    if (exchange.over) return;
    const error = explained(reason);
    if (this.error === undefined) {
      this.refuse(exchange, request, error);
      return;
    }
    const refuse = (cause: unknown): void => this.refuse(exchange, request, error, { error: cause });
    const failed: Failed = (_, __, cause, begun) => (begun ? this.brokeOff(cause) : refuse(cause));
    try {
      const result = this.error(error, request as ServerRequest);
      if (isPromise(result))
        Promise.resolve(result)
          .then((response) => send(exchange, withPendingFields(response, request), failed, request))
          .catch(refuse);
      else send(exchange, withPendingFields(result, request), failed, request);
    } catch (cause) {
      refuse(cause);
    }
  }

  /** Answers when nothing else does. @param answering thrown by the application's error(), which is then logged instead */
  private refuse(exchange: Exchange, request: Request, first: unknown, answering?: { error: unknown }): void {
    if (exchange.over) return;
    const error = answering === undefined ? first : answering.error;
    const noted = pendingFieldLines(request);
    // The same response as the engine's. The keeper of the leases has logged the cause.
    if (isLeaseExhausted(error)) {
      if (noted === '') exchange.answer(-ERROR_LEASE_EXHAUSTED);
      else fail(exchange, 503, `retry-after: 1\r\n${noted}`, refusalText(ERROR_LEASE_EXHAUSTED));
      return;
    }
    const { method, target } = exchange.head;
    if (exchange.aborted === undefined)
      this.plane.log.failed(`A handler failed at ${method} ${pathOf(target)}`, error);
    if (this.environment.showFailure?.(exchange, noted, first, answering) !== true)
      fail(exchange, 500, noted);
  }

  /** A server that listens at paths alone has no host. */
  private makeOrigin(): Origin {
    return new Origin(this.authority, new URL(this.environment.server.url).host || 'localhost');
  }
}

function fail(exchange: Exchange, statusCode: number, fields = '', detail = ''): void {
  const content = `${statusCode} ${reasonPhrase(statusCode)}${detail === '' ? '' : ': '}${detail}\n`;
  exchange.respond(statusCode, fields + TEXT_FIELDS.lines, content, false);
}
