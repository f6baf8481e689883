// A limiter in front of handlers: what is beyond the limit is answered with 429 (RFC 6585 4) and Retry-After (RFC 9110
// 10.2.3), and every response says in RateLimit and RateLimit-Policy how much is left
// (draft-ietf-httpapi-ratelimit-headers-11).

import type { Decision, Limiter } from '../state/limiter.ts';
import type { Context, Handler, ServerRequest } from './app.ts';
import { NativeResponse } from './native.ts';
import { Response, wholeContent } from './response.ts';

export interface RateLimitOptions {
  /** Whom a request is counted for. By default the client's address. */
  key?: (request: Request, context: Context) => string;
  /** What a request takes, a whole number from 1 to the limit. By default 1. */
  cost?: number | ((request: Request, context: Context) => number);
}

/** As much of Hono's context as is needed here. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  readonly env: unknown;
  header(name: string, value: string, options?: { append?: boolean }): void;
}

/** Puts a handler behind the limit; and is, as it is, a middleware of Hono. */
export interface RateLimit {
  <R extends ServerRequest>(handler: Handler<R>): Handler<R>;
  (context: HonoContext, next: () => Promise<void>): Promise<globalThis.Response | undefined>;
}

const SECOND_MS = 1000;
const REFUSED = '429 Too Many Requests\n';

/**
 * Limits how often handlers are called: `limited = rateLimit(limiter(…))`, then `limited(handler)` as a route or as
 * `fetch`, or `app.use(limited)` with Hono.
 * @throws TypeError when the limiter is none, or an option is neither of what it may be
 */
export function rateLimit(limiter: Limiter, { key, cost = 1 }: RateLimitOptions = {}): RateLimit {
  if (typeof limiter?.take !== 'function')
    throw new TypeError('rateLimit() needs a limiter: limiter(name, …)');
  if (key !== undefined && typeof key !== 'function')
    throw new TypeError(`rateLimit(): key must be a function, not ${key}`);
  if (typeof cost !== 'function' && typeof cost !== 'number')
    throw new TypeError(`rateLimit(): cost must be a number or a function, not ${cost}`);
  const fields = new LimitFields(limiter);
  const take = (request: Request, context: Context): Decision =>
    limiter.take(
      key === undefined ? addressOf(context) : key(request, context),
      typeof cost === 'number' ? cost : cost(request, context),
    );

  const forHandler =
    <R extends ServerRequest>(handler: Handler<R>): Handler<R> =>
    (request, context) => {
      const decision = take(request, context);
      if (!decision.allowed) return fields.refusal(decision);
      const response = handler(request, context);
      return isPromise(response)
        ? Promise.resolve(response).then((response) => fields.addTo(response, decision))
        : fields.addTo(response, decision);
    };

  const forHono = async (
    context: HonoContext,
    next: () => Promise<void>,
  ): Promise<globalThis.Response | undefined> => {
    const decision = take(context.req.raw, context.env as Context);
    if (!decision.allowed) return fields.refusal(decision);
    await next();
    context.header('RateLimit-Policy', fields.policy(), { append: true });
    context.header('RateLimit', fields.left(decision), { append: true });
    return undefined;
  };

  return ((first: Handler | HonoContext, next?: () => Promise<void>) =>
    typeof first === 'function'
      ? forHandler(first)
      : forHono(first, next as () => Promise<void>)) as RateLimit;
}

function isPromise(value: object): value is Promise<globalThis.Response> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function addressOf(context: Context | undefined): string {
  const address = context?.remoteAddress;
  if (typeof address !== 'string')
    throw new TypeError('rateLimit() knows no address of the client here: give it a key');
  return address;
}

/** The fields of one limiter. */
class LimitFields {
  private readonly name: string;
  private limit = 0;
  private windowMs = 0;
  private policyValue = '';

  constructor(private readonly limiter: Limiter) {
    this.name = stringOf(limiter.name);
  }

  /** The value of RateLimit-Policy. */
  policy(): string {
    const { limit, windowMs } = this.limiter;
    if (limit !== this.limit || windowMs !== this.windowMs) {
      this.limit = limit;
      this.windowMs = windowMs;
      this.policyValue = `${this.name};q=${limit};w=${seconds(windowMs)}`;
    }
    return this.policyValue;
  }

  /**
   * The value of RateLimit. Its window is what Retry-After says; when nothing is refused, the time in which all of
   * the limit is there again.
   */
  left({ allowed, remaining, retryAfterMs }: Decision): string {
    const { limit, windowMs } = this.limiter;
    const waitMs = allowed ? (windowMs * (limit - remaining)) / limit : retryAfterMs;
    return `${this.name};r=${remaining};t=${seconds(waitMs)}`;
  }

  refusal(decision: Decision): Response {
    return new Response(REFUSED, {
      status: 429,
      headers: {
        'Retry-After': `${seconds(decision.retryAfterMs)}`,
        'RateLimit-Policy': this.policy(),
        RateLimit: this.left(decision),
      },
    });
  }

  /** The response with the fields. It is another one, since a handler may give the same one again. */
  addTo(response: globalThis.Response, decision: Decision): globalThis.Response {
    // What is no Response is for the server to judge.
    if (!(response instanceof NativeResponse)) return response;
    const limited = copyOf(response);
    limited.headers.append('RateLimit-Policy', this.policy());
    limited.headers.append('RateLimit', this.left(decision));
    return limited;
  }
}

function copyOf(response: globalThis.Response): Response {
  // Content that is all there stays what it is.
  if (wholeContent in response && response[wholeContent] !== undefined) return (response as Response).clone();
  return new Response(response.body, response);
}

/** Whole seconds, rounded up: nobody is to come too early. */
function seconds(ms: number): number {
  return Math.ceil(ms / SECOND_MS);
}

/** A name as a String (RFC 9651 3.3.3): printable ASCII; what else it holds is percent-encoded. */
function stringOf(name: string): string {
  return `"${name.replace(/[^ -~]/gu, encodeURIComponent).replace(/["\\]/g, '\\$&')}"`;
}
