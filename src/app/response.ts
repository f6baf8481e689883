// The light Response that handlers return: the Response of the Fetch standard without the streams and objects that the
// platform's constructor makes at once. They are made when a program asks for them.

import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { isReasonPhrase } from '../protocol/status.ts';
import { noteLasting, noteLength, noteOrigin } from './body-metadata.ts';
import { admitNativeInstances, impersonate, platformGet } from './impersonate.ts';
import { isIterableBody, streamOfIterable } from './iterable-body.ts';
import {
  type BodyInput,
  type HeadersInput,
  NativeHeaders,
  NativeRequest,
  NativeResponse,
  platformOwn,
  toNative,
} from './native.ts';
import { bytesOf, isBytes } from './piece-encoder.ts';
import {
  addMissing,
  type FieldLines,
  JSON_FIELDS,
  NO_FIELDS,
  pairsOf,
  readFields,
  TEXT_FIELDS,
} from './response-fields.ts';

/** Returns the fields of the trailer section. It is called after the content has ended. */
export type Trailers = () => HeadersInput | Promise<HeadersInput>;

export interface ResponseInit {
  /** From 200 to 599. */
  status?: number | undefined;
  /** The reason phrase. When it is empty, the standard's phrase is sent. */
  statusText?: string | undefined;
  headers?: HeadersInput | undefined;
  /**
   * Returns fields to send after the content, which is then chunked. This is hotpath's addition to the standard. Fields
   * for framing, routing or the content itself can't be trailers (RFC 9110 6.5.1).
   */
  trailers?: Trailers | undefined;
  /**
   * False: bytes, or the pieces of a stream, are sent without being copied first. This is hotpath's addition to the
   * standard. The program must not change the bytes until they have been sent, or the client gets the changed bytes.
   */
  copy?: boolean | undefined;
}

/** Members that send() reads from a light Response. In any other Response they are undefined. */
export const fieldLines: unique symbol = Symbol('fieldLines');
/** Content that can be sent at once; null when there is none, undefined when it has to be read from `body`. */
export const wholeContent: unique symbol = Symbol('wholeContent');
/** The same in all copies of this package in the process. */
export const trailers: unique symbol = Symbol.for('hotpath.trailers');

const AS_JSON: unique symbol = Symbol('asJson');

/** The content of each stream that `body` has returned. It can be sent instead of an unread stream. */
const sources = new WeakMap<ReadableStream, string | Uint8Array>();

let isLight: (value: unknown) => boolean;

/** `Response` of the Fetch standard. Content given as bytes is copied, unless `copy` is false. */
export class Response implements globalThis.Response {
  #status: number;
  #statusText: string;
  #fields: FieldLines;
  #content: string | Uint8Array | null;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #trailers: Trailers | undefined;
  /** Once defined, these are the fields, in place of #fields. */
  #headers: Headers | undefined;
  /** Once defined, this reads the content. */
  #native: globalThis.Response | undefined;

  static {
    isLight = (value) => typeof value === 'object' && value !== null && #fields in value;
  }

  constructor(body?: BodyInput | null, init?: ResponseInit | globalThis.Response | null);
  constructor(given: unknown = null, init?: ResponseInit | null, as?: typeof AS_JSON) {
    // HTML templates are String objects in Hono, for example.
    const body = typeof given === 'object' && given instanceof String ? `${given}` : given;
    let status = 200;
    let statusText = '';
    let fields = as === AS_JSON ? JSON_FIELDS : typeof body === 'string' ? TEXT_FIELDS : NO_FIELDS;
    let trailers: Trailers | undefined;
    if (init !== undefined && init !== null) {
      if (typeof init !== 'object' && typeof init !== 'function')
        throw new TypeError('the second argument of Response must be an object');
      if (#fields in init) {
        status = init.#status;
        statusText = init.#statusText;
        fields = addMissing(init[fieldLines], fields);
        trailers = init.#trailers;
      } else {
        const { status: givenStatus, statusText: givenText } = init;
        if (givenStatus !== undefined) status = statusOf(givenStatus);
        if (givenText !== undefined) statusText = statusTextOf(givenText);
        fields = readFields(init.headers, fields);
        // The trailers of a request are no trailers of a response.
        if (init.trailers !== undefined && !(init instanceof NativeRequest))
          trailers = trailersOf(init.trailers);
      }
    }
    this.#status = status;
    this.#statusText = statusText;
    this.#fields = fields;
    this.#content = null;
    this.#stream = undefined;
    this.#trailers = trailers;
    this.#headers = undefined;
    this.#native = undefined;
    if (typeof body === 'string') this.#content = body;
    else if (body !== null) this.#take(body as Exclude<BodyInput, string>, init);
    if (body !== null && isNullBodyStatus(status))
      throw new TypeError(`a response with status ${status} has no body`);
  }

