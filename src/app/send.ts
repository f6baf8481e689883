// A Response, light or native, out over an exchange: at once when its content is at hand, else piece by piece
// as its stream gives them and the peer takes them.

import type { Exchange, HeadParts } from '../connection/exchange.ts';
import { isReasonPhrase, reasonPhrase } from '../protocol/status.ts';
import { fieldsWith, isLasting } from './bodies.ts';
import { type FieldLines, NO_FIELDS, readFields, readTrailers } from './fields.ts';
import { adopt, isForeign } from './foreign.ts';
import { kindOf } from './kind.ts';
import { NativeResponse } from './native.ts';
import { Pieces } from './pieces.ts';
import type { Request } from './request.ts';
import { fieldLines, type Response, type Trailers, trailers, wholeContent } from './response.ts';

/**
 * Told what a response failed with while its content went out.
 * @param begun something of it has been sent, so it is broken off; else the exchange waits for another response
 */
export type Failed = (
  exchange: Exchange,
  request: Request | undefined,
  reason: unknown,
  begun: boolean,
) => void;

/**
 * Sends a response.
 * @param failed without it a response that fails before anything has gone out is a 500
 * @param request handed on to it
 * @throws TypeError, before anything is sent, when it is no Response or its body is locked or read already
 */
export function send(
  exchange: Exchange,
  response: globalThis.Response,
  failed?: Failed,
  request?: Request,
): void {
  const light = response as Response;
  const fields = light?.[fieldLines];
  if (fields === undefined) {
    sendOther(exchange, response, failed, request);
    return;
  }
  if (fields.date !== undefined || light.statusText !== '') exchange.headParts = headPartsOf(light, fields);
  if (light[wholeContent] === undefined || light[trailers] !== undefined)
    sendBody(exchange, light, fields, light[trailers], failed, request);
  else sendWhole(exchange, statusOf(light), fields, light[wholeContent]);
}

/** The platform's, or one of another library. */
function sendOther(
  exchange: Exchange,
  response: globalThis.Response,
  failed: Failed | undefined,
  request: Request | undefined,
): void {
  if (!(response instanceof NativeResponse)) {
    if (!isForeign(response))
      throw new TypeError(`a handler must answer with a Response, not ${kindOf(response)}`);
    send(exchange, adopt(response), failed, request);
    return;
  }
  const fields = readFields(response.headers, NO_FIELDS);
  exchange.headParts = headPartsOf(response, fields);
  sendBody(exchange, response, fields, undefined, failed, request);
}

/** The parts of its head that a response sets in the place of the server. */
function headPartsOf(
  { status, statusText }: globalThis.Response,
  { date }: FieldLines,
): HeadParts | undefined {
  // A class that extends Response may give anything.
  const own = statusText !== '' && statusText !== reasonPhrase(status) && isReasonPhrase(statusText);
  return own || date !== undefined ? { reasonPhrase: own ? statusText : undefined, date } : undefined;
}

function sendWhole(
  exchange: Exchange,
  statusCode: number,
  fields: FieldLines,
  content: string | Uint8Array | null,
): void {
  if (exchange.over) return;
  // What GET would have answered may well have content: only the program knows its length (RFC 9110 8.6).
  if (content === null && exchange.head.method === 'HEAD') {
    exchange.begin(statusCode, fields.lines, fields.length, fields.close);
    exchange.end('');
  } else exchange.respond(statusCode, fields.lines, content ?? '', fields.close);
}

function sendBody(
  exchange: Exchange,
  response: globalThis.Response,
  fields: FieldLines,
  trailers: Trailers | undefined,
  failed: Failed | undefined,
  request: Request | undefined,
): void {
  const status = statusOf(response);
  const { body } = response;
  if (body === null && trailers === undefined) {
    sendWhole(exchange, status, fields, null);
    return;
  }
  if (body?.locked || response.bodyUsed)
    throw new TypeError('the body of the response is locked or has been read already');
  if (exchange.over) {
    cancel(body, exchange.aborted);
    return;
  }
  const { lines, length, close } = body === null ? fields : fieldsWith(fields, body, response.url);
  let content: boolean;
  try {
    // Only chunked content has trailers (RFC 9112 7.1.2).
    content = exchange.begin(status, lines, trailers === undefined ? length : undefined, close);
  } catch (error) {
    cancel(body, error);
    throw error;
  }
  if (content) new Pump(exchange, body, trailers, failed, request).run();
  else {
    cancel(body, undefined);
    exchange.end('');
  }
}

