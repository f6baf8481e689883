// The Request that handlers get: the Request of the Fetch standard, over an exchange. Each part is computed when a
// program asks for it. `fetch(request)` and `new Request(request)` use the native Request that [toNative]() makes.

import { formatWithOptions, inspect } from 'node:util';
import type { Content, Exchange, Head } from '../connection/exchange.ts';
import { whenAborted } from './abort.ts';
import { headOfTarget } from './authority.ts';
import { Headers } from './headers.ts';
import { impersonate, platformGet } from './impersonate.ts';
import { NativeHeaders, NativeRequest, NativeResponse, toBodiless, toNative } from './native.ts';
import { bodyUsedError, ownBuffer, RequestBody } from './request-body.ts';
import type { Origin } from './url.ts';

/** The values of a route's parameters, by name. */
export type Params = Readonly<Record<string, string>>;

const NO_PARAMS: Params = Object.freeze(Object.create(null));

/** Methods that the platform's Request rejects. */
const FORBIDDEN = /^(?:CONNECT|TRACE|TRACK)$/i;

/** Fields that are about this connection only (RFC 9110 7.6.1), and Expect, which the server has fulfilled already. */
const CONNECTION_FIELDS = [
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

let isLight: (value: unknown) => boolean;

/** A request of this server. It passes for the platform's Request, whose constructor it never calls. */
export class Request implements globalThis.Request {
  /** The parameters of the route that matched. Requests without parameters share one frozen empty object. */
  params: Params = NO_PARAMS;
  readonly #exchange: Exchange;
  readonly #origin: Origin;
  #url: string | undefined = undefined;
  #headers: Headers | undefined = undefined;
  #body: RequestBody | undefined = undefined;
  #signal: AbortSignal | undefined = undefined;
  #native: globalThis.Request | undefined = undefined;

  static {
    isLight = (value) => typeof value === 'object' && value !== null && #exchange in value;
  }

  constructor(exchange: Exchange, origin: Origin) {
    this.#exchange = exchange;
    this.#origin = origin;
  }

  /** The method as it was sent. */
  get method(): string {
    if (!(#exchange in this)) return platformGet(NativeRequest.prototype, 'method', this);
    return this.#exchange.head.method;
  }

  /** The URL; see url.ts. */
  get url(): string {
    if (!(#url in this)) return platformGet(NativeRequest.prototype, 'url', this);
    this.#url ??= this.#origin.urlOf(this.#exchange);
    return this.#url;
  }

  get headers(): Headers {
    if (!(#headers in this)) return platformGet(NativeRequest.prototype, 'headers', this);
    this.#headers ??= new Headers(headOfTarget(this.#exchange.head));
    return this.#headers;
  }

  /** Aborts when no client waits for the response any more. Reads of the body reject with the same reason. */
  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const controller = new AbortController();
      this.#signal = controller.signal;
      whenAborted(this.#exchange, (reason) => controller.abort(reason));
    }
    return this.#signal;
  }

  /** A byte stream. The server reads no more than a bounded window ahead of the program. */
  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#content()?.stream ?? null;
  }

  get bodyUsed(): boolean {
    return this.#body?.used ?? false;
  }

  text(): Promise<string> {
    return (this.#content() ?? NO_BODY).text();
  }

  /** The body as UTF-8, piece by piece. */
  textStream(): ReadableStream<string> {
    const body = this.#content();
    if (body === undefined) return new ReadableStream({ start: (controller) => controller.close() });
    if (body.unusable) throw bodyUsedError();
    return body.stream.pipeThrough(new TextDecoderStream());
  }

  // biome-ignore lint/suspicious/noExplicitAny: as the standard interface has it
  json(): Promise<any> {
    return (this.#content() ?? NO_BODY).json();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#consume(ownBuffer);
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#consume(ownBytes);
  }

  blob(): Promise<Blob> {
    return this.#consume((bytes) => this.#asResponse(bytes).blob());
  }

  formData(): Promise<FormData> {
    return this.#consume((bytes) => this.#asResponse(bytes).formData());
  }

  /**
   * The trailer fields, an addition to the standard. Resolves when the content has been read to its end; asking for
   * the trailers doesn't read it. Rejects when the content is cancelled or breaks off.
   */
  get trailers(): Promise<globalThis.Headers> {
    // Content without bytes has no trailers, whether it is read or not.
    if (this.#exchange.content === undefined) return Promise.resolve(new NativeHeaders());
    return (this.#content() as RequestBody).trailers;
  }

  /** @throws TypeError when the body has been read or is being read */
  clone(): Request {
    const body = this.#content();
    if (body?.unusable) throw bodyUsedError();
    const clone = new Request(this.#exchange, this.#origin);
    clone.params = this.params;
    clone.#url = this.#url;
    clone.#headers = this.#headers?.copy();
    clone.#body = body?.tee();
    return clone;
  }

  /**
   * Returns the native Request, made once. It shares body and signal with this one, and has a copy of its headers
   * without those that are about the connection, which the platform's fetch() refuses to send.
   * @throws TypeError when no native Request can be made: for CONNECT, TRACE and TRACK, and GET or HEAD with content
   */
  [toNative](): globalThis.Request {
    this.#native ??= this.#makeNative(this.body);
    return this.#native;
  }

  /**
   * Makes a native Request without the body, for a program that gives another one; this body may have been read.
   * @throws TypeError when the platform's Request rejects the method
   */
  [toBodiless](): globalThis.Request {
    return this.#makeNative(null);
  }

  // These members say nothing about a server's request. They have the values of `new Request(url)`.

  get cache(): RequestCache {
    return 'default';
  }

  get credentials(): RequestCredentials {
    return 'same-origin';
  }

  get destination(): RequestDestination {
    return '';
  }

  get duplex(): 'half' {
    return 'half';
  }

  get integrity(): string {
    return '';
  }

  get isHistoryNavigation(): boolean {
    return false;
  }

  get isReloadNavigation(): boolean {
    return false;
  }

  get keepalive(): boolean {
    return false;
  }

  get mode(): RequestMode {
    return 'cors';
  }

  get redirect(): RequestRedirect {
    return 'follow';
  }

  get referrer(): string {
    return 'about:client';
  }

  get referrerPolicy(): ReferrerPolicy {
    return '';
  }

  [inspect.custom](depth: number, options: object): string {
    const { method, url, headers, params, bodyUsed } = this;
    return `Request ${formatWithOptions({ depth, ...options }, { method, url, headers, params, bodyUsed })}`;
  }

  #content(): RequestBody | undefined {
    if (this.#body === undefined) {
      const content = this.#exchange.content ?? noBytes(this.#exchange.head);
      if (content === undefined) return undefined;
      this.#body = new RequestBody(content);
    }
    return this.#body;
  }

  #consume<T>(convert: (bytes: Uint8Array) => T | Promise<T>): Promise<T> {
    return (this.#content() ?? NO_BODY).consume(convert);
  }

  /** Passes the bytes to the platform, which parses forms and media types. */
  #asResponse(bytes: Uint8Array): globalThis.Response {
    const type = this.headers.get('content-type');
    return new NativeResponse(ownBytes(bytes), type === null ? {} : { headers: { 'Content-Type': type } });
  }

  #makeNative(body: ReadableStream | null): globalThis.Request {
    const { method, url, signal } = this;
    if (FORBIDDEN.test(method)) throw new TypeError(`there is no native Request with the method ${method}`);
    const headers = new NativeHeaders([...this.headers]);
    for (const name of CONNECTION_FIELDS) headers.delete(name);
    return new NativeRequest(url, { method, headers, body, signal, duplex: 'half' } as RequestInit);
  }
}
impersonate(Request, NativeRequest, isLight, ['method', 'url', 'headers']);

// Node 20 keeps the inner state of its objects under symbols. There the platform's Request can take a light request
// that has these symbols.
for (const symbol of Object.getOwnPropertySymbols(new NativeRequest('http://a/')))
  Object.defineProperty(Request.prototype, symbol, {
    configurable: true,
    get(this: Request) {
      if (!isLight(this)) return undefined;
      const { body } = this;
      if (!this.bodyUsed && !body?.locked) return Reflect.get(this[toNative](), symbol);
      // The platform then finds a body that has been read, and rejects it unless the program gives another.
      const inner = Reflect.get(this[toBodiless](), symbol);
      if (inner?.body === null) inner.body = { stream: body, source: null, length: null };
      return inner;
    },
  });

const NO_BYTES: Content = {
  length: 0,
  takeWhole: () => new Uint8Array(0),
  takeText: () => '',
  read: async () => undefined,
  readWhole: async () => new Uint8Array(0),
  keep() {},
  cancel() {},
  whenBroken() {},
  trailers: [],
};

/** Content-Length: 0 announces content, so the body is an empty stream; but GET and HEAD have no body. */
function noBytes(head: Head): Content | undefined {
  try {
    const { method } = head;
    if (method === 'GET' || method === 'HEAD') return undefined;
    return head.findField('content-length') < 0 ? undefined : NO_BYTES;
  } catch {
    // The head is gone once the request has been answered.
    return undefined;
  }
}

const NO_BODY = {
  text: async () => '',
  json: async () => JSON.parse(''),
  consume: async <T>(convert: (bytes: Uint8Array) => T | Promise<T>): Promise<T> =>
    convert(new Uint8Array(0)),
};

function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(ownBuffer(bytes));
}
