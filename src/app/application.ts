// An application on a plane: what the engine does not answer goes to a route, or to fetch, and their Response
// goes out.

import type { Exchange } from '../connection/exchange.ts';
import type { Plane } from '../connection/plane.ts';
import type { Prepared as PreparedParts } from '../protocol/prepared.ts';
import { isBare, reasonPhrase, statusLine } from '../protocol/status.ts';
import { Counted } from '../state/counted.ts';
import { counterIndexIn } from '../state/counter.ts';
import type { App, ErrorHandler, Handler, RouteRequest } from './app.ts';
import { type Around, RequestContext } from './context.ts';
import { type Params, Request } from './request.ts';
import { type Route, RouteTable } from './routes.ts';
import { send, type WholeParts, wholeParts } from './send.ts';
import { Origin } from './url.ts';

/** What sends a fixed answer. */
type Prepared = (exchange: Exchange) => void;
type FixedAnswer = globalThis.Response | Counted;

const TEXT = 'content-type: text/plain;charset=UTF-8\r\n';

/**
 * Binds an application to a plane, in the place of the one that is bound. Fixed answers are prepared in the
 * plane's slot; where they don't fit they are sent from here.
 * @throws TypeError or RangeError that names the route that is none
 */
export async function attach(plane: Plane, app: App, around: Around): Promise<void> {
  const preparing = new Preparing(plane);
  const routes =
    app.routes &&
    (await RouteTable.of<Prepared>(app.routes, (answer, path) => preparing.prepare(answer, path)));
  const application = new Application(plane, app, routes, around);
  preparing.place();
  plane.serve((exchange) => application.answer(exchange));
}

class Application {
  private readonly fetch: Handler | undefined;
  private readonly error: ErrorHandler | undefined;
  private origin: Origin | undefined;

  constructor(
    private readonly plane: Plane,
    { fetch, error }: App,
    private readonly routes: RouteTable<Prepared> | undefined,
    private readonly around: Around,
  ) {
    this.fetch = fetch;
    this.error = error;
  }

  answer(exchange: Exchange): void {
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
    { any, methods, allow }: Route<Prepared>,
    params: Params | undefined,
  ): void {
    const { method } = exchange.head;
    const answer = methods.get(method) ?? any;
    if (answer === undefined) {
      const lines = `allow: ${allow}\r\n`;
      if (method === 'OPTIONS') exchange.respond(204, lines, '', false);
      else fail(exchange, 405, lines);
    } else if (isPrepared(answer)) answer(exchange);
    else this.handle(exchange, answer as Handler, params);
  }

  /** Calls a handler, and sends what it gives, now or later. */
  private handle(exchange: Exchange, handler: Handler, params: Params | undefined): void {
    const request = new Request(exchange, (this.origin ??= this.makeOrigin()));
    if (params !== undefined) request.params = params;
    try {
      const result = handler(request as globalThis.Request, new RequestContext(exchange, this.around));
      if (isPromise(result)) this.await(exchange, request, result);
      else this.send(exchange, result);
    } catch (error) {
      this.fail(exchange, request, error);
    }
  }

  private await(exchange: Exchange, request: Request, result: Promise<globalThis.Response>): void {
    Promise.resolve(result)
      .then((response) => this.send(exchange, response))
      .catch((error: unknown) => this.fail(exchange, request, error));
  }

  private send(exchange: Exchange, response: globalThis.Response): void {
    send(exchange, response, this.broken);
  }

  private readonly broken = (error: unknown): void => {
    this.plane.log.failed('A response broke off', error);
  };

  /** A handler has failed: its application may have an answer to that, once. */
  private fail(exchange: Exchange, request: Request, error: unknown): void {
    // Nobody waits any more: most likely that is what made it fail.
    if (exchange.over) return;
    if (this.error === undefined) {
      this.refuse(exchange, error);
      return;
    }
    try {
      const result = this.error(error, request as globalThis.Request);
      if (isPromise(result))
        Promise.resolve(result)
          .then((response) => this.send(exchange, response))
          .catch((cause: unknown) => this.refuse(exchange, cause));
      else this.send(exchange, result);
    } catch (cause) {
      this.refuse(exchange, cause);
    }
  }

  private refuse(exchange: Exchange, error: unknown): void {
    if (exchange.over) return;
    const { method, target } = exchange.head;
    if (exchange.aborted === undefined)
      this.plane.log.failed(`A handler failed at ${method} ${pathOf(target)}`, error);
    fail(exchange, 500);
  }

  private makeOrigin(): Origin {
    const { server, trustProxy } = this.around;
    return new Origin('http', new URL(server.url).host, trustProxy);
  }
}

const prepared = new WeakSet<object>();

function isPrepared(answer: Handler<RouteRequest> | Prepared): answer is Prepared {
  return prepared.has(answer);
}

/** Prepares fixed answers, and puts them into the slot when all of them are known. */
class Preparing {
  private readonly placed: (() => void)[] = [];

  constructor(private readonly plane: Plane) {}

  /** What sends a fixed answer: the engine, where it fits into the slot and one path leads to it. */
  async prepare(answer: FixedAnswer, path: string | undefined): Promise<Prepared> {
    const sends =
      answer instanceof Counted ? this.count(answer, path) : this.fix(await wholeParts(answer), path);
    prepared.add(sends);
    return sends;
  }

  /** In the place of what is in the slot. */
  place(): void {
    this.plane.slot.forgetRoutes();
    for (const place of this.placed) place();
  }

  private fix({ statusCode, fields, content }: WholeParts, path: string | undefined): Prepared {
    const index = this.reserve(path, {
      head: statusLine(statusCode) + fields,
      content: Buffer.from(content).toString('latin1'),
      counter: -1,
      bare: isBare(statusCode),
    });
    return (exchange) => {
      if (index.value !== undefined) exchange.answer(index.value);
      else exchange.respond(statusCode, fields, content, false);
    };
  }

  private count(counted: Counted, path: string | undefined): Prepared {
    const counter = counterIndexIn(this.plane.slot.views, counted.counter);
    const index = this.reserve(counter === undefined ? undefined : path, {
      head: statusLine(200) + TEXT,
      content: Buffer.from(counted.prefix).toString('latin1'),
      counter: counter ?? -1,
      bare: false,
    });
    return (exchange) => {
      if (index.value !== undefined) exchange.answer(index.value);
      else exchange.respond(200, TEXT, counted.next(), false);
    };
  }

  /** The place in the slot, once there is one: JavaScript answers where there is no room. */
  private reserve(path: string | undefined, prepared: Omit<PreparedParts, 'index'>): { value?: number } {
    const index: { value?: number } = {};
    if (path !== undefined)
      this.placed.push(() => {
        try {
          index.value = this.plane.slot.addRoute(path, prepared);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      });
    return index;
  }
}

function fail(exchange: Exchange, statusCode: number, fields = ''): void {
  exchange.respond(statusCode, fields + TEXT, `${statusCode} ${reasonPhrase(statusCode)}\n`, false);
}

/** The path of a target in origin-form or absolute-form (RFC 9112 3.2). */
function pathOf(target: string): string {
  // First of all: in the query there may be slashes, and before it there may be no path.
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  if (path.startsWith('/')) return path;
  const from = path.indexOf('/', path.indexOf('://') + 3);
  return from < 0 ? '/' : path.slice(from);
}

function isPromise(value: unknown): value is Promise<globalThis.Response> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
