// The tutorial's lines of one connection's requests. The engine's events and the application's responses both become one
// event for each response.

import { refusalText } from '../protocol/errors.ts';
import { type RequestLine, readEvents } from '../wasm/events.ts';
import type { Endpoint } from './endpoint.ts';
import type { MeasuredRequest } from './measured-request.ts';
import type { Plane } from './plane.ts';
import type { RequestLog } from './request-log.ts';
import type { Answer } from './response-event.ts';

/** The log gets no more bytes of a content. */
const CONTENT_BYTES_MAX = 1024;
const EMPTY_LINE = '\r\n\r\n';

export class RequestLines implements RequestLog {
  /** The request that has not been answered, and when its turn began. */
  private request: RequestLine | undefined = undefined;
  private requestMs = 0;
  private turnMs = performance.now();
  /** The application's response to it, from when its head has been built. */
  private answer: Answer | undefined = undefined;

  constructor(
    private readonly plane: Plane,
    private readonly endpoint: Endpoint,
    readonly peer: string,
    /** The version of HTTP, if it is not the one in the request line. */
    private readonly version?: '2',
  ) {}

  turnBegins(): void {
    this.turnMs = performance.now();
  }

  served(): void {
    const { slot, log } = this.plane;
    for (const { request, error, response } of readEvents(slot.views, slot.pointer)) {
      if (request !== undefined) {
        this.request = request;
        this.requestMs = this.turnMs;
        log.received(request, this.peer, this.version);
      }
      if (error !== 0) log.refused(refusalText(error), this.peer);
      if (response !== undefined) this.responded(answerOf(response), true);
    }
  }

  turnEnds(): void {}

  refused(error: number, bytes: number): void {
    this.plane.log.refused(refusalText(error), this.peer);
    this.built(0, bytes);
  }

  built(_index: number, bytes: number): void {
    const { outputs, slot } = this.plane;
    this.responded(answerOf(slot.views.bytes.subarray(outputs.position - bytes, outputs.position)), true);
  }

  began(statusCode: number, headBytes: number): void {
    this.answer = { statusCode, bytes: headBytes, content: undefined };
  }

  hasContent(content: string | Uint8Array, bytes: number): void {
    if (this.answer === undefined) return;
    this.answer.content = content;
    this.answer.bytes += bytes;
  }

  upgraded(): void {}

  ended(_request: MeasuredRequest, complete: boolean, bytes = 0): void {
    const { answer } = this;
    if (answer === undefined) return;
    this.answer = undefined;
    answer.bytes += bytes;
    this.responded(answer, complete);
  }

  /** Logs the response to the request that has not been answered. */
  private responded(answer: Answer, complete: boolean): void {
    const { endpoint, peer, request } = this;
    this.request = undefined;
    const sinceMs = request === undefined ? this.turnMs : this.requestMs;
    const durationUs = Math.round((performance.now() - sinceMs) * 1000);
    const httpVersion = this.version ?? (request?.versionMinor === 0 ? '1.0' : '1.1');
    this.plane.log.responded({ endpoint, peer, request, httpVersion, durationUs, complete, ...answer });
  }
}

/** Describes a whole response of the engine, which is given in Latin-1. */
function answerOf(response: Uint8Array): Answer {
  const text = Buffer.from(response.buffer, response.byteOffset, response.byteLength);
  const contentStart = text.indexOf(EMPTY_LINE) + EMPTY_LINE.length;
  return {
    statusCode: Number(text.toString('latin1', 9, 12)),
    bytes: response.length,
    content: text.toString('latin1', contentStart, contentStart + CONTENT_BYTES_MAX),
  };
}
