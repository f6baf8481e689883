// The light Response: what a handler answers with, as the Fetch standard has it, without the streams and
// objects that the platform's own makes at once. They come into being when a program asks for them.

import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { isReasonPhrase } from '../protocol/status.ts';
import { asNative, platformGet } from './as-native.ts';
import { noteLasting, noteLength, noteOrigin } from './bodies.ts';
import {
  addMissing,
  type FieldLines,
  JSON_FIELDS,
  NO_FIELDS,
  pairsOf,
  readFields,
  TEXT_FIELDS,
} from './fields.ts';
import { isIterated, streamOfIterated } from './iterated.ts';
import {
  type BodyInput,
  type HeadersInput,
  NativeHeaders,
  NativeRequest,
  NativeResponse,
  toNative,
} from './native.ts';
import { bytesOf, isBytes } from './pieces.ts';

/** Gives the fields of the trailer section. It is called after the content has ended. */
export type Trailers = () => HeadersInput | Promise<HeadersInput>;

export interface ResponseInit {
  /** From 200 to 599. */
  status?: number | undefined;
  /** The reason phrase; the one of the standard when it is empty. */
  statusText?: string | undefined;
  headers?: HeadersInput | undefined;
  /**
   * Fields to be sent after the content, which then goes out chunked; hotpath's addition to the standard.
   * None that tells of framing, routing or the content itself (RFC 9110 6.5.1).
   */
  trailers?: Trailers | undefined;
  /**
   * False: bytes are sent from where they lie instead of being copied, a stream's pieces too; hotpath's addition to
   * the standard. They must not change until they have been sent, or a client gets what they have become.
   */
  copy?: boolean | undefined;
}

/** What send() sees of a light Response; undefined in any other. */
export const fieldLines: unique symbol = Symbol('fieldLines');
/** Content that can go out at once; null when there is none, undefined when it has to be read from `body`. */
export const wholeContent: unique symbol = Symbol('wholeContent');
export const trailers: unique symbol = Symbol('trailers');

const AS_JSON: unique symbol = Symbol('asJson');

/** What the streams are made of that `body` gave out: as long as nobody reads them, they can be passed by. */
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
  /** As soon as they are there, they are the fields. */
  #headers: Headers | undefined;
  /** As soon as it is there, it reads the content. */
  #native: globalThis.Response | undefined;

  static {
    isLight = (value) => typeof value === 'object' && value !== null && #fields in value;
  }

  constructor(body?: BodyInput | null, init?: ResponseInit | globalThis.Response | null);
  constructor(given: unknown = null, init?: ResponseInit | null, as?: typeof AS_JSON) {
    // Templates of HTML are such objects, in Hono for one.
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
        // A request has trailers of its own.
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

  /** Any body but a string. */
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
    } else if (isIterated(body)) this.#stream = streamOfIterated(body);
    else {
      const headers = pairsOf(this.#fields);
      this.#native = new NativeResponse(body, { status: this.#status, headers });
      this.#stream = this.#native.body ?? undefined;
      this.#headers = this.#native.headers;
      if (this.#stream !== undefined) noteLasting(this.#stream);
      if (body instanceof Blob && this.#stream !== undefined) noteLength(this.#stream, body.size);
    }
  }

  /** A response with `data` as JSON. */
  static json(data: unknown, init?: ResponseInit | globalThis.Response | null): Response {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError('the value has no JSON');
    // @ts-expect-error the third parameter is nobody else's
    return new Response(text, init, AS_JSON);
  }

  static redirect(url: string | URL, status?: number): globalThis.Response {
    return NativeResponse.redirect(url, status);
  }

  static error(): globalThis.Response {
    return NativeResponse.error();
  }

  /** The platform's own are such, too. */
  static [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: classes that extend this one inherit this method
    const Class = this === Response ? NativeResponse : this;
    return Function.prototype[Symbol.hasInstance].call(Class, value);
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
      // What is cloned reads from a new stream.
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
Object.setPrototypeOf(Response.prototype, NativeResponse.prototype);

asNative(Response.prototype, NativeResponse.prototype, isLight, ['status', 'statusText', 'headers']);
for (const name of ['error', 'json', 'redirect'] as const) {
  Object.defineProperty(Response, name, { enumerable: true });
  Object.defineProperty(Response[name], 'length', { value: NativeResponse[name].length });
}

function statusOf(status: unknown): number {
  // Web IDL makes an unsigned short of anything.
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

/** Read from or cancelled: nobody can tell any more what is in it. */
function isDisturbed(stream: ReadableStream): boolean {
  return Readable.isDisturbed(stream as unknown as NodeJS.ReadableStream);
}

export function isNullBodyStatus(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** Nothing is encoded or copied before it is read. */
function streamOf(content: string | Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream({
    type: 'bytes',
    pull(controller) {
      // A copy: what a stream of bytes hands out, it takes away from where it was.
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