  /** Takes any body but a string. */
  #take(body: Exclude<BodyInput, string>, init: ResponseInit | null | undefined): void {
    const lasting = init !== undefined && init !== null && init.copy === false;
    if (isBytes(body)) this.#content = lasting ? bytesOf(body) : Buffer.from(bytesOf(body));
    else if (body instanceof ReadableStream) {
      if (body.locked || isDisturbed(body))
        throw new TypeError('the body is locked or has been read already');
      this.#stream = body;
      this.#content = sources.get(body) ?? null;
      if (lasting) noteLasting(body);
      if (init !== undefined && init !== null) noteOrigin(body, init as globalThis.Response);
    } else if (isIterableBody(body)) this.#stream = streamOfIterable(body);
    else {
      const headers = pairsOf(this.#fields);
      this.#native = new NativeResponse(body, { status: this.#status, headers });
      this.#stream = this.#native.body ?? undefined;
      this.#headers = this.#native.headers;
      if (this.#stream !== undefined) noteLasting(this.#stream);
      if (body instanceof Blob && this.#stream !== undefined) noteLength(this.#stream, body.size);
    }
  }

  /** Makes a response with `data` as JSON. */
  static json(data: unknown, init?: ResponseInit | globalThis.Response | null): Response {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("the value can't be converted to JSON");
    // @ts-expect-error the third parameter is only for this call
    return new Response(text, init, AS_JSON);
  }

  static redirect(url: string | URL, status?: number): globalThis.Response {
    return NativeResponse.redirect(url, status);
  }

  static error(): globalThis.Response {
    return NativeResponse.error();
  }

  get status(): number {
    if (!(#status in this)) return platformGet(NativeResponse.prototype, 'status', this);
    return this.#status;
  }

  get ok(): boolean {
    return this.#status < 300;
  }

  get statusText(): string {
    if (!(#statusText in this)) return platformGet(NativeResponse.prototype, 'statusText', this);
    return this.#statusText;
  }

  get type(): globalThis.Response['type'] {
    return 'default';
  }

  get url(): string {
    return '';
  }

  get redirected(): boolean {
    return false;
  }

  get headers(): Headers {
    if (!(#headers in this)) return platformGet(NativeResponse.prototype, 'headers', this);
    return (this.#headers ??= new NativeHeaders(pairsOf(this.#fields)));
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (this.#stream === undefined && this.#content !== null) this.#stream = streamOf(this.#content);
    return this.#stream ?? null;
  }

  get bodyUsed(): boolean {
    return this.#stream !== undefined && isDisturbed(this.#stream);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this[toNative]().arrayBuffer();
  }

  async blob(): Promise<Blob> {
    return this[toNative]().blob();
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this[toNative]().bytes();
  }

  async formData(): Promise<FormData> {
    return this[toNative]().formData();
  }

  async json(): Promise<unknown> {
    return this[toNative]().json();
  }

  async text(): Promise<string> {
    return this[toNative]().text();
  }

  clone(): Response {
    const content = this[wholeContent];
    const clone = new Response(null, this);
    if (content !== undefined) clone.#content = content;
    else {
      const native = this[toNative]();
      clone.#stream = native.clone().body ?? undefined;
      // After clone() this response reads from a new stream.
      this.#stream = native.body ?? undefined;
    }
    return clone;
  }

  [toNative](): globalThis.Response {
    const { headers } = this;
    if (this.#native === undefined) {
      const body = (this.#stream ?? this.#content) as BodyInput | null;
      this.#native = new NativeResponse(body, { status: this.#status, statusText: this.#statusText });
      this.#stream = this.#native.body ?? undefined;
    }
    if (this.#native.headers !== headers) refill(this.#native.headers, headers);
    return this.#native;
  }

  get [fieldLines](): FieldLines {
    return this.#headers === undefined ? this.#fields : readFields(this.#headers, NO_FIELDS);
  }

  get [wholeContent](): string | Uint8Array | null | undefined {
    if (this.#stream === undefined) return this.#content;
    if (this.#content === null || this.#stream.locked || isDisturbed(this.#stream)) return undefined;
    return this.#content;
  }

  get [trailers](): Trailers | undefined {
    return this.#trailers;
  }

  [inspect.custom](depth: number, options: object): string {
    const { status, statusText, headers, bodyUsed, ok, redirected, type, url } = this;
    const body = this.#stream ?? this.#content;
    const members = { status, statusText, headers, body, bodyUsed, ok, redirected, type, url };
    return `Response ${inspect(members, { ...options, depth })}`;
  }
}

// Instances of either class are instances of both.
Object.setPrototypeOf(Response, NativeResponse);
admitNativeInstances(Response, NativeResponse);
Object.defineProperty(Response, platformOwn, { value: NativeResponse });
impersonate(Response, NativeResponse, isLight, ['status', 'statusText', 'headers']);
for (const name of ['error', 'json', 'redirect'] as const) {
  Object.defineProperty(Response, name, { enumerable: true });
  Object.defineProperty(Response[name], 'length', { value: NativeResponse[name].length });
}

function statusOf(status: unknown): number {
  // Web IDL converts any value to an unsigned short.
  const number = isStatus(status) ? status : Uint16Array.of(status as number)[0];
  if (!isStatus(number)) throw new RangeError(`status must be from 200 to 599, not ${number}`);
  return number;
}

function isStatus(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599;
}

function statusTextOf(value: unknown): string {
  const text = `${value}`;
  if (!isReasonPhrase(text))
    throw new TypeError('statusText holds a character that no reason phrase may hold');
  return text;
}

function trailersOf(value: unknown): Trailers {
  if (typeof value !== 'function') throw new TypeError('trailers must be a function');
  return value as Trailers;
}

/** Whether a stream has been read from or cancelled, so that its content is no longer known. */
function isDisturbed(stream: ReadableStream): boolean {
  return Readable.isDisturbed(stream as unknown as NodeJS.ReadableStream);
}

export function isNullBodyStatus(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** Makes the stream of this content. Nothing is encoded or copied before the first read. */
function streamOf(content: string | Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream({
    type: 'bytes',
    pull(controller) {
      // Copied, since a byte stream transfers the buffer that it is given.
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
  sources.set(stream, content);
  return stream;
}

function refill(to: Headers, from: Headers): void {
  for (const name of [...to.keys()]) to.delete(name);
  for (const [name, value] of from) to.append(name, value);
}
