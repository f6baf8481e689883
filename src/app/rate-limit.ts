// A limiter in front of handlers. A request beyond the limit gets a 429 (RFC 6585 4) with Retry-After (RFC 9110 10.2.3).
// Every response says in RateLimit and RateLimit-Policy how much is left (draft-ietf-httpapi-ratelimit-headers-11).

import { inspect } from 'node:util';
import { clientKey, IPV6_PREFIX } from '../protocol/client-key.ts';
import type { Decision, Limiter } from '../state/limiter.ts';
import { isPromise } from './is-promise.ts';
import { addPendingFields, type PendingFields, withFields } from './pending-fields.ts';
import { Response } from './response.ts';
import type { Context, Handler, ServerRequest } from './types.ts';

export interface RateLimitOptions {
  /**
   * Returns the key that a request is counted under. By default that is the client's address. A client of a unix socket has
   * none: without a `key`, its requests fail, unless a trusted proxy reports the address.
   */
  key?: ((request: Request, context: Context) => string) | undefined;
  /**
   * How many leading bits of an IPv6 address identify a client when there is no `key`: 1 to 128. The default is 64, the
   * network of one client. With 128 each address is a client of its own.
   */
  ipv6Prefix?: number | undefined;
  /** How much of the limit a request takes: a whole number from 1 to the limit, 1 by default. */
  cost?: number | ((request: Request, context: Context) => number) | undefined;
}

/** The part of Hono's context that is used here. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  readonly env: unknown;
  header(name: string, value: string, options?: { append?: boolean }): void;
}

/** Wraps a handler in the limit. The same function is a middleware for Hono. */
export interface RateLimit {
  <R extends ServerRequest>(handler: Handler<R>): Handler<R>;
  (context: HonoContext, next: () => Promise<void>): Promise<globalThis.Response | undefined>;
}

const SECOND_MS = 1000;
const IPV6_BITS = 128;
const REFUSED = '429 Too Many Requests\n';

/**
 * Limits how often handlers are called: `limited = rateLimit(limiter(…))`, then `limited(handler)` as a route or as
 * `fetch`, or `app.use(limited)` with Hono.
 * @throws TypeError when the first argument is not a limiter, or an option has the wrong type
 * @throws RangeError when ipv6Prefix is out of range
 */
export function rateLimit(
  limiter: Limiter,
  { key, ipv6Prefix = IPV6_PREFIX, cost = 1 }: RateLimitOptions = {},
): RateLimit {
  checkOptions(limiter, { key, ipv6Prefix, cost });
  const fields = new LimitFields(limiter);
  const keyOf = (request: Request, context: Context): string => {
    if (key === undefined) return clientKey(addressOf(limiter, context), ipv6Prefix);
    const given = key(request, context);
    if (typeof given !== 'string') throw noKey(limiter, given);
    return given;
  };
  const take = (request: Request, context: Context): Decision =>
    limiter.take(keyOf(request, context), typeof cost === 'number' ? cost : cost(request, context));

  const forHandler =
    <R extends ServerRequest>(handler: Handler<R>): Handler<R> =>
    (request, context) => {
      const decision = take(request, context);
      const limitFields = fields.of(decision);
      if (!decision.allowed) return refusal(decision, limitFields);
      addPendingFields(request, limitFields);
      const response = handler(request, context);
      return isPromise(response)
        ? Promise.resolve(response).then((response) => withFields(response, limitFields))
        : withFields(response, limitFields);
    };

  const forHono = async (
    context: HonoContext,
    next: () => Promise<void>,
  ): Promise<globalThis.Response | undefined> => {
    const request = context.req.raw;
    const decision = take(request, context.env as Context);
    const limitFields = fields.of(decision);
    if (!decision.allowed) return refusal(decision, limitFields);
    addPendingFields(request, limitFields);
    // Hono itself answers for an Error that a handler throws.
    await next();
    for (const [name, value] of limitFields) context.header(name, value, { append: true });
    return undefined;
  };

  return ((first: Handler | HonoContext, next?: () => Promise<void>) =>
    typeof first === 'function'
      ? forHandler(first)
      : forHono(first, next as () => Promise<void>)) as RateLimit;
}

