// The Request that handlers get: as the Fetch standard has it, over an exchange. Nothing is computed before it
// is asked for. `fetch(request)` and `new Request(request)` take the native one that [toNative]() makes.

import { formatWithOptions, inspect } from 'node:util';
import type { Content, Exchange, Head } from '../connection/exchange.ts';
import { whenAborted } from './abort.ts';
import { asNative, platformGet } from './as-native.ts';
import { headOfTarget } from './authority.ts';
import { Body, bodyUsedError, ownBuffer } from './body.ts';
import { Headers } from './headers.ts';
import { NativeHeaders, NativeRequest, NativeResponse, toBodiless, toNative } from './native.ts';
import type { Origin } from './url.ts';

/** The parts of a path that a route names. */
export type Params = Readonly<Record<string, string>>;

const NO_PARAMS: Params = Object.freeze(Object.create(null));

/** Methods that no native Request can have. */
const FORBIDDEN = /^(?:CONNECT|TRACE|TRACK)$/i;

/** Fields that are about this connection, not about the request (RFC 9110 7.6.1), and Expect, met already. */
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

const UTF_8 = new TextDecoder();

let isLight: (value: unknown) => boolean;

/** Holds `instanceof` with the native class, whose constructor it leaves out. */
export class Request implements globalThis.Request {
  /** Of the route that matched; one frozen empty object for all requests without. */
  params: Params = NO_PARAMS;
  readonly #exchange: Exchange;
  readonly #origin: Origin;
  #url: string | undefined = undefined;
  #headers: Headers | undefined = undefined;
  #body: Body | undefined = undefined;
  #signal: AbortSignal | undefined = undefined;
  #native: globalThis.Request | undefined = undefined;

  static {
    isLight = (value) => typeof value === 'object' && value !== null && #exchange in value;
  }

  constructor(exchange: Exchange, origin: Origin) {
    this.#exchange = exchange;
    this.#origin = origin;
  }

  /** As it was sent. */
  get method(): string {
    if (!(#exchange in this)) return platformGet(NativeRequest.prototype, 'method', this);
    return this.#exchange.head.method;
  }

  /** url.ts says how it comes about. */
  get url(): string {
    if (!(#url in this)) return platformGet(NativeRequest.prototype, 'url', this);
    this.#url ??= this.#origin.urlOf(this.#exchange.head);
    return this.#url;
  }

  get headers(): Headers {
    if (!(#headers in this)) return platformGet(NativeRequest.prototype, 'headers', this);
    this.#headers ??= new Headers(headOfTarget(this.#exchange.head));
    return this.#headers;
  }

  /** Aborts when the client no longer waits for the response. Reads of the body reject with the same reason. */
  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const controller = new AbortController();
      this.#signal = controller.signal;
      whenAborted(this.#exchange, (reason) => controller.abort(reason));
    }
    return this.#signal;
  }

  /** A byte stream. As much is read from the peer as is read from it, and a bounded window more. */
  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#content()?.stream ?? null;
  }

  get bodyUsed(): boolean {
    return this.#body?.used ?? false;
  }

  text(): Promise<string> {
    return this.#consume(decode);
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
    return this.#consume(parse);
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
   * The trailer fields, beyond the standard. They are known when the content has been read to its end; asking for
   * them doesn't read it. Rejects when the content is cancelled or breaks off.
   */
  get trailers(): Promise<globalThis.Headers> {
    // Content without bytes has none, whether it is read or not.
    if (this.#exchange.content === undefined) return Promise.resolve(new NativeHeaders());
    return (this.#content() as Body).trailers;
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
   * The native Request, made once, which shares body and signal with this one, and has this one's headers of that
   * moment but for those that are about the connection: the platform's fetch() refuses to send them.
   * @throws TypeError when no native Request can be like this one: CONNECT, TRACE, TRACK, or GET and HEAD with content
   */
  [toNative](): globalThis.Request {
    this.#native ??= this.#makeNative(this.body);
    return this.#native;
  }

  /**
   * Makes a native Request that gets another body in the place of this one, which may have been read.
   * @throws TypeError when no native Request has the method
   */
  [toBodiless](): globalThis.Request {
    return this.#makeNative(null);
  }

  // What a server's request has no say in: the values of a native Request that was made of a URL alone.

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

  #content(): Body | undefined {
    if (this.#body === undefined) {
      const content = this.#exchange.content ?? noBytes(this.#exchange.head);
      if (content === undefined) return undefined;
      this.#body = new Body(content);
    }
    return this.#body;
  }

  #consume<T>(convert: (bytes: Uint8Array) => T | Promise<T>): Promise<T> {
    return (this.#content() ?? NO_BODY).consume(convert);
  }

  /** The platform knows how to read a form, and what a media type looks like. */
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
Object.setPrototypeOf(Request.prototype, NativeRequest.prototype);
asNative(Request.prototype, NativeRequest.prototype, isLight, ['method', 'url', 'headers']);

// Where the platform keeps what its objects are under symbols, as Node 20 does, its Request takes a light one, too.
for (const symbol of Object.getOwnPropertySymbols(new NativeRequest('http://a/')))
  Object.defineProperty(Request.prototype, symbol, {
    configurable: true,
    get(this: Request) {
      if (!isLight(this)) return undefined;
      const { body } = this;
      if (!this.bodyUsed && !body?.locked) return Reflect.get(this[toNative](), symbol);
      // The platform sees that it has been read, unless another body takes its place.
      const inner = Reflect.get(this[toBodiless](), symbol);
      if (inner?.body === null) inner.body = { stream: body, source: null, length: null };
      return inner;
    },
  });

const NO_BYTES: Content = {
  length: 0,
  takeWhole: () => new Uint8Array(0),
  read: async () => undefined,
  readWhole: async () => new Uint8Array(0),
  cancel() {},
  whenBroken() {},
  trailers: [],
};

/** Content-Length: 0 tells of content, which the standard makes an empty stream of; GET and HEAD have none. */
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
  consume: async <T>(convert: (bytes: Uint8Array) => T | Promise<T>): Promise<T> =>
    convert(new Uint8Array(0)),
};

/** UTF-8; what is none becomes U+FFFD, and a byte order mark is left out. */
function decode(bytes: Uint8Array): string {
  return UTF_8.decode(bytes);
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(UTF_8.decode(bytes));
}

function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(ownBuffer(bytes));
}