/** Carries a stream's pieces over, one at a time, at the pace of the peer. */
class Pump {
  private readonly reader: ReadableStreamDefaultReader<unknown> | undefined;
  /** The stream's pieces stay as they are until they have gone. */
  private readonly lasting: boolean;
  /** Goes on after back-pressure. */
  private goOn: (() => void) | undefined;

  constructor(
    private readonly exchange: Exchange,
    body: ReadableStream | null,
    private readonly trailers: Trailers | undefined,
    private readonly failed: Failed | undefined,
    private readonly request: Request | undefined,
  ) {
    this.lasting = body !== null && isLasting(body);
    this.reader = body?.getReader();
    exchange.onGone = () => this.stop(exchange.aborted);
    exchange.onDrain = () => this.goOn?.();
  }

  async run(): Promise<void> {
    try {
      if (this.reader !== undefined) await this.carry(this.reader);
      if (this.exchange.over) return;
      const lines = this.trailers === undefined ? '' : readTrailers(await this.trailers());
      if (!this.exchange.over) this.exchange.end(lines);
    } catch (reason) {
      this.fail(reason);
    }
  }

  private fail(reason: unknown): void {
    const { exchange, failed, request } = this;
    if (exchange.over) return;
    const begun = failed === undefined || !exchange.withdraw();
    if (begun) exchange.breakOff();
    this.stop(reason);
    // The client is gone: most likely that made the response fail.
    if (!begun || exchange.aborted === undefined) failed?.(exchange, request, reason, begun);
  }

  private async carry(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
    const pieces = new Pieces();
    for (;;) {
      const { done, value } = await reader.read();
      if (this.exchange.over) return;
      const bytes = done ? pieces.end() : pieces.bytesOf(value);
      // A piece without bytes would be taken for the last chunk (RFC 9112 7.1).
      if (bytes.length > 0 && !this.exchange.write(bytes, this.lasting)) await this.drained();
      if (done) return;
    }
  }

  private drained(): Promise<void> {
    return new Promise((resolve) => {
      this.goOn = resolve;
    });
  }

  private stop(reason: unknown): void {
    this.reader?.cancel(reason).catch(ignore);
    this.goOn?.();
  }
}

/** Response.error() has none that could be sent; whoever extends Response may give anything. */
function statusOf({ status }: globalThis.Response): number {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new TypeError(`a response with status ${status} can't be sent`);
}

function cancel(body: ReadableStream | null, reason: unknown): void {
  body?.cancel(reason).catch(ignore);
}

/** A stream may well fail when it is cancelled: nobody waits for it any more. */
function ignore(): void {}

/** A response as it can be sent often. */
export interface WholeParts {
  statusCode: number;
  /** Field lines, each with its CRLF. */
  fields: string;
  content: Uint8Array;
  /** The connection shall be closed after it. */
  close: boolean;
  /** The parts of its head that it sets in the place of the server. */
  headParts: HeadParts | undefined;
}

/**
 * A response as it can be prepared once. The response itself stays unread.
 * @throws TypeError when it can't be sent often, or not at all
 */
export async function wholeParts(given: globalThis.Response): Promise<WholeParts> {
  const response = given instanceof NativeResponse ? given : adopt(given);
  const light = response as Response;
  if (light[trailers] !== undefined) throw new TypeError('a fixed response has no trailers: give a function');
  const statusCode = statusOf(response);
  const fields = light[fieldLines] ?? readFields(response.headers, NO_FIELDS);
  const headParts = headPartsOf(response, fields);
  const { close } = fields;
  const whole = light[wholeContent];
  if (whole !== undefined) {
    const content =
      whole instanceof Uint8Array ? new Uint8Array(whole) : new TextEncoder().encode(whole ?? '');
    return { statusCode, fields: fields.lines, content, close, headParts };
  }
  const { body, url } = response;
  return {
    statusCode,
    fields: body === null ? fields.lines : fieldsWith(fields, body, url).lines,
    content: await bytesIn(response.clone().body),
    close,
    headParts,
  };
}

async function bytesIn(body: ReadableStream | null): Promise<Uint8Array> {
  const gathered: Uint8Array[] = [];
  const pieces = new Pieces();
  const reader = (body as ReadableStream<unknown> | null)?.getReader();
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read())
    gathered.push(pieces.bytesOf(read.value).slice());
  return new Uint8Array(Buffer.concat([...gathered, pieces.end()]));
}
