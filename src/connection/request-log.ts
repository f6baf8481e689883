// The calls that report the requests of one connection, or of one stream of HTTP/2, to a log. A connection has a log of
// requests only if an option asks for one, so the calls cost nothing otherwise.

import type { MeasuredRequest } from './measured-request.ts';

export interface RequestLog {
  /** The engine is about to serve received bytes. */
  turnBegins(): void;
  /** The engine has served bytes: its events are in the slot. */
  served(): void;
  /** The slot will soon hold another request. */
  turnEnds(): void;
  /**
   * An error was found outside of the engine, and answered: the response fills the last `bytes` of the region at hand.
   * @param request the request of the application that is refused, if there is one
   */
  refused(error: number, bytes: number, request?: MeasuredRequest): void;
  /** Prepared response `index` answers a request of the application. It fills the last `bytes` of the region at hand. */
  built(index: number, bytes: number, request: MeasuredRequest): void;
  /** The head of the application's response has been built. */
  began(statusCode: number, headBytes: number): void;
  /** The response has all of its content at once, of which so many bytes are sent. */
  hasContent(content: string | Uint8Array, bytes: number): void;
  /** The application's request is over. @param bytes of content that were sent in pieces */
  ended(request: MeasuredRequest, complete: boolean, bytes?: number): void;
  /** The connection belongs to another protocol from now on. */
  upgraded(request: MeasuredRequest): void;
}
