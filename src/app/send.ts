// A Response, light or native, out over an exchange: at once when its content is at hand, else piece by piece
// as its stream gives them and the peer takes them.

import type { Exchange } from '../connection/exchange.ts';
import { fieldsWith } from './bodies.ts';
import { type FieldLines, NO_FIELDS, readFields, readTrailers } from './fields.ts';
import { NativeResponse } from './native.ts';
import { fieldLines, type Response, type Trailers, trailers, wholeContent } from './response.ts';

/**
 * @param broken told why content broke off after the head had gone
 * @throws TypeError, before anything is sent, when it is no Response or its body is locked or read already
 */
export function send(
  exchange: Exchange,
  response: globalThis.Response,
  broken?: (reason: unknown) => void,
): void {
  const light = response as Response;
  const fields = light?.[fieldLines];
  if (fields === undefined) sendNative(exchange, response, broken);
  else if (light[wholeContent] === undefined || light[trailers] !== undefined)
    sendBody(exchange, response, fields, light[trailers], broken);
  else sendWhole(exchange, statusOf(response), fields, light[wholeContent]);
}

function sendNative(
  exchange: Exchange,
  response: globalThis.Response,
  broken: ((reason: unknown) => void) | undefined,
): void {
  if (!(response instanceof NativeResponse)) {
    const what = response === null ? 'null' : typeof response;
    throw new TypeError(`a handler must answer with a Response, not ${what}`);
  }
  sendBody(exchange, response, readFields(response.headers, NO_FIELDS), undefined, broken);
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
  broken: ((reason: unknown) => void) | undefined,
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
  // Only chunked content has trailers (RFC 9112 7.1.2).
  if (exchange.begin(status, lines, trailers === undefined ? length : undefined, close))
    new Pump(exchange, body, trailers, broken).run();
  else {
    cancel(body, undefined);
    exchange.end('');
  }
}

/** Carries a stream's pieces over, one at a time, at the pace of the peer. */
class Pump {
  private readonly reader: ReadableStreamDefaultReader<unknown> | undefined;
  /** Goes on after back-pressure. */
  private goOn: (() => void) | undefined;

  constructor(
    private readonly exchange: Exchange,
    body: ReadableStream | null,
    private readonly trailers: Trailers | undefined,
    private readonly broken: ((reason: unknown) => void) | undefined,
  ) {
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
      if (this.exchange.over) return;
      this.exchange.breakOff();
      this.stop(reason);
      // Nobody waits any more: most likely that is what made it fail.
      if (this.exchange.aborted === undefined) this.broken?.(reason);
    }
  }

  private async carry(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.exchange.over) return;
      if (!(value instanceof Uint8Array)) throw new TypeError('a body must give pieces of type Uint8Array');
      // A piece without bytes would be taken for the last chunk (RFC 9112 7.1).
      if (value.length > 0 && !this.exchange.write(value)) await this.drained();
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
}

/**
 * A response as it can be prepared once. The response itself stays unread.
 * @throws TypeError when it can't be sent often, or not at all
 */
export async function wholeParts(response: globalThis.Response): Promise<WholeParts> {
  const light = response as Response;
  const content = light[wholeContent];
  if (light[trailers] !== undefined) throw new TypeError('a fixed response has no trailers: give a function');
  const statusCode = statusOf(response);
  const fields = light[fieldLines] ?? readFields(response.headers, NO_FIELDS);
  const { lines, close } = fields;
  if (content instanceof Uint8Array) return { statusCode, fields: lines, content: content.slice(), close };
  if (content !== undefined)
    return { statusCode, fields: lines, content: new TextEncoder().encode(content ?? ''), close };
  return {
    statusCode,
    fields: response.body === null ? lines : fieldsWith(fields, response.body, response.url).lines,
    content: new Uint8Array(await response.clone().arrayBuffer()),
    close,
  };
}
