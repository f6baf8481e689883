// Sends a Response, light or native, over an exchange: at once when its content is in memory, otherwise piece by piece, as
// fast as its stream produces pieces and the peer receives them.

import type { Exchange, HeadParts } from '../connection/exchange.ts';
import { isReasonPhrase, reasonPhrase } from '../protocol/status.ts';
import { fieldsWith, isLasting } from './body-metadata.ts';
import { adopt, isForeign } from './foreign.ts';
import { ignore, takeContent } from './given-content.ts';
import { kindOf } from './kind.ts';
import { NativeResponse, toNative } from './native.ts';
import { PieceEncoder } from './piece-encoder.ts';
import type { Request } from './request.ts';
import { fieldLines, type Response, type Trailers, trailers, wholeContent } from './response.ts';
import { type FieldLines, NO_FIELDS, readFields, readTrailers } from './response-fields.ts';

/**
 * Called when a response fails while its content is sent.
 * @param begun whether part of the response has been sent, so that it is broken off; if not, the exchange waits for another
 */
export type Failed = (
  exchange: Exchange,
  request: Request | undefined,
  reason: unknown,
  begun: boolean,
) => void;

/**
 * Sends a response.
 * @param failed called when the response fails; without it, a response that fails is broken off
 * @param request passed on to `failed`
 * @returns whether the program made the response and its body with the platform's class, which costs more than hotpath's
 * @throws TypeError, before anything is sent, when it is not a Response, or its body is locked or has been read
 */
export function send(
  exchange: Exchange,
  response: globalThis.Response,
  failed?: Failed,
  request?: Request,
): boolean {
  const light = response as Response;
  const fields = light?.[fieldLines];
  if (fields === undefined) return sendOther(exchange, response, failed, request);
  if (fields.date !== undefined || light.statusText !== '') exchange.headParts = headPartsOf(light, fields);
  if (light[wholeContent] === undefined || light[trailers] !== undefined)
    sendBody(exchange, light, fields, light[trailers], failed, request);
  else sendWhole(exchange, statusOf(light), fields, light[wholeContent]);
  return false;
}

/** Sends a response of the platform or of another library. */
function sendOther(
  exchange: Exchange,
  response: globalThis.Response,
  failed: Failed | undefined,
  request: Request | undefined,
): boolean {
  if (!(response instanceof NativeResponse)) {
    if (!isForeign(response))
      throw new TypeError(`a handler must answer with a Response, not ${kindOf(response)}`);
    return send(exchange, adopt(response), failed, request);
  }
  const fields = readFields(response.headers, NO_FIELDS);
  exchange.headParts = headPartsOf(response, fields);
  const content = takeContent(response);
  // Another copy of this package may have made the response.
  const { [trailers]: theirs } = response as Response;
  if (content === undefined) sendBody(exchange, response, fields, theirs, failed, request);
  else sendWhole(exchange, statusOf(response), fields, content);
  // A response of fetch() has a URL. The program could not have made it with hotpath's Response.
  return response.body !== null && response.url === '' && !(toNative in response);
}

/** The parts of its head that a response sets itself: reason phrase and Date. */
function headPartsOf(
  { status, statusText }: globalThis.Response,
  { date }: FieldLines,
): HeadParts | undefined {
  // A class that extends Response may return anything.
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
  // The response to GET may have content, whose length only the program knows (RFC 9110 8.6).
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

/** Writes the pieces of a stream to an exchange, one at a time, at the pace of the peer. */
class Pump {
  private readonly reader: ReadableStreamDefaultReader<unknown> | undefined;
  /** The stream's pieces do not change before they have been sent. */
  private readonly lasting: boolean;
  /** Ends the wait for the peer. */
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
    // The client has disconnected, which most likely made the response fail.
    if (!begun || exchange.aborted === undefined) failed?.(exchange, request, reason, begun);
  }

  private async carry(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
    const pieces = new PieceEncoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (this.exchange.over) return;
      const bytes = done ? pieces.end() : pieces.bytesOf(value);
      // An empty piece would become the last chunk (RFC 9112 7.1).
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

/** @throws TypeError for a status that can't be sent: that of Response.error(), or of a class that extends Response */
function statusOf({ status }: globalThis.Response): number {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new TypeError(`a response with status ${status} can't be sent`);
}

function cancel(body: ReadableStream | null, reason: unknown): void {
  body?.cancel(reason).catch(ignore);
}

/** The parts of a response that can be sent many times. */
export interface WholeParts {
  statusCode: number;
  /** Field lines, each with its CRLF. */
  fields: string;
  content: Uint8Array;
  /** The connection is closed after the response. */
  close: boolean;
  /** The parts of its head that the response sets itself. */
  headParts: HeadParts | undefined;
}

/**
 * Reads a response so that it can be sent many times. The response itself stays unread.
 * @throws TypeError when it can't be sent many times, or not at all
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
  const pieces = new PieceEncoder();
  const reader = (body as ReadableStream<unknown> | null)?.getReader();
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read())
    gathered.push(pieces.bytesOf(read.value).slice());
  return new Uint8Array(Buffer.concat([...gathered, pieces.end()]));
}