function checkOptions(
  limiter: Limiter,
  { key, ipv6Prefix, cost }: RateLimitOptions & { ipv6Prefix: number },
): void {
  if (typeof limiter?.take !== 'function')
    throw new TypeError('rateLimit() needs a limiter: limiter(name, …)');
  if (key !== undefined && typeof key !== 'function')
    throw new TypeError(`rateLimit(): key must be a function, not ${key}`);
  if (!Number.isInteger(ipv6Prefix) || ipv6Prefix < 1 || ipv6Prefix > IPV6_BITS)
    throw new RangeError(
      `rateLimit(): ipv6Prefix must be a whole number from 1 to ${IPV6_BITS}, not ${ipv6Prefix}`,
    );
  if (typeof cost !== 'function' && typeof cost !== 'number')
    throw new TypeError(`rateLimit(): cost must be a number or a function, not ${cost}`);
}

function addressOf({ name }: Limiter, context: Context | undefined): string {
  const address = context?.remoteAddress;
  if (typeof address !== 'string')
    throw new TypeError(
      `rateLimit() of limiter '${name}' knows no address of the client here: give it a key`,
    );
  // As one key, all clients of the socket would share one limit.
  if (address === '')
    throw new TypeError(
      `rateLimit() of limiter '${name}': clients of a unix socket have no address: give it a key, or let the proxy's field name them with --trust-proxy`,
    );
  return address;
}

function noKey({ name }: Limiter, given: unknown): TypeError {
  const what = isPromise(given) ? 'a promise' : inspect(given, { depth: 0 });
  return new TypeError(
    `rateLimit() of limiter '${name}': key gave ${what}: return text, such as context.remoteAddress or the name of a user`,
  );
}

/** Builds the fields that report one limiter. */
class LimitFields {
  private readonly name: string;
  private limit = 0;
  private windowMs = 0;
  private policy = '';

  constructor(private readonly limiter: Limiter) {
    this.name = stringOf(limiter.name);
  }

  /**
   * The fields for a decision, by the options in force now: call it right after the decision, since other options may
   * be in force once the handler has answered. The time in RateLimit is that of Retry-After, or, for an allowed request,
   * the time until the whole limit is available again.
   */
  of({ allowed, remaining, retryAfterMs }: Decision): PendingFields {
    const { limit, windowMs } = this.limiter;
    if (limit !== this.limit || windowMs !== this.windowMs) {
      this.limit = limit;
      this.windowMs = windowMs;
      this.policy = `${this.name};q=${limit};w=${seconds(windowMs)}`;
    }
    // Another thread may have changed the options since the decision.
    const left = Math.min(remaining, limit);
    const waitMs = allowed ? (windowMs * (limit - left)) / limit : retryAfterMs;
    return [
      ['RateLimit-Policy', this.policy],
      ['RateLimit', `${this.name};r=${left};t=${seconds(waitMs)}`],
    ];
  }
}

function refusal({ retryAfterMs }: Decision, limitFields: PendingFields): Response {
  const headers: [string, string][] = [['Retry-After', `${seconds(retryAfterMs)}`]];
  for (const [name, value] of limitFields) headers.push([name, value]);
  return new Response(REFUSED, { status: 429, headers });
}

/** Whole seconds, rounded up, so that a client does not come back too early. */
function seconds(ms: number): number {
  return Math.ceil(ms / SECOND_MS);
}

/** A name as a String (RFC 9651 3.3.3). Characters other than printable ASCII are percent-encoded. */
function stringOf(name: string): string {
  return `"${name.replace(/[^ -~]/gu, encodeURIComponent).replace(/["\\]/g, '\\$&')}"`;
}
