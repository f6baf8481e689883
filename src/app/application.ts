// An application on a plane: what the engine does not answer goes to a route, or to fetch, and their Response
// goes out.

import type { Exchange } from '../connection/exchange.ts';
import type { Plane } from '../connection/plane.ts';
import { ERROR_LEASE_EXHAUSTED, ERROR_MISDIRECTED } from '../memory/codes.ts';
import { refusalText } from '../protocol/errors.ts';
import { reasonPhrase } from '../protocol/status.ts';
import { isLeaseExhausted } from '../state/lease.ts';
import type { App, ErrorHandler, Handler, ServerRequest } from './app.ts';
import { Authority } from './authority.ts';
import { type Around, RequestContext } from './context.ts';
import { TEXT_FIELDS } from './fields.ts';
import { FixedAnswers, Ready } from './fixed.ts';
import { isPromise } from './kind.ts';
import { notedLines, withNoted } from './late-fields.ts';
import { pathOf } from './path.ts';
import { explained } from './platform-error.ts';
import { type Params, Request } from './request.ts';
import { type Route, RouteTable } from './routes.ts';
import { type Failed, send } from './send.ts';
import { Origin } from './url.ts';

/**
 * Binds an application to a plane, in the place of the one that is bound.
 * @throws TypeError or RangeError that names the route that is none
 */
export async function attach(plane: Plane, app: App, around: Around): Promise<void> {
  (await prepare(plane, app, around))();
}

/**
 * Prepares the same, and returns the function that does it.
 * @throws TypeError or RangeError that names the route that is none
 */
export async function prepare(plane: Plane, app: App, around: Around): Promise<() => void> {
  const fixed = new FixedAnswers(plane);
  const authority = new Authority('http', around);
  // The engine looks at the path alone.
  const byPath = authority.anyHost;
  const routes =
    app.routes &&
    (await RouteTable.of<Ready>(app.routes, (answer, path) =>
      fixed.prepare(answer, byPath ? path : undefined),
    ));
  const application = new Application(plane, app, routes, around, authority);
  return () => {
    fixed.place();
    plane.slot.refusesHttps = !authority.maybeHttps;
    plane.serve((exchange) => application.answer(exchange));
  };
}

class Application {
  private readonly fetch: Handler | undefined;
  private readonly error: ErrorHandler | undefined;
  private origin: Origin | undefined;

  constructor(
    private readonly plane: Plane,
    { fetch, error }: App,
    private readonly routes: RouteTable<Ready> | undefined,
    private readonly around: Around,
    private readonly authority: Authority,
  ) {
    this.fetch = fetch;
    this.error = error;
  }

  answer(exchange: Exchange): void {
    if (!this.authority.answersFor(exchange.head)) {
      exchange.answer(-ERROR_MISDIRECTED);
      return;
    }
    if (this.routes !== undefined) {
      const match = this.routes.find(pathOf(exchange.head.target));
      if (match !== undefined) {
        this.follow(exchange, match.route, match.params);
        return;
      }
    }
    if (this.fetch === undefined) fail(exchange, 404);
    else this.handle(exchange, this.fetch, undefined);
  }

  private follow(
    exchange: Exchange,
    { any, methods, allow }: Route<Ready>,
    params: Params | undefined,
  ): void {
    const { method } = exchange.head;
    const answer = methods.get(method) ?? any;
    if (answer === undefined) {
      const lines = `allow: ${allow}\r\n`;
      if (method === 'OPTIONS') exchange.respond(204, lines, '', false);
      else fail(exchange, 405, lines);
    } else if (answer instanceof Ready) answer.send(exchange);
    else this.handle(exchange, answer as Handler, params);
  }

  /** Calls a handler, and sends what it gives, now or later. */
  private handle(exchange: Exchange, handler: Handler, params: Params | undefined): void {
    const request = new Request(exchange, (this.origin ??= this.makeOrigin()));
    if (params !== undefined) request.params = params;
    try {
      const result = handler(request as ServerRequest, new RequestContext(exchange, this.around));
      if (isPromise(result)) this.await(exchange, request, result);
      else send(exchange, result, this.failed, request);
    } catch (error) {
      this.fail(exchange, request, error);
    }
  }

  private await(exchange: Exchange, request: Request, result: Promise<globalThis.Response>): void {
    Promise.resolve(result)
      .then((response) => send(exchange, response, this.failed, request))
      .catch((error: unknown) => this.fail(exchange, request, error));
  }

  /** The response of a handler has failed. */
  private readonly failed: Failed = (exchange, request, error, begun): void => {
    if (begun) this.brokeOff(error);
    else this.fail(exchange, request as Request, error);
  };

  /** That of the application's error has. */
  private readonly errorFailed: Failed = (exchange, request, error, begun): void => {
    if (begun) this.brokeOff(error);
    else this.refuse(exchange, request as Request, error);
  };

  private brokeOff(error: unknown): void {
    this.plane.log.failed('A response broke off', error);
  }

  /** A handler has failed: its application may have an answer to that, once. */
  private fail(exchange: Exchange, request: Request, reason: unknown): void {
    // The client is gone: most likely that made the handler fail.
    if (exchange.over) return;
    const error = explained(reason);
    if (this.error === undefined) {
      this.refuse(exchange, request, error);
      return;
    }
    try {
      const result = this.error(error, request as ServerRequest);
      if (isPromise(result))
        Promise.resolve(result)
          .then((response) => send(exchange, withNoted(response, request), this.errorFailed, request))
          .catch((cause: unknown) => this.refuse(exchange, request, cause));
      else send(exchange, withNoted(result, request), this.errorFailed, request);
    } catch (cause) {
      this.refuse(exchange, request, cause);
    }
  }

  private refuse(exchange: Exchange, request: Request, error: unknown): void {
    if (exchange.over) return;
    const noted = notedLines(request);
    // As the engine answers; whoever hands out leases has said it to whoever runs the server.
    if (isLeaseExhausted(error)) {
      if (noted === '') exchange.answer(-ERROR_LEASE_EXHAUSTED);
      else fail(exchange, 503, `retry-after: 1\r\n${noted}`, refusalText(ERROR_LEASE_EXHAUSTED));
      return;
    }
    const { method, target } = exchange.head;
    if (exchange.aborted === undefined)
      this.plane.log.failed(`A handler failed at ${method} ${pathOf(target)}`, error);
    fail(exchange, 500, noted);
  }

  private makeOrigin(): Origin {
    return new Origin(this.authority, new URL(this.around.server.url).host);
  }
}

function fail(exchange: Exchange, statusCode: number, fields = '', detail = ''): void {
  const content = `${statusCode} ${reasonPhrase(statusCode)}${detail === '' ? '' : ': '}${detail}\n`;
  exchange.respond(statusCode, fields + TEXT_FIELDS.lines, content, false);
}
